//! Access of the host to live memory. Every access is checked, and each takes a new view, because a
//! view that is kept across a call or a growth is dead
//! (<https://github.com/wasmerio/wasmer/issues/3516>).

use wasmer::{AsStoreMut, AsStoreRef, Memory, Pages};

use crate::text;
use crate::timeline::{Image, PAGE};
use crate::value::{OutOfMemory, check_capacity};

/// Why the host could not access memory.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AccessError {
    /// The guest has no memory.
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
    /// A text has no end.
    NoNul { start: u64, size: u64 },
    /// The system has no memory for the bytes.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// The engine refuses the access.
    #[error("the engine refuses the access to memory: {0}")]
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
    if let Some(below) = text::below_zero(start) {
        return format!(
            "the host cannot {doing} {bytes} at {below} ({start:#x}..{end:#x}): memory is 0x0..{size:#x} \
             ({pages})"
        );
    }
    format!(
        "the host cannot {doing} {bytes} at {start:#x}..{end:#x}: memory ends at {size:#x} \
         ({pages}), {far}"
    )
}

/// Returns the length as a `usize`, if the span is in memory.
fn check_length(
    doing: &'static str,
    start: u64,
    len: u64,
    size: u64,
) -> Result<usize, AccessError> {
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

/// Returns the size of memory, in bytes.
pub fn size(memory: &Memory, store: &impl AsStoreRef) -> u64 {
    memory.view(store).data_size()
}

/// Returns the size of memory, in 64 KiB pages.
pub fn pages(memory: &Memory, store: &impl AsStoreRef) -> u64 {
    size(memory, store) / PAGE
}

/// Checks that a span is in memory, without an access.
///
/// # Errors
///
/// Returns an error if it is not. `doing` is the verb for what the host does.
pub fn check_span(
    memory: &Memory,
    store: &impl AsStoreRef,
    doing: &'static str,
    start: u64,
    len: u64,
) -> Result<(), AccessError> {
    check_length(doing, start, len, size(memory, store)).map(|_| ())
}

/// Returns `len` bytes from `start` on.
///
/// # Errors
///
/// Returns an error if they are not all in memory, or if the system has no memory for them.
pub fn read(
    memory: &Memory,
    store: &impl AsStoreRef,
    start: u64,
    len: u64,
) -> Result<Vec<u8>, AccessError> {
    let len = check_length("read", start, len, size(memory, store))?;
    check_capacity(len)?;
    let mut bytes = vec![0; len];
    memory
        .view(store)
        .read(start, &mut bytes)
        .map_err(|e| AccessError::Engine(e.to_string()))?;
    Ok(bytes)
}

/// Returns the bytes from `start` on up to the first NUL, without that.
///
/// # Errors
///
/// Returns an error if `start` is not in memory, or if there is no NUL up to its end.
pub fn read_to_nul(
    memory: &Memory,
    store: &impl AsStoreRef,
    start: u64,
) -> Result<Vec<u8>, AccessError> {
    let size = size(memory, store);
    check_length("read", start, 1, size)?;
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

/// Writes bytes from `start` on.
///
/// # Errors
///
/// Returns an error if they are not all in memory, or if the system has no memory to record them.
pub fn write(
    memory: &Memory,
    store: &impl AsStoreRef,
    start: u64,
    bytes: &[u8],
) -> Result<(), AccessError> {
    check_length("write", start, bytes.len() as u64, size(memory, store))?;
    check_capacity(bytes.len())?;
    memory
        .view(store)
        .write(start, bytes)
        .map_err(|e| AccessError::Engine(e.to_string()))
}

/// Makes memory grow by a number of pages, and returns the old size in pages.
///
/// # Errors
///
/// Returns the reason if memory cannot grow.
pub fn grow(memory: &Memory, store: &mut impl AsStoreMut, by: u64) -> Result<u64, String> {
    let before = pages(memory, store);
    let delta =
        u32::try_from(by).map_err(|_| format!("{by} pages are more than any memory can have"))?;
    memory
        .grow(store, Pages(delta))
        .map(|_| before)
        .map_err(|e| crate::safe::plain(&e.to_string()))
}

/// Updates an image to live memory. Only leaves that differ are copied.
///
/// # Errors
///
/// Returns an error if the engine refuses the access.
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
