//! Rust code as tokens, without comments and texts, and which of it is for tests.

/// Returns the first and the last token of each item with an attribute `#[cfg(…test…)]`.
pub(super) fn test_items(tokens: &[Token]) -> Vec<(usize, usize)> {
    let mut items: Vec<(usize, usize)> = Vec::new();
    for at in 0..tokens.len() {
        let is_cfg = text(tokens, at) == "#" && text(tokens, at + 2) == "cfg";
        if !is_cfg || items.last().is_some_and(|(_, end)| at <= *end) {
            continue;
        }
        let close = (at..tokens.len()).find(|at| text(tokens, *at) == "]");
        let Some(close) = close else { continue };
        let is_test = tokens[at..close].iter().any(|token| token.text == "test");
        if !is_test || text(tokens, at + 4) == "not" {
            continue;
        }
        let mut depth = 0_usize;
        for end in close..tokens.len() {
            match text(tokens, end) {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            let is_end = matches!(text(tokens, end), "}" | ";") && depth == 0;
            if is_end {
                items.push((at, end));
                break;
            }
        }
    }
    items
}

pub(super) fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |t| t.text.as_str())
}

/// A word, `::`, or any other single character that is not white space.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: String,
    /// Counted from 1.
    pub(super) line: u32,
}

/// A comment or a literal.
pub(super) struct Text {
    pub(super) content: String,
    pub(super) is_comment: bool,
    /// Counted from 1.
    pub(super) line: u32,
}

/// Splits a source into tokens and texts: comments, strings, characters and lifetimes. `r#name` counts
/// as `name`. Consecutive lines of comments are one text, so that a phrase can span a line break.
pub(super) fn scan(source: &str) -> (Vec<Token>, Vec<Text>) {
    let (mut tokens, mut texts) = (Vec::new(), Vec::<Text>::new());
    let mut comment_end = 0;
    let (mut rest, mut line) = (source, 1);
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let is_comment = rest.starts_with("//") || rest.starts_with("/*");
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = literal(rest) {
            length
        } else if rest.starts_with("r#") {
            2
        } else {
            let length = if word > 0 {
                word
            } else if rest.starts_with("::") {
                2
            } else {
                c.len_utf8()
            };
            if !c.is_whitespace() {
                tokens.push(Token {
                    text: rest[..length].to_string(),
                    line,
                });
            }
            length
        };
        if is_comment || literal(rest).is_some() {
            let content = rest[..length].trim_start_matches(['/', '!']).to_string();
            match texts.last_mut() {
                Some(last) if is_comment && last.is_comment && line == comment_end + 1 => {
                    last.content.push_str(&content);
                }
                _ => texts.push(Text {
                    content,
                    is_comment,
                    line,
                }),
            }
        }
        line += rest[..length].matches('\n').count() as u32;
        if is_comment {
            comment_end = line;
        }
        rest = &rest[length..];
    }
    (tokens, texts)
}

/// Returns the length of the comment that `/*` begins. Comments nest.
pub(super) fn block_comment(source: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < source.len() {
        match &source.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    source.len()
}

/// Returns the length of the string, byte string, raw string, character or lifetime that begins here.
pub(super) fn literal(source: &str) -> Option<usize> {
    let opening = ["br", "cr", "r", "b", "c", ""].iter().find_map(|prefix| {
        let rest = source.strip_prefix(prefix)?;
        let marks = rest.len() - rest.trim_start_matches('#').len();
        let is_raw = prefix.ends_with('r');
        (rest[marks..].starts_with('"') && (is_raw || marks == 0)).then_some((
            prefix.len() + marks + 1,
            marks,
            is_raw,
        ))
    });
    if let Some((start, marks, true)) = opening {
        let end = format!("\"{}", "#".repeat(marks));
        return Some(
            source[start..]
                .find(&end)
                .map_or(source.len(), |at| start + at + end.len()),
        );
    }
    if let Some((start, _, false)) = opening {
        return Some(closing(source, start, '"'));
    }
    let quote = if source.starts_with("b'") { 1 } else { 0 };
    let mut inner = source[quote..].strip_prefix('\'')?.chars();
    match (inner.next()?, inner.next()) {
        ('\\', _) => Some(closing(source, quote + 1, '\'')),
        (c, Some('\'')) => Some(quote + 2 + c.len_utf8()),
        // The name of a lifetime is not a token.
        _ => {
            let name = &source[quote + 1..];
            Some(
                quote
                    + 1
                    + name
                        .find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(name.len()),
            )
        }
    }
}

/// Returns the end of the literal whose contents begin at `start`, after its closing mark. A backslash
/// escapes the next character.
pub(super) fn closing(source: &str, start: usize, mark: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in source[start..].char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == mark => return start + at + 1,
            _ => {}
        }
    }
    source.len()
}
