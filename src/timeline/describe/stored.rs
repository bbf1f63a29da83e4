//! What the guest stored in a step and what it changed, which differ where a byte had that value
//! before.

use super::phrases::placed;
use crate::timeline::event_log::Spans;
use crate::timeline::{Event, Span, StepRecord, Writer};

/// The most events of a step that are examined for the bytes that they wrote.
const MAX_EVENTS_EXAMINED: usize = 4096;

/// Returns the bytes that the guest changed. Where it stored more bytes than it changed, because
/// some had that value before, also those.
pub(super) fn changed_by_guest(record: &StepRecord, changed: &Spans) -> String {
    let all = placed(changed);
    if record.events.len() > MAX_EVENTS_EXAMINED || record.stores > record.stores_recorded {
        return all;
    }
    let writes = record.events.iter().filter_map(|event| match event {
        Event::Write(write) if matches!(write.writer, Writer::Guest { .. }) => Some(write.span()),
        _ => None,
    });
    let mut spans: Vec<Span> = writes.collect();
    spans.sort_by_key(|span| span.start);
    let mut stored = Spans::default();
    for span in spans {
        let start = span.start.max(stored.end);
        let is_apart = stored.runs == 0 || span.start > stored.end;
        if span.end() > start || stored.runs == 0 {
            stored.start = if stored.runs == 0 {
                span.start
            } else {
                stored.start
            };
            stored.runs += u64::from(is_apart);
            stored.bytes += span.end().saturating_sub(start);
            stored.end = stored.end.max(span.end());
        }
    }
    if stored.bytes <= changed.bytes {
        return all;
    }
    let stored = placed(&stored).replacen("bytes ", "bytes that it stored ", 1);
    format!("{} of the {stored}", changed.bytes)
}
