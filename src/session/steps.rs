//! Performs the statements of a script, one at a time.

use std::fmt::Display;

use wasmer::{Extern, Function, Global};

use crate::data_types::{Piece, TypeRef};
use crate::safe;
use crate::script::ast::{
    Call, Element, Expr, Name, Reading, RecordedStep, Statement, StatementKind, WrittenType,
};
use crate::script::eval;
use crate::text::count;
use crate::timeline::{
    Ask, Binding, Finding, FindingKind, HostLine, NamedSpan, Naming, Outcome, PAGE, Span, SpanKind,
    StepKind, StepRecord, Writer, is_far_outside,
};
use crate::value::{Value, check_capacity};
use crate::wasm_types::{ExternKind, memory_size};

use super::call::StepError;
use super::eval_env::StepEnv;
use super::exports::{self, LiveGuest, extern_kind};
use super::host_line;
use super::memory::{self, AccessError};
use super::read_statement::{self, ReadError};
use super::value_origin::Origin;
use super::{Session, replay, types, values};

const NOT_INSTANTIATED: &str =
    "the guest was not instantiated, so nothing can be called or read; step 0 has the reason";
/// The most bytes that all values of one run can take.
const MAX_BOUND: usize = 1 << 30;

/// Returns the kind of step that a statement is.
pub(super) fn kind_of(kind: &StatementKind) -> StepKind {
    match kind {
        StatementKind::Call { .. } => StepKind::Call,
        StatementKind::Global { .. } => StepKind::Global,
        StatementKind::Set { .. } => StepKind::Set,
        StatementKind::Write { .. } => StepKind::Write,
        StatementKind::Read { .. } => StepKind::Read,
        StatementKind::Grow { .. } => StepKind::Grow,
        StatementKind::Callback(_) => StepKind::Callback,
        StatementKind::SetElement(_) | StatementKind::GrowTable(_) => StepKind::Table,
        StatementKind::Region { .. } => StepKind::Region,
        StatementKind::View { .. } => StepKind::View,
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
        | StatementKind::Args { .. }
        | StatementKind::Env { .. }
        | StatementKind::Provide { .. }
        | StatementKind::Type { .. }
        | StatementKind::Import(_) => StepKind::Let,
    }
}

/// Returns the line of the recorded host that a step is from.
fn host_line(recorded: &RecordedStep) -> Option<HostLine> {
    Some(HostLine {
        place: recorded.place.clone()?,
        is_before: recorded.is_before_place,
    })
}

/// Compares a call with the recording of the host that it is from. A difference is the failure of the
/// step, or a finding of it where it has failed already.
fn compare_with_recording(
    recorded: &RecordedStep,
    record: &mut StepRecord,
    result: Result<(), StepError>,
) -> Result<(), StepError> {
    record
        .findings
        .extend(detached_writes(recorded, record.index));
    let other_results = || {
        let (recorded, call) = (recorded.results.as_ref()?, record.call.as_ref()?);
        let is_same = recorded.len() == call.results.len()
            && recorded
                .iter()
                .zip(&call.results)
                .all(|(a, b)| replay::is_same(a, b));
        let values: Vec<String> = recorded.iter().map(|value| value.brief(40)).collect();
        (!is_same && result.is_ok()).then(|| {
            format!(
                "the replay differs from the recording: the call returned ({}) there",
                values.join(", ")
            )
        })
    };
    let Some(why) = recorded.divergence.clone().or_else(other_results) else {
        return result;
    };
    match result {
        Ok(()) => Err(StepError::found(FindingKind::Diverged, None, why)),
        Err(error) => {
            record
                .findings
                .push(Finding::new(FindingKind::Diverged, why));
            Err(error)
        }
    }
}

/// Returns a finding for each write of the recorded host into a detached view. `step` is the step that
/// has them.
fn detached_writes(recorded: &RecordedStep, step: usize) -> impl Iterator<Item = Finding> {
    recorded.detached.iter().map(move |write| {
        let at = match &write.place {
            Some(place) => format!(" at {}", safe::plain(&place.to_string())),
            None => String::new(),
        };
        let grown = match recorded.grown_in {
            Some(grown) => format!("memory grew in step {grown}, and"),
            None => "memory.grow was called with 0, and also".to_owned(),
        };
        let message = format!(
            "the host wrote with `{}`{at} into a view that growth of memory had detached, so \
             nothing reached memory: {grown} detached every view made until then",
            write.method
        );
        let finding = Finding::new(FindingKind::DetachedView, message);
        match recorded.grown_in.filter(|grown| *grown != step) {
            Some(grown) => finding.blaming(grown),
            None => finding,
        }
    })
}

