//! Memory in rows, as in a hex dump. Equal rows are squeezed, and several images are cut at the
//! same rows, so that they can be shown side by side.

use super::Image;

/// A row of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The address of the first byte, a multiple of the width.
    pub(crate) address: u64,
    /// The bytes; `None` past the end of memory.
    pub(crate) bytes: Vec<Option<u8>>,
}

impl Row {
    /// Reads the row of `width` bytes that begins at `address`.
    pub(crate) fn read(image: &Image, address: u64, width: u64) -> Row {
        let available = image.len().saturating_sub(address).min(width);
        let bytes = image.read(address, available).into_iter().map(Some);
        let mut bytes: Vec<Option<u8>> = bytes.collect();
        bytes.resize(width as usize, None);
        Row { address, bytes }
    }
}

/// A line of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A row with its bytes.
    Row(Row),
    /// Rows that equal the row above, shown as `*`.
    Squeezed {
        /// The address of the first of them.
        address: u64,
        /// The number of them.
        rows: u64,
    },
}

/// Cuts `from..to` into lines, widened to whole rows of `width` bytes. A row is squeezed if it
/// equals the row above it in the image and in every one of `with`, and `keep` does not return
/// `true` for its address. So the lines of several images stay level. The last row is never
/// squeezed.
pub fn rows(
    image: &Image,
    with: &[&Image],
    from: u64,
    to: u64,
    width: u64,
    keep: impl Fn(u64) -> bool,
) -> Vec<Line> {
    let width = width.max(1);
    let mut lines: Vec<Line> = Vec::new();
    let mut address = from / width * width;
    let mut above: Option<Vec<Row>> = None;
    while address < to {
        let row = Row::read(image, address, width);
        let mut here = vec![row.clone()];
        here.extend(with.iter().map(|image| Row::read(image, address, width)));
        let is_last = address.saturating_add(width) >= to;
        let is_like_above = above.as_ref().is_some_and(|above: &Vec<Row>| {
            above
                .iter()
                .zip(&here)
                .all(|(above, here)| above.bytes == here.bytes)
        });
        if is_like_above && !is_last && !keep(address) {
            match lines.last_mut() {
                Some(Line::Squeezed { rows, .. }) => *rows += 1,
                _ => lines.push(Line::Squeezed { address, rows: 1 }),
            }
        } else {
            lines.push(Line::Row(row));
            above = Some(here);
        }
        let Some(next) = address.checked_add(width) else {
            break;
        };
        address = next;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_squeezed_only_where_all_images_agree() {
        let before = Image::zeroed(65536);
        let mut after = before.clone();
        after.write(0x40, b"x");
        let lines = rows(&before, &[&after], 0, 0x70, 16, |_| false);
        let lines_at: Vec<u64> = lines
            .iter()
            .map(|l| match l {
                Line::Row(row) => row.address,
                Line::Squeezed { rows, .. } => 0xf00 + rows,
            })
            .collect();
        assert_eq!(lines_at, [0, 0xf03, 0x40, 0x50, 0x60]);
        assert_eq!(rows(&before, &[], 0, 0x40, 16, |a| a == 0x10).len(), 4);
    }

    #[test]
    fn the_end_of_memory_is_seen() {
        let lines = rows(&Image::zeroed(20), &[], 16, 32, 16, |_| false);
        let Some(Line::Row(row)) = lines.first() else {
            panic!("a row")
        };
        assert_eq!(row.bytes.iter().filter(|b| b.is_some()).count(), 4);
    }
}
