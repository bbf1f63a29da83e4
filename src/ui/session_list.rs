//! The list of sessions and lessons to choose from.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::panes::step_list::first_step;
use crate::safe;

use super::boxed::{EDGES, boxed};
use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// A line of the list.
struct Choice {
    name: String,
    about: String,
    /// Whether it is a lesson that was finished.
    finished: bool,
}

impl Choice {
    /// Returns the sessions, then the lessons.
    fn all(app: &App) -> Vec<Choice> {
        let sessions = app.sessions.iter().map(|session| Choice {
            name: safe::plain(&session.name),
            about: safe::plain(&session.description),
            finished: false,
        });
        let lessons = (1..)
            .zip(&app.course.lessons)
            .map(|(number, lesson)| Choice {
                name: format!("{number:>2} {}", safe::plain(&lesson.name)),
                about: safe::plain(&lesson.description),
                finished: lesson.finished,
            });
        sessions.chain(lessons).collect()
    }
}

/// Draws the list: the sessions, then the lessons.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, chosen: usize, theme: &Theme) {
    let choices = Choice::all(app);
    let widest = |column: fn(&Choice) -> &str| {
        let widths = choices.iter().map(|choice| text::width(column(choice)));
        widths.max().unwrap_or(0)
    };
    let (name_width, about_width) = (widest(|c| &c.name).min(30), widest(|c| &c.about));
    let has_lessons = !app.course.lessons.is_empty();
    // Lessons have a mark between name and description.
    let gap = if has_lessons { 6 } else { 4 };
    let columns = name_width
        .saturating_add(about_width)
        .saturating_add(gap)
        .max(24);
    // Where descriptions are cut, the chosen one is below the list in full.
    let width = area.width.saturating_sub(EDGES);
    let below = match choices.get(chosen) {
        Some(choice) if columns > width => text::wrap(&choice.about, width),
        _ => Vec::new(),
    };
    let below_rows = if columns > width { 3 } else { 0 };
    let rows = u16::try_from(choices.len().max(1))
        .unwrap_or(u16::MAX)
        .saturating_add(below_rows);
    let title = if has_lessons {
        "sessions, then lessons"
    } else {
        "sessions"
    };
    let whole = boxed(buffer, area, columns, rows, title, theme);
    let inner = Rect {
        height: whole.height.saturating_sub(below_rows),
        ..whole
    };
    for (row, line) in (inner.height.saturating_add(1)..whole.height).zip(&below) {
        Pen::at(buffer, whole, 0, row).put(line, theme.text());
    }
    if choices.is_empty() {
        Pen::at(buffer, inner, 0, 0).put("no other session", theme.faint());
    }
    let first = first_step(choices.len(), chosen, inner.height);
    for (row, (index, choice)) in (0..inner.height).zip(choices.iter().enumerate().skip(first)) {
        let line = Rect {
            y: inner.y.saturating_add(row),
            height: 1,
            ..inner
        };
        draw_choice(
            buffer,
            line,
            choice,
            [name_width, gap],
            index == chosen,
            theme,
        );
    }
}

/// Draws a line of the list; `name_width` columns are for the name, and `gap` for what is around it.
fn draw_choice(
    buffer: &mut Buffer,
    line: Rect,
    choice: &Choice,
    [name_width, gap]: [u16; 2],
    is_chosen: bool,
    theme: &Theme,
) {
    let (mark, style) = if is_chosen {
        (theme.glyphs.current, theme.chosen())
    } else {
        (' ', theme.text())
    };
    let name = text::fit(&choice.name, name_width, theme.glyphs.cut);
    Pen::at(buffer, line, 0, 0)
        .put_char(mark, theme.pointer())
        .put(" ", theme.text())
        .put(&name, style);
    if choice.finished {
        Pen::at(buffer, line, name_width + 3, 0).put_char(theme.glyphs.ok, theme.tone(Tone::Good));
    }
    let mut pen = Pen::at(buffer, line, name_width + gap, 0);
    let about = text::fit(&choice.about, pen.columns_left(), theme.glyphs.cut);
    pen.put(&about, theme.faint());
}
