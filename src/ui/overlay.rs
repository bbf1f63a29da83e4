//! What lies over the panes: help, the inputs, the list of sessions, and the message of a session
//! that did not open.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use crate::app::{App, InputField, Overlay, SessionState};
use crate::safe;

use super::text::{self, Pen};
use super::theme::{Theme, Tone};
use super::{legend, overview, prompt};

pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    match &app.overlay {
        Overlay::Help { scroll } => help(frame.buffer_mut(), area, app, *scroll, theme),
        Overlay::Inputs { fields, chosen } => inputs(frame, area, fields, *chosen, theme),
        Overlay::Sessions { chosen } => choices(frame.buffer_mut(), area, app, *chosen, theme),
        Overlay::Prompt(line) => prompt::draw(frame, area, line, app, theme),
        Overlay::Guest { scroll } => overview::draw(frame.buffer_mut(), area, app, *scroll, theme),
        Overlay::None | Overlay::Search { .. } | Overlay::Save { .. } | Overlay::Answer { .. } => {
            if let SessionState::Broken(message) = &app.session {
                broken(frame.buffer_mut(), area, message, theme);
            }
        }
    }
}

/// Clears a box of at most so many columns and rows in the middle of `area`, draws its edge, and
/// returns its inside.
pub fn boxed(
    buffer: &mut Buffer,
    area: Rect,
    columns: u16,
    rows: u16,
    title: &str,
    theme: &Theme,
) -> Rect {
    let area = area.intersection(buffer.area);
    let (width, height) = (
        columns.saturating_add(4).min(area.width),
        rows.saturating_add(2).min(area.height),
    );
    let outer = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let glyphs = &theme.glyphs;
    let [top_left, top_right, bottom_left, bottom_right] = glyphs.corners;
    for row in 0..height {
        let (left, fill, right) = match row {
            0 => (top_left, glyphs.rule, top_right),
            row if row + 1 == height => (bottom_left, glyphs.rule, bottom_right),
            _ => (glyphs.separator, ' ', glyphs.separator),
        };
        for x in 0..width {
            let c = if x == 0 {
                left
            } else if x + 1 == width {
                right
            } else {
                fill
            };
            if let Some(cell) = buffer.cell_mut(Position::new(outer.x + x, outer.y + row)) {
                cell.reset();
                cell.set_char(c).set_style(if c == ' ' {
                    theme.text()
                } else {
                    theme.rule(false)
                });
            }
        }
    }
    let title = text::fit(title, width.saturating_sub(6), glyphs.cut);
    Pen::at(buffer, outer, 2, 0)
        .put(" ", theme.text())
        .put(&title, theme.strong())
        .put(" ", theme.text());
    Rect {
        x: outer.x + 2.min(width),
        y: outer.y + 1.min(height),
        width: width.saturating_sub(4),
        height: height.saturating_sub(2),
    }
}

type Line = Vec<(String, Style)>;

/// Columns for the keys in the help.
const KEYS: u16 = 15;

/// Every key by group, and what the marks mean.
fn help(buffer: &mut Buffer, area: Rect, app: &App, scroll: u16, theme: &Theme) {
    let lines = help_lines(area.width.saturating_sub(4), app, theme);
    let columns = lines
        .iter()
        .map(|l| l.iter().map(|(t, _)| text::width(t)).sum())
        .max()
        .unwrap_or(0);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let title = if rows > area.height.saturating_sub(2) {
        "keys and marks: j k scroll"
    } else {
        "keys and marks"
    };
    let inner = boxed(buffer, area, columns, rows, title, theme);
    let first = usize::from(scroll.min(rows.saturating_sub(inner.height)));
    for (row, line) in (0..inner.height).zip(lines.iter().skip(first)) {
        let mut pen = Pen::at(buffer, inner, 0, row);
        for (text, style) in line {
            pen.put(text, *style);
        }
    }
}

/// How far the help can be scrolled in an area, in lines.
pub fn last_help_line(area: Rect, app: &App, theme: &Theme) -> u16 {
    let hidden = help_lines(area.width.saturating_sub(4), app, theme).len();
    u16::try_from(hidden.saturating_sub(usize::from(area.height.saturating_sub(2))))
        .unwrap_or(u16::MAX)
}

