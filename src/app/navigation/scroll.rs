//! Scrolls a pane: by lines, by pages, and no further than its last screenful.

use super::{time, viewport};
use crate::app::panes::step_list;
use crate::app::{App, Pane};

/// Lines that a page is in the panes that show text.
pub(in crate::app) const PAGE_LINES: i16 = 10;

/// Scrolls `pane` by `lines`, downwards where positive. Steps and memory move their selection.
pub(in crate::app) fn scroll(app: &mut App, pane: Pane, lines: i16) {
    let move_by = |at: &mut u16| *at = at.saturating_add_signed(lines);
    match pane {
        Pane::Steps => time::move_by(app, isize::from(lines)),
        Pane::Memory => viewport::move_rows(app, i64::from(lines)),
        Pane::Happened => move_by(&mut app.scroll.happened),
        Pane::Inspector => move_by(&mut app.scroll.inspector),
        Pane::Source => app.scroll.source = app.scroll.source.saturating_add(lines),
        Pane::Guest => move_by(&mut app.scroll.guest),
    }
}

/// Scrolls the pane in focus by a page, down for 1 and up for -1.
pub(in crate::app) fn scroll_page(app: &mut App, direction: i16) {
    match app.pane {
        Pane::Memory => viewport::move_page(app, i64::from(direction)),
        Pane::Steps if app.position().is_some() => {
            let rows = i16::try_from(step_list::event_rows(app))
                .unwrap_or(i16::MAX)
                .max(1);
            scroll(app, Pane::Steps, direction.saturating_mul(rows));
        }
        pane => scroll(app, pane, direction.saturating_mul(PAGE_LINES)),
    }
}
