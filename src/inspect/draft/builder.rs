//! What a draft is made of: the reasons, the imports, one way through the guest, and the calls that
//! are left over.

use std::collections::HashSet;

use super::names::{self, Variables};
use super::{Line, Statement, imports, templates};
use crate::guest::abi::{Abi, Arg, ExportRole, Role};
use crate::guest::{Export, ExternType, FuncType, Guest, GuestError, ValueType};
use crate::safe;

/// Most calls that are listed for a person to choose from.
const MOST_IDEAS: usize = 12;

/// Longest call that is written down, in characters.
const LONGEST_CALL: usize = 400;

pub(super) fn of(guest: &Guest, module: &str) -> Vec<Line> {
    let abi = guest.abi();
    let mut plan = Plan {
        guest,
        abi: &abi,
        lines: Vec::new(),
        names: Variables::new(),
        used: HashSet::new(),
    };
    plan.reasons(module);
    plan.lines.extend(imports::of(guest));
    let ways = abi.families.iter().map(|found| found.family);
    let is_done = ways
        .into_iter()
        .any(|family| templates::through(&mut plan, family));
    if !is_done {
        plan.without_a_way();
    }
    plan.left_over();
    plan.lines
}

/// A draft while it is made.
pub(super) struct Plan<'a> {
    pub guest: &'a Guest,
    pub abi: &'a Abi,
    pub lines: Vec<Line>,
    pub names: Variables,
    /// The exports that a line calls, by their place among all.
    pub used: HashSet<usize>,
}

/// What a call can be given.
pub(super) struct Given<'a> {
    /// The variable that holds a pointer.
    pub pointer: Option<&'a str>,
    /// The expression for the length of what lies there.
    pub length: Option<&'a str>,
    /// The variable that holds where results go.
    pub area: Option<&'a str>,
}

impl Given<'_> {
    pub const NOTHING: Given<'static> = Given {
        pointer: None,
        length: None,
        area: None,
    };
}

/// `f(ptr, len(text), 0)`
pub(super) struct Call {
    pub text: String,
    /// Whether every argument is known, or stands behind all that matter.
    pub is_complete: bool,
    /// What was put in for arguments of unknown meaning.
    pub remark: String,
}

impl<'a> Plan<'a> {
    pub fn blank(&mut self) {
        self.lines.push(Line::Blank);
    }

    pub fn say(&mut self, words: impl Into<String>) {
        self.lines.push(Line::Comment(words.into()));
    }

    pub fn push(&mut self, statement: Statement) {
        self.lines.push(statement.into());
    }

    pub fn export(&self, at: usize) -> Option<(&'a Export, &'a ExportRole)> {
        let export = self
            .guest
            .exports()
            .get(at)
            .filter(|export| names::is_short(&export.name))?;
        Some((export, self.abi.roles.get(at)?))
    }

    /// The name of an export as a statement writes it.
    pub fn quoted(&self, at: usize) -> Option<String> {
        self.export(at)
            .map(|(export, _)| names::foreign(&export.name))
    }

