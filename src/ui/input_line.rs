//! A line being typed.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::safe;

use super::text::{self, Pen};
use super::theme::Theme;

/// Draws a line being typed, scrolled so that its caret is seen. With the focus, the terminal's cursor
/// is put there.
pub fn draw(frame: &mut Frame, area: Rect, input: &tui_input::Input, focused: bool, theme: &Theme) {
    let area = area.intersection(frame.area());
    if area.is_empty() {
        return;
    }
    // The line may contain anything that was pasted and is escaped, so that the caret is after the
    // escaped text before it.
    let caret: String = input.value().chars().take(input.cursor()).collect();
    let caret = text::width(&safe::plain(&caret));
    let skip = if focused {
        caret.saturating_add(1).saturating_sub(area.width)
    } else {
        0
    };
    let mut skipped = 0u16;
    let visible: String = safe::plain(input.value())
        .chars()
        .skip_while(|c| {
            let is_hidden = skipped < skip;
            skipped = skipped.saturating_add(text::width(c.encode_utf8(&mut [0; 4])));
            is_hidden
        })
        .collect();
    let style = if focused { theme.text() } else { theme.faint() };
    Pen::at(frame.buffer_mut(), area, 0, 0).put(&visible, style);
    if focused {
        frame.set_cursor_position((area.x.saturating_add(caret.saturating_sub(skip)), area.y));
    }
}
