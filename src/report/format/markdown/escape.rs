//! Text that somebody else chose, made so that Markdown shows it as it is: no markup, no HTML, no
//! link, no mention of a person or an issue.

/// A code span that holds a text which is safe to print.
pub(super) fn code(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    // Blanks beside the fence keep a tick at the text's edge apart from it, and one of each is
    // dropped again.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() {
        " "
    } else {
        ""
    };
    // A bar would end the cell of a table, but there is none here.
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A fenced block of lines that are safe to print.
pub(super) fn fenced(info: &str, lines: &str) -> String {
    let fence = "`".repeat(longest_run(lines).max(2) + 1);
    let end = if lines.ends_with('\n') || lines.is_empty() {
        ""
    } else {
        "\n"
    };
    format!("{fence}{info}\n{lines}{end}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// A line of prose that is safe to print.
pub(super) fn prose(text: &str) -> String {
    /// Shows nothing, and parts what a tracker would make a link or a mention of.
    const GAP: &str = "<!-- -->";
    let mut out = String::with_capacity(text.len());
    // Up to the first word a line may begin a list or a heading.
    let mut is_start = true;
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let is_markup = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '$' | '^' => true,
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
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
            'w' => before == 'w' && next == '.',
            _ => false,
        };
        if is_link {
            out.push_str(GAP);
        }
        is_start = is_start && (c.is_ascii_whitespace() || c.is_ascii_digit());
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser};

    /// What a reader sees of a document that holds text and code alone; panics on anything else.
    fn seen(markdown: &str) -> String {
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
    fn what_looks_like_markup_stays_text() {
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
            assert_eq!(seen(&prose(text)), text);
            assert_eq!(seen(&code(text)), text);
            assert_eq!(seen(&fenced("text", text)).trim_end(), text);
        }
        assert!(prose("@someone").starts_with("@<!-- -->"));
        assert_eq!(code(" x "), "`  x  `");
    }

    proptest! {
        #[test]
        fn any_line_comes_back_as_it_was(text in "[ -~é漢]{1,60}") {
            let text = text.trim();
            prop_assume!(!text.is_empty());
            prop_assert_eq!(seen(&format!("x {}", prose(text))), format!("x {text}"));
            prop_assert_eq!(seen(&code(text)), text);
            let block = seen(&fenced("text", text));
            prop_assert_eq!(block.trim_end(), text);
        }
    }
}