impl Session {
    /// Runs the next statement that is a step. Returns `None` when the script has none left.
    pub(super) fn run_next_statement(&mut self) -> Option<StepRecord> {
        let statement = loop {
            let next = self.progress.next_statement;
            let statement = self.script.statements.get(next)?.clone();
            self.progress.next_statement += 1;
            if statement.kind.is_step() {
                break statement;
            }
        };
        let kind = kind_of(&statement.kind);
        let mut record = self.begin(kind, statement.text.clone());
        record.line = Some(statement.line).filter(|line| *line > 0);
        record.narration.clone_from(&statement.narration);
        record.host = statement.recorded.as_deref().and_then(host_line);
        let result = match statement.kind {
            // These record nothing, and they may expect the limit.
            StatementKind::Expect { .. } | StatementKind::ExpectFinding { .. } => Ok(()),
            _ => self.recorder().budget.check().map_err(StepError::from),
        };
        let result = result.and_then(|()| self.perform(&statement, &mut record));
        self.record_provenance(&statement.kind, &mut record);
        let result = match statement.recorded.as_deref() {
            Some(recorded) => compare_with_recording(recorded, &mut record, result),
            None => result,
        };
        Some(self.finish(record, result))
    }

    /// Completes a step's record with its outcome and findings, answers questions, and decides
    /// whether the run continues.
    pub(super) fn finish(
        &mut self,
        mut record: StepRecord,
        result: Result<(), StepError>,
    ) -> StepRecord {
        self.finish_recording(&mut record);
        let result = self.count_history(&record, result);
        if record.pages_after > record.pages_before {
            record.findings.push(growth_finding(&record));
        }
        if let Err(mut error) = result {
            self.add_reasons(&mut record, &mut error);
            record.outcome = error.outcome;
            // The last rows of memory do not explain an address that is far outside of it.
            let end = record.memory.len();
            let near_memory = record.focus.filter(|span| !is_far_outside(span.start, end));
            record.focus = error.origin.or(near_memory);
            record.error = Some(error.message);
            record.findings.extend(error.findings);
        }
        record.facts.is_end = record.outcome == Outcome::Ok
            && !self.progress.is_interactive
            && !self.has_more_to_judge();
        record.findings.extend(self.judging.judge(&record));
        self.add_blamed_lines(&mut record);
        record.live_blocks = self.judging.live_blocks();
        record.pointers = self.pointers.after_step(&record, &self.scope);
        if record.focus.is_none() {
            record.focus = focus_of(&record);
        }
        self.answer_questions(&mut record);
        self.judging.remember_findings(&record);
        self.progress.next_step = record.index + 1;
        self.progress.is_stopped = record.outcome != Outcome::Ok && !self.is_expected(&record);
        self.progress.is_over = self.progress.is_stopped || !self.has_more_steps();
        record
    }

    /// Adds to each finding the line of the recorded host at the step that it blames.
    fn add_blamed_lines(&self, record: &mut StepRecord) {
        for finding in &mut record.findings {
            let Some(step) = finding.blamed.filter(|step| *step != record.index) else {
                continue;
            };
            let mut steps = self.script.statements.iter().filter(|s| s.kind.is_step());
            let blamed = step.checked_sub(1).and_then(|step| steps.nth(step));
            let recorded = blamed.and_then(|statement| statement.recorded.as_deref());
            if let Some(line) = recorded.and_then(host_line::with_source) {
                finding
                    .message
                    .push_str(&format!("; step {step} is {line}"));
            }
        }
    }

    /// Counts what is recorded of a step. One that would be ok fails at the limit.
    fn count_history(
        &mut self,
        record: &StepRecord,
        result: Result<(), StepError>,
    ) -> Result<(), StepError> {
        let budget = &mut self.recorder().budget;
        budget.add(record);
        result.and_then(|()| match record.kind {
            // It may expect the limit.
            StepKind::Expect if record.call.is_none() => Ok(()),
            _ => Ok(budget.check()?),
        })
    }

    /// Returns the steps that have not run yet.
    pub(super) fn remaining_steps(&self) -> impl Iterator<Item = &StatementKind> {
        self.script
            .statements
            .iter()
            .skip(self.progress.next_statement)
            .map(|statement| &statement.kind)
            .filter(|kind| kind.is_step())
    }

