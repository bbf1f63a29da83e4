//! The host's line of a step, in words.

use crate::safe;
use crate::script::ast::RecordedStep;
use crate::source::HostPlace;

/// The longest line of the source that is quoted, in characters.
const LONGEST_LINE: usize = 120;

/// Returns the place of a step on one line, safe to print.
pub(super) fn short(recorded: &RecordedStep, place: &HostPlace) -> String {
    let place = safe::plain(&place.to_string());
    match recorded.is_before_place {
        true => format!("before {place}"),
        false => place,
    }
}

/// Returns the host's line of a step with its source, and the place that called it, as a paragraph.
pub(super) fn narration(recorded: &RecordedStep) -> Option<String> {
    let place = recorded.place.as_deref()?;
    let mut text = match recorded.is_before_place {
        true => format!(
            "The host wrote this at a line before {}, after its call before: {}",
            safe::plain(&place.to_string()),
            quoted(place)
        ),
        false => format!("{}: {}", safe::plain(&place.to_string()), quoted(place)),
    };
    if let Some(from) = &place.from {
        let shown = safe::plain(&from.to_string());
        text.push_str(&format!(" (called at {shown})"));
    }
    Some(text)
}

/// Returns the place of a step with its source, for a finding that blames the step.
pub(super) fn with_source(recorded: &RecordedStep) -> Option<String> {
    let place = recorded.place.as_deref()?;
    Some(format!("{}: {}", short(recorded, place), quoted(place)))
}

/// Returns the line of the source, if the recording has it.
fn quoted(place: &HostPlace) -> String {
    let index = place.line.checked_sub(place.first);
    let line = index.and_then(|index| place.lines.get(index as usize));
    match line.map(|line| line.trim()).filter(|line| !line.is_empty()) {
        Some(line) => safe::cut(line, LONGEST_LINE),
        None => "(no source)".to_owned(),
    }
}
