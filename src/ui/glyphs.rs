//! The characters that the screen is drawn with, each one column wide: a Unicode set, and an ASCII
//! set for any terminal.

use crate::timeline::PartKind;

use super::byte_category::Category;

/// One character for each meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glyphs {
    pub current: char,
    pub ok: char,
    pub failed: char,
    pub cancelled: char,
    pub pending: char,
    pub running: char,
    pub finding: char,
    pub note: char,
    /// Of what differs from the run before.
    pub differs: char,
    /// Before the result of a step.
    pub arrow: &'static str,
    /// Before an event of an unfolded step, and before its last.
    pub branch: char,
    pub last_branch: char,
    /// Before a part of a step that is closed, and before one that is open.
    pub closed: char,
    pub opened: char,
    /// Before the marked line of source.
    pub line_mark: char,
    pub cut: char,
    pub pointer: char,
    pub pointer_before: char,
    pub changed: char,
    pub region_start: char,
    pub region_end: char,
    /// Between offset and bytes, and between bytes and text.
    pub bar: char,
    /// The same where the row is in a region.
    pub region_bar: char,
    /// The same for a released block, and for a data segment.
    pub released_bar: char,
    pub data_bar: char,
    /// Before the first byte of a field, and before a byte of padding.
    pub field: char,
    pub padding: char,
    /// Of a field that changed since the start.
    pub field_earlier: char,
    /// Between groups of eight bytes.
    pub group: char,
    pub rule: char,
    pub focused_rule: char,
    pub separator: char,
    pub joint_down: char,
    pub joint_up: char,
    pub joint_right: char,
    pub squeezed: char,
    pub map_start: char,
    pub map_end: char,
    pub map_nothing: char,
    pub map_at_start: char,
    pub map_earlier: char,
    pub map_changed: char,
    pub map_grown: char,
    /// The end of memory before the step shown.
    pub map_old_end: char,
    /// Where the stack pointer is.
    pub map_stack_pointer: char,
    pub map_line: char,
    pub nul: char,
    pub control: char,
    pub non_ascii: char,
    /// Corners of a box: top left, top right, bottom left, bottom right.
    pub corners: [char; 4],
}

impl Glyphs {
    pub fn unicode() -> Self {
        Glyphs {
            current: '▶',
            ok: '✓',
            failed: '✗',
            cancelled: '⊘',
            pending: '·',
            running: '◌',
            finding: '!',
            note: 'i',
            differs: '≠',
            arrow: "→",
            branch: '├',
            last_branch: '└',
            closed: '▸',
            opened: '▾',
            line_mark: '▸',
            cut: '…',
            pointer: '▸',
            pointer_before: '▹',
            changed: '+',
            region_start: '[',
            region_end: ']',
            bar: '│',
            region_bar: '┃',
            released_bar: '╳',
            data_bar: '╎',
            field: '¦',
            padding: '┄',
            field_earlier: '◦',
            group: '┊',
            rule: '─',
            focused_rule: '━',
            separator: '│',
            joint_down: '┬',
            joint_up: '┴',
            joint_right: '├',
            squeezed: '*',
            map_start: '▕',
            map_end: '▏',
            map_nothing: '▁',
            map_at_start: '▂',
            map_earlier: '▄',
            map_changed: '█',
            map_grown: '░',
            map_old_end: '┋',
            map_stack_pointer: '▾',
            map_line: '─',
            nul: '⋄',
            control: '•',
            non_ascii: '×',
            corners: ['╭', '╮', '╰', '╯'],
        }
    }

    pub fn ascii() -> Self {
        Glyphs {
            current: '>',
            ok: 'o',
            failed: 'x',
            cancelled: '-',
            pending: '.',
            running: '~',
            finding: '!',
            note: 'i',
            differs: '%',
            arrow: "->",
            branch: '|',
            last_branch: '`',
            closed: '>',
            opened: 'v',
            line_mark: '>',
            cut: '~',
            pointer: '>',
            pointer_before: '<',
            changed: '+',
            region_start: '[',
            region_end: ']',
            bar: '|',
            region_bar: '#',
            released_bar: 'x',
            data_bar: ':',
            field: '\'',
            padding: '_',
            field_earlier: ',',
            group: ':',
            rule: '-',
            focused_rule: '=',
            separator: '|',
            joint_down: '+',
            joint_up: '+',
            joint_right: '+',
            squeezed: '*',
            map_start: '[',
            map_end: ']',
            map_nothing: '_',
            map_at_start: '.',
            map_earlier: 'o',
            map_changed: '#',
            map_grown: ':',
            map_old_end: '|',
            map_stack_pointer: 'v',
            map_line: '-',
            nul: '.',
            control: '^',
            non_ascii: 'X',
            corners: ['+', '+', '+', '+'],
        }
    }

    /// Returns the letter of a part of memory.
    pub fn part(&self, kind: PartKind, released: bool) -> char {
        match kind {
            PartKind::Heap => 'h',
            PartKind::Stack => 's',
            PartKind::Data | PartKind::Segment => 'd',
            PartKind::Region => 'r',
            PartKind::Block if released => 'x',
            PartKind::Block => 'b',
        }
    }

    /// Returns what fills the columns of a part in the map's row of names.
    pub fn map_line(&self, kind: PartKind, released: bool) -> char {
        if released {
            self.part(kind, released)
        } else {
            self.map_line
        }
    }

    /// Returns a byte in the text column.
    pub fn byte(&self, byte: u8) -> char {
        match Category::of(byte) {
            Category::Printable => char::from(byte),
            Category::Whitespace if byte == b' ' => ' ',
            Category::Nul => self.nul,
            Category::Whitespace | Category::Control => self.control,
            Category::NonAscii => self.non_ascii,
        }
    }

    /// Returns a key of the keymap in characters of this set.
    pub fn key(&self, key: &str) -> String {
        if !self.is_ascii() {
            return key.to_string();
        }
        key.replace('←', "left")
            .replace('→', "right")
            .replace('↑', "up")
            .replace('↓', "down")
    }

    /// Returns a text with its arrows in characters of this set.
    pub fn arrows(&self, text: &str) -> String {
        if !self.is_ascii() {
            return text.to_string();
        }
        text.replace('←', "<-").replace('→', "->")
    }

    /// Returns the replacement for the text of a cell; `None` where this set has it.
    pub fn substitute(&self, symbol: &str) -> Option<char> {
        match symbol {
            _ if !self.is_ascii() || symbol.is_ascii() => None,
            "…" => Some(self.cut),
            "→" => Some('>'),
            "←" => Some('<'),
            _ => Some('?'),
        }
    }

    /// Returns whether all characters are ASCII.
    pub fn is_ascii(&self) -> bool {
        self.pointer.is_ascii()
    }
}
