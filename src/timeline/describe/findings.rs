//! What was found in a step, in a short sentence each: the message says the rest.

use super::phrases::name;
use crate::text::count;
use crate::timeline::{Finding, FindingKind, StepRecord};

/// What the other sentences about a step do not say already. Kinds that repeat are told once.
pub(super) fn told(record: &StepRecord) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for finding in &record.findings {
        let sentence = sentence(finding);
        said.extend(sentence.filter(|sentence| !said.contains(sentence)));
    }
    said
}

fn sentence(finding: &Finding) -> Option<String> {
    let blamed = || {
        finding
            .blamed
            .map(|step| format!(" in step {step}"))
            .unwrap_or_default()
    };
    let bytes = finding
        .place()
        .map(|span| count(span.len, "byte"))
        .unwrap_or_default();
    let at = finding
        .address
        .map(|at| format!(" at {at:#x}"))
        .unwrap_or_default();
    Some(match finding.kind {
        FindingKind::StalePointer => "A pointer was used that was no longer good.".into(),
        FindingKind::PointerNotRefetched => {
            "The pointer was not fetched again after memory grew.".into()
        }
        FindingKind::Overrun if bytes == "1 byte" => {
            format!("{bytes}{at} was written past the end of where it belongs: nothing trapped.")
        }
        FindingKind::Overrun => {
            format!("{bytes}{at} were written past the end of where they belong: nothing trapped.")
        }
        FindingKind::LengthPastRegion => {
            format!(
                "The length from{} reaches too far.",
                blamed().trim_start_matches(" in")
            )
        }
        FindingKind::UseAfterRelease => {
            format!("What it touched{at} had been given back{}.", blamed())
        }
        FindingKind::DoubleRelease => format!("It had been given back{} already.", blamed()),
        FindingKind::Leak => format!("The block named{} is lost: nobody gave it back.", blamed()),
        FindingKind::Overlap => format!(
            "Its bytes are in part those of the block named{}.",
            blamed()
        ),
        FindingKind::GrowthRefused => {
            "It asked for more memory and was refused by --max-memory.".into()
        }
        // The outcome, or the growth, is told by others.
        FindingKind::OutOfBounds
        | FindingKind::Trap
        | FindingKind::InvalidUtf8
        | FindingKind::MemoryGrew
        | FindingKind::ImportUndefined
        | FindingKind::Limit
        | FindingKind::Unattributed => return None,
    })
}

/// That a text ends in a NUL, which the length that was read by counts.
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
        "The text ends in a NUL, which {} counts: {} bytes are text.",
        name(length),
        rest.len()
    ))
}
