//! What each statement does, one at a time.

use wasmer::{Extern, Function, Global};

use crate::script::ast::{Call, Expr, Name, Reading, Statement, StatementKind};
use crate::script::{encoding, eval};
use crate::timeline::{
    Answer, Ask, Binding, Finding, FindingKind, NamedSpan, Naming, Outcome, PAGE, Pointer, Span,
    SpanKind, StepKind, StepRecord, Writer, pages_in_words,
};
use crate::value::Value;

use super::call::StepError;
use super::eval_env::StepEnv;
use super::memory::{self, AccessError};
use super::open::{kind_word, located};
use super::read_statement::{self, ReadError};
use super::{Session, values};

const NOT_INSTANTIATED: &str =
    "the guest was not instantiated, so there is nothing to call or read; step 0 says why";
/// The most bytes that the values of one run may take in all.
const MOST_BOUND: usize = 1 << 30;
/// The most pointers that a record tells of.
const MOST_POINTERS: usize = 50;

/// Characters of a name that are compared to find what was meant.
const LONGEST_COMPARED: usize = 100;

pub(super) fn kind_of(kind: &StatementKind) -> StepKind {
    match kind {
        StatementKind::Call { .. } => StepKind::Call,
        StatementKind::Global { .. } => StepKind::Global,
        StatementKind::Set { .. } => StepKind::Set,
        StatementKind::Write { .. } => StepKind::Write,
        StatementKind::Read { .. } => StepKind::Read,
        StatementKind::Grow { .. } => StepKind::Grow,
        StatementKind::Region { .. } => StepKind::Region,
        StatementKind::Block { .. } => StepKind::Block,
        StatementKind::Release { .. } => StepKind::Release,
        StatementKind::Expect { .. }
        | StatementKind::ExpectTrap { .. }
        | StatementKind::ExpectFinding { .. } => StepKind::Expect,
        StatementKind::Ask { .. } => StepKind::Ask,
        StatementKind::Let { .. }
        | StatementKind::Module { .. }
        | StatementKind::Input { .. }
        | StatementKind::Memory { .. }
        | StatementKind::Import(_) => StepKind::Let,
    }
}

impl Session {
    /// Runs the next statement that is a step. `None` when the script has no step left.
    pub(super) fn run_next_statement(&mut self) -> Option<StepRecord> {
        let statement = loop {
            let statement = self.script.statements.get(self.next_statement)?.clone();
            self.next_statement += 1;
            if statement.kind.is_step() {
                break statement;
            }
        };
        let kind = kind_of(&statement.kind);
        let mut record = self.begin(kind, statement.text.clone());
        record.line = Some(statement.line).filter(|line| *line > 0);
        record.narration.clone_from(&statement.narration);
        let result = self.perform(&statement, &mut record);
        self.note_facts(&statement.kind, &mut record);
        Some(self.finish(record, result))
    }

    /// Completes a step's record from how it ended, answers questions, and decides whether the run
    /// goes on.
    pub(super) fn finish(
        &mut self,
        mut record: StepRecord,
        result: Result<(), StepError>,
    ) -> StepRecord {
        self.settle(&mut record);
        if record.pages_after > record.pages_before {
            record.findings.push(growth_finding(&record));
        }
        if let Err(error) = result {
            record.outcome = error.outcome;
            record.error = Some(error.message);
            record.findings.extend(error.findings);
        }
        record.facts.is_end =
            record.outcome == Outcome::Ok && !self.is_explored && !self.has_more_to_judge();
        record.findings.extend(self.judge.judge(&record));
        record.pointers = self.pointers_after(&record);
        if record.focus.is_none() {
            record.focus = focus_of(&record);
        }
        self.answer_questions(&mut record);
        if !matches!(record.claims.as_slice(), [_, ..]) {
            self.last_findings = (
                record.index,
                record.findings.iter().map(|f| f.kind).collect(),
            );
        }
        self.next_step = record.index + 1;
        self.is_stopped = record.outcome != Outcome::Ok && !self.is_expected(&record);
        self.is_over = self.is_stopped || !self.has_more_steps();
        record
    }

