//! Fills in the records of steps as a session would.

use std::sync::Arc;

use crate::data_types::TypeRef;
use crate::source::{Listing, ListingKind, Place};
use crate::timeline::{
    Binding, CallRecord, Event, Growth, NamedSpan, Naming, Outcome, Pointer, Span, SpanKind,
    StepBuilder, StepRecord, Write, Writer,
};
use crate::value::Value;

/// Writes `bytes` at `start` into the memory of `step` and records the write. The bytes become the
/// focus of the step.
pub fn write(step: &mut StepBuilder, start: u64, bytes: &[u8], writer: Writer) {
    record_write(step, start, bytes, writer, false);
    step.focus = Some(Span {
        start,
        len: bytes.len() as u64,
    });
}

/// Writes `bytes` at `start` into the memory of `step` and records them as a difference: stores
/// that were not recorded one by one.
pub fn write_difference(step: &mut StepBuilder, start: u64, bytes: &[u8]) {
    record_write(step, start, bytes, Writer::guest(), true);
}

fn record_write(
    step: &mut StepBuilder,
    start: u64,
    bytes: &[u8],
    writer: Writer,
    is_difference: bool,
) {
    let before = step.memory.read(start, bytes.len() as u64);
    record(
        step,
        Event::Write(Write {
            start,
            before: before.into(),
            after: bytes.into(),
            writer,
            is_difference,
        }),
    );
}

/// Grows the memory of `step` to `pages` pages and records the growth.
pub fn grow(step: &mut StepBuilder, pages: u64, by: Writer) {
    let before = step.memory.pages();
    record(
        step,
        Event::Growth(Growth {
            before,
            after: pages,
            by,
        }),
    );
}

fn record(step: &mut StepBuilder, event: Event) {
    event.apply(&mut step.memory);
    step.pages_after = step.memory.pages();
    step.push(event);
}

/// Makes `step` a call of `export`.
pub fn call(step: &mut StepRecord, export: &str, args: &[Value], results: &[Value]) {
    step.call = Some(CallRecord {
        export: export.into(),
        args: args.to_vec(),
        results: results.to_vec(),
    });
}

/// Binds `name` to `value` in `step`.
pub fn bind(step: &mut StepRecord, name: &str, value: Value) {
    step.bindings.push(Binding {
        name: name.into(),
        value,
    });
}

/// Makes `step` a call that fetches the pointer `ptr`, which is `address`. The pointer has moved
/// where an earlier step left it elsewhere.
pub fn fetch(step: &mut StepRecord, address: u64) {
    let value = Value::Int(address.into());
    call(
        step,
        "get_wasm_memory_buffer_pointer",
        &[],
        std::slice::from_ref(&value),
    );
    bind(step, "ptr", value);
    let earlier = step.pointers.first().map(|pointer| pointer.address);
    step.pointers = vec![Pointer {
        name: "ptr".into(),
        address,
        moved_from: earlier.filter(|earlier| *earlier != address),
        fetched: true,
    }];
    step.focus = Some(Span {
        start: address,
        len: 1,
    });
}

/// Ends `step` in `outcome` with the message `error`.
pub fn fail(step: &mut StepRecord, outcome: Outcome, error: &str) {
    step.outcome = outcome;
    step.error = Some(error.into());
}

/// Makes `step` name the `len` bytes at `start`.
pub fn name_span(step: &mut StepRecord, name: &str, kind: SpanKind, start: u64, len: u64) {
    step.naming = Some(Naming::Named(NamedSpan {
        name: name.into(),
        kind,
        span: Span { start, len },
        released: false,
        data_type: None,
    }));
}

/// Makes `step` name the bytes at `start` as a view of a type.
pub fn view(step: &mut StepRecord, name: &str, start: u64, ty: &TypeRef) {
    step.naming = Some(Naming::Named(NamedSpan {
        name: name.into(),
        kind: SpanKind::Region,
        span: Span {
            start,
            len: ty.size(),
        },
        released: false,
        data_type: Some(ty.clone()),
    }));
}

/// Returns the writer that is the instruction at `offset` of `function`, from line `line` of the
/// text module.
pub fn guest_writer(function: &str, offset: u64, line: u32) -> Writer {
    Writer::Guest {
        function: Some(function.into()),
        offset: Some(offset),
        source: Some(format!("wasm_is_cool.wat:{line}").into()),
    }
}

/// Returns the writer that is the import `env.NAME`.
pub fn import_writer(name: &str) -> Writer {
    Writer::Import {
        module: "env".into(),
        name: name.into(),
    }
}

/// Returns the place of the instruction on line `line` of the text module.
pub fn place_in_text(line: u32) -> Arc<Place> {
    const SOURCE: &str = include_str!("../../guest/wasm_is_cool.wat");
    Arc::new(Place {
        instruction: "i32.store8".into(),
        source: Some(format!("wasm_is_cool.wat:{line}").into()),
        listing: Some(Arc::new(Listing {
            kind: ListingKind::Text,
            title: "wasm_is_cool.wat".into(),
            first_line: 1,
            lines: SOURCE.lines().map(str::to_owned).collect(),
        })),
        line,
        inlined: Vec::new(),
    })
}
