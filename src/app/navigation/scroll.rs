//! Scrolls a pane: by lines, by pages, and no further than its last screenful.
//!
//! How far that is depends on how `ui` wraps the lines, so that each frame reports it.

use super::{fields, time, viewport};
use crate::app::panes::step_list;
use crate::app::{App, Overlay, Pane};

/// Lines that a page is in the panes that show text.
pub(in crate::app) const PAGE_LINES: i16 = 10;

/// Lines scrolled off the top of the panes that show text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll {
    pub(crate) happened: u16,
    pub(crate) inspector: u16,
    pub(crate) guest: u16,
    /// Lines from the place where the marked line is in the middle, downwards where positive.
    pub source: i16,
}

/// How far each pane can be scrolled in the frame on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrollLimits {
    pub(crate) happened: u16,
    pub(crate) inspector: u16,
    pub(crate) guest: u16,
    /// The least and the most.
    pub(crate) source: (i16, i16),
    /// The help or the overview of the guest, whichever is open.
    pub overlay: u16,
}

impl Default for ScrollLimits {
    /// Returns no limits.
    fn default() -> Self {
        ScrollLimits {
            happened: u16::MAX,
            inspector: u16::MAX,
            guest: u16::MAX,
            source: (i16::MIN, i16::MAX),
            overlay: u16::MAX,
        }
    }
}

/// Applies the limits of the frame that was drawn, so that the next key the other way has a visible
/// effect.
pub fn limit_scroll(app: &mut App, limits: ScrollLimits) {
    let scroll = &mut app.scroll;
    scroll.happened = scroll.happened.min(limits.happened);
    scroll.inspector = scroll.inspector.min(limits.inspector);
    scroll.guest = scroll.guest.min(limits.guest);
    let (least, most) = limits.source;
    scroll.source = scroll.source.max(least).min(most);
    if let Overlay::Help { scroll } | Overlay::Guest { scroll } | Overlay::Glossary { scroll } =
        &mut app.overlay
    {
        *scroll = (*scroll).min(limits.overlay);
    }
}

/// Scrolls `pane` by `lines`, downwards where positive. Steps, memory and
/// fields move their selection.
pub(in crate::app) fn scroll(app: &mut App, pane: Pane, lines: i16) {
    let move_by = |at: &mut u16| *at = at.saturating_add_signed(lines);
    match pane {
        Pane::Steps => time::move_by(app, isize::from(lines)),
        Pane::Memory => viewport::move_rows(app, i64::from(lines)),
        Pane::Happened => move_by(&mut app.scroll.happened),
        Pane::Inspector => move_by(&mut app.scroll.inspector),
        Pane::Source => app.scroll.source = app.scroll.source.saturating_add(lines),
        Pane::Guest => move_by(&mut app.scroll.guest),
        Pane::Fields => fields::move_by(app, i64::from(lines)),
    }
}

/// Scrolls the pane in focus by a page, down for 1 and up for -1.
pub(in crate::app) fn scroll_page(app: &mut App, direction: i16) {
    match app.pane {
        Pane::Memory => viewport::move_page(app, i64::from(direction)),
        Pane::Fields => fields::move_page(app, i64::from(direction)),
        Pane::Steps if app.position().is_some() => {
            let rows = i16::try_from(step_list::event_rows(app))
                .unwrap_or(i16::MAX)
                .max(1);
            scroll(app, Pane::Steps, direction.saturating_mul(rows));
        }
        pane => scroll(app, pane, direction.saturating_mul(PAGE_LINES)),
    }
}
