//! Text that is safe to print.
//!
//! Names, messages and strings that a guest, a file or an argument chose pass through here before
//! they reach a terminal. Control characters, escape sequences and characters that reorder or hide
//! text become escapes. A leaf: it names no other part of the program.

pub mod json;

use std::fmt::Write as _;

/// Returns whether a character would change the terminal or the direction of the text, or would be
/// invisible.
///
/// These are controls (Cc), line and paragraph separators, bidirectional controls
/// ([UAX #9](https://www.unicode.org/reports/tr9/)), zero-width characters, the byte order mark,
/// tags and private use.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Returns the text with every unsafe character as `\n`, `\t`, `\r`, `\0` or `\u{…}`.
///
/// Quotes and backslashes stay.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_plain(&mut out, c);
    }
    out
}

/// Returns the text as [`plain`] does, cut after `limit` characters of the source with `…`.
pub fn cut(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i >= limit {
            out.push('…');
            break;
        }
        push_plain(&mut out, c);
    }
    out
}

/// Returns the text in quotes, as the steps language writes it.
///
/// It is cut after `limit` characters; the length of a cut text in bytes follows the quotes.
pub fn quoted(text: &str, limit: usize) -> String {
    let mut out = String::from("\"");
    for (i, c) in text.chars().enumerate() {
        if i >= limit {
            let _ = write!(out, "\"… {} bytes in all", text.len());
            return out;
        }
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c => push_plain(&mut out, c),
        }
    }
    out.push('"');
    out
}

/// Returns bytes as text for a message, cut after `limit` characters with `…`.
///
/// Bytes that are not UTF-8 become `\xNN`, one for each byte.
pub(crate) fn lossy(bytes: &[u8], limit: usize) -> String {
    let mut out = String::new();
    let mut taken = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if taken >= limit {
                out.push('…');
                return out;
            }
            push_plain(&mut out, c);
            taken += 1;
        }
        for byte in chunk.invalid() {
            if taken >= limit {
                out.push('…');
                return out;
            }
            let _ = write!(out, "\\x{byte:02x}");
            taken += 1;
        }
    }
    out
}

fn push_plain(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0' => out.push_str("\\0"),
        c if is_unsafe(c) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_reach_no_terminal() {
        assert_eq!(
            plain("ok\x1b]0;x\x07\u{9b}m\u{200e}\n"),
            "ok\\u{1b}]0;x\\u{7}\\u{9b}m\\u{200e}\\n"
        );
        assert_eq!(cut("abcdef", 3), "abc…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(quoted("a\"b\\", 9), r#""a\"b\\""#);
        assert_eq!(quoted("abcdef", 2), "\"ab\"… 6 bytes in all");
        assert_eq!(lossy(b"a\xff\xfe\x1b", 9), "a\\xff\\xfe\\u{1b}");
    }
}