    fn has_more_steps(&self) -> bool {
        self.script
            .statements
            .iter()
            .skip(self.next_statement)
            .any(|s| s.kind.is_step())
    }

    fn expects_more(&self) -> bool {
        self.is_explored || self.has_more_steps()
    }

    /// Whether a step follows that is more than a word about the findings of the one before it.
    fn has_more_to_judge(&self) -> bool {
        let rest = self
            .script
            .statements
            .iter()
            .skip(self.next_statement)
            .filter(|s| s.kind.is_step());
        rest.into_iter()
            .any(|s| !matches!(s.kind, StatementKind::ExpectFinding { .. }))
    }

    /// Whether the statements that follow expect one of the findings that ended this step.
    fn is_expected(&self, record: &StepRecord) -> bool {
        self.script
            .statements
            .iter()
            .skip(self.next_statement)
            .filter(|s| s.kind.is_step())
            .map_while(|s| match &s.kind {
                StatementKind::ExpectFinding { kind } => Some(kind.text.as_str()),
                _ => None,
            })
            .any(|word| {
                record.findings.iter().any(|f| {
                    f.kind.word() == word && f.severity() == crate::timeline::Severity::Error
                })
            })
    }

    fn answer_questions(&mut self, record: &mut StepRecord) {
        let asked = std::mem::take(&mut self.asked);
        for (step, expr) in asked {
            // A step that asks changes nothing that another question could wait for.
            if step == record.index || record.kind == StepKind::Ask {
                self.asked.push((step, expr));
                continue;
            }
            match eval::evaluate(&expr, &self.world()) {
                Ok(value) => record.answers.push(Answer {
                    asked_in: step,
                    value: Ok(value),
                }),
                Err(_) if self.expects_more() && record.outcome == Outcome::Ok => {
                    self.asked.push((step, expr))
                }
                Err(error) => record.answers.push(Answer {
                    asked_in: step,
                    value: Err(error.to_string()),
                }),
            }
        }
    }

    fn pointers_after(&mut self, record: &StepRecord) -> Vec<Pointer> {
        for name in record
            .bindings
            .iter()
            .map(|b| &b.name)
            .filter(|name| self.pointers.contains(*name))
        {
            self.recent_pointers.retain(|recent| recent != name);
            self.recent_pointers.push(name.clone());
        }
        let old = self.recent_pointers.len().saturating_sub(MOST_POINTERS);
        self.recent_pointers.drain(..old);
        self.recent_pointers
            .iter()
            .filter_map(|name| {
                let address =
                    eval::address(self.scope.value(name)?, name, self.scope.is_64).ok()?;
                let bound = record.bindings.iter().any(|b| b.name == *name);
                let old = self.previous_pointers.get(name).copied();
                Some(Pointer {
                    name: name.clone(),
                    address,
                    moved_from: old.filter(|old| bound && *old != address),
                    fetched: bound
                        && matches!(
                            record.kind,
                            StepKind::Call | StepKind::Global | StepKind::Read
                        ),
                })
            })
            .collect()
    }

