//! The line of `:`, at the bottom of the screen over the panes, and the feedback below it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::App;
use crate::app::prompt::{Choices, Feedback, Mistake, Prompt};
use crate::safe;

use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// The most rows of feedback.
const MAX_ROWS: usize = 5;
/// Columns before what is typed.
const SIGN: u16 = 3;

/// Draws the line and its feedback.
pub fn draw(frame: &mut Frame, area: Rect, prompt: &Prompt, app: &App, theme: &Theme) {
    let width = area.width.saturating_sub(SIGN + 1);
    let visible = Visible::of(prompt, width);
    let mut below = feedback(prompt, &visible, area.width.saturating_sub(SIGN + 1), theme);
    below.truncate(MAX_ROWS.min(usize::from(area.height.saturating_sub(3))));
    let rows = u16::try_from(below.len())
        .unwrap_or(0)
        .saturating_add(2)
        .min(area.height);
    let area = Rect {
        y: area.bottom().saturating_sub(rows),
        height: rows,
        ..area
    };
    let buffer = frame.buffer_mut();
    for row in 0..rows {
        Pen::at(buffer, area, 0, row).clear();
    }
    Pen::at(buffer, area, 0, 0).fill(theme.glyphs.focused_rule, theme.rule(true));
    let title = text::fit(
        &title(prompt, app),
        area.width.saturating_sub(4),
        theme.glyphs.cut,
    );
    Pen::at(buffer, area, 1, 0)
        .put(" ", theme.text())
        .put(&title, theme.strong())
        .put(" ", theme.text());
    Pen::at(buffer, area, 1, 1).put(":", theme.key());
    let line = Rect {
        x: area.x + SIGN,
        y: area.y + 1.min(rows.saturating_sub(1)),
        width,
        height: 1.min(rows),
    };
    Pen::at(buffer, line, 0, 0).put(&visible.text, theme.text());
    for (row, pieces) in (2..rows).zip(below) {
        let mut pen = Pen::at(buffer, area, SIGN, row);
        for (piece, style) in pieces {
            pen.put(&piece, style);
        }
    }
    frame.set_cursor_position((line.x.saturating_add(visible.caret), line.y));
}

fn title(prompt: &Prompt, app: &App) -> String {
    let step = app.moment.step;
    match prompt.rest.len() {
        0 => format!("a step after step {step}"),
        n => format!(
            "a step after step {step}, and {} more",
            text::count(n as u64, "line")
        ),
    }
}

/// The part of the line that fits, scrolled so that the cursor is in it.
struct Visible {
    text: String,
    /// Columns hidden on the left.
    skip: u16,
    /// The column of the cursor in the visible text.
    caret: u16,
}

impl Visible {
    fn of(prompt: &Prompt, width: u16) -> Self {
        let value = prompt.input.value();
        let caret = columns_before(value, prompt.input.cursor());
        let skip = caret.saturating_add(1).saturating_sub(width);
        let mut skipped = 0u16;
        let text = safe::plain(value)
            .chars()
            .skip_while(|c| {
                let is_hidden = skipped < skip;
                skipped = skipped.saturating_add(text::width(c.encode_utf8(&mut [0; 4])));
                is_hidden
            })
            .take(usize::from(width))
            .collect();
        Visible {
            text,
            skip,
            caret: caret.saturating_sub(skip),
        }
    }
}

/// Returns the columns of the first `chars` characters, escaped.
fn columns_before(text: &str, chars: usize) -> u16 {
    let before: String = text.chars().take(chars).collect();
    text::width(&safe::plain(&before))
}

type Pieces = Vec<(String, Style)>;

/// Returns the feedback in lines of `columns` columns.
fn feedback(prompt: &Prompt, visible: &Visible, columns: u16, theme: &Theme) -> Vec<Pieces> {
    match &prompt.feedback {
        Feedback::Nothing => Vec::new(),
        Feedback::Hint(hint) => lines(hint, columns, 2, theme.faint()),
        Feedback::Mistake(mistake) => mistake_lines(prompt, mistake, visible, columns, theme),
        Feedback::Choices(choices) => choice_lines(choices, columns, theme),
    }
}

/// Returns at most `most` lines of a text.
fn lines(text: &str, columns: u16, most: usize, style: Style) -> Vec<Pieces> {
    let mut lines: Vec<Pieces> = text::wrap(&safe::plain(text), columns)
        .into_iter()
        .map(|line| vec![(line, style)])
        .collect();
    lines.truncate(most);
    lines
}

/// Returns carets under the characters concerned, where those are visible, then the message and the
/// help.
fn mistake_lines(
    prompt: &Prompt,
    mistake: &Mistake,
    visible: &Visible,
    columns: u16,
    theme: &Theme,
) -> Vec<Pieces> {
    let value = prompt.input.value();
    let from = columns_before(value, mistake.from);
    let to = columns_before(value, mistake.to).max(from.saturating_add(1));
    let (left, right) = (
        from.max(visible.skip) - visible.skip,
        to.saturating_sub(visible.skip).min(columns),
    );
    let mut out = Vec::new();
    if let Some(width) = right.checked_sub(left).filter(|width| *width > 0) {
        let carets = " ".repeat(usize::from(left)) + &"^".repeat(usize::from(width));
        out.push(vec![(carets, theme.tone(Tone::Bad))]);
    }
    // A message of the session may have several lines.
    for line in mistake.message.lines() {
        out.extend(lines(line, columns, 3, theme.tone(Tone::Bad)));
    }
    if let Some(help) = &mistake.help {
        out.extend(lines(help, columns, 2, theme.text()));
    }
    out
}

/// Returns the choices in rows, from one before the chosen row, and how many more there are.
fn choice_lines(choices: &Choices, columns: u16, theme: &Theme) -> Vec<Pieces> {
    const ROWS: usize = 3;
    let mut rows: Vec<Pieces> = vec![Vec::new()];
    let (mut used, mut chosen_row) = (0u16, 0);
    for (index, word) in choices.words.iter().enumerate() {
        let word = text::fit(
            safe::plain(word.trim_end()).as_str(),
            columns,
            theme.glyphs.cut,
        );
        let width = text::width(&word).saturating_add(2);
        if used > 0 && used.saturating_add(width) > columns.saturating_add(2) {
            rows.push(Vec::new());
            used = 0;
        }
        used = used.saturating_add(width);
        let is_chosen = choices.chosen == Some(index);
        if is_chosen {
            chosen_row = rows.len() - 1;
        }
        if let Some(row) = rows.last_mut() {
            row.push((
                word,
                if is_chosen {
                    theme.chosen()
                } else {
                    theme.text()
                },
            ));
            row.push(("  ".into(), theme.text()));
        }
    }
    let first = chosen_row
        .saturating_sub(1)
        .min(rows.len().saturating_sub(ROWS));
    let hidden = rows.len().saturating_sub(first + ROWS);
    let mut shown: Vec<Pieces> = rows.into_iter().skip(first).take(ROWS).collect();
    if hidden > 0 {
        let more = format!(
            "{} {}",
            theme.glyphs.cut,
            text::count(hidden as u64, "more row")
        );
        shown.push(vec![(more, theme.faint())]);
    }
    shown
}
