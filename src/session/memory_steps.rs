//! Performs the statements that write, read, grow and name linear memory.

use crate::data_types::{Piece, TypeRef};
use crate::script::ast::{Expr, Name, Reading, WrittenType};
use crate::text::count;
use crate::timeline::{FindingKind, NamedSpan, Naming, PAGE, Span, SpanKind, StepRecord, Writer};
use crate::value::Value;
use crate::wasm_types::memory_size;

use super::call::StepError;
use super::memory;
use super::read_statement::{self, ReadError};
use super::steps::failed;
use super::value_origin::Origin;
use super::{Session, types};

impl Session {
    pub(super) fn perform_write(
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

    pub(super) fn perform_read(
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

    pub(super) fn perform_grow(
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

    pub(super) fn perform_view(
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

    pub(super) fn name_span(
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
