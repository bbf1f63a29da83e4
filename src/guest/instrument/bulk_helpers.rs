//! Functions that perform all but the last part of a long `memory.fill` or `memory.copy`, in pieces,
//! with a call of the host before each. There is one for each memory that is filled, and one for
//! each pair of memories between which bytes are copied.
//!
//! An operation traps before it writes anything if it goes out of bounds. So one that does is left
//! as a whole to the instruction itself.

use wasm_encoder::{BlockType, Function, InstructionSink, TypeSection, ValType};
use wasmparser::FunctionBody;

use super::journal_helpers;
use super::journal_layout::AddedItems;
use super::memory_access::{AccessKind, MemoryAccess};

/// The most bytes that are written at once. Pieces end at multiples of this, so the event of a page
/// never crosses the end of a piece.
const PIECE: i32 = 4 << 20;

/// A module with more memories gets no helpers, because their number would grow with its square.
const MAX_MEMORIES: u32 = 4;

/// The first byte of all bulk instructions.
const BULK_PREFIX: u8 = 0xfc;

/// The parameters and the locals of a helper.
const ADDRESS: u32 = 0;
const SECOND: u32 = 1;
const LENGTH: u32 = 2;
const SITE: u32 = 3;
const PIECE_LENGTH: u32 = 4;
const TO: u32 = 5;
const FROM: u32 = 6;

/// Adds the type of the helpers: the operands and the number of the site, 0 for none. The results
/// are the operands of what is left.
pub(super) fn add_type(types: &mut TypeSection) {
    types.ty().function([ValType::I32; 4], [ValType::I32; 3]);
}

