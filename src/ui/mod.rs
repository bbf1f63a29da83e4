//! Pure drawing of the state: `(&App, &Theme)` in, cells out. Changes nothing, reads nothing else,
//! and draws something at every size of the terminal. Where each pane lies is drawn in
//! [`crate::app::panes::layout`].

mod frame;
mod glyphs;
mod inspector;
mod legend;
mod map;
mod memory;
mod overlay;
mod overview;
mod prompt;
mod prose;
mod question;
mod source;
mod status;
mod step_details;
mod steps;
mod text;
mod theme;

pub use glyphs::Glyphs;
pub use theme::{Category, Theme, Tone};

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::event_text;
use crate::app::panes::hex_dump::Dump;
use crate::app::panes::layout::{Class, LEAST, Layout, content};
use crate::app::panes::source::Origin;
use crate::app::{App, Overlay, Pane, ScrollLimits, SessionState};
use crate::safe;
use crate::timeline::Event;

use memory::Side;
use text::Pen;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, app: &App, theme: &Theme) {
    let layout = Layout::of(app.size, app.pane);
    match layout.class {
        Class::Tiny => too_small(frame, app, theme),
        Class::Small | Class::Medium | Class::Wide => screen(frame, &layout, app, theme),
    }
    substitute(frame.buffer_mut(), theme);
}

/// How far each pane can be scrolled until its last line is seen, in lines.
pub fn last_scroll(app: &App, theme: &Theme) -> ScrollLimits {
    let layout = Layout::of(app.size, app.pane);
    // What is not scrolled needs no limit, and so no second look at what the pane shows.
    let last = |area: Option<Rect>, scrolled: u16, lines: fn(&App, Rect, &Theme) -> usize| {
        let area = content(area.filter(|_| scrolled > 0)?);
        let hidden = lines(app, area, theme).saturating_sub(usize::from(area.height));
        Some(u16::try_from(hidden).unwrap_or(u16::MAX))
    };
    ScrollLimits {
        happened: last(layout.happened, app.scroll.happened, step_details::height)
            .unwrap_or(u16::MAX),
        inspector: last(layout.inspector, app.scroll.inspector, inspector::height)
            .unwrap_or(u16::MAX),
        guest: last(layout.guest, app.scroll.guest, inspector::guest_height).unwrap_or(u16::MAX),
        source: match layout.source.filter(|_| app.scroll.source != 0) {
            Some(area) => source::scroll_limits(app, content(area)),
            None => (i16::MIN, i16::MAX),
        },
        help: match app.overlay {
            Overlay::Help { .. } => overlay::last_help_line(body(app), app, theme),
            _ => 0,
        },
        overview: match app.overlay {
            Overlay::Guest { .. } => overview::last_line(app, body(app), theme),
            _ => 0,
        },
    }
}

/// Where things lie over the panes.
fn body(app: &App) -> Rect {
    Rect::new(0, 1, app.size.0, app.size.1.saturating_sub(2))
}

fn screen(frame: &mut Frame, layout: &Layout, app: &App, theme: &Theme) {
    let dump = Dump::of(app);
    let buffer = frame.buffer_mut();
    frame::header(buffer, layout.header, app, &dump, theme);
    if app.timeline.planned.is_empty() && matches!(app.session, SessionState::Broken(_)) {
        // Nothing is known of the session but why it did not open: empty panes would only distract
        // from that.
    } else {
        panes(buffer, layout, app, &dump, theme);
    }
    status::draw(frame, layout.status, app, theme);
    overlay::draw(frame, body(app), app, theme);
    status::notice(frame.buffer_mut(), layout.status, app, theme);
}

/// Replaces what text from elsewhere brought and the theme's set of glyphs does not have.
fn substitute(buffer: &mut Buffer, theme: &Theme) {
    for cell in &mut buffer.content {
        if let Some(instead) = theme.glyphs.substitute(cell.symbol()) {
            cell.set_char(instead);
        }
    }
}

