//! The dialog that edits the session's inputs.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::InputField;
use crate::safe;

use super::boxed::boxed;
use super::input_line;
use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// The most lines of a reason that are shown.
const MAX_REASON_LINES: usize = 4;

/// Draws the dialog.
pub fn draw(frame: &mut Frame, area: Rect, fields: &[InputField], chosen: usize, theme: &Theme) {
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
    let visible = usize::from(inner.height.saturating_sub(2));
    let skip = first_in_view(heights, chosen, visible);
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
        input_line::draw(frame, line, &field.input, is_chosen, theme);
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

/// Returns why a field was refused, in lines of `columns` columns.
fn reasons(field: &InputField, columns: u16) -> Vec<String> {
    let mut lines = field
        .error
        .as_ref()
        .map(|error| text::wrap(&safe::plain(error), columns))
        .unwrap_or_default();
    lines.truncate(MAX_REASON_LINES);
    lines
}

/// Returns the first item that is shown, so that the chosen one is in view. `heights` are the rows of
/// each item.
fn first_in_view(
    heights: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
    chosen: usize,
    rows: usize,
) -> usize {
    let mut used = 0;
    let mut first = chosen;
    for (index, height) in heights
        .enumerate()
        .rev()
        .skip_while(|(index, _)| *index > chosen)
    {
        used += height;
        if index < chosen && used > rows {
            break;
        }
        first = index;
    }
    first
}