    /// The export of this name, by its place.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.guest
            .exports()
            .iter()
            .position(|export| export.name == name)
    }

    pub fn function(&self, at: usize) -> Option<&'a FuncType> {
        match &self.export(at)?.0.ty {
            ExternType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    /// The first export of a role that a statement can name.
    pub fn first(&self, role: Role) -> Option<usize> {
        self.abi
            .with_role(role)
            .find(|at| self.export(*at).is_some())
    }

    /// A call of an exported function with what is there to give it.
    pub fn call(&self, at: usize, given: &Given<'_>) -> Option<Call> {
        let ((export, role), ty) = (self.export(at)?, self.function(at)?);
        let (mut args, mut is_complete, mut guessed) = (Vec::new(), true, Vec::new());
        let mut pointers = 0;
        let has_bearings = role
            .args
            .iter()
            .any(|arg| matches!(arg, Arg::Pointer | Arg::Length));
        for (number, (ty, arg)) in (1..).zip(ty.params.iter().zip(&role.args)) {
            pointers += usize::from(*arg == Arg::Pointer);
            let known = match arg {
                Arg::Pointer if pointers == 1 => given.pointer,
                Arg::Length if pointers <= 1 => given.length,
                Arg::ReturnArea => given.area,
                Arg::Alignment => Some("1"),
                _ => None,
            };
            match (known, imports::zero(ty)) {
                (Some(known), _) => args.push(known.to_string()),
                (None, Some(zero)) if *arg == Arg::Unknown && has_bearings => {
                    guessed.push(
                        role.params
                            .get(number - 1)
                            .cloned()
                            .unwrap_or_else(|| number.to_string()),
                    );
                    args.push(zero.into());
                }
                _ => {
                    is_complete = false;
                    args.push(
                        role.params
                            .get(number - 1)
                            .cloned()
                            .unwrap_or_else(|| format!("{ty}?")),
                    );
                }
            }
        }
        let remark = match guessed.as_slice() {
            [] => String::new(),
            [one] => format!("what argument {one} means is not known: 0 is a guess"),
            several => format!(
                "what arguments {} mean is not known: 0 is a guess",
                several.join(", ")
            ),
        };
        let text = format!("call {}({})", names::foreign(&export.name), args.join(", "));
        (text.chars().count() <= LONGEST_CALL).then_some(Call {
            text,
            is_complete,
            remark,
        })
    }

    /// The most promising function that takes such arguments and can be given all it wants.
    pub fn work(&self, given: &Given<'_>, wants: impl Fn(&[Arg]) -> bool) -> Option<usize> {
        let candidates = self
            .abi
            .work
            .iter()
            .copied()
            .filter(|at| !self.used.contains(at));
        candidates.into_iter().find(|at| {
            let fits = self.export(*at).is_some_and(|(_, role)| wants(&role.args));
            fits && self.call(*at, given).is_some_and(|call| call.is_complete)
        })
    }

    /// The result's name and `= call …`, with as many names as there are results. Returns the
    /// names.
    pub fn bind(
        &mut self,
        at: usize,
        given: &Given<'_>,
        wanted: &[&str],
        remark: &str,
    ) -> Vec<String> {
        let Some((call, ty)) = self.call(at, given).zip(self.function(at)) else {
            return Vec::new();
        };
        self.used.insert(at);
        let is_bindable = ty.results.len() <= 10
            && !ty
                .results
                .iter()
                .any(|ty| matches!(ty, ValueType::Other(_)));
        let count = if is_bindable { ty.results.len() } else { 0 };
        let results: Vec<String> = (0..count)
            .map(|at| self.names.name(wanted.get(at).copied().unwrap_or("result")))
            .collect();
        let bound = if results.is_empty() {
            String::new()
        } else {
            format!("{} = ", results.join(", "))
        };
        let remark = [remark, &call.remark]
            .iter()
            .find(|remark| !remark.is_empty())
            .map_or("", |remark| remark);
        let mut statement = Statement::new(format!("{bound}{}", call.text), remark);
        statement.gives = results.clone();
        self.push(statement);
        results
    }

    /// What the file begins with: what was recognised and why, and the module.
    fn reasons(&mut self, module: &str) {
        let name = safe::cut(self.guest.name(), names::LONGEST);
        let name = name.rsplit(['/', '\\']).next().unwrap_or(&name);
        self.say(format!(
            "A start for {name}, guessed from its exports and imports: nothing here is certain. \
             Change what is wrong and go on from there."
        ));
        for found in &self.abi.families {
            self.say(format!("It {} {}, because", found.confidence, found.family));
            self.lines
                .extend(found.reasons.iter().cloned().map(Line::Item));
        }
        if self.abi.families.is_empty() {
            self.say("No export and no import looks like a known way to pass bytes.");
        }
        self.blank();
        self.push(Statement::new(
            format!("module {}", safe::quoted(module, usize::MAX)),
            "",
        ));
        self.which_memory();
        if self
            .guest
            .imports()
            .iter()
            .any(|import| import.module.starts_with("wasi_"))
        {
            self.say(
                "WASI is built in: no files, no network, a clock that counts; --stdin PATH is \
                 what it reads.",
            );
        }
        if self.abi.with_role(Role::Initialize).any(|at| {
            self.export(at)
                .is_some_and(|(e, _)| e.name == "_initialize")
        }) {
            self.say("`_initialize` is called by itself, at the end of step 0.");
        }
    }

    fn which_memory(&mut self) {
        let Err(GuestError::WhichMemory { count, .. }) = self.guest.default_memory() else {
            return;
        };
        let names = self
            .guest
            .memories()
            .iter()
            .filter_map(|memory| memory.exported_as.first());
        if let Some(name) = names.into_iter().find(|name| names::is_short(name)) {
            let remark = format!("one of {count}: the others are not watched");
            self.push(Statement::new(
                format!("memory {}", names::foreign(name)),
                remark,
            ));
        }
    }

    /// Where nothing was recognised: a first call of what takes nothing, where there is such a
    /// function.
    fn without_a_way(&mut self) {
        let Some(at) = self.work(&Given::NOTHING, |args| args.is_empty()) else {
            return;
        };
        self.blank();
        self.bind(
            at,
            &Given::NOTHING,
            &["result"],
            "takes nothing, so it can be tried",
        );
    }

    /// The functions not called yet, for a person to complete.
    fn left_over(&mut self) {
        let rest: Vec<usize> = self
            .abi
            .work
            .iter()
            .copied()
            .filter(|at| !self.used.contains(at) && self.export(*at).is_some())
            .collect();
        let known = |name, of| self.names.has(name).then_some(of);
        let given = Given {
            pointer: known("ptr", "ptr"),
            length: known("text", "len(text)"),
            area: known("area", "area"),
        };
        let (mut ideas, mut all_complete) = (Vec::new(), true);
        for at in rest.iter().copied().take(MOST_IDEAS) {
            let Some((call, ty)) = self.call(at, &given).zip(self.function(at)) else {
                continue;
            };
            all_complete &= call.is_complete;
            let bound = if ty.results.is_empty() {
                ""
            } else {
                "result = "
            };
            let remark = safe::cut(&ty.to_string(), 60);
            ideas.push(Statement::new(format!("{bound}{}", call.text), remark).idea());
        }
        if ideas.is_empty() {
            return;
        }
        self.blank();
        let what = match all_complete {
            true => "",
            false => {
                " Put in what each argument is to be, which the module's own documentation tells."
            }
        };
        let more = match rest.len().saturating_sub(ideas.len()) {
            0 => String::new(),
            more => format!(" There are {} more: see `linmem inspect`.", more),
        };
        self.say(format!("Other calls to try.{what}{more}"));
        ideas.into_iter().for_each(|idea| self.push(idea));
    }
}
