//! The live memory, as the host reaches it: every access is checked, and a view is taken afresh for
//! each, because a view kept across a call or a growth is dead (wasmer issue 3516).

use wasmer::{AsStoreMut, AsStoreRef, Memory, Pages};

use crate::text;
use crate::timeline::{Image, PAGE};

/// Why the host could not reach a span of memory. The message names the span, how far it goes past
/// the end, and where the end is.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AccessError {
    #[error("this guest has no memory")]
    NoMemory,
    #[error("{}", out_of_bounds(.doing, *.start, *.len, *.size))]
    OutOfBounds {
        doing: &'static str,
        start: u64,
        len: u64,
        size: u64,
    },
    #[error(
        "no NUL between {start:#x} and the end of memory at {size:#x}, so the text that begins \
         there has no end"
    )]
    NoNul { start: u64, size: u64 },
    #[error("the engine refused the access to memory: {0}")]
    Engine(String),
}

fn out_of_bounds(doing: &str, start: u64, len: u64, size: u64) -> String {
    let end = u128::from(start) + u128::from(len);
    let past = end - u128::from(size).min(end);
    let pages = size / PAGE;
    let (pages, bytes) = (text::count(pages, "page"), text::count(len, "byte"));
    let how = if start >= size {
        "it begins"
    } else {
        "it goes"
    };
    let distance = if start >= size {
        u128::from(start - size)
    } else {
        past
    };
    let far = if start >= size && distance == 0 {
        "it begins where memory ends".to_string()
    } else {
        format!("{how} {} past the end", text::count(distance, "byte"))
    };
    format!(
        "the host cannot {doing} {bytes} at {start:#x}..{end:#x}: memory ends at {size:#x} \
         ({pages}), {far}"
    )
}

/// The span's length as the machine counts, once it is known to lie inside memory.
fn check(doing: &'static str, start: u64, len: u64, size: u64) -> Result<usize, AccessError> {
    let outside = AccessError::OutOfBounds {
        doing,
        start,
        len,
        size,
    };
    match start.checked_add(len) {
        Some(end) if end <= size => usize::try_from(len).map_err(|_| outside),
        _ => Err(outside),
    }
}

/// In bytes.
pub fn size(memory: &Memory, store: &impl AsStoreRef) -> u64 {
    memory.view(store).data_size()
}

/// In 64 KiB pages.
pub fn pages(memory: &Memory, store: &impl AsStoreRef) -> u64 {
    size(memory, store) / PAGE
}

/// Checks that a span lies inside memory, without touching it.
pub fn check_span(
    memory: &Memory,
    store: &impl AsStoreRef,
    doing: &'static str,
    start: u64,
    len: u64,
) -> Result<(), AccessError> {
    check(doing, start, len, size(memory, store)).map(|_| ())
}

pub fn read(
    memory: &Memory,
    store: &impl AsStoreRef,
    start: u64,
    len: u64,
) -> Result<Vec<u8>, AccessError> {
    let len = check("read", start, len, size(memory, store))?;
    let mut bytes = vec![0; len];
    memory
        .view(store)
        .read(start, &mut bytes)
        .map_err(|e| AccessError::Engine(e.to_string()))?;
    Ok(bytes)
}

/// The bytes from `start` up to the first NUL, which is not among them.
pub fn read_to_nul(
    memory: &Memory,
    store: &impl AsStoreRef,
    start: u64,
) -> Result<Vec<u8>, AccessError> {
    let size = size(memory, store);
    check("read", start, 1, size)?;
    let mut bytes = Vec::new();
    let mut at = start;
    while at < size {
        let part = read(memory, store, at, (size - at).min(4096))?;
        match part.iter().position(|b| *b == 0) {
            Some(end) => {
                bytes.extend_from_slice(part.get(..end).unwrap_or_default());
                return Ok(bytes);
            }
            None => bytes.extend_from_slice(&part),
        }
        at += part.len() as u64;
    }
    Err(AccessError::NoNul { start, size })
}

pub fn write(
    memory: &Memory,
    store: &impl AsStoreRef,
    start: u64,
    bytes: &[u8],
) -> Result<(), AccessError> {
    check("write", start, bytes.len() as u64, size(memory, store))?;
    memory
        .view(store)
        .write(start, bytes)
        .map_err(|e| AccessError::Engine(e.to_string()))
}

/// Grows memory by so many pages; the old size in pages, or why not.
pub fn grow(memory: &Memory, store: &mut impl AsStoreMut, by: u64) -> Result<u64, String> {
    let before = pages(memory, store);
    let delta =
        u32::try_from(by).map_err(|_| format!("{by} pages are more than any memory can have"))?;
    memory
        .grow(store, Pages(delta))
        .map(|_| before)
        .map_err(|e| crate::safe::plain(&e.to_string()))
}

/// Brings an image up to what live memory is now; only what differs is kept anew.
pub fn capture(
    image: &mut Image,
    memory: &Memory,
    store: &impl AsStoreRef,
) -> Result<(), AccessError> {
    let size = size(memory, store);
    image.grow(size);
    let mut part = vec![0; PAGE as usize];
    let mut at = 0;
    while at < size {
        let take = (size - at).min(PAGE) as usize;
        let Some(part) = part.get_mut(..take) else {
            break;
        };
        memory
            .view(store)
            .read(at, part)
            .map_err(|e| AccessError::Engine(e.to_string()))?;
        image.capture(at, part);
        at += take as u64;
    }
    Ok(())
}
