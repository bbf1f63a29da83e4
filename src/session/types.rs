//! The types of a session: where those come from that the script does not declare, and what is read
//! and written with them.

use std::cell::Cell;

use wasmer::AsStoreRef;

use crate::data_types::{
    Content, Limits, Memory, Node, Piece, TypeRef, TypeSource, TypeTable, decode, encode, encoding,
};
use crate::guest::Guest;
use crate::safe;
use crate::value::Value;

use super::memory;

/// The largest record that `write zeroed` fills, in bytes.
const MAX_ZEROED: u64 = 64 << 20;

/// Returns the types that a script can name without a declaration.
pub(super) fn type_source(guest: &Guest) -> Box<dyn TypeSource> {
    Box::new(guest.debug_types())
}

/// Live memory as the reader of types sees it.
struct LiveBytes<'a, S> {
    memory: &'a wasmer::Memory,
    store: &'a S,
    /// Whether the engine refused an access that is within memory.
    is_refused: Cell<bool>,
}

impl<S: AsStoreRef> Memory for LiveBytes<'_, S> {
    fn len(&self) -> u64 {
        memory::size(self.memory, self.store)
    }

    fn read(&self, start: u64, len: u64) -> Vec<u8> {
        memory::read(self.memory, self.store, start, len).unwrap_or_else(|_| {
            self.is_refused.set(true);
            Vec::new()
        })
    }
}

/// Reads live memory as a type. The bytes of the type itself are all within memory.
pub(super) fn read(
    ty: &TypeRef,
    memory: &wasmer::Memory,
    store: &impl AsStoreRef,
    start: u64,
) -> Result<Node, String> {
    let live = LiveBytes {
        memory,
        store,
        is_refused: Cell::new(false),
    };
    let node = decode(ty, &live, start, "", Limits::default());
    if live.is_refused.get() {
        return Err("the engine refuses the access to memory".to_owned());
    }
    let label = || safe::cut(&ty.label(), 60);
    match &node.content {
        Content::NotRead(why) => Err(format!("memory at {start:#x} is no {}: {why}", label())),
        _ if is_cut(&node) => Err(format!(
            "{} has more than {} values, the limit for one value; read a part of it",
            label(),
            Limits::default().nodes
        )),
        _ => Ok(node),
    }
}

/// Returns whether some elements were left out.
fn is_cut(node: &Node) -> bool {
    let is_cut_here = match &node.content {
        Content::Elements { nodes, total } => (nodes.len() as u64) < *total,
        _ => false,
    };
    is_cut_here || node.children().iter().any(is_cut)
}

/// Returns how many bytes a value of a type has in live memory.
pub(super) fn length_of(
    ty: &TypeRef,
    memory: &wasmer::Memory,
    store: &impl AsStoreRef,
    start: u64,
) -> u64 {
    match ty.table().is_size_known(ty.id()) {
        true => ty.size(),
        false => read(ty, memory, store, start).map_or(ty.size(), |node| node.len),
    }
}

/// Returns the bytes that `write` copies to memory, by their offset from its address: those of text
/// and bytes, or those of the fields of records.
///
/// # Errors
/// The value has no bytes of its own, or it is none of its type. Messages are safe to print.
pub(super) fn bytes_to_write(
    types: &TypeTable,
    value: &Value,
    is_zeroed: bool,
) -> Result<Vec<Piece>, String> {
    let records = match value {
        Value::Record(_) => std::slice::from_ref(value),
        Value::List(items) if items.iter().all(is_record) => items,
        _ if is_zeroed => return Err("`write zeroed` writes a record; this is none".to_owned()),
        _ => {
            let bytes = encoding::bytes_to_write(value).map_err(|error| error.to_string())?;
            return Ok(vec![Piece { offset: 0, bytes }]);
        }
    };
    let mut pieces = Vec::new();
    let mut offset = 0u64;
    for record in records {
        let (written, size) = record_bytes(types, record)?;
        if is_zeroed {
            let size = size.max(end_of(&written));
            if offset.saturating_add(size) > MAX_ZEROED {
                let most = MAX_ZEROED >> 20;
                return Err(format!("`write zeroed` fills at most {most} MiB at once"));
            }
            let bytes = vec![0; usize::try_from(size).unwrap_or_default()];
            pieces.push(overlaid(Piece { offset, bytes }, &written));
        } else {
            pieces.extend(written.into_iter().map(|piece| Piece {
                offset: offset.saturating_add(piece.offset),
                bytes: piece.bytes,
            }));
        }
        offset = offset.saturating_add(size);
    }
    Ok(joined(pieces))
}

fn is_record(value: &Value) -> bool {
    matches!(value, Value::Record(_))
}

/// Returns the bytes of the fields of a record, and the size of its type.
fn record_bytes(types: &TypeTable, value: &Value) -> Result<(Vec<Piece>, u64), String> {
    let name = match value {
        Value::Record(record) => record.type_name().unwrap_or_default(),
        _ => "",
    };
    let Some(id) = types.find_any(name) else {
        return Err(match name {
            "" => "the type of this record has no name, so its layout is not known here; declare \
                   it: `type NAME = { … }`"
                .to_owned(),
            name => format!("there is no type {}", safe::quoted(name, 60)),
        });
    };
    let pieces = encode(types, id, value).map_err(|error| error.to_string())?;
    let size = types.get(id).map_or(0, |ty| ty.size);
    Ok((pieces, size))
}

fn end_of(pieces: &[Piece]) -> u64 {
    let end = |piece: &Piece| piece.offset.saturating_add(piece.bytes.len() as u64);
    pieces.iter().map(end).max().unwrap_or_default()
}

/// Returns bytes with others written over them, whose offsets count from the first one.
fn overlaid(mut under: Piece, over: &[Piece]) -> Piece {
    for piece in over {
        let start = usize::try_from(piece.offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(piece.bytes.len());
        if let Some(place) = under.bytes.get_mut(start..end) {
            place.copy_from_slice(&piece.bytes);
        }
    }
    under
}

/// Joins pieces that follow each other without a gap.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        match out.last_mut() {
            Some(last) if last.offset.saturating_add(last.bytes.len() as u64) == piece.offset => {
                last.bytes.extend(piece.bytes);
            }
            _ if piece.bytes.is_empty() => {}
            _ => out.push(piece),
        }
    }
    out
}
