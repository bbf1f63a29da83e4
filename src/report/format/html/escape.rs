//! Text and data that a guest or a file chose, escaped so that a page shows them and runs nothing.

use std::io::{self, Write};

use crate::safe;
use crate::text::escape;

/// Escapes a text for between tags or within a quoted attribute, and makes it safe to print.
pub(super) fn text(text: &str) -> String {
    escape::xml(&safe::plain(text))
}

/// A writer of JSON within a script element.
///
/// JSON has `<`, `>` and `&` within strings only, where an escape means the same. Without them no
/// end of the element and no comment can begin.
pub(super) struct ScriptData<'a>(pub(super) &'a mut dyn Write);

impl Write for ScriptData<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| matches!(byte, b'<' | b'>' | b'&')) {
            match part.split_last() {
                Some((byte @ (b'<' | b'>' | b'&'), before)) => {
                    self.0.write_all(before)?;
                    write!(self.0, "\\u{byte:04x}")?;
                }
                _ => self.0.write_all(part)?,
            }
        }
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
    fn nothing_ends_the_script_or_begins_a_tag() {
        let mut out = Vec::new();
        let bad = "</script><!--\u{2028}&\u{1b}";
        serde_json::to_writer(ScriptData(&mut out), bad).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert!(!json.contains(['<', '>', '&', '\u{1b}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), bad);
        assert_eq!(
            text("<b title=\"x\">'&\u{202e}"),
            "&lt;b title=&quot;x&quot;&gt;&#39;&amp;\\u{202e}"
        );
    }
}
