//! Builds a draft: the reasons, the imports, the steps of one convention, and the calls that are
//! left over.

use std::collections::HashSet;

use super::names::{self, Variables};
use super::{Line, Statement, imports};
use crate::guest::abi::{Abi, Arg, ExportRole, Role};
use crate::guest::{Export, Guest, GuestError};
use crate::safe;
use crate::text::list;
use crate::wasm_types::{FuncType, ValueType};

/// Most calls that are listed for a person to choose from.
const MOST_CALLS: usize = 12;

/// Most results that get names.
const MOST_RESULTS: usize = 10;

/// Characters of the longest call that is written, and of the longest type beside one.
const LONGEST_CALL: usize = 400;
const LONGEST_TYPE: usize = 60;

/// A draft while it is built.
pub(super) struct Builder<'a> {
    pub guest: &'a Guest,
    pub abi: &'a Abi,
    pub lines: Vec<Line>,
    pub variables: Variables,
    /// Indexes of the exports that a line calls.
    pub used: HashSet<usize>,
}

/// What is there for the arguments of a call.
#[derive(Clone, Copy, Default)]
pub(super) struct Arguments<'a> {
    /// The variable with the pointer to the host's bytes.
    pub pointer: Option<&'a str>,
    /// An expression for the number of those bytes.
    pub length: Option<&'a str>,
    /// The variable with the address for the results.
    pub area: Option<&'a str>,
}

/// A call of an export.
pub(super) struct Call {
    /// `call f(ptr, len(text), 0)`
    pub text: String,
    /// Whether every argument is a value, which may be a guess.
    pub is_complete: bool,
    /// A remark about arguments of unknown meaning.
    pub remark: String,
}

impl<'a> Builder<'a> {
    /// Adds a blank line.
    pub fn blank(&mut self) {
        self.lines.push(Line::Blank);
    }

    /// Adds a paragraph of comment.
    pub fn comment(&mut self, text: impl Into<String>) {
        self.lines.push(Line::Comment(text.into()));
    }

    /// Adds a statement.
    pub fn push(&mut self, statement: Statement) {
        self.lines.push(statement.into());
    }

    /// Returns the export at an index, and `None` if its name is too long for a draft.
    pub fn export(&self, index: usize) -> Option<(&'a Export, &'a ExportRole)> {
        let export = self
            .guest
            .exports()
            .get(index)
            .filter(|export| names::is_short(&export.name))?;
        Some((export, self.abi.roles.get(index)?))
    }

    /// Returns the name of an export as a statement writes it.
    pub fn quoted(&self, index: usize) -> Option<String> {
        self.export(index)
            .map(|(export, _)| names::foreign(&export.name))
    }

    /// Returns the index of the export of this name.
    pub fn named(&self, name: &str) -> Option<usize> {
        let mut exports = self.guest.exports().iter();
        exports.position(|export| export.name == name)
    }

