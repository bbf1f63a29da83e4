//! Who wrote: the step of a write, the event in it, and the writer.

use std::fmt::Write as _;

use super::event_text;
use crate::safe;
use crate::timeline::{Moment, Timeline, Write, Writer};

/// The most characters of a step's text.
const MAX_TEXT: usize = 60;

/// Returns the step of a write, and its writer.
pub(super) fn writer_of(timeline: &Timeline, at: Moment, write: &Write) -> String {
    let step = timeline.step(at.step);
    let mut out = format!("step {}", at.step);
    if let Some(step) = step.filter(|_| matches!(write.writer, Writer::Guest { .. })) {
        let _ = write!(
            out,
            " {} {}",
            event_text::noun(step),
            event_text::thousands(at.event as u64)
        );
    }
    let _ = write!(out, ", {}", event_text::whence(&write.writer));
    let child = step.and_then(|step| {
        let child = step.children.innermost(at.event)?;
        Some((step.child_label(child), &step.children.get(child)?.text))
    });
    let text = match child.filter(|_| matches!(write.writer, Writer::Import { .. })) {
        Some((label, text)) => Some(safe::cut(&format!("{label} {text}"), MAX_TEXT)),
        None => step.map(|s| safe::cut(&s.text, MAX_TEXT)),
    };
    let text = text.filter(|text| !text.is_empty());
    if let Some(text) =
        text.filter(|_| matches!(write.writer, Writer::Host | Writer::Import { .. }))
    {
        let _ = write!(out, ": {text}");
    }
    if write.is_difference {
        out.push_str(", as part of a difference");
    }
    out
}
