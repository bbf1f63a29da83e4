//! Text that a guest or a file chose, escaped so that Markdown shows it as it is: no markup, no
//! HTML, no link, and no mention of a person or an issue.

/// An HTML comment. It shows nothing, and keeps a tracker from making a link or a mention of the
/// characters around it.
const GAP: &str = "<!-- -->";

/// Returns a code span with a text that is safe to print.
pub(super) fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    // A blank beside the fence separates it from a tick at the edge of the text. Markdown drops one
    // blank on each side.
    let needs_blank = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty();
    let blank = if needs_blank { " " } else { "" };
    format!("{ticks}{blank}{text}{blank}{ticks}")
}

/// Returns a fenced block of lines that are safe to print.
pub(super) fn fenced(info: &str, lines: &str) -> String {
    let fence = "`".repeat(longest_run(lines).max(2) + 1);
    let end = match lines.ends_with('\n') || lines.is_empty() {
        true => "",
        false => "\n",
    };
    format!("{fence}{info}\n{lines}{end}{fence}\n")
}

/// Returns the length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c: char| c != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

/// Escapes a line of prose that is safe to print.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Before its first word a line can begin a list or a heading.
    let mut is_start = true;
    let mut previous = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let is_markup = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '$' | '^' => true,
            '_' => !(previous.is_alphanumeric() && next.is_alphanumeric()),
            '#' | '+' | '-' | '=' | ':' | '.' | ')' => is_start,
            _ => false,
        };
        if is_markup {
            out.push('\\');
        }
        out.push(c);
        let is_link = match c {
            '@' | '#' => true,
            ':' => next == '/',
            'w' => previous == 'w' && next == '.',
            _ => false,
        };
        if is_link {
            out.push_str(GAP);
        }
        is_start = is_start && (c.is_ascii_whitespace() || c.is_ascii_digit());
        previous = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser};

    /// Returns what a reader sees of a document of text and code; panics on anything else.
    fn visible_text(markdown: &str) -> String {
        let mut out = String::new();
        for event in Parser::new_ext(markdown, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Text(text) | Event::Code(text) => out.push_str(&text),
                Event::Start(
                    pulldown_cmark::Tag::Paragraph | pulldown_cmark::Tag::CodeBlock(_),
                ) => {}
                Event::End(_) => {}
                Event::InlineHtml(html) if &*html == "<!-- -->" => {}
                other => panic!("{other:?} in {markdown:?}"),
            }
        }
        out
    }

    #[test]
    fn text_that_looks_like_markup_stays_text() {
        for text in [
            "<script>alert(1)</script>",
            "a * b * c",
            "[x](http://y)",
            "@someone see #12",
            "# title",
            "1. one",
            "- x",
            "a | b",
            "&lt; &#64;",
            "`code`",
            "~~gone~~",
            "http://x.example/y www.x.example",
            "\\",
            "$x$",
            "> q",
            "+ x",
            "===",
        ] {
            assert_eq!(visible_text(&prose(text)), text);
            assert_eq!(visible_text(&code(text)), text);
            assert_eq!(visible_text(&fenced("text", text)).trim_end(), text);
        }
        assert!(prose("@someone").starts_with("@<!-- -->"));
        assert_eq!(code(" x "), "`  x  `");
    }

    proptest! {
        #[test]
        fn any_line_is_shown_as_it_is(text in "[ -~é漢]{1,60}") {
            let text = text.trim();
            prop_assume!(!text.is_empty());
            prop_assert_eq!(visible_text(&format!("x {}", prose(text))), format!("x {text}"));
            prop_assert_eq!(visible_text(&code(text)), text);
            let block = visible_text(&fenced("text", text));
            prop_assert_eq!(block.trim_end(), text);
        }
    }
}
