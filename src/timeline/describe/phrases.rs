//! Phrases for numbers, spans, names and bytes, and sentences made of phrases.

use super::MAX_VALUE;
use crate::safe;
use crate::text::count;
use crate::timeline::event_log::Spans;
use crate::timeline::{Span, Writer};
use crate::value::Value;

/// The longest name in a sentence, in characters.
const MAX_NAME: usize = 60;

/// Returns how many bytes there are, and where: `14 bytes at 0x40c..0x41a`, `37 bytes in 5 runs
/// within 0x400..0x500`. The end of a range is not part of it.
pub(in crate::timeline) fn placed(spans: &Spans) -> String {
    let Spans {
        bytes: total,
        runs,
        start,
        end,
    } = spans;
    let bytes = count(*total, "byte");
    match (runs, total) {
        (0, _) => bytes,
        (1, 0 | 1) => format!("{bytes} at {start:#x}"),
        (1, _) => format!("{bytes} at {start:#x}..{end:#x}"),
        _ => format!("{bytes} in {runs} runs within {start:#x}..{end:#x}"),
    }
}

/// Returns the bytes of a span: `the 14 bytes at 0x40c..0x41a`.
pub(in crate::timeline) fn the_bytes(span: Span) -> String {
    match span.len {
        1 => format!("the byte at {:#x}", span.start),
        _ => format!("the {}", placed(&span.into())),
    }
}

/// The number of bytes that are examined to distinguish text from other bytes. The time for a sentence must not
/// depend on the length of a write.
const MAX_EXAMINED: usize = 4096;

/// Returns bytes as text if they begin as text, else as hexadecimal numbers. `len` is how many
/// there are, if `bytes` are only the first of them.
pub(in crate::timeline) fn as_text(bytes: &[u8], len: u64) -> String {
    let start = bytes.get(..MAX_EXAMINED).unwrap_or(bytes);
    if start.len() as u64 >= len {
        return match std::str::from_utf8(bytes)
            .ok()
            .filter(|text| reads_well(text))
        {
            Some(text) => safe::quoted(text, MAX_VALUE),
            None => Value::Bytes(bytes.to_vec()).brief(MAX_VALUE),
        };
    }
    // A character that is cut in two at the end does not make text something else.
    let whole = match std::str::from_utf8(start) {
        Err(error) if error.error_len().is_none() => {
            start.get(..error.valid_up_to()).unwrap_or(start)
        }
        _ => start,
    };
    let shown = match std::str::from_utf8(whole)
        .ok()
        .filter(|text| reads_well(text))
    {
        Some(text) => Value::Text(text.chars().take(MAX_VALUE).collect()),
        None => Value::Bytes(start.iter().copied().take(MAX_VALUE / 3).collect()),
    };
    format!("{shown}… {len} bytes in all")
}

fn reads_well(text: &str) -> bool {
    text.chars()
        .all(|c| !safe::is_unsafe(c) || matches!(c, '\n' | '\t' | '\r'))
}

/// Describes who wrote, and where in the guest's code.
pub(in crate::timeline) fn describe_writer(writer: &Writer) -> String {
    match writer {
        Writer::Guest {
            function: Some(function),
            source: Some(source),
            ..
        } => format!("the guest, in {} at {},", name(function), name(source)),
        Writer::Guest {
            function: Some(function),
            ..
        } => format!("the guest, in {},", name(function)),
        _ => writer.subject(),
    }
}

/// Returns a name that is not too long, safe to print.
pub(in crate::timeline) fn name(text: &str) -> String {
    safe::cut(text, MAX_NAME)
}

/// Returns the text with a capital at its start and a full stop at its end.
pub(in crate::timeline) fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let mut out: String = chars
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    out.push_str(chars.as_str());
    stopped(&out)
}

/// Returns the text with a full stop at its end. It may begin with a name, which keeps its case.
pub(in crate::timeline) fn stopped(text: &str) -> String {
    let mut out = text.to_string();
    if !out.ends_with(['.', '?', '!', ':', '…']) {
        out.push('.');
    }
    out
}

/// Joins sentences, without the empty ones.
pub(in crate::timeline) fn join(parts: impl IntoIterator<Item = String>) -> String {
    parts
        .into_iter()
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