    /// Returns the type of an exported function.
    pub fn function(&self, index: usize) -> Option<&'a FuncType> {
        self.export(index)?.0.ty.as_func()
    }

    /// Returns the first export of a role that a statement can name.
    pub fn first(&self, role: Role) -> Option<usize> {
        let mut exports = self.abi.with_role(role);
        exports.find(|index| self.export(*index).is_some())
    }

    /// Returns a call of an exported function, and `None` where it would be too long.
    ///
    /// An argument of unknown meaning beside a pointer or length is guessed to be 0. Where nothing
    /// can be given for an argument, its name is written, and the call is not complete.
    pub fn call(&self, index: usize, given: Arguments<'_>) -> Option<Call> {
        let ((export, role), ty) = (self.export(index)?, self.function(index)?);
        let (mut args, mut guessed) = (Vec::new(), Vec::new());
        let (mut is_complete, mut pointers) = (true, 0);
        let is_bearing = |arg: &Arg| matches!(arg, Arg::Pointer | Arg::Length);
        let can_guess = role.args.iter().any(is_bearing);
        for (number, (ty, arg)) in (1..).zip(ty.params.iter().zip(&role.args)) {
            pointers += usize::from(*arg == Arg::Pointer);
            let known = match arg {
                Arg::Pointer if pointers == 1 => given.pointer,
                Arg::Length if pointers <= 1 => given.length,
                Arg::ReturnArea => given.area,
                Arg::Alignment => Some("1"),
                _ => None,
            };
            let param = role.params.get(number - 1).cloned();
            match (known, imports::zero(ty)) {
                (Some(known), _) => args.push(known.to_string()),
                (None, Some(zero)) if *arg == Arg::Unknown && can_guess => {
                    guessed.push(param.unwrap_or_else(|| number.to_string()));
                    args.push(zero.into());
                }
                _ => {
                    is_complete = false;
                    args.push(param.unwrap_or_else(|| format!("{ty}?")));
                }
            }
        }
        let remark = match guessed.as_slice() {
            [] => String::new(),
            [one] => format!("the meaning of argument {one} is unknown: 0 is a guess"),
            several => format!(
                "the meaning of arguments {} is unknown: 0 is a guess",
                list::and(several)
            ),
        };
        let text = format!("call {}({})", names::foreign(&export.name), args.join(", "));
        (text.chars().count() <= LONGEST_CALL).then_some(Call {
            text,
            is_complete,
            remark,
        })
    }

    /// Returns the most promising unused function whose arguments `fits` accepts and that can be
    /// called with what is given.
    pub fn work(&self, given: Arguments<'_>, fits: impl Fn(&[Arg]) -> bool) -> Option<usize> {
        let mut unused = self.unused_work();
        unused.find(|index| {
            let fits = self
                .export(*index)
                .is_some_and(|(_, role)| fits(&role.args));
            fits && self
                .call(*index, given)
                .is_some_and(|call| call.is_complete)
        })
    }

    fn unused_work(&self) -> impl Iterator<Item = usize> {
        let work = self.abi.work.iter().copied();
        work.filter(|index| !self.used.contains(index))
    }

    /// Adds a call of an exported function. Its results get the names `wanted`, or `result`.
    /// Returns the names.
    pub fn bind(
        &mut self,
        index: usize,
        given: Arguments<'_>,
        wanted: &[&str],
        remark: &str,
    ) -> Vec<String> {
        let Some((call, ty)) = self.call(index, given).zip(self.function(index)) else {
            return Vec::new();
        };
        self.used.insert(index);
        let is_bindable = ty.results.len() <= MOST_RESULTS
            && !ty
                .results
                .iter()
                .any(|ty| matches!(ty, ValueType::Other(_)));
        let count = if is_bindable { ty.results.len() } else { 0 };
        let results: Vec<String> = (0..count)
            .map(|at| {
                self.variables
                    .add(wanted.get(at).copied().unwrap_or("result"))
            })
            .collect();
        let names = match results.as_slice() {
            [] => String::new(),
            results => format!("{} = ", results.join(", ")),
        };
        let remark = match remark {
            "" => call.remark.as_str(),
            remark => remark,
        };
        let mut statement = Statement::new(format!("{names}{}", call.text), remark);
        statement.defines = results.clone();
        self.push(statement);
        results
    }

    /// Adds what was recognised and why.
    pub fn add_reasons(&mut self) {
        let name = safe::cut(self.guest.name(), names::LONGEST);
        let name = name.rsplit(['/', '\\']).next().unwrap_or(&name);
        self.comment(format!(
            "A first steps file for {name}, guessed from its exports and imports. Nothing in it is \
             certain: correct what is wrong, and continue from there."
        ));
        for found in &self.abi.families {
            self.comment(format!("It {} {}, because", found.confidence, found.family));
            let reasons = found.reasons.iter().cloned();
            self.lines.extend(reasons.map(Line::Item));
        }
        if self.abi.families.is_empty() {
            self.comment("No export and no import looks like a known way to pass bytes.");
        }
        self.blank();
    }

    /// Adds the module, the memory that is recorded, and what happens without a step.
    pub fn add_module(&mut self, module: &str) {
        let text = format!("module {}", safe::quoted(module, usize::MAX));
        self.push(Statement::new(text, ""));
        self.add_memory();
        let mut imports = self.guest.imports().iter();
        if imports.any(|import| import.module.starts_with("wasi_")) {
            self.comment(
                "WASI is built in, without files and network, and with a clock that only counts. \
                 --stdin PATH gives the guest its standard input.",
            );
        }
        let mut initializers = self.abi.with_role(Role::Initialize);
        let is_reactor = initializers.any(|index| {
            self.export(index)
                .is_some_and(|(export, _)| export.name == "_initialize")
        });
        if is_reactor {
            self.comment("`_initialize` is called automatically, at the end of step 0.");
        }
    }

    /// Adds which memory is recorded, where the guest has several.
    fn add_memory(&mut self) {
        let Err(GuestError::WhichMemory { count, .. }) = self.guest.default_memory() else {
            return;
        };
        let memories = self.guest.memories().iter();
        let mut names = memories.filter_map(|memory| memory.exported_as.first());
        if let Some(name) = names.find(|name| names::is_short(name)) {
            let remark = format!("one of {count}: the others are not recorded");
            let text = format!("memory {}", names::foreign(name));
            self.push(Statement::new(text, remark));
        }
    }

    /// Adds a call of a function without parameters, if there is one.
    pub fn add_first_call(&mut self) {
        let nothing = Arguments::default();
        let Some(index) = self.work(nothing, <[Arg]>::is_empty) else {
            return;
        };
        self.blank();
        let remark = "takes no arguments, so it can be tried";
        self.bind(index, nothing, &["result"], remark);
    }

    /// Adds the functions that no line calls, for a person to complete.
    pub fn add_other_calls(&mut self) {
        let unused = self.unused_work();
        let rest: Vec<usize> = unused
            .filter(|index| self.export(*index).is_some())
            .collect();
        let known = |name, text| self.variables.has(name).then_some(text);
        let given = Arguments {
            pointer: known("ptr", "ptr"),
            length: known("text", "len(text)"),
            area: known("area", "area"),
        };
        let (mut calls, mut is_all_complete) = (Vec::new(), true);
        for index in rest.iter().copied().take(MOST_CALLS) {
            let Some((call, ty)) = self.call(index, given).zip(self.function(index)) else {
                continue;
            };
            is_all_complete &= call.is_complete;
            let name = if ty.results.is_empty() {
                ""
            } else {
                "result = "
            };
            let remark = safe::cut(&ty.to_string(), LONGEST_TYPE);
            calls.push(Statement::new(format!("{name}{}", call.text), remark).commented_out());
        }
        if calls.is_empty() {
            return;
        }
        self.blank();
        let mut comment = "Other calls to try.".to_string();
        if !is_all_complete {
            comment.push_str(" The module's documentation describes the arguments to fill in.");
        }
        let more = rest.len().saturating_sub(calls.len());
        if more > 0 {
            comment.push_str(&format!(" `linmem inspect` lists {more} more."));
        }
        self.comment(comment);
        calls.into_iter().for_each(|call| self.push(call));
    }
}
