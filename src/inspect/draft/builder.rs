//! Builds a draft: the reasons, the imports, the steps of one convention, and the calls that are
//! left over.

use std::collections::HashSet;

use super::names::{self, Variables};
use super::{Line, Statement, imports};
use crate::guest::abi::{Abi, Arg, ExportRole, Family, Role};
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
    /// Whether the statements that are added need the call before them.
    pub is_in_results: bool,
}

/// What is there for the arguments of a call.
#[derive(Clone, Copy, Default)]
pub(super) struct Arguments<'a> {
    /// The variables with pointers to the host's bytes, one for each pointer that a call takes.
    pub pointers: &'a [&'a str],
    /// An expression for the number of those bytes.
    pub length: Option<&'a str>,
    /// The variable with the address for the results.
    pub area: Option<&'a str>,
    /// The variable with the address of a buffer for the results.
    pub output: Option<&'a str>,
    /// An expression for the size of that buffer.
    pub capacity: Option<&'a str>,
    /// The variable with an object of the guest.
    pub object: Option<&'a str>,
}

/// A call of an export.
pub(super) struct Call {
    /// `call f(ptr, len(text), 0)`
    pub text: String,
    /// Why the call cannot be made as it is; `None` if every argument is a value.
    pub doubt: Option<String>,
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
    pub fn push(&mut self, mut statement: Statement) {
        statement.needs_call = self.is_in_results;
        self.lines.push(statement.into());
    }

    /// Begins the statements that mean nothing without the call that was added last.
    pub fn begin_results(&mut self) {
        if let Some(Line::Statement(statement)) = self.lines.last_mut() {
            statement.is_call = true;
        }
        self.is_in_results = true;
    }

    /// Ends these statements.
    pub fn end_results(&mut self) {
        self.is_in_results = false;
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
    /// A plain number is guessed to be 0. Where nothing can be given for an argument, its name is
    /// written, and the call has a doubt.
    pub fn call(&self, index: usize, given: Arguments<'_>) -> Option<Call> {
        let ((export, role), ty) = (self.export(index)?, self.function(index)?);
        let (mut args, mut guessed, mut doubt) = (Vec::new(), Vec::new(), None);
        let mut pointers = given.pointers.iter();
        for (number, (ty, arg)) in (1..).zip(ty.params.iter().zip(&role.args)) {
            let known = match arg {
                Arg::Pointer => pointers.next().copied(),
                Arg::Length => given.length,
                Arg::ReturnArea => given.area,
                Arg::Output => given.output,
                Arg::Capacity => given.capacity,
                Arg::Object => given.object,
                Arg::Alignment => Some("1"),
                _ => None,
            };
            let param = role.params.get(number - 1).cloned();
            match (known, imports::zero(ty)) {
                (Some(known), _) => args.push(known.to_string()),
                (None, Some(zero)) if *arg == Arg::Number => {
                    guessed.push(param.unwrap_or_else(|| number.to_string()));
                    args.push(zero.into());
                }
                _ => {
                    doubt.get_or_insert_with(|| reason(number, *arg));
                    args.push(param.unwrap_or_else(|| format!("{ty}?")));
                }
            }
        }
        let remark = match guessed.as_slice() {
            [] => String::new(),
            [one] => format!("argument {one} is a plain number: 0 is a guess"),
            several => format!(
                "arguments {} are plain numbers: 0 is a guess",
                list::and(several)
            ),
        };
        let text = format!("call {}({})", names::foreign(&export.name), args.join(", "));
        (text.chars().count() <= LONGEST_CALL).then_some(Call {
            text,
            doubt,
            remark,
        })
    }

    /// Returns whether the spans of a call are clear: a length for each pointer but the first.
    fn has_clear_spans(&self, index: usize) -> bool {
        let args = self.args(index);
        let spans = args.iter().enumerate();
        let without_length = spans
            .filter(|(at, arg)| **arg == Arg::Pointer && args.get(at + 1) != Some(&Arg::Length));
        let pointers = args.iter().filter(|arg| **arg == Arg::Pointer).count();
        let lengths = args.iter().filter(|arg| **arg == Arg::Length).count();
        pointers <= 1 || (without_length.count() == 0 && lengths == pointers)
    }

    /// Returns what the parameters of an exported function look like.
    pub fn args(&self, index: usize) -> &'a [Arg] {
        self.abi
            .roles
            .get(index)
            .map(|role| role.args.as_slice())
            .unwrap_or_default()
    }

    /// Returns the most promising unused function whose arguments `fits` accepts and that can be
    /// called with what is given.
    pub fn work(&self, given: Arguments<'_>, fits: impl Fn(&[Arg]) -> bool) -> Option<usize> {
        let mut unused = self.unused_work();
        unused.find(|index| {
            fits(self.args(*index))
                && self.has_clear_spans(*index)
                && self
                    .call(*index, given)
                    .is_some_and(|call| call.doubt.is_none())
        })
    }

    /// Returns whether a function can be called with what is given.
    pub fn is_callable(&self, index: usize, given: Arguments<'_>) -> bool {
        let call = self.call(index, given);
        self.has_clear_spans(index) && call.is_some_and(|call| call.doubt.is_none())
    }

    /// Returns whether a function frees the object that it takes.
    pub fn consumes_object(&self, index: usize) -> bool {
        self.export(index)
            .is_some_and(|(_, role)| role.consumes_object)
    }

    /// Adds no call of the exports, and lists none.
    pub fn leave_exports(&mut self) {
        self.used.extend(self.abi.work.iter().copied());
    }