fn panes(buffer: &mut Buffer, layout: &Layout, app: &App, dump: &Dump, theme: &Theme) {
    if let Some(area) = layout.tabs {
        frame::tabs(buffer, area, app, theme);
    }
    for (pane, area) in layout.panes() {
        let side = if Some(area) == layout.before {
            Side::Before
        } else {
            Side::After
        };
        let (title, note) = title_of(pane, side, app, dump);
        frame::title(buffer, area, &title, &note, pane == app.pane, theme);
        let inner = content(area);
        match pane {
            Pane::Steps => steps::draw(buffer, inner, app, theme),
            Pane::Memory => memory::draw(buffer, inner, app, dump, side, theme),
            Pane::Happened => step_details::draw(buffer, inner, app, theme),
            Pane::Inspector => inspector::draw(buffer, inner, app, theme),
            Pane::Source => source::draw(buffer, inner, app, theme),
            Pane::Guest => inspector::draw_guest(buffer, inner, app, theme),
        }
    }
    frame::separators(buffer, layout, theme);
    if let Some(area) = layout.map {
        map::draw(buffer, area, app, theme);
    }
}

/// A pane's title, and what stands at the right of it.
fn title_of(pane: Pane, side: Side, app: &App, dump: &Dump) -> (String, String) {
    let title = match pane {
        Pane::Steps => {
            let branch = app
                .branch()
                .map(|(number, all)| format!("branch {number} of {all}"));
            return ("steps".to_string(), branch.unwrap_or_default());
        }
        Pane::Memory if side == Side::Before => title_before(app),
        Pane::Memory => title_after(app),
        Pane::Happened => "what happened".to_string(),
        Pane::Inspector => format!("byte {:#x}", app.cursor),
        Pane::Source => {
            let origin = Origin::of(app);
            return (origin.title, safe::cut(&origin.note, 30));
        }
        Pane::Guest => "guest".to_string(),
    };
    let part = dump
        .parts_of(app.cursor)
        .next()
        .filter(|_| pane == Pane::Memory && side == Side::After);
    let note = part.map(|part| {
        let called = part.called();
        let name = if part.kind.is_scripts() {
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
    });
    (title, note.unwrap_or_default())
}

/// `before step 4`, `before store 7`
fn title_before(app: &App) -> String {
    match (app.record(), app.position()) {
        (Some(_), Some(1..)) if grew(app) => "before memory grew".to_string(),
        (Some(step), Some(at @ 1..)) => format!(
            "before {} {}",
            event_text::noun(step),
            event_text::thousands(at as u64)
        ),
        _ => format!("before step {}", app.moment.step),
    }
}

/// `after step 4`, `after store 7 of 14`
fn title_after(app: &App) -> String {
    let step = app.moment.step;
    match (app.record(), app.position()) {
        (Some(record), Some(0)) => format!("before {}", event_text::ordinal(record, 1)),
        (Some(record), Some(at)) if grew(app) => {
            format!("after memory grew, {}", event_text::ordinal(record, at))
        }
        (Some(record), Some(at)) => format!("after {}", event_text::ordinal(record, at)),
        (Some(_), None) => format!("after step {step}"),
        (None, _) if app.timeline.steps().is_empty() => "memory".to_string(),
        (None, _) => format!("before step {step}"),
    }
}

/// Whether the event shown is growth.
fn grew(app: &App) -> bool {
    matches!(app.event(), Some(Event::Growth(_)))
}

/// One line for a terminal that is too small for anything else.
fn too_small(frame: &mut Frame, app: &App, theme: &Theme) {
    let ((least_columns, least_rows), (columns, rows)) = (LEAST, app.size);
    let text = match &app.session {
        SessionState::Broken(message) => safe::plain(message.lines().next().unwrap_or_default()),
        _ => {
            format!("linmem needs {least_columns}x{least_rows}; this terminal is {columns}x{rows}")
        }
    };
    let area = frame.area();
    for (row, line) in (0..area.height).zip(text::wrap(&text, area.width)) {
        Pen::at(frame.buffer_mut(), area, 0, row).put(&line, theme.text());
    }
}