    pub(super) fn world(&self) -> StepEnv<'_> {
        let pages = match &self.memory {
            Some(memory) => Ok(memory::pages(memory, &self.store)),
            None => Err(self.no_memory()),
        };
        let host = self.env.as_ref(&self.store);
        StepEnv {
            scope: &self.scope,
            files: &self.files,
            host,
            script: &self.script,
            guest: &self.guest,
            pages,
        }
    }

    fn no_memory(&self) -> String {
        match &self.memory_index {
            Err(why) => why.clone(),
            Ok(_) if self.instance.is_none() => NOT_INSTANTIATED.into(),
            Ok(_) => AccessError::NoMemory.to_string(),
        }
    }

    pub(super) fn located(&self, offset: usize, message: &str) -> String {
        located(&self.script, offset, message)
    }

    fn live(&self) -> Result<wasmer::Memory, StepError> {
        self.memory
            .clone()
            .ok_or_else(|| StepError::failed(self.no_memory()))
    }

    /// Names a value. The history keeps it, even when the name is given to another one later, so
    /// all of them together are limited.
    fn bind(
        &mut self,
        record: &mut StepRecord,
        name: &Name,
        value: Value,
    ) -> Result<(), StepError> {
        self.bound_bytes = self.bound_bytes.saturating_add(value.weight());
        if self.bound_bytes > MOST_BOUND {
            return Err(StepError::failed(format!(
                "the values of this run add up to more than {} MiB, and the history keeps each; \
                 use smaller ones",
                MOST_BOUND >> 20
            )));
        }
        if let Some(old) = self.scope.value(&name.text)
            && let Ok(old) = eval::address(old, &name.text, self.scope.is_64)
        {
            self.previous_pointers.insert(name.text.clone(), old);
        }
        self.scope
            .bind(&name.text, value.clone(), Some(record.index));
        record.bindings.push(Binding {
            name: name.text.clone(),
            value,
        });
        Ok(())
    }

    /// An address or a length: evaluated, and checked against what the memory's index type can
    /// hold.
    fn address(&self, expr: &Expr, role: &str) -> Result<u64, StepError> {
        let value = self.evaluate(expr)?;
        eval::address(&value, &eval::subject(expr, role), self.scope.is_64)
            .map_err(|error| StepError::failed(error.to_string()))
    }

    fn perform(&mut self, statement: &Statement, record: &mut StepRecord) -> Result<(), StepError> {
        match &statement.kind {
            StatementKind::Let { name, value } => {
                let value = self.evaluate(value)?;
                self.bind(record, name, value)
            }
            StatementKind::Call { results, call } => self.perform_call(results, call, record),
            StatementKind::Global { name, export } => {
                let global = self.exported_global(&export.text)?;
                let value = values::from_wasm(&global.get(&mut self.store))?;
                self.bind(record, name, value)
            }
            StatementKind::Set { export, value } => self.perform_set(export, value),
            StatementKind::Write { address, value } => self.perform_write(address, value, record),
            StatementKind::Read {
                name,
                address,
                what,
            } => self.perform_read(name, address, what, record),
            StatementKind::Grow { name, pages } => self.perform_grow(name.as_ref(), pages, record),
            StatementKind::Region {
                name,
                address,
                length,
            } => self.name_span(SpanKind::Region, name, address, length, record),
            StatementKind::Block {
                name,
                address,
                length,
            } => self.name_span(SpanKind::Block, name, address, length, record),
            StatementKind::Release { name } => {
                record.naming = Some(Naming::Released(name.text.clone()));
                Ok(())
            }
            StatementKind::Expect { condition } => self.perform_expect(condition),
            StatementKind::ExpectTrap { words, call } => {
                self.perform_expect_trap(words.as_deref(), call, record)
            }
            StatementKind::ExpectFinding { kind } => {
                self.perform_expect_finding(&kind.text, record)
            }
            StatementKind::Ask { question, answer } => {
                record.ask = Some(Ask {
                    question: question.clone(),
                });
                self.asked.push((record.index, answer.clone()));
                Ok(())
            }
            StatementKind::Module { .. }
            | StatementKind::Input { .. }
            | StatementKind::Memory { .. }
            | StatementKind::Import(_) => Ok(()),
        }
    }

    fn perform_call(
        &mut self,
        names: &[Name],
        call: &Call,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        if !names.is_empty() {
            let ty = self.exported_function(&call.export.text)?.ty(&self.store);
            if ty.results().len() != names.len() {
                return Err(StepError::failed(format!(
                    "{} gives {} result{}, {} named; its type is {}. Name all of them or none",
                    crate::safe::plain(&call.export.text),
                    ty.results().len(),
                    if ty.results().len() == 1 { "" } else { "s" },
                    names.len(),
                    values::signature(&ty)
                )));
            }
        }
        let results = self.call_export(call, record)?;
        if results.len() < names.len() {
            return Err(StepError::failed(
                "the guest exited, so there is no result to name",
            ));
        }
        for (name, value) in names.iter().zip(results) {
            self.bind(record, name, value)?;
        }
        Ok(())
    }

    fn perform_set(&mut self, export: &Name, value: &Expr) -> Result<(), StepError> {
        let global = self.exported_global(&export.text)?;
        let shown = crate::safe::plain(&export.text);
        let ty = global.ty(&self.store);
        if !ty.mutability.is_mutable() {
            return Err(StepError::failed(format!(
                "global {shown} is not mutable, so the host cannot set it"
            )));
        }
        let value = self.evaluate(value)?;
        let wasm = values::to_wasm(&value, ty.ty).map_err(|why| {
            format!(
                "global {shown}, of type {}: {why}",
                values::type_name(ty.ty)
            )
        })?;
        global
            .set(&mut self.store, wasm)
            .map_err(|e| StepError::failed(crate::safe::plain(&e.to_string())))
    }

    fn perform_write(
        &mut self,
        address: &Expr,
        value: &Expr,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live()?;
        let start = self.address(address, "the address")?;
        let bytes = encoding::bytes_to_write(&self.evaluate(value)?).map_err(|e| e.to_string())?;
        memory::write(&live, &self.store, start, &bytes)
            .map_err(|e| self.out_of_bounds(e, &[address, value]))?;
        if bytes.is_empty() {
            return Ok(());
        }
        record.focus = Some(Span {
            start,
            len: bytes.len() as u64,
        });
        record.recording.push_write(start, &bytes, Writer::Host);
        Ok(())
    }

    fn perform_read(
        &mut self,
        name: &Name,
        address: &Expr,
        what: &Reading,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live()?;
        let start = self.address(address, "the address")?;
        let plan = read_statement::plan(what, |expr, role| self.address(expr, role))?;
        if let Some(len) = read_statement::length_of(&plan).filter(|len| *len > 0) {
            record.focus = Some(Span {
                start,
                len: len.min(self.image.len().saturating_sub(start)),
            });
        }
        let read =
            read_statement::perform(&plan, &live, &self.store, start).map_err(
                |error| match error {
                    ReadError::Access(error) => {
                        let length = match what {
                            Reading::Sized { length, .. } => Some(length),
                            Reading::Array { count, .. } => Some(count),
                            Reading::Cstr | Reading::Number(_) => None,
                        };
                        let parts: Vec<&Expr> = std::iter::once(address).chain(length).collect();
                        self.out_of_bounds(error, &parts)
                    }
                    ReadError::Utf8 { message, address } => {
                        StepError::found(FindingKind::InvalidUtf8, Some(address), message)
                    }
                    ReadError::Other(message) => StepError::failed(message),
                },
            )?;
        if read.length > 0 {
            record.focus = Some(Span {
                start,
                len: read.length,
            });
        }
        self.bind(record, name, read.value)
    }

    fn perform_grow(
        &mut self,
        name: Option<&Name>,
        pages: &Expr,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live()?;
        let by = self.address(pages, "the number of pages")?;
        let before = memory::grow(&live, &mut self.store, by).map_err(|why| {
            let now = memory::pages(&live, &self.store);
            let why = self.growth_limit(now.saturating_add(by)).unwrap_or(why);
            let plural = if by == 1 { "" } else { "s" };
            StepError::failed(format!(
                "memory of {} cannot grow by {by} page{plural}: {why}",
                pages_in_words(now)
            ))
        })?;
        let after = memory::pages(&live, &self.store);
        if after > before {
            record.recording.push_growth(before, after, Writer::Host);
            record.focus = Some(Span {
                start: before.saturating_mul(PAGE),
                len: 1,
            });
        }
        if let Some(name) = name {
            self.bind(record, name, Value::Int(i128::from(before)))?;
        }
        Ok(())
    }

    fn name_span(
        &mut self,
        kind: SpanKind,
        name: &Name,
        address: &Expr,
        length: &Expr,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live()?;
        let start = self.address(address, "the address")?;
        let len = self.address(length, "the length")?;
        memory::check_span(&live, &self.store, "mark", start, len)
            .map_err(|e| self.out_of_bounds(e, &[address, length]))?;
        record.focus = Some(Span {
            start,
            len: len.max(1),
        });
        record.naming = Some(Naming::Named(NamedSpan {
            name: name.text.clone(),
            kind,
            span: Span { start, len },
            released: false,
        }));
        Ok(())
    }

    fn perform_expect(&mut self, condition: &Expr) -> Result<(), StepError> {
        match self.evaluate(condition)? {
            Value::Bool(true) => Ok(()),
            _ => Err(StepError::failed(eval::explain_failure(
                condition,
                &self.world(),
            ))),
        }
    }

    fn perform_expect_trap(
        &mut self,
        words: Option<&str>,
        call: &Call,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let shown = crate::safe::plain(&call.export.text);
        match self.call_export(call, record) {
            Ok(results) => {
                let got = match results.as_slice() {
                    [] if record.exit_code == Some(0) => "it exited with exit code 0".to_string(),
                    [] => "it returned".to_string(),
                    some => {
                        let list: Vec<String> = some.iter().map(|v| v.brief(60)).collect();
                        format!("it returned {}", list.join(", "))
                    }
                };
                Err(StepError::failed(format!(
                    "{shown} was expected to trap, but {got}"
                )))
            }
            Err(error) if error.outcome != Outcome::Trapped => Err(error),
            Err(error) => {
                let wanted = words.unwrap_or_default();
                if !error
                    .message
                    .to_lowercase()
                    .contains(&wanted.to_lowercase())
                {
                    return Err(StepError::failed(format!(
                        "{shown} trapped, but not with {}: {}",
                        crate::safe::quoted(wanted, 200),
                        error.message
                    )));
                }
                record
                    .findings
                    .extend(error.findings.into_iter().map(|finding| Finding {
                        claimed: true,
                        ..finding
                    }));
                Ok(())
            }
        }
    }

    fn perform_expect_finding(
        &mut self,
        word: &str,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let (step, kinds) = &self.last_findings;
        match kinds.iter().find(|kind| kind.word() == word) {
            Some(kind) => {
                record.claims.push((*step, *kind));
                Ok(())
            }
            None => {
                let found = match kinds.as_slice() {
                    [] => "it has none".to_string(),
                    some => format!(
                        "it has {}",
                        some.iter().map(|k| k.word()).collect::<Vec<_>>().join(", ")
                    ),
                };
                Err(StepError::failed(format!(
                    "step {step} was expected to have the finding {word}; {found}"
                )))
            }
        }
    }

    /// An access outside memory, with the variables that chose it and the steps they come from.
    fn out_of_bounds(&self, error: AccessError, parts: &[&Expr]) -> StepError {
        let address = match &error {
            AccessError::OutOfBounds { start, .. } | AccessError::NoNul { start, .. } => *start,
            AccessError::NoMemory | AccessError::Engine(_) => {
                return StepError::failed(error.to_string());
            }
        };
        let mut message = error.to_string();
        let mut blamed = None;
        for name in parts.iter().filter_map(|expr| variable_of(expr)) {
            let Some(variable) = self.scope.get(name) else {
                continue;
            };
            let from = match variable.step {
                Some(step) => format!("from step {step}"),
                None => "an input".into(),
            };
            blamed = blamed.or(variable.step);
            message.push_str(&format!("; {name} is {}, {from}", variable.value.brief(40)));
        }
        let mut failure = StepError::found(FindingKind::OutOfBounds, Some(address), message);
        for finding in &mut failure.findings {
            finding.blamed = blamed;
        }
        failure
    }

    pub(super) fn exported_function(&self, name: &str) -> Result<Function, StepError> {
        match self.export(name, "func")? {
            Extern::Function(function) => Ok(function),
            other => Err(StepError::failed(format!(
                "{} is not a function but a {}",
                crate::safe::plain(name),
                extern_word(&other)
            ))),
        }
    }

    fn exported_global(&self, name: &str) -> Result<Global, StepError> {
        match self.export(name, "global")? {
            Extern::Global(global) => Ok(global),
            other => Err(StepError::failed(format!(
                "{} is not a global but a {}",
                crate::safe::plain(name),
                extern_word(&other)
            ))),
        }
    }

    /// One of the exports of the module as it was given: what the rewrite added is not there. Where
    /// there is none, the error names those of the wanted kind.
    fn export(&self, name: &str, wanted: &str) -> Result<Extern, StepError> {
        let Some(instance) = &self.instance else {
            return Err(StepError::failed(NOT_INSTANTIATED));
        };
        let is_own = self.guest.export(name).is_some();
        let found = instance.exports.get_extern(name).filter(|_| is_own);
        found.cloned().ok_or_else(|| {
            let hint = self.export_hint(name, wanted);
            StepError::failed(format!(
                "the guest has no export named {}; {hint}",
                crate::safe::quoted(name, 100)
            ))
        })
    }

    fn export_hint(&self, name: &str, wanted: &str) -> String {
        let start: String = name.chars().take(LONGEST_COMPARED).collect();
        let of_kind: Vec<&str> = self
            .guest
            .exports()
            .iter()
            .filter(|e| kind_word(&e.ty) == wanted)
            .map(|e| e.name.as_str())
            .collect();
        let near = of_kind
            .iter()
            .filter(|other| other.len() <= 4 * LONGEST_COMPARED)
            .map(|other| (strsim::jaro_winkler(&start, other), other))
            .filter(|(likeness, _)| *likeness > 0.7)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let kind = if wanted == "func" { "function" } else { wanted };
        match near {
            Some((_, near)) => format!("did you mean {}?", crate::safe::cut(near, 100)),
            None if of_kind.is_empty() => format!("it exports no {kind}"),
            None => {
                let names: Vec<String> = of_kind
                    .iter()
                    .take(8)
                    .map(|n| crate::safe::cut(n, 60))
                    .collect();
                let more = match of_kind.len().saturating_sub(names.len()) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("its {kind}s are {}{more}", names.join(", "))
            }
        }
    }
}

