//! Memory in rows, as in a hex dump. Equal rows are squeezed, and several images are cut at the
//! same rows, so that they can be shown side by side.

use super::Image;

/// A row of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The address of the first byte, a multiple of the width.
    pub address: u64,
    /// The bytes; `None` past the end of memory.
    pub bytes: Vec<Option<u8>>,
}

/// A line of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A row.
    Row(Row),
    /// Rows that equal the one above, shown as `*`.
    Squeezed {
        /// The address of the first of them.
        address: u64,
        /// How many there are.
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
    let mut above: Option<Vec<Vec<Option<u8>>>> = None;
    while address < to {
        let here: Vec<Vec<Option<u8>>> = std::iter::once(image)
            .chain(with.iter().copied())
            .map(|i| row_of(i, address, width))
            .collect();
        let is_last = address.saturating_add(width) >= to;
        if above.as_ref() == Some(&here) && !is_last && !keep(address) {
            match lines.last_mut() {
                Some(Line::Squeezed { rows, .. }) => *rows += 1,
                _ => lines.push(Line::Squeezed { address, rows: 1 }),
            }
        } else {
            lines.push(Line::Row(Row {
                address,
                bytes: here.first().cloned().unwrap_or_default(),
            }));
            above = Some(here);
        }
        let Some(next) = address.checked_add(width) else {
            break;
        };
        address = next;
    }
    lines
}

fn row_of(image: &Image, address: u64, width: u64) -> Vec<Option<u8>> {
    let held = image.len().saturating_sub(address).min(width);
    let mut bytes: Vec<Option<u8>> = image.read(address, held).into_iter().map(Some).collect();
    bytes.resize(width as usize, None);
    bytes
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
