//! Makes any text safe to print. Names, messages and strings that a guest, a file or an argument
//! chose go through here before they reach a terminal: control characters, escape sequences and
//! characters that reorder or hide text are shown as escapes. A leaf: it knows no other part of the
//! program.

use std::fmt::Write as _;

/// Whether a character would change the terminal, the direction of the text, or be seen as nothing.
/// Controls (Cc), line and paragraph separators, bidirectional controls (Unicode UAX #9),
/// zero-width characters, the byte order mark, tags and private use.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// The text with every unsafe character as `\n`, `\t`, `\r`, `\0` or `\u{…}`. Quotes and
/// backslashes stay.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_plain(&mut out, c);
    }
    out
}

/// Like [`plain`], cut after `limit` characters of the source with `…`.
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

/// The text in quotes as the steps language writes it, cut after `limit` characters with the full
/// length in bytes.
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

/// Bytes as text for a message: valid UTF-8 as it is, each bad byte as `\xNN`, unsafe characters
/// escaped.
pub fn lossy(bytes: &[u8], limit: usize) -> String {
    let mut out = String::new();
    let mut seen = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if seen >= limit {
                out.push('…');
                return out;
            }
            push_plain(&mut out, c);
            seen += 1;
        }
        for byte in chunk.invalid() {
            if seen >= limit {
                out.push('…');
                return out;
            }
            let _ = write!(out, "\\x{byte:02x}");
            seen += 1;
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