/// Returns how many helpers a module gets. `memories` is the number of its own memories.
pub(super) fn count(memories: u32, bodies: &[FunctionBody<'_>]) -> u32 {
    // The byte may be something else too, so this may count helpers that nothing calls.
    let has_bulk = |body: &FunctionBody<'_>| body.as_bytes().contains(&BULK_PREFIX);
    match memories {
        1..=MAX_MEMORIES if bodies.iter().any(has_bulk) => {
            memories.saturating_add(memories.saturating_mul(memories))
        }
        _ => 0,
    }
}

/// Returns the index of the helper for an operation, if there is one.
pub(super) fn index(added: AddedItems, access: MemoryAccess) -> Option<u32> {
    let memories = added.memory;
    let nth = match access.kind {
        _ if memories > MAX_MEMORIES => return None,
        AccessKind::Fill => access.memory,
        AccessKind::Copy { from } => memories
            .saturating_add(access.memory.saturating_mul(memories))
            .saturating_add(from),
        _ => return None,
    };
    Some(added.bulk_helpers.saturating_add(nth))
}

/// Returns the helpers in the order of their indices. `journaled` is the memory that is recorded.
pub(super) fn functions(added: AddedItems, journaled: Option<u32>) -> Vec<Function> {
    let memories = 0..added.memory;
    let fills = memories.clone().map(|memory| (memory, None));
    let copies = memories
        .clone()
        .flat_map(|to| memories.clone().map(move |from| (to, Some(from))));
    fills
        .chain(copies)
        .map(|(to, from)| helper(added, journaled == Some(to), to, from))
        .collect()
}

/// Returns the helper that writes memory `to`: a copy from memory `from`, or else a fill.
fn helper(added: AddedItems, is_journaled: bool, to: u32, from: Option<u32>) -> Function {
    let mut function = Function::new([(3, ValType::I32)]);
    let mut sink = function.instructions();
    sink.call(added.tick);
    push_is_in_bounds(&mut sink, to, ADDRESS);
    if let Some(from) = from {
        push_is_in_bounds(&mut sink, from, SECOND);
        sink.i32_and();
    }
    sink.if_(BlockType::Empty)
        .loop_(BlockType::Empty)
        .local_get(LENGTH)
        .i32_const(PIECE)
        .i32_gt_u()
        .if_(BlockType::Empty);
    set_piece(&mut sink, from.is_some());
    if is_journaled {
        write_slot(&mut sink, added, from.is_none(), from == Some(to));
    }
    sink.local_get(TO).local_get(FROM).local_get(PIECE_LENGTH);
    match from {
        Some(from) => sink.memory_copy(to, from),
        None => sink.memory_fill(to),
    };
    skip_piece(&mut sink, from.is_some());
    // A copy from another memory needs the call for its bytes too.
    sink.call(added.tick).br(1).end().end().end();
    sink.local_get(ADDRESS)
        .local_get(SECOND)
        .local_get(LENGTH)
        .end();
    function
}

/// Pushes whether the bytes from the address in a local on are in bounds.
fn push_is_in_bounds(sink: &mut InstructionSink<'_>, memory: u32, start: u32) {
    sink.local_get(start)
        .i64_extend_i32_u()
        .local_get(LENGTH)
        .i64_extend_i32_u()
        .i64_add()
        .memory_size(memory)
        .i64_extend_i32_u()
        .i64_const(16)
        .i64_shl()
        .i64_le_u();
}

/// Sets the locals of the next piece. Bytes that are still to be read must not be overwritten, so a
/// copy to a higher address begins with the last piece.
fn set_piece(sink: &mut InstructionSink<'_>, is_copy: bool) {
    if is_copy {
        sink.local_get(ADDRESS)
            .local_get(SECOND)
            .i32_gt_u()
            .if_(BlockType::Empty);
        // From the last multiple of the length of a piece on.
        sink.local_get(ADDRESS)
            .local_get(LENGTH)
            .i32_add()
            .i32_const(1)
            .i32_sub()
            .i32_const(PIECE - 1)
            .i32_and()
            .i32_const(1)
            .i32_add()
            .local_set(PIECE_LENGTH);
        for (start, local) in [(ADDRESS, TO), (SECOND, FROM)] {
            sink.local_get(start)
                .local_get(LENGTH)
                .i32_add()
                .local_get(PIECE_LENGTH)
                .i32_sub()
                .local_set(local);
        }
        sink.else_();
    }
    // Up to the next multiple.
    sink.i32_const(PIECE)
        .local_get(ADDRESS)
        .i32_const(PIECE - 1)
        .i32_and()
        .i32_sub()
        .local_set(PIECE_LENGTH)
        .local_get(ADDRESS)
        .local_set(TO)
        .local_get(SECOND)
        .local_set(FROM);
    if is_copy {
        sink.end();
    }
}

/// Writes the slot of a piece, as the operation itself would.
fn write_slot(sink: &mut InstructionSink<'_>, added: AddedItems, is_fill: bool, is_within: bool) {
    sink.local_get(TO)
        .local_get(PIECE_LENGTH)
        .i64_extend_i32_u();
    if is_fill || is_within {
        sink.local_get(FROM);
        if is_fill {
            sink.i32_const(0xff).i32_and();
        }
        sink.i64_extend_i32_u().i64_const(32).i64_shl().i64_or();
    }
    let writer = journal_helpers::writer_index(added, ValType::I64);
    sink.local_get(SITE).call(writer);
}

/// Changes the operands to those of the bytes without the piece.
fn skip_piece(sink: &mut InstructionSink<'_>, is_copy: bool) {
    sink.local_get(LENGTH)
        .local_get(PIECE_LENGTH)
        .i32_sub()
        .local_set(LENGTH);
    // The last piece is followed by nothing.
    sink.local_get(TO)
        .local_get(ADDRESS)
        .i32_eq()
        .if_(BlockType::Empty);
    for start in [ADDRESS, SECOND].into_iter().take(1 + usize::from(is_copy)) {
        sink.local_get(start)
            .local_get(PIECE_LENGTH)
            .i32_add()
            .local_set(start);
    }
    sink.end();
}
