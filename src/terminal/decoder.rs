//! Decodes bytes of the terminal into keys, clicks and pastes. Reads nothing itself.
//!
//! It replaces crossterm's reader, which reads a blocking file descriptor until a sequence is
//! complete, so that half a sequence blocks the screen and the signals. That reader also waits for
//! edges, so that input past its first 1024 bytes stays unread until the next key, and it spins when
//! the terminal is gone. The keys are the same as crossterm's.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the person did at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    Key(KeyEvent),
    /// The left button went down.
    Click {
        column: u16,
        row: u16,
    },
    /// The wheel turned by one notch: 1 down, -1 up.
    Wheel {
        column: u16,
        row: u16,
        notches: i16,
    },
    /// Pasted text; line ends are `\n`.
    Paste(String),
}

/// The most bytes of a paste; the rest is dropped.
const PASTE_LIMIT: usize = 1 << 20;
/// The most bytes of a control sequence; a longer one is not a sequence.
const SEQUENCE_LIMIT: usize = 64;
const PASTE_END: &[u8] = b"\x1b[201~";

/// The decoder, with the unfinished bytes between two reads.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// What the first bytes mean.
enum Head {
    /// A number of bytes, and their input if they mean one.
    Whole(usize, Option<Input>),
    /// A number of bytes, after which a paste begins.
    Paste(usize),
    Unfinished,
}

impl Decoder {
    /// Takes bytes as they were read. Returns the inputs that they complete, in order.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.pending.extend_from_slice(bytes);
        let mut inputs = Vec::new();
        while !self.pending.is_empty() {
            if self.paste.is_some() {
                match self.take_paste() {
                    Some(text) => inputs.push(Input::Paste(text)),
                    None => break,
                }
                continue;
            }
            match head(&self.pending) {
                Head::Whole(length, input) => {
                    self.drop_pending(length);
                    inputs.extend(input);
                }
                Head::Paste(length) => {
                    self.drop_pending(length);
                    self.paste = Some(Vec::new());
                }
                Head::Unfinished => break,
            }
        }
        inputs
    }

    /// Returns whether the bytes so far are a key if no more follow: an escape, alone or before a key
    /// with alt.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.paste.is_none() && matches!(self.pending.as_slice(), [0x1b] | [0x1b, b'[' | b'O'])
    }

    /// Returns the key of ambiguous bytes, after no more have followed.
    pub(super) fn settle(&mut self) -> Option<Input> {
        if !self.is_ambiguous() {
            return None;
        }
        let pending = std::mem::take(&mut self.pending);
        Some(Input::Key(match pending.get(1) {
            None => plain(KeyCode::Esc),
            Some(&byte) => with(typed(char::from(byte)), KeyModifiers::ALT),
        }))
    }

    fn drop_pending(&mut self, length: usize) {
        self.pending.drain(..length.min(self.pending.len()));
    }

    /// Returns the paste if its end has arrived, else keeps what cannot be a part of its end.
    fn take_paste(&mut self) -> Option<String> {
        let end = self
            .pending
            .windows(PASTE_END.len())
            .position(|window| window == PASTE_END);
        let content = end.unwrap_or(self.pending.len().saturating_sub(PASTE_END.len() - 1));
        let paste = self.paste.get_or_insert_default();
        let room = PASTE_LIMIT.saturating_sub(paste.len());
        paste.extend(self.pending.drain(..content).take(room));
        end?;
        self.drop_pending(PASTE_END.len());
        let text = String::from_utf8_lossy(&self.paste.take()?).into_owned();
        Some(text.replace("\r\n", "\n").replace('\r', "\n"))
    }
}

fn head(bytes: &[u8]) -> Head {
    match bytes {
        [0x1b] => Head::Unfinished,
        [0x1b, b'[', rest @ ..] => control_sequence(rest),
        [0x1b, b'O', rest @ ..] => match rest {
            [] => Head::Unfinished,
            [last, ..] => Head::Whole(3, letter_key(*last).map(|code| Input::Key(plain(code)))),
        },
        [0x1b, 0x1b, ..] => Head::Whole(1, Some(Input::Key(plain(KeyCode::Esc)))),
        [0x1b, rest @ ..] => match character(rest) {
            Some((length, key)) => Head::Whole(
                1 + length,
                key.map(|key| Input::Key(with(key, KeyModifiers::ALT))),
            ),
            None => Head::Unfinished,
        },
        _ => match character(bytes) {
            Some((length, key)) => Head::Whole(length, key.map(Input::Key)),
            None => Head::Unfinished,
        },
    }
}

