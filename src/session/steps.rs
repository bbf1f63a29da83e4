//! Performs the statements of a script, one at a time.

use std::fmt::Display;

use wasmer::{Extern, Function, Global};

use crate::script::ast::{
    Call, Element, Expr, Name, RecordedStep, SetElement, Statement, StatementKind, TableGrowth,
};
use crate::script::eval;
use crate::timeline::{
    Ask, Binding, Finding, FindingKind, HostLine, Naming, Outcome, PAGE, Span, SpanKind, StepKind,
    StepRecord, is_far_outside,
};
use crate::value::{Value, check_capacity};
use crate::wasm_types::ExternKind;

use super::call::StepError;
use super::eval_env::StepEnv;
use super::exports::{self, LiveGuest, extern_kind};
use super::host_line;
use super::memory::{self, AccessError};
use super::recording_comparison::compare_with_recording;
use super::{Session, values};

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

    pub(super) fn live_memory(&self) -> Result<wasmer::Memory, StepError> {
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
    pub(super) fn address(&self, expr: &Expr, role: &str) -> Result<u64, StepError> {
        let value = self.evaluate(expr)?;
        eval::address(&value, &eval::subject(expr, role), self.scope.is_64).map_err(failed)
    }

    fn perform(&mut self, statement: &Statement, record: &mut StepRecord) -> Result<(), StepError> {
        match &statement.kind {
            StatementKind::Let { name, value } => self.perform_let(name, value, record),
            StatementKind::Call { results, call } => self.perform_call(results, call, record),
            StatementKind::Global { name, export } => self.perform_global(name, export, record),
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
            StatementKind::SetElement(set) => self.perform_set_element(set),
            StatementKind::GrowTable(growth) => self.perform_grow_table(growth),
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
                self.perform_ask(question, answer, choices, record);
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

    fn perform_let(
        &mut self,
        name: &Name,
        value: &Expr,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let origin = self.origin_of(value);
        let value = self.evaluate(value)?;
        self.bind(record, name, value)?;
        self.set_origin(name, origin);
        Ok(())
    }

    fn perform_ask(
        &mut self,
        question: &str,
        answer: &Expr,
        choices: &[String],
        record: &mut StepRecord,
    ) {
        record.ask = Some(Ask {
            question: question.to_owned(),
            form: self.answer_form(answer, choices),
        });
        self.progress.questions.push((record.index, answer.clone()));
    }

    fn perform_global(
        &mut self,
        name: &Name,
        export: &Name,
        record: &mut StepRecord,
    ) -> Result<(), StepError> {
        let global = self.exported_global(&export.text)?;
        let found = global.get(&mut self.store);
        let value = values::receive(&self.store, &found).map_err(failed)?;
        self.bind(record, name, value)
    }

    fn perform_set_element(&mut self, set: &SetElement) -> Result<(), StepError> {
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

    fn perform_grow_table(&mut self, growth: &TableGrowth) -> Result<(), StepError> {
        let live = self.live_guest()?.clone();
        let by = self.evaluate(&growth.by)?;
        live.grow_table(&mut self.store, &growth.table, &by)?;
        Ok(())
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

pub(super) fn failed(error: impl Display) -> StepError {
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
        None => record.changes.first(),
    };
    let near = record.pointers.iter().filter_map(|p| {
        next_change(p.address).filter(|change| change.start < p.address.saturating_add(4096))
    });
    near.min_by_key(|change| change.start)
        .or_else(|| record.changes.first())
}
