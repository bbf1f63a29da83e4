//! The events of a step as text: a line of the list, a sentence, and their noun.

use std::fmt::Write as _;

use crate::safe;
use crate::text;
use crate::timeline::{Event, Growth, Span, StepRecord, Write, Writer};

/// The most characters of a name.
const MAX_NAME: usize = 60;
/// The most bytes of a write that are printed in hex.
const MAX_BYTES: usize = 8;
/// The most characters of a write that are printed as text.
const MAX_TEXT: usize = 20;

/// Returns the noun for an event of a step: `store` where all are single stores of the guest, `event`
/// where one may be growth, else `write`.
pub(crate) fn noun(step: &StepRecord) -> &'static str {
    let all = step.events.len() as u64;
    match (step.stores_recorded, step.pages_after > step.pages_before) {
        (stores, false) if stores == all && all > 0 => "store",
        (_, false) => "write",
        (_, true) => "event",
    }
}

/// Returns `store 7 of 14`.
pub(crate) fn ordinal(step: &StepRecord, at: usize) -> String {
    format!(
        "{} {} of {}",
        noun(step),
        thousands(at as u64),
        thousands(step.events.len() as u64)
    )
}

/// Returns `12 345 678`.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// Returns the bytes that an event wrote, or those that growth added.
pub(crate) fn span(event: &Event) -> Span {
    match event {
        Event::Write(write) => write.span(),
        Event::Growth(growth) => {
            let bytes = |pages: u64| pages.saturating_mul(crate::timeline::PAGE);
            Span {
                start: bytes(growth.before),
                len: bytes(growth.after.saturating_sub(growth.before)),
            }
        }
    }
}

/// Returns the writer of an event.
pub(crate) fn writer(event: &Event) -> &Writer {
    match event {
        Event::Write(write) => &write.writer,
        Event::Growth(growth) => &growth.by,
    }
}

/// Returns a line of the list in several forms, the longest first: `0x40c ← 20 ' '`, `memory grew
/// 1 → 2 pages`.
pub(crate) fn lines(event: &Event) -> Vec<String> {
    match event {
        Event::Growth(growth) => {
            let grew = format!(
                "grew {} → {}",
                growth.before,
                text::count(growth.after, "page")
            );
            vec![format!("memory {grew}"), grew]
        }
        Event::Write(write) => {
            let (at, len) = (write.start, bytes(write.after.len()));
            let mut contents = if write.is_difference {
                vec![format!("{len}, a difference"), format!("{len} differ")]
            } else {
                content(&write.after)
            };
            contents.push(len);
            // Most writes are stores of the guest; only other writers are named.
            if !matches!(write.writer, Writer::Guest { .. }) {
                contents.insert(
                    0,
                    format!(
                        "{}  {}",
                        contents.first().cloned().unwrap_or_default(),
                        who(&write.writer)
                    ),
                );
            }
            contents
                .into_iter()
                .map(|content| format!("{at:#x} ← {content}"))
                .collect()
        }
    }
}