fn variable_of(expr: &Expr) -> Option<&str> {
    use crate::script::ast::ExprKind;
    match &expr.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::Binary { left, right, .. } => variable_of(left).or_else(|| variable_of(right)),
        _ => None,
    }
}

fn extern_word(found: &Extern) -> &'static str {
    match found {
        Extern::Function(_) => "function",
        Extern::Global(_) => "global",
        Extern::Table(_) => "table",
        Extern::Memory(_) => "memory",
        Extern::Tag(_) => "tag",
    }
}

fn growth_finding(record: &StepRecord) -> Finding {
    let message = format!(
        "memory grew from {} to {} pages ({} KiB): views of memory that the host took before are \
         dead, and lengths of memory it kept are wrong",
        record.pages_before,
        record.pages_after,
        record.pages_after.saturating_mul(64)
    );
    Finding::new(FindingKind::MemoryGrew, message).at(record.pages_before.saturating_mul(PAGE))
}

/// Where a step is to be looked at that does not say so itself: the pointer it fetched, else what
/// it changed, near a pointer if that can be.
fn focus_of(record: &StepRecord) -> Option<Span> {
    if let Some(pointer) = record.pointers.iter().find(|p| p.fetched) {
        return Some(Span {
            start: pointer.address,
            len: 1,
        });
    }
    // Not by going through all changes: there may be millions.
    let behind = |address: u64| match address.checked_sub(1) {
        Some(before) => record.changes.next(before),
        None => record.changes.spans().next(),
    };
    let near = record.pointers.iter().filter_map(|p| {
        behind(p.address).filter(|change| change.start < p.address.saturating_add(4096))
    });
    near.min_by_key(|change| change.start)
        .or_else(|| record.changes.spans().next())
}
