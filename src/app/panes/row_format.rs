//! The columns of a row of the hex dump: pointer name, offset, bytes in hex, bytes as text.

/// The columns of a row, counted from the left edge of its pane.
///
/// Roomy: `+ ptr▸00000400 │ 44 69 … ┊ … 00 │Did you ┊know`. Compact, for 40 columns: `+0400│44 69 …
/// 00│Did you`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowFormat {
    pub bytes: u64,
    /// Columns for a pointer's name; none in a compact row.
    pub name: u16,
    /// Columns of the offset.
    pub digits: u16,
    pub is_roomy: bool,
    pub has_text: bool,
}

/// Columns of a pointer's name, at least.
const NAME: u16 = 4;
/// Columns of the offset in a roomy row, at least.
const DIGITS: u16 = 8;

impl RowFormat {
    /// Returns the format of rows of `bytes` bytes of a memory of `len` bytes, in `columns` columns.
    pub fn of(columns: u16, bytes: u64, len: u64) -> Self {
        let needed = hex_digits(len.saturating_sub(1));
        let roomy = RowFormat {
            bytes,
            name: NAME,
            digits: needed.max(DIGITS),
            is_roomy: true,
            has_text: true,
        };
        if let Some(free) = columns.checked_sub(roomy.columns()) {
            return RowFormat {
                name: NAME + free.min(6),
                ..roomy
            };
        }
        let compact = RowFormat {
            name: 0,
            digits: needed.max(4),
            is_roomy: false,
            ..roomy
        };
        RowFormat {
            has_text: compact.columns() <= columns,
            ..compact
        }
    }

    /// Returns the columns that a roomy row of `bytes` bytes needs.
    pub fn roomy_columns(bytes: u64) -> u16 {
        RowFormat {
            bytes,
            name: NAME,
            digits: DIGITS,
            is_roomy: true,
            has_text: true,
        }
        .columns()
    }

    /// Returns the columns of the whole row.
    pub fn columns(&self) -> u16 {
        match self.bytes.checked_sub(1) {
            Some(last) if self.has_text => self.text_column(last) + 1,
            Some(last) => self.hex_column(last) + 2,
            None => self.offset_column() + self.digits,
        }
    }

    /// Returns the column of the offset.
    pub fn offset_column(&self) -> u16 {
        if self.is_roomy { self.name + 2 } else { 1 }
    }

    /// Returns the column of the bar between offset and bytes.
    pub fn bar_column(&self) -> u16 {
        self.offset_column() + self.digits + u16::from(self.is_roomy)
    }

    /// Returns the column where a byte's two digits begin. The columns before and after them are free
    /// for marks.
    pub fn hex_column(&self, byte: u64) -> u16 {
        let byte = byte.min(255) as u16;
        let groups = if self.is_roomy { byte / 8 * 2 } else { 0 };
        self.bar_column() + 1 + u16::from(self.is_roomy) + byte * 3 + groups
    }

    /// Returns the column of the bar between bytes and text.
    pub fn text_bar_column(&self) -> u16 {
        self.hex_column(self.bytes.saturating_sub(1)) + 2 + u16::from(self.is_roomy)
    }

    /// Returns the column of a byte's character.
    pub fn text_column(&self, byte: u64) -> u16 {
        let byte = byte.min(255) as u16;
        let groups = if self.is_roomy { byte / 8 } else { 0 };
        self.text_bar_column() + 1 + byte + groups
    }

    /// Returns the byte of the row that a column shows, in hex or as text.
    pub fn byte_at(&self, column: u16) -> Option<u64> {
        (0..self.bytes).find(|byte| {
            let hex = self.hex_column(*byte);
            (hex..hex + 2).contains(&column) || (self.has_text && self.text_column(*byte) == column)
        })
    }
}

fn hex_digits(n: u64) -> u16 {
    (64 - n.leading_zeros()).div_ceil(4) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::PAGE;

    #[test]
    fn a_column_finds_the_byte_drawn_there() {
        for format in [
            RowFormat::of(85, 16, PAGE),
            RowFormat::of(40, 8, PAGE),
            RowFormat::of(300, 32, 1 << 40),
        ] {
            for byte in 0..format.bytes {
                assert_eq!(format.byte_at(format.hex_column(byte)), Some(byte));
                assert_eq!(format.byte_at(format.text_column(byte)), Some(byte));
            }
            assert_eq!(format.byte_at(format.bar_column()), None);
        }
        assert!(!RowFormat::of(40, 8, 1 << 40).has_text);
        assert_eq!(RowFormat::of(40, 8, PAGE).columns(), 38);
    }
}
