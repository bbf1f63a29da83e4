//! Wrappers around the functions of the guest's allocator. A wrapper has the index of its function,
//! so that every call goes through it: from other functions, through a table, and from the host.
//!
//! It writes a record when the function is entered and one when it returns
//! ([`AllocatorRecord`](crate::journal_abi::AllocatorRecord)). A function that traps leaves the first
//! only. The position in the journal of stores is in its global at both times, because functions
//! bring it up to date before calls and returns.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};
use wasmparser::FunctionSectionReader;

use super::journal_layout::{AddedItems, CALL_RECORD, JournalMemory, LAST_CALL};
use crate::guest::module_info::Description;
use crate::journal_abi::{Allocator, AllocatorFunction, RETURNED};
use crate::wasm_types::FuncType;

/// Returns the indices of the types of the allocator's functions, in the order of their numbers.
pub(super) fn types(
    functions: &FunctionSectionReader<'_>,
    description: &Description,
    allocator: &Allocator,
) -> Vec<u32> {
    let all: Vec<u32> = functions
        .clone()
        .into_iter()
        .map_while(Result::ok)
        .collect();
    let ty = |known: &AllocatorFunction| {
        let own = known.function.checked_sub(description.imported_functions)?;
        all.get(own as usize).copied()
    };
    allocator.functions.iter().filter_map(ty).collect()
}

/// Returns the wrapper of a function that has this number and type. `moved` is the index that the
/// function itself has now.
pub(super) fn wrapper(
    added: AddedItems,
    function: &AllocatorFunction,
    number: u32,
    ty: &FuncType,
    moved: u32,
) -> Function {
    let count = ty.params.len() as u32;
    let (record, result) = (count, count + 1);
    let mut code = Function::new([(2, ValType::I32)]);
    let mut sink = code.instructions();
    let params = function.params;
    let mut writer = RecordWriter {
        sink: &mut sink,
        added,
        record,
    };
    writer.begin(number);
    writer.field(8, |sink| push(sink, params.address));
    writer.field(12, |sink| push(sink, params.old_size));
    writer.field(16, |sink| push(sink, params.alignment));
    writer.field(20, |sink| {
        sink.global_get(added.caller);
    });
    writer.end();
    // The next call may come through a table, which sets no caller.
    sink.i32_const(0).global_set(added.caller);
    for param in 0..count {
        sink.local_get(param);
    }
    sink.call(moved);
    let has_result = !ty.results.is_empty();
    if has_result {
        sink.local_set(result);
    }
    let mut writer = RecordWriter {
        sink: &mut sink,
        added,
        record,
    };
    writer.begin(number | RETURNED);
    writer.field(8, |sink| match has_result {
        true => push(sink, Some(result)),
        false => push(sink, params.address),
    });
    writer.field(12, |sink| {
        push(sink, params.size);
        if let Some(times) = params.count {
            sink.local_get(times).i32_mul();
        }
    });
    writer.field(16, |sink| push(sink, params.alignment));
    writer.field(20, |sink| {
        sink.i32_const(0);
    });
    writer.end();
    if has_result {
        sink.local_get(result);
    }
    sink.end();
    code
}

/// Pushes a parameter, or 0 for none.
fn push(sink: &mut InstructionSink<'_>, param: Option<u32>) {
    match param {
        Some(param) => sink.local_get(param),
        None => sink.i32_const(0),
    };
}

/// Writes one record at the position.
struct RecordWriter<'s, 'b> {
    sink: &'s mut InstructionSink<'b>,
    added: AddedItems,
    /// The local for the address of the record.
    record: u32,
}

impl RecordWriter<'_, '_> {
    /// Makes space for the record, and writes its first two fields.
    fn begin(&mut self, number: u32) {
        let (added, record) = (self.added, self.record);
        self.sink
            .global_get(added.calls_position)
            .i32_const(LAST_CALL.cast_signed())
            .i32_gt_u()
            .if_(BlockType::Empty)
            .call(added.tick)
            // A host that reads no records does not reset their position.
            .i32_const(JournalMemory::calls_start().cast_signed())
            .global_set(added.calls_position)
            .end()
            .global_get(added.calls_position)
            .local_set(record);
        self.field(0, |sink| {
            sink.global_get(added.position);
        });
        self.field(4, |sink| {
            sink.i32_const(number.cast_signed());
        });
    }

    /// Writes the field at an offset in the record.
    fn field(&mut self, offset: u32, push_value: impl FnOnce(&mut InstructionSink<'_>)) {
        self.sink.local_get(self.record);
        push_value(self.sink);
        self.sink.i32_store(self.added.journal(offset));
    }

    /// Moves the position past the record. It counts only from then on.
    fn end(&mut self) {
        self.sink
            .local_get(self.record)
            .i32_const(CALL_RECORD.cast_signed())
            .i32_add()
            .global_set(self.added.calls_position);
    }
}
