//! Turns the app into bytes: one frame is one write, which the terminal shows at once. Decides
//! nothing about what is drawn.

use std::io;

use crossterm::style::{Print, PrintStyledContent, StyledContent};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{cursor, queue};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, IntoCrossterm, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Size};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::modes;
use crate::ui::Screen;

/// The screen as the terminal shows it, so that only differences are sent.
#[derive(Debug)]
pub struct Canvas(Terminal<FrameBackend>);

impl Canvas {
    /// Returns an empty screen of `size` columns and rows.
    ///
    /// # Errors
    /// None in practice: nothing is written anywhere.
    pub fn new(size: (u16, u16)) -> io::Result<Canvas> {
        // With NO_COLOR set, crossterm turns every colour into a reset, which removes underline and
        // reverse too. The theme has no colours then, so the output needs no such reset.
        crossterm::style::force_color_output(true);
        let backend = FrameBackend {
            size: size.into(),
            cursor: Position::ORIGIN,
            bytes: Vec::new(),
        };
        Ok(Canvas(Terminal::new(backend)?))
    }

    /// Draws on `size` columns and rows from the next frame on.
    pub(super) fn resize(&mut self, size: (u16, u16)) {
        self.0.backend_mut().size = size.into();
    }

    /// Draws everything again in the next frame, because what the terminal shows is unknown.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    /// Draws one frame on the terminal.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(super) fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        modes::write(&self.frame(screen)?)
    }

    /// Returns the bytes that bring a terminal from the previous frame to this one.
    ///
    /// # Errors
    /// None in practice: nothing is written anywhere.
    pub fn frame(&mut self, screen: &Screen) -> io::Result<Vec<u8>> {
        let backend = self.0.backend_mut();
        // What `forget` wrote belongs inside the synchronized update; else the screen would flash.
        let before = std::mem::take(&mut backend.bytes);
        queue!(backend.bytes, BeginSynchronizedUpdate)?;
        backend.bytes.extend(before);
        self.0.draw(|frame| screen.draw(frame))?;
        let backend = self.0.backend_mut();
        queue!(backend.bytes, EndSynchronizedUpdate)?;
        Ok(std::mem::take(&mut backend.bytes))
    }

    /// Returns the frame as lines with styles, for a screen without modes.
    pub(super) fn lines(&mut self, screen: &Screen) -> io::Result<Vec<u8>> {
        lines(self.0.draw(|frame| screen.draw(frame))?.buffer)
    }
}

/// Returns a buffer as lines with their styles, without trailing blanks and empty lines.
fn lines(buffer: &Buffer) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut written = 0;
    for row in buffer.content.chunks(usize::from(buffer.area.width).max(1)) {
        let length = row
            .iter()
            .rposition(|cell| !is_blank(cell))
            .map_or(0, |last| last + 1);
        if length > 0 {
            written = bytes.len();
        }
        let mut run = (Style::default(), String::new());
        let mut skip = 0;
        for cell in row.iter().take(length) {
            // The cells after a wide character belong to it.
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = cell.symbol().width().saturating_sub(1);
            if cell.style() != run.0 {
                print_run(&mut bytes, &run)?;
                run = (cell.style(), String::new());
            }
            run.1.push_str(cell.symbol());
        }
        print_run(&mut bytes, &run)?;
        queue!(bytes, Print("\n"))?;
        if length > 0 {
            written = bytes.len();
        }
    }
    bytes.truncate(written);
    Ok(bytes)
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol().trim().is_empty() && cell.style() == Cell::EMPTY.style()
}

fn print_run(bytes: &mut Vec<u8>, (style, text): &(Style, String)) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    if *style == Cell::EMPTY.style() {
        return queue!(bytes, Print(text));
    }
    queue!(
        bytes,
        PrintStyledContent(StyledContent::new((*style).into_crossterm(), text))
    )
}

/// Collects the bytes of a frame, so that they are one write. Has the terminal's size, so that
/// nothing asks the terminal for it.
#[derive(Debug)]
struct FrameBackend {
    size: Size,
    cursor: Position,
    bytes: Vec<u8>,
}

impl FrameBackend {
    fn writer(&mut self) -> CrosstermBackend<&mut Vec<u8>> {
        CrosstermBackend::new(&mut self.bytes)
    }
}

impl Backend for FrameBackend {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        self.writer().draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        queue!(self.bytes, cursor::Hide)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        queue!(self.bytes, cursor::Show)
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.cursor = position.into();
        queue!(self.bytes, cursor::MoveTo(self.cursor.x, self.cursor.y))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.writer().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.writer().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::{Color, Modifier};

    #[test]
    fn a_kept_frame_has_its_styles_and_no_blank_tail() {
        crossterm::style::force_color_output(true);
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 8, 4));
        buffer.set_string(0, 0, "漢 ab", Style::new());
        buffer.set_string(
            1,
            2,
            "x",
            Style::new()
                .fg(Color::Red)
                .add_modifier(Modifier::UNDERLINED),
        );
        buffer.set_string(2, 2, "y", Style::new());
        let text = String::from_utf8(lines(&buffer).unwrap()).unwrap();
        assert!(text.starts_with("漢 ab\n\n \u{1b}["), "{text:?}");
        assert!(text.ends_with("y\n"), "{text:?}");
        assert!(
            text.contains("\u{1b}[38;5;1m") && text.contains("\u{1b}[4m"),
            "{text:?}"
        );
        assert_eq!(text.matches('\n').count(), 3);
    }
}