/// Returns bytes in hex and, where they are text, as text; of many, the first and their number.
fn content(after: &[u8]) -> Vec<String> {
    let is_text = !after.is_empty() && after.iter().all(|b| matches!(b, 0x20..=0x7e));
    let text = |most: usize| {
        after
            .iter()
            .take(most)
            .map(|b| char::from(*b))
            .collect::<String>()
    };
    let quote = if after.len() == 1 { '\'' } else { '"' };
    let quoted = format!("{quote}{}{quote}", text(MAX_TEXT));
    match (is_text, after.len()) {
        (_, 0) => Vec::new(),
        (true, ..=MAX_BYTES) => vec![format!("{}  {quoted}", hex(after)), hex(after), quoted],
        (false, ..=MAX_BYTES) => vec![hex(after)],
        (true, ..=MAX_TEXT) => vec![quoted, format!("\"{}…\" {}", text(4), bytes(after.len()))],
        (true, len) => vec![
            format!("\"{}…\" {}", text(8), bytes(len)),
            format!("\"{}…\" {}", text(4), bytes(len)),
        ],
        (false, len) => vec![format!(
            "{} … {}",
            hex(after.get(..4).unwrap_or(after)),
            bytes(len)
        )],
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns a sentence, safe to print: `Store 7 of 14: add_wasm_is_cool wrote 20 at 0x40c, which was
/// 00.`
pub(crate) fn sentence(step: &StepRecord, at: usize) -> String {
    let noun = noun(step);
    let Some(event) = at.checked_sub(1).and_then(|index| step.events.get(index)) else {
        return format!(
            "Before {noun} 1 of {}: this step has written nothing yet.",
            thousands(step.events.len() as u64)
        );
    };
    let mut ordinal = ordinal(step, at);
    if let Some(first) = ordinal.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let did = match &event {
        Event::Growth(growth) => grew(growth),
        Event::Write(write) => wrote(write),
    };
    format!("{ordinal}: {did}")
}

fn grew(growth: &Growth) -> String {
    let size = text::count(growth.after, "page");
    format!(
        "{} grew memory from {} to {size}; the new bytes are zero.",
        who(&growth.by),
        growth.before
    )
}

fn wrote(write: &Write) -> String {
    if write.is_difference {
        return format!(
            "{} at {:#x} differ from before; the single stores were not recorded.",
            bytes(write.after.len()),
            write.start
        );
    }
    let (who, at) = (who(&write.writer), write.start);
    match write.after.len() {
        1..=MAX_BYTES if write.after == write.before => {
            format!(
                "{who} wrote {} at {at:#x}, which was the same already.",
                hex(&write.after)
            )
        }
        1..=MAX_BYTES => format!(
            "{who} wrote {} at {at:#x}, which was {}.",
            hex(&write.after),
            hex(&write.before)
        ),
        len => format!("{who} wrote {} at {at:#x}..{:#x}.", bytes(len), write.end()),
    }
}

/// Returns the name of a writer for the start of a clause: `copy`, `the host`.
pub(crate) fn who(writer: &Writer) -> String {
    match writer {
        Writer::Guest {
            function: Some(function),
            ..
        } => safe::cut(function, MAX_NAME),
        _ => writer.subject(),
    }
}

/// Returns the name of a writer with its place in the module and its source: `copy @0x1a3,
/// demo.wat:25`.
pub(crate) fn whence(writer: &Writer) -> String {
    let mut out = who(writer);
    if let Writer::Guest { offset, source, .. } = writer {
        out.push_str(&place(*offset, source.as_deref()));
    }
    out
}

/// Returns ` @0x1a3, demo.wat:25`, as far as it is known.
pub(crate) fn place(offset: Option<u64>, source: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(offset) = offset {
        let _ = write!(out, " @{offset:#x}");
    }
    if let Some(source) = source {
        let _ = write!(out, ", {}", safe::cut(source, MAX_NAME));
    }
    out
}

fn bytes(len: usize) -> String {
    text::count(len, "byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(before: &[u8], after: &[u8]) -> Event {
        let writer = Writer::Guest {
            function: Some("copy".into()),
            offset: Some(0x91),
            source: None,
        };
        Event::Write(Write {
            start: 0x40c,
            before: before.into(),
            after: after.into(),
            writer,
            is_difference: false,
        })
    }

    #[test]
    fn lines_have_bytes_and_text_in_several_lengths() {
        let rows = [
            (
                &b" "[..],
                &[
                    "0x40c ← 20  ' '",
                    "0x40c ← 20",
                    "0x40c ← ' '",
                    "0x40c ← 1 byte",
                ][..],
            ),
            (b"\0\x01", &["0x40c ← 00 01", "0x40c ← 2 bytes"]),
            (
                b"did ",
                &[
                    "0x40c ← 64 69 64 20  \"did \"",
                    "0x40c ← 64 69 64 20",
                    "0x40c ← \"did \"",
                    "0x40c ← 4 bytes",
                ],
            ),
            (
                b"Did you know",
                &[
                    "0x40c ← \"Did you know\"",
                    "0x40c ← \"Did …\" 12 bytes",
                    "0x40c ← 12 bytes",
                ],
            ),
            (
                &[7; 9],
                &["0x40c ← 07 07 07 07 … 9 bytes", "0x40c ← 9 bytes"],
            ),
            (
                &[b'a'; 999],
                &[
                    "0x40c ← \"aaaaaaaa…\" 999 bytes",
                    "0x40c ← \"aaaa…\" 999 bytes",
                    "0x40c ← 999 bytes",
                ],
            ),
            (b"", &["0x40c ← 0 bytes"]),
        ];
        for (after, expected) in rows {
            assert_eq!(lines(&write(&vec![0; after.len()], after)), expected);
        }
        let growth = Event::Growth(Growth {
            before: 1,
            after: 2,
            by: Writer::guest(),
        });
        assert_eq!(
            lines(&growth),
            ["memory grew 1 → 2 pages", "grew 1 → 2 pages"]
        );
        assert_eq!(
            [7, 1234, 1234567].map(thousands),
            ["7", "1 234", "1 234 567"]
        );
    }

    #[test]
    fn sentences_describe_a_store() {
        let sentence = |event: &Event| match event {
            Event::Write(write) => wrote(write),
            Event::Growth(growth) => grew(growth),
        };
        assert_eq!(
            sentence(&write(b"\0", b" ")),
            "copy wrote 20 at 0x40c, which was 00."
        );
        assert_eq!(
            sentence(&write(b" ", b" ")),
            "copy wrote 20 at 0x40c, which was the same already."
        );
        assert_eq!(
            sentence(&write(&[0; 12], b"Did you know")),
            "copy wrote 12 bytes at 0x40c..0x418."
        );
        assert_eq!(whence(writer(&write(b"\0", b" "))), "copy @0x91");
    }
}
