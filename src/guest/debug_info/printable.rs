//! Source text that is safe to print, with tabs replaced and lines of limited length.

use crate::safe;

/// The longest line, in characters.
const MAX_LINE: usize = 1000;

/// The number of columns between tab stops.
const TAB: usize = 4;

/// Returns one line of a source text.
pub(super) fn line(text: &str) -> String {
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.len() <= MAX_LINE && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.into();
    }
    safe::cut(&without_tabs(text), MAX_LINE)
}

/// Returns all lines of a source text.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines().map(line).collect()
}

fn without_tabs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars().take(MAX_LINE + 1) {
        let width = if c == '\t' { TAB - column % TAB } else { 1 };
        match c {
            '\t' => out.extend(std::iter::repeat_n(' ', width)),
            c => out.push(c),
        }
        column += width;
    }
    out
}

/// Returns the instruction in a line of disassembly, without its comments.
pub(super) fn instruction(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.trim();
    let mut quoted = false;
    while let Some(c) = rest.chars().next() {
        if !quoted && rest.starts_with(";;") {
            break;
        }
        if !quoted && let Some(comment) = rest.strip_prefix("(;") {
            rest = comment
                .split_once(";)")
                .map_or("", |(_, rest_of_line)| rest_of_line)
                .trim_start();
            continue;
        }
        // A backslash in quotes escapes the next character.
        let taken = if quoted && c == '\\' {
            rest.chars().take(2).map(char::len_utf8).sum()
        } else {
            c.len_utf8()
        };
        quoted ^= c == '"';
        let (head, rest_of_line) = rest.split_at(taken);
        out.push_str(head);
        rest = rest_of_line;
    }
    out.truncate(out.trim_end().len());
    safe::cut(&out, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_no_part_of_an_instruction() {
        let rows = [
            (
                "    i32.store8 offset=4 align=2",
                "i32.store8 offset=4 align=2",
            ),
            (
                "  loop $copy (result i32)  ;; label = @1",
                "loop $copy (result i32)",
            ),
            ("br_table 0 (;@2;) 1 (;@1;)", "br_table 0 1"),
            ("f64.const 0x1p+0 (;=1;)", "f64.const 0x1p+0"),
            (r#"call $"a ;; \" (;b;)" ;; c"#, r#"call $"a ;; \" (;b;)""#),
            ("(;", ""),
        ];
        for (line, expected) in rows {
            assert_eq!(instruction(line), expected);
        }
    }

    #[test]
    fn lines_are_safe_and_even() {
        assert_eq!(line("\ta\tb\u{202e}\x1b\r"), "    a   b\\u{202e}\\u{1b}");
        assert_eq!(line(&"x".repeat(1001)).chars().count(), 1001);
        assert_eq!(lines("a\r\n\nb\n"), ["a", "", "b"]);
    }
}