/// The help in so many columns, an empty line between groups.
fn help_lines(columns: u16, app: &App, theme: &Theme) -> Vec<Line> {
    let title = |name: &str| vec![(name.to_string(), theme.strong())];
    let mut lines: Vec<Line> = Vec::new();
    for (name, keys) in app.keys.help() {
        lines.push(title(name));
        for (keys, what) in keys {
            let room = columns.saturating_sub(KEYS + 4);
            let (keys, parts) = (
                text::wrap(&theme.glyphs.key(&keys), KEYS),
                text::wrap(&what, room),
            );
            for row in 0..keys.len().max(parts.len()) {
                let part = |of: &[String]| of.get(row).cloned().unwrap_or_default();
                let mut keys = part(&keys);
                keys.push_str(
                    &" ".repeat(usize::from((KEYS + 2).saturating_sub(text::width(&keys)))),
                );
                lines.push(vec![
                    ("  ".into(), theme.text()),
                    (keys, theme.key()),
                    (part(&parts), theme.text()),
                ]);
            }
        }
        lines.push(Vec::new());
    }
    lines.push(title("marks"));
    for (mark, style, what) in legend::marks(app, theme) {
        let pad = " ".repeat(6usize.saturating_sub(usize::from(text::width(&mark))));
        lines.push(vec![
            ("  ".into(), theme.text()),
            (mark, style),
            (pad, theme.text()),
            (what, theme.text()),
        ]);
    }
    lines
}

fn inputs(frame: &mut Frame, area: Rect, fields: &[InputField], chosen: usize, theme: &Theme) {
    let key_width = fields
        .iter()
        .map(|f| text::width(&safe::plain(&f.facts.name)))
        .max()
        .unwrap_or(0)
        .min(20);
    let hint = "enter runs again, tab moves, esc closes";
    let columns = area.width.saturating_sub(8).min(70);
    let x = key_width.saturating_add(4);
    let errors: Vec<Vec<String>> = fields
        .iter()
        .map(|f| reasons(f, columns.saturating_sub(x)))
        .collect();
    let needed = fields.len() + errors.iter().map(Vec::len).sum::<usize>() + 2;
    let rows = u16::try_from(needed).unwrap_or(u16::MAX);
    let inner = boxed(frame.buffer_mut(), area, columns, rows, "inputs", theme);
    if fields.is_empty() {
        Pen::at(frame.buffer_mut(), inner, 0, 0).put("this session has no inputs", theme.faint());
    }
    // The chosen field stays in view where there are more than fit.
    let heights = errors.iter().map(|lines| lines.len() + 1);
    let room = usize::from(inner.height.saturating_sub(2));
    let skip = first_in_view(heights, chosen, room);
    let mut row = 0u16;
    for (index, (field, reasons)) in fields.iter().zip(&errors).enumerate().skip(skip) {
        if row.saturating_add(2) > inner.height {
            break;
        }
        let is_chosen = index == chosen;
        let style = if is_chosen {
            theme.strong()
        } else {
            theme.text()
        };
        let name = text::fit(&safe::plain(&field.facts.name), key_width, theme.glyphs.cut);
        let mark = if is_chosen { theme.glyphs.current } else { ' ' };
        let mut pen = Pen::at(frame.buffer_mut(), inner, 0, row);
        pen.put_char(mark, theme.pointer())
            .put(" ", style)
            .put(&name, style);
        let line = Rect {
            x: inner.x.saturating_add(x),
            y: inner.y.saturating_add(row),
            width: inner.width.saturating_sub(x),
            height: 1,
        };
        input_line(frame, line, &field.input, is_chosen, theme);
        row += 1;
        for reason in reasons {
            if row.saturating_add(2) > inner.height {
                break;
            }
            Pen::at(frame.buffer_mut(), inner, x, row).put(reason, theme.tone(Tone::Bad));
            row += 1;
        }
    }
    let last = inner.height.saturating_sub(1);
    let hint = text::fit(hint, inner.width, theme.glyphs.cut);
    Pen::at(frame.buffer_mut(), inner, 0, last).put(&hint, theme.faint());
}

