//! What several formats have in common. It names no format.

pub(super) mod changed_by;
pub(super) mod child_lines;
pub(super) mod event_lines;
pub(super) mod guest_header;
pub(super) mod hex_dump;
pub(super) mod json;
pub(super) mod lesson_view;
pub(super) mod moment_view;
pub(super) mod options;
pub(super) mod step_details;
pub(super) mod step_view;
pub(super) mod summary;
pub(super) mod trap;

use std::io;

use crate::text::TextWriter;

/// Returns what `write` writes, as one text.
///
/// # Errors
/// Those of `write`.
pub(super) fn to_text(write: impl FnOnce(&mut TextWriter) -> io::Result<()>) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut out = TextWriter::new(&mut bytes, false, false);
    write(&mut out)?;
    out.finish()?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
