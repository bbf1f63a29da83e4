//! One frame: everything on the screen, laid out once, then drawn.
//!
//! How far a pane can be scrolled depends on how its lines wrap, so that the lines that are drawn give
//! the limits too.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::layout::{Class, MIN_SIZE, content};
use crate::app::panes::view::View;
use crate::app::{App, Pane, ScrollLimits, SessionState};
use crate::safe;

use super::boxed::BoxedText;
use super::inspector::Table;
use super::memory::{self, Side};
use super::source::SourceLines;
use super::text::Line;
use super::text::{self, Pen};
use super::theme::Theme;
use super::{fields, frame, inspector, map, overlay, source, status, step_details, steps, titles};

/// Everything that one frame shows of a state.
pub struct Screen<'a> {
    app: &'a App,
    theme: &'a Theme,
    view: View,
    /// The lines of what happened, where that pane is shown.
    happened: Option<Vec<Line>>,
    inspector: Option<Table>,
    guest: Option<Table>,
    source: Option<SourceLines>,
    /// The text of an overlay that is scrolled.
    overlay: Option<BoxedText>,
}

impl<'a> Screen<'a> {
    /// Lays out the frame of a state.
    pub fn compute(app: &'a App, theme: &'a Theme) -> Self {
        let view = View::compute(app);
        let layout = &view.layout;
        let source = layout.source.zip(view.source.as_ref());
        let mut screen = Screen {
            happened: layout
                .happened
                .map(|area| step_details::lines(app, content(area), theme)),
            inspector: layout
                .inspector
                .map(|area| inspector::byte_table(app, content(area), theme)),
            guest: layout
                .guest
                .map(|area| inspector::guest_table(app, content(area), theme)),
            source: source
                .map(|(area, view)| SourceLines::of(view, content(area), app.scroll.source)),
            overlay: None,
            app,
            theme,
            view,
        };
        let panes = || {
            let mut buffer = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
            screen.draw_panes(&mut buffer);
            buffer
        };
        let overlay = overlay::scrolled_text(app, body(app), panes, theme);
        screen.overlay = overlay;
        screen
    }

    /// Returns how far each pane can be scrolled until its last line is seen.
    pub fn scroll_limits(&self) -> ScrollLimits {
        let layout = &self.view.layout;
        // A pane that is not shown has no limit.
        let limit = |area: Option<Rect>, lines: Option<usize>| {
            let hidden = lines?.saturating_sub(usize::from(content(area?).height));
            Some(u16::try_from(hidden).unwrap_or(u16::MAX))
        };
        let rows = |table: &Option<Table>| table.as_ref().map(Table::height);
        let none = ScrollLimits::default();
        ScrollLimits {
            happened: limit(layout.happened, self.happened.as_ref().map(Vec::len))
                .unwrap_or(none.happened),
            inspector: limit(layout.inspector, rows(&self.inspector)).unwrap_or(none.inspector),
            guest: limit(layout.guest, rows(&self.guest)).unwrap_or(none.guest),
            source: self
                .source
                .as_ref()
                .map_or(none.source, SourceLines::scroll_limits),
            overlay: self
                .overlay
                .as_ref()
                .map_or(none.overlay, |text| text.scroll_limit(body(self.app))),
        }
    }

    /// Draws the frame.
    pub fn draw(&self, frame: &mut Frame) {
        match self.view.layout.class {
            Class::Tiny => self.draw_too_small(frame),
            Class::Small | Class::Medium | Class::Wide => self.draw_all(frame),
        }
        substitute(frame.buffer_mut(), self.theme);
    }

    fn draw_all(&self, frame: &mut Frame) {
        let (app, theme, layout) = (self.app, self.theme, &self.view.layout);
        let buffer = frame.buffer_mut();
        frame::header(buffer, layout.header, app, &self.view.hex_dump, theme);
        // Of a session that did not open nothing is known but why: empty panes would only distract.
        let has_panes =
            !app.timeline.planned.is_empty() || !matches!(app.session, SessionState::Broken(_));
        if has_panes {
            self.draw_panes(buffer);
        }
        status::draw(frame, layout.status, app, theme);
        overlay::draw(frame, body(app), app, self.overlay.as_ref(), theme);
        status::notice(frame.buffer_mut(), layout.status, app, theme);
    }

    fn draw_panes(&self, buffer: &mut Buffer) {
        let (app, theme, view) = (self.app, self.theme, &self.view);
        let layout = &view.layout;
        if let Some(area) = layout.tabs {
            frame::tabs(buffer, area, app, view.has_fields, theme);
        }
        for (pane, area) in layout.panes() {
            let side = if Some(area) == layout.before {
                Side::Before
            } else {
                Side::After
            };
            let (title, note) = titles::of(pane, side, app, view);
            frame::title(buffer, area, &title, &note, pane == app.pane, theme);
            self.draw_pane(buffer, pane, side, content(area));
        }
        frame::separators(buffer, layout, theme);
        if let Some((area, memory)) = layout.map.zip(view.map.as_ref()) {
            map::draw(buffer, area, memory, view.window, app.cursor, theme);
        }
    }

    fn draw_pane(&self, buffer: &mut Buffer, pane: Pane, side: Side, area: Rect) {
        let (app, theme, view) = (self.app, self.theme, &self.view);
        match pane {
            Pane::Steps => steps::draw(buffer, area, app, &view.step_list, theme),
            Pane::Memory => memory::draw(buffer, area, app, &view.hex_dump, side, theme),
            Pane::Happened => {
                let lines = self.happened.as_deref().unwrap_or_default();
                step_details::draw(buffer, area, app, lines, theme);
            }
            Pane::Inspector => {
                if let Some(table) = &self.inspector {
                    inspector::draw_byte(buffer, area, table, app.scroll.inspector, theme);
                }
            }
            Pane::Source => {
                if let Some(lines) = &self.source {
                    source::draw(buffer, area, lines, theme);
                }
            }
            Pane::Fields => {
                if let Some(pane) = &view.fields {
                    fields::draw(buffer, area, pane, theme);
                }
            }
            Pane::Guest => {
                if let Some(table) = &self.guest {
                    inspector::draw_table(buffer, area, table, app.scroll.guest, theme);
                }
            }
        }
    }

    /// Draws one line for a terminal that is too small for anything else.
    fn draw_too_small(&self, frame: &mut Frame) {
        let ((least_columns, least_rows), (columns, rows)) = (MIN_SIZE, self.app.size);
        let text = match &self.app.session {
            SessionState::Broken(message) => {
                safe::plain(message.lines().next().unwrap_or_default())
            }
            _ => format!(
                "linmem needs {least_columns}x{least_rows}; this terminal is {columns}x{rows}"
            ),
        };
        let area = frame.area();
        for (row, line) in (0..area.height).zip(text::wrap(&text, area.width)) {
            Pen::at(frame.buffer_mut(), area, 0, row).put(&line, self.theme.text());
        }
    }
}

/// Returns the area that overlays cover: all but the header and the status line.
fn body(app: &App) -> Rect {
    Rect::new(0, 1, app.size.0, app.size.1.saturating_sub(2))
}

/// Replaces symbols of untrusted text that the theme's set of glyphs does not have.
fn substitute(buffer: &mut Buffer, theme: &Theme) {
    for cell in &mut buffer.content {
        if let Some(instead) = theme.glyphs.substitute(cell.symbol()) {
            cell.set_char(instead);
        }
    }
}