    pub(super) fn has_more_steps(&self) -> bool {
        self.remaining_steps().next().is_some()
    }

    /// Returns whether a step other than `expect finding` is left.
    fn has_more_to_judge(&self) -> bool {
        self.remaining_steps()
            .any(|kind| !matches!(kind, StatementKind::ExpectFinding { .. }))
    }

    /// Returns the environment of an expression at this step.
    pub(super) fn eval_env(&self) -> StepEnv<'_> {
        let pages = match &self.memory {
            Some(memory) => Ok(memory::pages(memory, &self.store)),
            None => Err(self.no_memory()),
        };
        let host = self.env.as_ref(&self.store);
        StepEnv {
            scope: &self.scope,
            files: &self.files,
            host,
            pages,
        }
    }

    /// Returns why there is no memory to use.
    fn no_memory(&self) -> String {
        match &self.memory_index {
            Err(error) => error.to_string(),
            Ok(_) if self.instance.is_none() => NOT_INSTANTIATED.into(),
            Ok(_) => AccessError::NoMemory.to_string(),
        }
    }

    /// Returns `file:line:column: error` for a fault at `offset` in the script.
    pub(super) fn located(&self, offset: usize, error: &impl Display) -> String {
        format!("{}: {error}", self.script.place(offset))
    }

    fn live_memory(&self) -> Result<wasmer::Memory, StepError> {
        self.memory
            .clone()
            .ok_or_else(|| StepError::failed(self.no_memory()))
    }

    /// Binds a variable. The timeline keeps every value, even when the variable is bound again, so
    /// the size of all of them together is limited.
    pub(super) fn bind(
        &mut self,
        record: &mut StepRecord,
        name: &Name,
        value: Value,
    ) -> Result<(), StepError> {
        let bound_bytes = &mut self.progress.bound_bytes;
        *bound_bytes = bound_bytes.saturating_add(value.weight());
        if *bound_bytes > MAX_BOUND {
            return Err(StepError::failed(format!(
                "the values of this run add up to more than {} MiB, the limit for all values; use \
                 smaller ones",
                MAX_BOUND >> 20
            )));
        }
        check_capacity(value.weight()).map_err(failed)?;
        if let Some(previous) = self.scope.value(&name.text)
            && let Ok(address) = eval::address(previous, &name.text, self.scope.is_64)
        {
            self.pointers.rebind(&name.text, address);
        }
        self.scope
            .bind(&name.text, value.clone(), Some(record.index));
        self.origins.remove(&name.text);
        record.bindings.push(Binding {
            name: name.text.clone(),
            value,
        });
        Ok(())
    }

    /// Evaluates an address or a length, and checks it against the memory's address type.
    fn address(&self, expr: &Expr, role: &str) -> Result<u64, StepError> {
        let value = self.evaluate(expr)?;
        eval::address(&value, &eval::subject(expr, role), self.scope.is_64).map_err(failed)
    }

    fn perform(&mut self, statement: &Statement, record: &mut StepRecord) -> Result<(), StepError> {
        match &statement.kind {
            StatementKind::Let { name, value } => {
                let origin = self.origin_of(value);
                let value = self.evaluate(value)?;
                self.bind(record, name, value)?;
                self.set_origin(name, origin);
                Ok(())
            }
            StatementKind::Call { results, call } => self.perform_call(results, call, record),
            StatementKind::Global { name, export } => {
                let global = self.exported_global(&export.text)?;
                let found = global.get(&mut self.store);
                let value = values::receive(&self.store, &found).map_err(failed)?;
                self.bind(record, name, value)
            }
            StatementKind::Set { export, value } => self.perform_set(export, value),
            StatementKind::Write {
                address,
                value,
                is_zeroed,
            } => self.perform_write(address, value, *is_zeroed, record),
            StatementKind::Read {
                name,
                address,
                what,
            } => self.perform_read(name, address, what, record),
            StatementKind::Callback(callback) => self.perform_callback(callback, record),
            StatementKind::SetElement(set) => {
                let live = self.live_guest()?.clone();
                let index = self.evaluate(&set.place.index)?;
                let place = exports::place_of(&index, &set.place).map_err(failed)?;
                let value = match &set.element {
                    Element::Value(value) => Some(self.evaluate(value)?),
                    Element::Export(_) => None,
                };
                live.assign_element(&mut self.store, set, place, value.as_ref())?;
                Ok(())
            }
            StatementKind::GrowTable(growth) => {
                let live = self.live_guest()?.clone();
                let by = self.evaluate(&growth.by)?;
                live.grow_table(&mut self.store, &growth.table, &by)?;
                Ok(())
            }
            StatementKind::Grow { name, pages } => self.perform_grow(name.as_ref(), pages, record),
            StatementKind::Region {
                name,
                address,
                length,
            } => self.name_span(SpanKind::Region, name, address, length, record),
            StatementKind::View { name, address, ty } => {
                self.perform_view(name, address, ty, record)
            }
            StatementKind::Block {
                name,
                address,
                length,
            } => self.name_span(SpanKind::Block, name, address, length, record),
            StatementKind::Release { name } => {
                record.focus = self.judging.span_of(&name.text);
                record.naming = Some(Naming::Released(name.text.clone()));
                Ok(())
            }
            StatementKind::Expect { condition } => self.perform_expect(condition, record),
            StatementKind::ExpectTrap { words, call } => {
                self.perform_expect_trap(words.as_deref(), call, record)
            }
            StatementKind::ExpectFinding { kind } => {
                self.perform_expect_finding(&kind.text, record)
            }
            StatementKind::Ask {
                question,
                answer,
                choices,
            } => {
                record.ask = Some(Ask {
                    question: question.clone(),
                    form: self.answer_form(answer, choices),
                });
                self.progress.questions.push((record.index, answer.clone()));
                Ok(())
            }
            StatementKind::Module { .. }
            | StatementKind::Input { .. }
            | StatementKind::Memory { .. }
            | StatementKind::Args { .. }
            | StatementKind::Env { .. }
            | StatementKind::Provide { .. }
            | StatementKind::Type { .. }
            | StatementKind::Import(_) => Ok(()),
        }
    }

    fn perform_call(
        &mut self,
        names: &[Name],
        call: &Call,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let results = self.call_export(call, names.len(), record)?;
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
        let value = self.evaluate_argument(value)?;
        let wasm = values::pass(&mut self.store, &value, ty.ty).map_err(|why| {
            format!(
                "global {shown}, of type {}: {why}",
                values::value_type(ty.ty)
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
        is_zeroed: bool,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live_memory()?;
        let start = self.address(address, "the address")?;
        let written = self.evaluate(value)?;
        let pieces =
            types::bytes_to_write(self.script.types(), &written, is_zeroed).map_err(failed)?;
        let end = |piece: &Piece| piece.offset.saturating_add(piece.bytes.len() as u64);
        let len = pieces.iter().map(end).max().unwrap_or_default();
        memory::check_span(&live, &self.store, "write", start, len)
            .map_err(|error| self.access_failed(error, &[address, value]))?;
        if len > 0 {
            record.focus = Some(Span { start, len });
        }
        for Piece { offset, bytes } in pieces.into_iter().filter(|piece| !piece.bytes.is_empty()) {
            let at = start.saturating_add(offset);
            memory::write(&live, &self.store, at, &bytes)
                .map_err(|error| self.access_failed(error, &[address, value]))?;
            self.recorder()
                .recording()
                .push_write(at, &bytes, Writer::Host);
        }
        Ok(())
    }

    fn perform_read(
        &mut self,
        name: &Name,
        address: &Expr,
        what: &Reading,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live_memory()?;
        let start = self.address(address, "the address")?;
        let plan = read_statement::plan(what, |expr, role| self.address(expr, role))?;
        if let Some(len) = read_statement::length_of(&plan).filter(|len| *len > 0) {
            record.focus = Some(Span {
                start,
                len: len.min(self.image.len().saturating_sub(start)),
            });
        }
        let read = read_statement::perform(&plan, &live, &self.store, start).map_err(|error| {
            let message = error.to_string();
            match error {
                ReadError::Access(error) => {
                    let parts: Vec<&Expr> = std::iter::once(address).chain(what.length()).collect();
                    self.access_failed(error, &parts)
                }
                ReadError::Utf8 { address, .. } => {
                    StepError::found(FindingKind::InvalidUtf8, Some(address), message)
                }
                ReadError::Utf16(_)
                | ReadError::TooManyNumbers(_)
                | ReadError::Size(_)
                | ReadError::Typed(_) => StepError::failed(message),
            }
        })?;
        if read.length > 0 {
            record.focus = Some(Span {
                start,
                len: read.length,
            });
        }
        let origin = match read.node {
            Some(node) => Origin::of_node(node, record.index),
            None => Origin::of_read(&plan, start, read.length, record.index, &read.value),
        };
        self.bind(record, name, read.value)?;
        self.set_origin(name, Some(origin));
        Ok(())
    }

    fn perform_grow(
        &mut self,
        name: Option<&Name>,
        pages: &Expr,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live_memory()?;
        let by = self.address(pages, "the number of pages")?;
        let before = memory::grow(&live, &mut self.store, by).map_err(|why| {
            let now = memory::pages(&live, &self.store);
            let why = self.growth_limit(now.saturating_add(by)).unwrap_or(why);
            StepError::failed(format!(
                "memory of {} cannot grow by {}: {why}",
                memory_size(now),
                count(by, "page")
            ))
        })?;
        let after = memory::pages(&live, &self.store);
        if after > before {
            self.recorder()
                .recording()
                .push_growth(before, after, Writer::Host);
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
        let live = self.live_memory()?;
        let start = self.address(address, "the address")?;
        let len = self.address(length, "the length")?;
        memory::check_span(&live, &self.store, "mark", start, len)
            .map_err(|error| self.access_failed(error, &[address, length]))?;
        record_named(record, kind, name, Span { start, len }, None);
        Ok(())
    }

    fn perform_view(
        &mut self,
        name: &Name,
        address: &Expr,
        ty: &WrittenType,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let live = self.live_memory()?;
        let start = self.address(address, "the address")?;
        let Some(ty) = ty.resolved.clone() else {
            return Err(StepError::failed("the type of the view is not known"));
        };
        let len = types::length_of(&ty, &live, &self.store, start);
        memory::check_span(&live, &self.store, "mark", start, len)
            .map_err(|error| self.access_failed(error, &[address]))?;
        let span = Span { start, len };
        record_named(record, SpanKind::Region, name, span, Some(ty));
        Ok(())
    }

    pub(super) fn exported_function(&self, name: &str) -> Result<Function, StepError> {
        Ok(self.live_guest()?.function(name)?)
    }

    fn exported_global(&self, name: &str) -> Result<Global, StepError> {
        match self.live_guest()?.export(name, ExternKind::Global)? {
            Extern::Global(global) => Ok(global),
            other => Err(StepError::failed(format!(
                "{} is not a global but a {}",
                crate::safe::plain(name),
                extern_kind(&other)
            ))),
        }
    }

    pub(super) fn live_guest(&self) -> Result<&LiveGuest, StepError> {
        let state = self.env.as_ref(&self.store);
        let live = state.guest.as_ref();
        live.ok_or_else(|| StepError::failed(NOT_INSTANTIATED))
    }
}

/// Records that a step names a span.
fn record_named(
    record: &mut StepRecord,
    kind: SpanKind,
    name: &Name,
    span: Span,
    data_type: Option<TypeRef>,
) {
    record.focus = Some(Span {
        start: span.start,
        len: span.len.max(1),
    });
    record.naming = Some(Naming::Named(NamedSpan {
        name: name.text.clone(),
        kind,
        span,
        released: false,
        data_type,
    }));
}

fn failed(error: impl Display) -> StepError {
    StepError::failed(error.to_string())
}

fn growth_finding(record: &StepRecord) -> Finding {
    let message = format!(
        "memory grew from {} to {} pages ({} KiB): earlier views of memory in the host are no \
         longer valid, and earlier lengths of memory are wrong",
        record.pages_before,
        record.pages_after,
        record.pages_after.saturating_mul(64)
    );
    Finding::new(FindingKind::MemoryGrew, message).at(record.pages_before.saturating_mul(PAGE))
}

/// Returns the span to show for a step that does not choose one: the pointer that it fetched, or
/// else the bytes that it changed, near a pointer if possible.
fn focus_of(record: &StepRecord) -> Option<Span> {
    if let Some(pointer) = record.pointers.iter().find(|p| p.fetched) {
        return Some(Span {
            start: pointer.address,
            len: 1,
        });
    }
    // There may be millions of changes, so each pointer looks up only the next one.
    let next_change = |address: u64| match address.checked_sub(1) {
        Some(before) => record.changes.next(before),
        None => record.changes.spans().next(),
    };
    let near = record.pointers.iter().filter_map(|p| {
        next_change(p.address).filter(|change| change.start < p.address.saturating_add(4096))
    });
    near.min_by_key(|change| change.start)
        .or_else(|| record.changes.spans().next())
}
