//! Memory as text for the clipboard, in the usual form of a hex dump: address, bytes, characters.

use std::fmt::Write as _;

use super::layout;
use crate::app::App;
use crate::timeline::{Image, Span};

/// Returns the row under the cursor; none without memory.
pub(in crate::app) fn row(app: &App) -> Vec<String> {
    let width = layout::row_width(app.size);
    lines(&app.memory(), app.cursor / width * width, 1, width)
}

/// Returns the rows that the memory pane shows.
pub(in crate::app) fn view(app: &App) -> Vec<String> {
    let Span { start, len } = layout::window(app);
    let width = layout::row_width(app.size);
    lines(&app.memory(), start, len / width, width)
}

fn lines(memory: &Image, from: u64, rows: u64, width: u64) -> Vec<String> {
    (0..rows)
        .map(|row| from.saturating_add(row.saturating_mul(width)))
        .take_while(|address| *address < memory.len())
        .map(|address| {
            line(
                address,
                &memory.read(address, width.min(memory.len() - address)),
                width,
            )
        })
        .collect()
}

fn line(address: u64, bytes: &[u8], width: u64) -> String {
    let mut hex = String::new();
    for byte in bytes {
        let _ = write!(hex, " {byte:02x}");
    }
    let text: String = bytes
        .iter()
        .map(|b| {
            if matches!(b, 0x20..=0x7e) {
                char::from(*b)
            } else {
                '.'
            }
        })
        .collect();
    let columns = usize::try_from(width.saturating_mul(3)).unwrap_or(0);
    format!("{address:08x} {hex:<columns$}  |{text}|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stop_at_the_end_of_memory() {
        let mut memory = Image::zeroed(20);
        memory.write(14, b"Did\x1b");
        assert_eq!(
            lines(&memory, 0, 4, 16),
            [
                "00000000  00 00 00 00 00 00 00 00 00 00 00 00 00 00 44 69  |..............Di|",
                "00000010  64 1b 00 00                                      |d...|",
            ]
        );
        assert!(lines(&Image::default(), 0, 4, 16).is_empty());
    }
}
