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

/// Draws the list: the sessions, then the lessons.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, chosen: usize, theme: &Theme) {
    let sessions = app.sessions.iter().map(|session| Choice {
        name: safe::plain(&session.name),
        about: safe::plain(&session.description),
        finished: false,
    });
    let lessons = app
        .course
        .lessons
        .iter()
        .enumerate()
        .map(|(index, lesson)| Choice {
            name: format!("{:>2} {}", index + 1, safe::plain(&lesson.name)),
            about: safe::plain(&lesson.description),
            finished: lesson.finished,
        });
    let choices: Vec<Choice> = sessions.chain(lessons).collect();
    let name_width = choices
        .iter()
        .map(|choice| text::width(&choice.name))
        .max()
        .unwrap_or(0)
        .min(30);
    let about = choices
        .iter()
        .map(|choice| text::width(&choice.about))
        .max()
        .unwrap_or(0);
    // Lessons have a mark between name and description.
    let gap = if app.course.lessons.is_empty() { 4 } else { 6 };
    let columns = name_width.saturating_add(about).saturating_add(gap).max(24);
    // Where descriptions are cut, the chosen one is below the list in full.
    let width = area.width.saturating_sub(EDGES);
    let chosen_about = choices
        .get(chosen)
        .map(|choice| choice.about.as_str())
        .unwrap_or_default();
    let below = if columns > width {
        text::wrap(chosen_about, width)
    } else {
        Vec::new()
    };
    let below_rows = if columns > width { 3 } else { 0 };
    let rows = u16::try_from(choices.len().max(1))
        .unwrap_or(u16::MAX)
        .saturating_add(below_rows);
    let title = if app.course.lessons.is_empty() {
        "sessions"
    } else {
        "sessions, then lessons"
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
        let is_chosen = index == chosen;
        let mark = if is_chosen { theme.glyphs.current } else { ' ' };
        let style = if is_chosen {
            theme.chosen()
        } else {
            theme.text()
        };
        let name = text::fit(&choice.name, name_width, theme.glyphs.cut);
        let mut pen = Pen::at(buffer, inner, 0, row);
        pen.put_char(mark, theme.pointer())
            .put(" ", theme.text())
            .put(&name, style);
        if choice.finished {
            Pen::at(buffer, inner, name_width + 3, row)
                .put_char(theme.glyphs.ok, theme.tone(Tone::Good));
        }
        let mut pen = Pen::at(buffer, inner, name_width + gap, row);
        let about = text::fit(&choice.about, pen.room(), theme.glyphs.cut);
        pen.put(&about, theme.faint());
    }
}
