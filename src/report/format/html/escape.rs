//! Text and data that somebody else chose, made so that a page shows them and nothing more.

use std::io::{self, Write};

use crate::safe;

/// A text for between tags or within a quoted attribute; safe to print.
pub(in crate::report) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe::plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Lets JSON through, which holds these characters within strings only: there an escape means the
/// same, and no end of the script nor a comment can begin.
pub(super) struct Guarded<'a>(pub(super) &'a mut dyn Write);

impl Write for Guarded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut from = 0;
        for (at, byte) in bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| matches!(byte, b'<' | b'>' | b'&'))
        {
            self.0.write_all(bytes.get(from..at).unwrap_or_default())?;
            write!(self.0, "\\u{byte:04x}")?;
            from = at + 1;
        }
        self.0.write_all(bytes.get(from..).unwrap_or_default())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// As a Content-Security-Policy wants hashes.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS
                .get((word >> (18 - 6 * place) & 63) as usize)
                .copied()
                .unwrap_or(b'A');
            out.push(if place > chunk.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_script_or_begins_a_tag() {
        let mut out = Vec::new();
        let bad = "</script><!--\u{2028}&\u{1b}";
        serde_json::to_writer(Guarded(&mut out), bad).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert!(!json.contains(['<', '>', '&', '\u{1b}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), bad);
        assert_eq!(
            text("<b title=\"x\">'&\u{202e}"),
            "&lt;b title=&quot;x&quot;&gt;&#39;&amp;\\u{202e}"
        );
    }

    #[test]
    fn hashes_are_written_in_base64() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
    }
}
