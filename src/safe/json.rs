//! JSON that can be printed: no string in it holds a character that would act on a terminal.

use std::io::{self, Write};

use serde::Serialize;

use super::is_unsafe;

/// Writes a value as JSON, indented by two blanks.
///
/// # Errors
/// Those of `out` and of the value's own serialization.
pub fn write_pretty(value: &impl Serialize, out: impl Write) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(SafeJson(out), value)?)
}

/// Writes a value as JSON on one line.
///
/// # Errors
/// Those of `out` and of the value's own serialization.
pub(crate) fn write_compact(value: &impl Serialize, out: impl Write) -> io::Result<()> {
    Ok(serde_json::to_writer(SafeJson(out), value)?)
}

/// A writer of JSON that replaces unsafe characters by escapes, which mean the same in a string.
///
/// Outside of strings JSON has no such character, apart from the line breaks between values.
struct SafeJson<W>(W);

impl<W: Write> Write for SafeJson<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nearly all JSON is plain ASCII, and hex digits can be many.
        if bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }
        // `serde_json` writes whole characters.
        let mut rest = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        while let Some(at) = rest.find(|c| c != '\n' && is_unsafe(c)) {
            let (before, from) = rest.split_at(at);
            self.0.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            let unsafe_char = chars.next().unwrap_or_default();
            for unit in unsafe_char.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_escaped_and_mean_the_same() {
        let value = vec!["ok é", "\u{1b}[2J\n", "\u{202e}\u{e0041}\u{7f}"];
        let mut out = Vec::new();
        write_pretty(&value, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "[\n  \"ok é\",\n  \"\\u001b[2J\\n\",\n  \"\\u202e\\udb40\\udc41\\u007f\"\n]"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), value);
        let mut out = Vec::new();
        write_compact(&value, &mut out).unwrap();
        assert!(!out.contains(&b'\n'));
    }
}