/// Why what was typed in a field was refused, in lines of so many columns.
fn reasons(field: &InputField, columns: u16) -> Vec<String> {
    let mut lines = field
        .error
        .as_ref()
        .map(|error| text::wrap(&safe::plain(error), columns))
        .unwrap_or_default();
    lines.truncate(4);
    lines
}

/// The first of some things that is shown so that the chosen one is, all having so many rows each.
fn first_in_view(
    heights: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
    chosen: usize,
    room: usize,
) -> usize {
    let mut used = 0;
    let mut first = chosen;
    for (index, height) in heights
        .enumerate()
        .rev()
        .skip_while(|(index, _)| *index > chosen)
    {
        used += height;
        if index < chosen && used > room {
            break;
        }
        first = index;
    }
    first
}

/// A line being typed, scrolled so that its caret is seen; the terminal's cursor stands there where
/// it has the focus.
pub fn input_line(
    frame: &mut Frame,
    area: Rect,
    input: &tui_input::Input,
    focused: bool,
    theme: &Theme,
) {
    let area = area.intersection(frame.area());
    if area.is_empty() {
        return;
    }
    // What is typed may hold anything that was pasted: shown escaped, so the caret is found by the
    // escaped text before it.
    let caret: String = input.value().chars().take(input.cursor()).collect();
    let caret = text::width(&safe::plain(&caret));
    let skip = if focused {
        caret.saturating_add(1).saturating_sub(area.width)
    } else {
        0
    };
    let mut skipped = 0u16;
    let shown: String = safe::plain(input.value())
        .chars()
        .skip_while(|c| {
            let is_hidden = skipped < skip;
            skipped = skipped.saturating_add(text::width(c.encode_utf8(&mut [0; 4])));
            is_hidden
        })
        .collect();
    let style = if focused { theme.text() } else { theme.faint() };
    Pen::at(frame.buffer_mut(), area, 0, 0).put(&shown, style);
    if focused {
        frame.set_cursor_position((area.x.saturating_add(caret.saturating_sub(skip)), area.y));
    }
}

/// A line of the list that `p` opens.
struct Choice {
    name: String,
    about: String,
    /// A lesson that was finished.
    finished: bool,
}

/// The sessions, and behind them the lessons.
fn choices(buffer: &mut Buffer, area: Rect, app: &App, chosen: usize, theme: &Theme) {
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
    // Where descriptions are cut, the chosen one stands below in full.
    let room = area.width.saturating_sub(4);
    let chosen_about = choices
        .get(chosen)
        .map(|choice| choice.about.as_str())
        .unwrap_or_default();
    let below = if columns > room {
        text::wrap(chosen_about, room)
    } else {
        Vec::new()
    };
    let below_rows = if columns > room { 3 } else { 0 };
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
    let first = crate::app::panes::step_list::first_step(choices.len(), chosen, inner.height);
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

fn broken(buffer: &mut Buffer, area: Rect, message: &str, theme: &Theme) {
    let columns = area.width.saturating_sub(8).min(100);
    let message = message.lines().map(safe::plain).collect::<Vec<_>>();
    // A line that shows source keeps its spaces: only lines too long for the box are wrapped.
    let lines: Vec<String> = message
        .into_iter()
        .flat_map(|line| {
            if text::width(&line) <= columns {
                vec![line]
            } else {
                text::wrap(&line, columns)
            }
        })
        .collect();
    let columns = lines
        .iter()
        .map(|l| text::width(l))
        .max()
        .unwrap_or(0)
        .max(30);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let inner = boxed(
        buffer,
        area,
        columns,
        rows,
        "this session did not open",
        theme,
    );
    for (row, line) in (0..inner.height).zip(&lines) {
        Pen::at(buffer, inner, 0, row).put(
            line,
            if row == 0 {
                theme.tone(Tone::Bad)
            } else {
                theme.text()
            },
        );
    }
}