    /// Adds a call of the constructors of static objects, which a host of Emscripten makes first.
    pub fn add_initialization(&mut self) {
        let named = self.named("__wasm_call_ctors");
        let Some(index) = named.or_else(|| self.minified_constructors()) else {
            return;
        };
        let Some(name) = self.quoted(index).filter(|_| self.used.insert(index)) else {
            return;
        };
        let remark = match named {
            Some(_) => "runs constructors, before any other call",
            None => "the first export, which runs constructors if Emscripten made the names short",
        };
        self.blank();
        self.push(Statement::new(format!("call {name}()"), remark));
        self.add_embind_initialization();
    }

    /// Adds a call that registers the functions and classes of embind, where that is no constructor.
    fn add_embind_initialization(&mut self) {
        let index = self.named("_embind_initialize_bindings").filter(|index| {
            let ty = self.function(*index);
            self.abi.is(Family::Embind)
                && ty.is_some_and(|ty| ty.params.is_empty() && ty.results.is_empty())
        });
        let Some(name) = index.and_then(|index| self.quoted(index)) else {
            return;
        };
        self.used.extend(index);
        self.push(Statement::new(
            format!("call {name}()"),
            "registers what the guest exports to JavaScript",
        ));
    }

    /// Returns the first function that a module of Emscripten with short names exports, if it takes
    /// and returns nothing.
    fn minified_constructors(&self) -> Option<usize> {
        let is_short = |name: &str| name.chars().count() <= 2;
        let exports = self.guest.exports();
        let is_minified = self.abi.is(Family::Emscripten)
            && exports
                .iter()
                .filter(|export| is_short(&export.name))
                .count()
                * 2
                > exports.len();
        let first = exports
            .iter()
            .position(|export| export.ty.as_func().is_some());
        first.filter(|index| {
            let ty = self.function(*index);
            is_minified && ty.is_some_and(|ty| ty.params.is_empty() && ty.results.is_empty())
        })
    }

    pub fn unused_work(&self) -> impl Iterator<Item = usize> {
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
            if let Some(advice) = found.family.advice() {
                self.comment(advice);
            }
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

    /// Adds a call of a function that takes nothing, or only plain numbers. Returns the names of its
    /// results if they are a text, and `None` if there is no such function.
    pub fn add_first_call(&mut self) -> Option<Vec<String>> {
        let nothing = Arguments::default();
        let is_plain = |args: &[Arg]| args.iter().all(|arg| *arg == Arg::Number);
        let found = self.work(nothing, <[Arg]>::is_empty);
        let index = found.or_else(|| self.work(nothing, is_plain))?;
        self.blank();
        let remark = match self.args(index) {
            [] => "takes no arguments, so it can be tried",
            _ => "takes plain numbers, by its code: 0 is a guess",
        };
        let count = self.function(index).map_or(0, |ty| ty.results.len());
        let returns_text = self.abi.is(Family::WasmBindgen) && matches!(count, 2 | 4);
        let wanted: &[&str] = match returns_text {
            true => &names::TEXT_RESULTS,
            false => &["result"],
        };
        let bound = self.bind(index, nothing, wanted, remark);
        Some(if returns_text { bound } else { Vec::new() })
    }

    /// Adds why no call is run, where there is a function that a host might call.
    pub fn add_doubt(&mut self) {
        let Some(index) = self
            .unused_work()
            .find(|index| self.export(*index).is_some())
        else {
            return;
        };
        let everything = Arguments {
            pointers: &["ptr", "ptr", "ptr", "ptr"],
            length: Some("n"),
            area: Some("area"),
            output: Some("out"),
            capacity: Some("n"),
            object: None,
        };
        let call = self.call(index, everything);
        let (Some(name), Some(doubt)) = (self.quoted(index), call.and_then(|call| call.doubt))
        else {
            return;
        };
        self.blank();
        self.comment(format!(
            "No call is run here, because the exports and their code do not show enough. Of \
             `{name}`, {doubt}."
        ));
    }

    /// Adds the functions that no line calls, for a person to complete.
    pub fn add_other_calls(&mut self) {
        let unused = self.unused_work();
        let rest: Vec<usize> = unused
            .filter(|index| self.export(*index).is_some())
            .collect();
        let known = |name, text| self.variables.has(name).then_some(text);
        let pointers: &[&str] = match self.variables.has("ptr") {
            true => &["ptr"],
            false => &[],
        };
        let given = Arguments {
            pointers,
            length: known("text", "len(text)"),
            area: known("area", "area"),
            object: None,
            ..Arguments::default()
        };
        let (mut calls, mut is_all_complete) = (Vec::new(), true);
        for index in rest.iter().copied().take(MOST_CALLS) {
            let Some((call, ty)) = self.call(index, given).zip(self.function(index)) else {
                continue;
            };
            is_all_complete &= call.doubt.is_none();
            let name = if ty.results.is_empty() {
                ""
            } else {
                "result = "
            };
            let ty = safe::cut(&ty.to_string(), LONGEST_TYPE);
            let remark = match call.doubt {
                Some(doubt) => format!("{ty}; {doubt}"),
                None => ty,
            };
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

/// Returns why nothing can be given for an argument, as a clause.
fn reason(number: usize, arg: Arg) -> String {
    match arg {
        Arg::Pointer | Arg::Length => format!("argument {number} is a span of bytes"),
        Arg::ReturnArea | Arg::Output | Arg::Capacity => {
            format!("argument {number} is a place for results")
        }
        Arg::Object => {
            format!("argument {number} is the address of an object, which the guest makes first")
        }
        Arg::Handle => format!("argument {number} is an object of the host"),
        Arg::Elements => format!("argument {number} points to numbers of several bytes"),
        _ => format!("the code does not show what argument {number} is"),
    }
}