/// Returns the length of the first character or control code, and its key if it has one; `None` while
/// bytes are missing.
fn character(bytes: &[u8]) -> Option<(usize, Option<KeyEvent>)> {
    let first = *bytes.first()?;
    let control = |c| {
        Some(with(
            plain(KeyCode::Char(char::from(c))),
            KeyModifiers::CONTROL,
        ))
    };
    let key = match first {
        b'\r' => Some(plain(KeyCode::Enter)),
        b'\t' => Some(plain(KeyCode::Tab)),
        // Some terminals send ctrl-h for the backspace key.
        0x7f | 0x08 => Some(plain(KeyCode::Backspace)),
        0x00 => control(b' '),
        0x01..=0x1a => control(first - 1 + b'a'),
        0x1b => Some(plain(KeyCode::Esc)),
        0x1c..=0x1f => control(first - 0x1c + b'4'),
        0x20..=0x7e => Some(typed(char::from(first))),
        _ => return wide_character(bytes),
    };
    Some((1, key))
}

fn wide_character(bytes: &[u8]) -> Option<(usize, Option<KeyEvent>)> {
    let chunk = bytes.get(..bytes.len().min(4))?;
    match std::str::from_utf8(chunk) {
        Ok(text) => text.chars().next().map(|c| (c.len_utf8(), Some(typed(c)))),
        Err(error) if error.valid_up_to() > 0 => {
            let text = chunk
                .get(..error.valid_up_to())
                .and_then(|valid| std::str::from_utf8(valid).ok())?;
            text.chars().next().map(|c| (c.len_utf8(), Some(typed(c))))
        }
        // No length: the character is cut off, and its rest may follow.
        Err(error) => error.error_len().map(|length| (length, None)),
    }
}

/// Decodes what follows `ESC [`.
fn control_sequence(rest: &[u8]) -> Head {
    match rest {
        // The Linux console's F1 to F5.
        [b'[', last, ..] => {
            let code = last
                .checked_sub(b'A')
                .filter(|&n| n < 5)
                .map(|n| KeyCode::F(n + 1));
            return Head::Whole(4, code.map(|code| Input::Key(plain(code))));
        }
        [b'['] => return Head::Unfinished,
        // Mouse reports of terminals without the SGR form.
        [b'M', button, column, row, ..] => {
            let place = |byte: u8| u16::from(byte.saturating_sub(33));
            return Head::Whole(
                6,
                mouse(
                    u16::from(button.saturating_sub(32)),
                    place(*column),
                    place(*row),
                ),
            );
        }
        [b'M', ..] => return Head::Unfinished,
        _ => {}
    }
    let Some(end) = rest
        .iter()
        .take(SEQUENCE_LIMIT)
        .position(|byte| !(0x20..=0x3f).contains(byte))
    else {
        let is_sequence = rest.len() < SEQUENCE_LIMIT;
        return if is_sequence {
            Head::Unfinished
        } else {
            Head::Whole(2 + SEQUENCE_LIMIT, None)
        };
    };
    let (Some(&last), Some(parameters)) = (rest.get(end), rest.get(..end)) else {
        return Head::Unfinished;
    };
    if !(0x40..=0x7e).contains(&last) {
        // Not a sequence: the byte that ended it is decoded by itself.
        return Head::Whole(2 + end, None);
    }
    let length = 2 + end + 1;
    if last == b'~' && parameters == b"200" {
        return Head::Paste(length);
    }
    Head::Whole(length, sequence(parameters, last))
}

fn sequence(parameters: &[u8], last: u8) -> Option<Input> {
    if let Some(report) = parameters.strip_prefix(b"<") {
        let mut numbers = numbers(report);
        let (button, column, row) = (numbers.next()?, numbers.next()?, numbers.next()?);
        return if last == b'M' {
            mouse(button, column.checked_sub(1)?, row.checked_sub(1)?)
        } else {
            None
        };
    }
    let mut numbers = numbers(parameters);
    let first = numbers.next();
    let modifiers = modifiers(numbers.next().unwrap_or(1));
    let key = match last {
        b'Z' => with(plain(KeyCode::BackTab), KeyModifiers::SHIFT),
        b'~' => plain(numbered_key(first?)?),
        last => plain(letter_key(last)?),
    };
    Some(Input::Key(with(key, modifiers)))
}

