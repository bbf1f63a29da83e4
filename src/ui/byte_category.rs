//! The kinds of byte that hex dumps distinguish.

/// The kinds of byte that hex dumps distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    Nul,
    Printable,
    Whitespace,
    Control,
    NonAscii,
}

impl Category {
    pub fn of(byte: u8) -> Self {
        match byte {
            0 => Category::Nul,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0c => Category::Whitespace,
            0x21..=0x7e => Category::Printable,
            0x80.. => Category::NonAscii,
            _ => Category::Control,
        }
    }
}
