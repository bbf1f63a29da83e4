//! Text in the characters that its surroundings allow.

/// Returns `text` as XML and HTML may hold it, between tags or within a quoted attribute.
///
/// U+FFFE and U+FFFF become U+FFFD: XML allows them nowhere
/// (<https://www.w3.org/TR/xml/#charsets>). Control characters are left to the caller.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Returns `text` in ASCII: the program's own signs by the characters most like them, any other
/// character as `\u{…}`.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_ascii() => out.push(c),
            '│' => out.push('|'),
            '┊' | '⋮' => out.push(':'),
            '⋄' | '•' | '×' => out.push('.'),
            '·' => out.push('*'),
            '▸' => out.push('>'),
            '◂' => out.push('<'),
            '→' => out.push_str("->"),
            '←' => out.push_str("<-"),
            '…' => out.push_str("..."),
            '✓' => out.push_str("ok"),
            '✗' => out.push_str("!!"),
            c => out.extend(c.escape_unicode()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        assert_eq!(
            xml("<b title=\"x\">'&\u{ffff}"),
            "&lt;b title=&quot;x&quot;&gt;&#39;&amp;\u{fffd}"
        );
    }

    #[test]
    fn ascii_is_ascii() {
        assert_eq!(ascii("✓ 1 → │a⋄┊é"), "ok 1 -> |a.:\\u{e9}");
        assert_eq!(ascii("· x…"), "* x...");
    }
}
