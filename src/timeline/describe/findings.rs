//! The findings of a step, in a short sentence each. The message of a finding has the rest.

use super::phrases::name;
use crate::text::count;
use crate::timeline::{Finding, FindingKind, StepRecord};

/// Returns the sentences for findings that the other sentences about a step do not cover. Each
/// sentence comes once.
pub(super) fn describe(record: &StepRecord) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for finding in &record.findings {
        let sentence = sentence(finding);
        sentences.extend(sentence.filter(|sentence| !sentences.contains(sentence)));
    }
    sentences
}

fn sentence(finding: &Finding) -> Option<String> {
    let blamed = || {
        finding
            .blamed
            .map(|step| format!(" in step {step}"))
            .unwrap_or_default()
    };
    let bytes = finding
        .primary_span()
        .map(|span| count(span.len, "byte"))
        .unwrap_or_default();
    let at = finding
        .address
        .map(|at| format!(" at {at:#x}"))
        .unwrap_or_default();
    Some(match finding.kind {
        FindingKind::StalePointer => "A pointer was used that was no longer valid.".into(),
        FindingKind::PointerNotRefetched => {
            "The pointer was not fetched again after memory grew.".into()
        }
        FindingKind::Overrun if bytes == "1 byte" => {
            format!("{bytes}{at} was written past the end of its region or block: nothing trapped.")
        }
        FindingKind::Overrun => {
            format!(
                "{bytes}{at} were written past the end of their region or block: nothing trapped."
            )
        }
        FindingKind::LengthPastRegion if finding.blamed.is_none() => {
            format!("The {bytes}{at} are past the end of the block.")
        }
        FindingKind::LengthPastRegion => {
            format!(
                "The length from{} reaches too far.",
                blamed().trim_start_matches(" in")
            )
        }
        FindingKind::UseAfterRelease => {
            format!("The bytes{at} had been released{}.", blamed())
        }
        FindingKind::DoubleRelease => format!("It had already been released{}.", blamed()),
        FindingKind::MismatchedRelease => {
            "It was released with another size or alignment than it was allocated with.".into()
        }
        FindingKind::InvalidRelease => format!("No block begins{at}, so nothing can release it."),
        FindingKind::AllocatedTwice => {
            format!(
                "The bytes{at} belong to a block that was allocated{}.",
                blamed()
            )
        }
        FindingKind::NullBlockUsed => {
            format!(
                "The address is the 0 that the allocator returned{}.",
                blamed()
            )
        }
        FindingKind::Leak => format!("The block named{} was never released.", blamed()),
        FindingKind::Overlap => format!("It overlaps the block named{}.", blamed()),
        FindingKind::LengthInCharacters => {
            "The length is that of the text in characters, not in bytes.".into()
        }
        FindingKind::AddressAndLengthSwapped => {
            format!("The numbers are from the guest{}.", blamed())
        }
        FindingKind::ScaledPointer => "The address is a pointer, multiplied or divided.".into(),
        FindingKind::HandedOutAgain => {
            format!("The block named{} was handed out again.", blamed())
        }
        FindingKind::GrowthRefused => {
            "It asked for more memory, and memory.grow answered -1.".into()
        }
        FindingKind::StackNotRestored => {
            format!("The stack pointer was not restored{}.", blamed())
        }
        FindingKind::StackOverflow => "The guest's stack ran out.".into(),
        FindingKind::DanglingStackPointer => {
            format!("The bytes{at} are below the stack pointer: no frame there is live.")
        }
        FindingKind::StackAddressReturned => "The address is in a frame that has ended.".into(),
        FindingKind::StrayWrite => {
            format!("No address that the guest gave leads to the bytes{at}.")
        }
        FindingKind::UnusedStackWrite => {
            "The guest's stack has these bytes when it gets deeper.".into()
        }
        FindingKind::PaddingWritten if bytes == "1 byte" => {
            format!("The byte{at} is padding: no field has it.")
        }
        FindingKind::PaddingWritten => format!("The {bytes}{at} are padding: no field has them."),
        FindingKind::DetachedView => {
            "The view was of memory as it was before the growth: it has no bytes any more.".into()
        }
        // Other sentences describe the outcome and the growth.
        FindingKind::OutOfBounds
        | FindingKind::Trap
        | FindingKind::InvalidUtf8
        | FindingKind::MemoryGrew
        | FindingKind::ImportUndefined
        | FindingKind::Diverged
        | FindingKind::Limit
        | FindingKind::Unattributed => return None,
    })
}

/// Describes a text that has the form of another encoding than the one it was read with.
pub(super) fn other_encoding(record: &StepRecord) -> Option<&'static str> {
    use crate::value::Value;
    let Value::Text(text) = &record.bindings.first()?.value else {
        return None;
    };
    let span = record.focus?;
    let bytes = record.memory.read(span.start, span.len.min(MAX_ENCODED));
    let pairs = || bytes.chunks_exact(2);
    if pairs().len() < 2 {
        return None;
    }
    let is_letter = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    let is_read_as_bytes = text.len() as u64 == span.len;
    if is_read_as_bytes && pairs().all(|pair| matches!(pair, [low, 0] if is_letter(*low))) {
        return Some("Every second byte is 0, as in UTF-16: `as utf16` reads such text.");
    }
    let is_wide = !text.is_ascii() && !is_read_as_bytes;
    (is_wide && bytes.iter().all(|byte| is_letter(*byte)))
        .then_some("Every byte is a letter of ASCII, as in UTF-8: `as utf8` reads such text.")
}

/// How many bytes of a text are examined for its encoding.
const MAX_ENCODED: u64 = 4096;

/// Describes a text that ends in a NUL, if the length that was used to read it includes that.
pub(super) fn counted_nul(record: &StepRecord) -> Option<String> {
    use crate::value::Value;
    let binding = record.bindings.first()?;
    let Value::Text(text) = &binding.value else {
        return None;
    };
    let rest = text
        .strip_suffix('\0')
        .filter(|rest| !rest.is_empty() && !rest.ends_with('\0'))?;
    let length = record.facts.uses.first()?.length_names.first()?;
    Some(format!(
        "The text ends in a NUL, which {} includes: {} bytes are text.",
        name(length),
        rest.len()
    ))
}
