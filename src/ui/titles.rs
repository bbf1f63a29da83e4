//! The titles of the panes, and the notes at their right.

use crate::app::panes::event_text;
use crate::app::panes::hex_dump::HexDump;
use crate::app::panes::view::View;
use crate::app::{App, Pane};
use crate::safe;
use crate::timeline::Event;

use super::memory::Side;

/// Returns a pane's title and the note at its right.
pub fn of(pane: Pane, side: Side, app: &App, view: &View) -> (String, String) {
    let title = match pane {
        Pane::Steps => {
            let branch = app
                .branch()
                .map(|(number, all)| format!("branch {number} of {all}"));
            return ("steps".to_string(), branch.unwrap_or_default());
        }
        Pane::Memory if side == Side::Before => title_before(app),
        Pane::Memory => return (title_after(app), part_at_cursor(app, &view.hex_dump)),
        Pane::Happened => "what happened".to_string(),
        Pane::Inspector => format!("byte {:#x}", app.cursor),
        Pane::Source => {
            let source = view.source.as_ref();
            return source
                .map(|source| (source.title.clone(), safe::cut(&source.note, 30)))
                .unwrap_or_default();
        }
        Pane::Guest => "guest".to_string(),
        Pane::Fields => return ("fields".to_string(), field_rows(view)),
    };
    (title, String::new())
}

/// Returns which rows of the fields are on the screen, where others are not: `5..14 of 36`.
fn field_rows(view: &View) -> String {
    let Some(pane) = &view.fields else {
        return String::new();
    };
    let last = pane.first.saturating_add(pane.rows.len() as u64);
    if last.saturating_sub(pane.first) >= pane.total {
        return String::new();
    }
    let first = pane.first.saturating_add(1);
    format!("{first}..{last} of {}", event_text::thousands(pane.total))
}

/// Returns the part of memory that the byte under the cursor is in: `buffer 0x400..0x800`.
fn part_at_cursor(app: &App, dump: &HexDump) -> String {
    let Some(part) = dump.parts_of(app.cursor).next() else {
        return String::new();
    };
    let called = part.label();
    let name = if part.kind.is_named_by_script() {
        &part.name
    } else {
        &called
    };
    let released = if part.released { ", released" } else { "" };
    format!(
        "{} {:#x}..{:#x}{released}",
        safe::cut(name, 24),
        part.span.start,
        part.span.end()
    )
}

/// Returns `before step 4` or `before store 7`.
fn title_before(app: &App) -> String {
    if let (Some(record), Some((child, _))) = (app.record(), app.child_here()) {
        return format!("before {}", record.child_label(child));
    }
    match (app.record(), app.position()) {
        (Some(_), Some(1..)) if is_growth(app) => "before memory grew".to_string(),
        (Some(step), Some(at @ 1..)) => format!(
            "before {} {}",
            event_text::noun(step),
            event_text::thousands(at as u64)
        ),
        _ => format!("before step {}", app.moment.step),
    }
}

/// Returns `after step 4` or `after store 7 of 14`.
fn title_after(app: &App) -> String {
    let step = app.moment.step;
    if let (Some(record), Some((child, _))) = (app.record(), app.child_here()) {
        let when = match app.is_child_open(child) {
            true => "begin of",
            false => "after",
        };
        return format!("{when} {}", record.child_label(child));
    }
    match (app.record(), app.position()) {
        (Some(record), Some(_)) if record.events.is_empty() => format!("in step {step}"),
        (Some(record), Some(0)) => format!("before {}", event_text::ordinal(record, 1)),
        (Some(record), Some(at)) if is_growth(app) => {
            format!("after memory grew, {}", event_text::ordinal(record, at))
        }
        (Some(record), Some(at)) => format!("after {}", event_text::ordinal(record, at)),
        (Some(_), None) => format!("after step {step}"),
        (None, _) if app.timeline.steps().is_empty() => "memory".to_string(),
        (None, _) => format!("before step {step}"),
    }
}

/// Returns whether the event shown is growth of memory.
fn is_growth(app: &App) -> bool {
    matches!(app.event(), Some(Event::Growth(_)))
}