/// Returns the numbers between semicolons; a missing one is 1, as in ECMA-48.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.split(|&byte| byte == b';').map(|digits| {
        let text = std::str::from_utf8(digits).unwrap_or_default();
        text.parse().unwrap_or(1)
    })
}

fn modifiers(parameter: u16) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    modifiers.set(KeyModifiers::SHIFT, bits & 1 != 0);
    modifiers.set(KeyModifiers::ALT, bits & 2 != 0);
    modifiers.set(KeyModifiers::CONTROL, bits & 4 != 0);
    modifiers
}

fn letter_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn numbered_key(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F(u8::try_from(number - 10).ok()?),
        17..=21 => KeyCode::F(u8::try_from(number - 11).ok()?),
        23 | 24 => KeyCode::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// Returns a press of the left button or a notch of the wheel; other reports of the mouse are ignored.
fn mouse(button: u16, column: u16, row: u16) -> Option<Input> {
    // Shift, alt and control may be held.
    match button & !0b1_1100 {
        0 => Some(Input::Click { column, row }),
        64 => Some(Input::Wheel {
            column,
            row,
            notches: -1,
        }),
        65 => Some(Input::Wheel {
            column,
            row,
            notches: 1,
        }),
        _ => None,
    }
}

fn plain(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Returns the key of a character; a capital letter has shift, as in crossterm.
fn typed(c: char) -> KeyEvent {
    let modifiers = if c.is_uppercase() {
        KeyModifiers::SHIFT
    } else {
        KeyModifiers::NONE
    };
    KeyEvent::new(KeyCode::Char(c), modifiers)
}

fn with(mut key: KeyEvent, modifiers: KeyModifiers) -> KeyEvent {
    key.modifiers |= modifiers;
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Input {
        Input::Key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn keys_are_what_crossterm_makes_of_them() {
        let (none, shift, alt, control) = (
            KeyModifiers::NONE,
            KeyModifiers::SHIFT,
            KeyModifiers::ALT,
            KeyModifiers::CONTROL,
        );
        let rows: &[(&[u8], KeyCode, KeyModifiers)] = &[
            (b"q", KeyCode::Char('q'), none),
            (b"Q", KeyCode::Char('Q'), shift),
            (b" ", KeyCode::Char(' '), none),
            (b"\r", KeyCode::Enter, none),
            (b"\n", KeyCode::Char('j'), control),
            (b"\t", KeyCode::Tab, none),
            (b"\x7f", KeyCode::Backspace, none),
            (b"\x03", KeyCode::Char('c'), control),
            (b"\x1a", KeyCode::Char('z'), control),
            (b"\0", KeyCode::Char(' '), control),
            (b"\x1f", KeyCode::Char('7'), control),
            ("ä".as_bytes(), KeyCode::Char('ä'), none),
            ("Ä".as_bytes(), KeyCode::Char('Ä'), shift),
            ("🦀".as_bytes(), KeyCode::Char('🦀'), none),
            (b"\x1bx", KeyCode::Char('x'), alt),
            (b"\x1b[A", KeyCode::Up, none),
            (b"\x1bOB", KeyCode::Down, none),
            (b"\x1b[1;5C", KeyCode::Right, control),
            (b"\x1b[1;4D", KeyCode::Left, shift | alt),
            (b"\x1b[Z", KeyCode::BackTab, shift),
            (b"\x1b[H", KeyCode::Home, none),
            (b"\x1b[4~", KeyCode::End, none),
            (b"\x1b[5~", KeyCode::PageUp, none),
            (b"\x1b[6;2~", KeyCode::PageDown, shift),
            (b"\x1bOP", KeyCode::F(1), none),
            (b"\x1b[[B", KeyCode::F(2), none),
            (b"\x1b[15~", KeyCode::F(5), none),
            (b"\x1b[24~", KeyCode::F(12), none),
        ];
        for (bytes, code, modifiers) in rows {
            assert_eq!(
                Decoder::default().feed(bytes),
                [key(*code, *modifiers)],
                "{:?}",
                bytes.escape_ascii().to_string()
            );
            // The same in single bytes, as a slow line delivers them.
            let mut slow = Decoder::default();
            let inputs: Vec<_> = bytes.iter().flat_map(|&byte| slow.feed(&[byte])).collect();
            assert_eq!(
                inputs,
                [key(*code, *modifiers)],
                "{:?}",
                bytes.escape_ascii().to_string()
            );
        }
    }

    #[test]
    fn an_escape_alone_is_a_key_only_when_nothing_follows() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(b"\x1b"), []);
        assert!(decoder.is_ambiguous());
        assert_eq!(
            decoder.settle(),
            Some(key(KeyCode::Esc, KeyModifiers::NONE))
        );
        assert!(!decoder.is_ambiguous());
        assert_eq!(decoder.settle(), None);
        assert_eq!(decoder.feed(b"\x1b["), []);
        assert_eq!(
            decoder.settle(),
            Some(key(KeyCode::Char('['), KeyModifiers::ALT))
        );
        assert_eq!(decoder.feed(b"\x1b[1"), []);
        assert!(
            !decoder.is_ambiguous(),
            "the rest of a sequence is waited for"
        );
        assert_eq!(
            decoder.feed(b";5A"),
            [key(KeyCode::Up, KeyModifiers::CONTROL)]
        );
        let two = [
            key(KeyCode::Esc, KeyModifiers::NONE),
            key(KeyCode::Up, KeyModifiers::NONE),
        ];
        assert_eq!(decoder.feed(b"\x1b\x1b[A"), two);
    }

    #[test]
    fn the_mouse_reports_presses_and_the_wheel() {
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder.feed(b"\x1b[<0;12;300M\x1b[<0;12;300m"),
            [Input::Click {
                column: 11,
                row: 299
            }]
        );
        assert_eq!(
            decoder.feed(b"\x1b[<64;1;1M"),
            [Input::Wheel {
                column: 0,
                row: 0,
                notches: -1
            }]
        );
        assert_eq!(
            decoder.feed(b"\x1b[<69;2;3M"),
            [Input::Wheel {
                column: 1,
                row: 2,
                notches: 1
            }]
        );
        assert_eq!(
            decoder.feed(b"\x1b[<2;2;3M\x1b[<32;2;3M\x1b[<66;2;3M\x1b[<0;0;0M"),
            []
        );
        assert_eq!(
            decoder.feed(b"\x1b[M !\"x"),
            [Input::Click { column: 0, row: 1 }, char_key('x')]
        );
    }

    fn char_key(c: char) -> Input {
        key(KeyCode::Char(c), KeyModifiers::NONE)
    }

    #[test]
    fn a_paste_is_one_input_whatever_is_in_it_and_however_it_arrives() {
        let bytes = "\x1b[200~a\r\nb\rc\x1b[A ä\x1b[201~q".as_bytes();
        let expected = [Input::Paste("a\nb\nc\x1b[A ä".into()), char_key('q')];
        for size in 1..bytes.len() {
            let mut decoder = Decoder::default();
            let inputs: Vec<_> = bytes
                .chunks(size)
                .flat_map(|chunk| decoder.feed(chunk))
                .collect();
            assert_eq!(inputs, expected, "in chunks of {size}");
        }
        let mut decoder = Decoder::default();
        decoder.feed(b"\x1b[200~");
        for _ in 0..40 {
            assert_eq!(decoder.feed(&[b'x'; 1 << 16]), []);
        }
        let [Input::Paste(text)] = &decoder.feed(PASTE_END)[..] else {
            panic!("no paste")
        };
        assert_eq!(text.len(), PASTE_LIMIT);
    }

    #[test]
    fn what_is_no_key_is_passed_over() {
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder
                .feed(b"\x1b[I\x1b[O\x1b[?62;4c\x1b[24;80R\xff\xfeq")
                .last(),
            Some(&char_key('q'))
        );
        assert_eq!(
            decoder
                .feed(&[b"\x1b[", &[b'1'; 200][..], b"q"].concat())
                .last(),
            Some(&char_key('q'))
        );
        assert_eq!(
            decoder.feed(b"\x1b[1\x03"),
            [key(KeyCode::Char('c'), KeyModifiers::CONTROL)]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same(bytes in proptest::collection::vec(
            prop_oneof![Just(0x1b), Just(b'['), Just(b'M'), Just(b'<'), Just(b';'), Just(b'~'), any::<u8>()], 0..80),
            size in 1usize..9)
        {
            let whole = Decoder::default().feed(&bytes);
            let mut decoder = Decoder::default();
            let pieces: Vec<_> = bytes.chunks(size).flat_map(|chunk| decoder.feed(chunk)).collect();
            prop_assert_eq!(whole, pieces);
        }
    }
}
