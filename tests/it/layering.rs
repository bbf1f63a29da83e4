//! The arrows between the parts run one way: the sources are scanned for what each part names, and
//! an arrow that is not in the tables below fails, with its file, its line and what would have been
//! allowed.
//!
//! A part is a module directly under `src/`. What is scanned is text without comments and literals,
//! so no build is needed and a part that does not compile yet is checked too. Tests inside a part
//! are held to the same rule.

use std::fs;
use std::path::{Path, PathBuf};

/// Each part and the other parts it may name. `main` and `cli` wire everything and may name
/// anything.
const PARTS: [(&str, &[&str]); 13] = [
    ("prose", &[]),
    ("safe", &[]),
    ("source", &[]),
    ("value", &["safe"]),
    ("script", &["value", "safe", "prose"]),
    ("timeline", &["value", "safe", "source", "prose"]),
    ("guest", &["value", "safe", "source"]),
    ("inspect", &["guest", "safe"]),
    (
        "session",
        &[
            "guest", "script", "timeline", "value", "safe", "source", "prose",
        ],
    ),
    ("report", &["timeline", "value", "safe", "source", "prose"]),
    // `script`: what is typed is read, and completed, at each key.
    (
        "app",
        &["script", "timeline", "value", "safe", "source", "prose"],
    ),
    (
        "ui",
        &["app", "timeline", "value", "safe", "source", "prose"],
    ),
    (
        "terminal",
        &["app", "ui", "timeline", "value", "safe", "source", "prose"],
    ),
];

/// Crates that only some may name: files by the start of their path below `src/`.
/// `app` may name crossterm for its types of keys and mouse events, which are plain data.
const CRATES: [(&str, &[&str]); 3] = [
    ("wasmer", &["session"]),
    ("ratatui", &["ui", "terminal", "app/layout"]),
    ("crossterm", &["terminal", "app"]),
];

/// The one module of crossterm that `app` may name. It also has functions that read the terminal;
/// those are for review.
const CROSSTERM_IN_APP: &str = "event";

/// Files that may name every part; the crates' table holds for them too.
const WIRING: [&str; 3] = ["main", "cli", "commands"];

#[test]
fn no_arrow_runs_backwards() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&root) {
        let below = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        wrong.extend(complaints(&below, &fs::read_to_string(&file).unwrap()));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_part_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in sources(&root) {
        let below = file
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let part = part_of(&below);
        let known =
            part == "lib" || WIRING.contains(&part) || PARTS.iter().any(|(name, _)| *name == part);
        assert!(
            known,
            "src/{below}: the part `{part}` is not in tests/it/layering.rs; say there what it may name"
        );
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// `app/layout.rs` belongs to `app`, `value.rs` to `value`.
fn part_of(below: &str) -> &str {
    below
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs")
}

/// What is wrong in one file, given its path below `src/`; a sentence each.
fn complaints(below: &str, source: &str) -> Vec<String> {
    let part = part_of(below);
    let tokens = tokens(source);
    let mut wrong = Vec::new();
    if let Some((_, allowed)) = PARTS.iter().find(|(name, _)| *name == part) {
        for (target, line) in references(&tokens, below) {
            let is_part =
                PARTS.iter().any(|(name, _)| *name == target) || WIRING.contains(&target.as_str());
            if target == "*" || is_part && target != part && !allowed.contains(&target.as_str()) {
                let may = if allowed.is_empty() {
                    "no other part".to_string()
                } else {
                    allowed.join(", ")
                };
                wrong.push(format!(
                    "src/{below}:{line}: `{part}` names `{target}`; it may name {may}"
                ));
            }
        }
    }
    for (name, allowed) in CRATES {
        let may = allowed.iter().any(|start| below.starts_with(start));
        for (at, token) in tokens.iter().enumerate().filter(|(_, t)| t.text == name) {
            let next = |n: usize| tokens.get(at + n).map_or("", |t| t.text.as_str());
            if at
                .checked_sub(1)
                .is_some_and(|before| matches!(tokens[before].text.as_str(), "." | "::"))
            {
                // A field, or a name inside another crate: `ratatui::crossterm` is caught by its
                // first half.
                continue;
            }
            if !may {
                wrong.push(format!(
                    "src/{below}:{}: `{part}` names the crate `{name}`; only these may: {}",
                    token.line,
                    allowed.join(", ")
                ));
            } else if name == "crossterm"
                && part == "app"
                && (next(1), next(2)) != ("::", CROSSTERM_IN_APP)
            {
                wrong.push(format!(
                    "src/{below}:{}: `app` names more of crossterm than the types in `crossterm::event`",
                    token.line
                ));
            }
        }
    }
    wrong
}

/// Each name directly below the crate's root that the tokens refer to, with its line: through
/// `crate::`, `linmem::`, as many `super::` as lead to the root, and trees in braces. `*` stands
/// for all of them.
fn references(tokens: &[Token], below: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    // How many `super` lead from this file's module to the root; modules written inside the file
    // lie deeper.
    let file_depth = below.split('/').count() - usize::from(below.ends_with("mod.rs"));
    for (at, token) in tokens.iter().enumerate() {
        let starts_path = at
            .checked_sub(1)
            .is_none_or(|before| tokens[before].text != "::");
        let mut next = at + 1;
        let leads_to_root = match token.text.as_str() {
            "crate" | "linmem" => true,
            "super" if starts_path => {
                let mut ups = 1;
                while text(tokens, next) == "::" && text(tokens, next + 1) == "super" {
                    ups += 1;
                    next += 2;
                }
                ups >= file_depth + inner_modules(&tokens[..at])
            }
            _ => false,
        };
        if leads_to_root && starts_path && text(tokens, next) == "::" {
            first_names(tokens, next + 1, &mut found);
        }
    }
    found
}

/// The first name of the path at `at`, or of each path where a tree in braces begins there. Returns
/// where it ends.
fn first_names(tokens: &[Token], at: usize, found: &mut Vec<(String, u32)>) -> usize {
    if text(tokens, at) != "{" {
        if let Some(token) = tokens.get(at) {
            found.push((token.text.clone(), token.line));
        }
        return at + 1;
    }
    let mut at = at + 1;
    while at < tokens.len() && text(tokens, at) != "}" {
        at = first_names(tokens, at, found);
        // On to the comma that ends this path, over the braces that may come before it.
        let mut depth = 0_usize;
        while at < tokens.len() {
            match text(tokens, at) {
                "{" => depth += 1,
                "}" if depth == 0 => break,
                "}" => depth -= 1,
                "," if depth == 0 => {
                    at += 1;
                    break;
                }
                _ => {}
            }
            at += 1;
        }
    }
    at + 1
}

/// How many `mod name { … }` are open at the end of the tokens.
fn inner_modules(tokens: &[Token]) -> usize {
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => open.push(at.checked_sub(2).is_some_and(|m| tokens[m].text == "mod")),
            "}" => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().filter(|is_module| *is_module).count()
}

fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |t| t.text.as_str())
}

/// A word, `::`, or any other single character that is not white space.
struct Token {
    text: String,
    /// Counted from 1.
    line: u32,
}

/// Cuts a source into tokens and leaves out comments, text, characters and lifetimes. `r#name`
/// counts as `name`.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
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
        line += rest[..length].matches('\n').count() as u32;
        rest = &rest[length..];
    }
    tokens
}

/// The length of the comment that `/*` begins; they nest.
fn block_comment(source: &str) -> usize {
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

/// The length of the text, byte text, character or lifetime that begins here; of raw text too.
fn literal(source: &str) -> Option<usize> {
    let behind_prefix = ["br", "cr", "r", "b", "c", ""].iter().find_map(|prefix| {
        let behind = source.strip_prefix(prefix)?;
        let marks = behind.len() - behind.trim_start_matches('#').len();
        let is_raw = prefix.ends_with('r');
        (behind[marks..].starts_with('"') && (is_raw || marks == 0)).then_some((
            prefix.len() + marks + 1,
            marks,
            is_raw,
        ))
    });
    if let Some((start, marks, true)) = behind_prefix {
        let end = format!("\"{}", "#".repeat(marks));
        return Some(
            source[start..]
                .find(&end)
                .map_or(source.len(), |at| start + at + end.len()),
        );
    }
    if let Some((start, _, false)) = behind_prefix {
        return Some(closing(source, start, '"'));
    }
    let quote = if source.starts_with("b'") { 1 } else { 0 };
    let mut inner = source[quote..].strip_prefix('\'')?.chars();
    match (inner.next()?, inner.next()) {
        ('\\', _) => Some(closing(source, quote + 1, '\'')),
        (c, Some('\'')) => Some(quote + 2 + c.len_utf8()),
        // A lifetime: its name is a word, but never one that is looked for.
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

/// Where the literal whose contents begin at `start` ends, behind its closing mark; a backslash
/// hides the next one.
fn closing(source: &str, start: usize, mark: char) -> usize {
    let mut hidden = false;
    for (at, c) in source[start..].char_indices() {
        match c {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            c if c == mark => return start + at + 1,
            _ => {}
        }
    }
    source.len()
}

mod scanner {
    use super::*;

    fn names(below: &str, source: &str) -> Vec<String> {
        references(&tokens(source), below)
            .into_iter()
            .map(|(name, line)| format!("{name}:{line}"))
            .collect()
    }

    #[test]
    fn finds_paths_and_trees() {
        assert_eq!(names("ui/mod.rs", "use crate::app::App;"), ["app:1"]);
        assert_eq!(names("ui/mod.rs", "use crate::{a::b, c};"), ["a:1", "c:1"]);
        assert_eq!(
            names(
                "ui/mod.rs",
                "use crate::{a::{x, y::{z, crate_}}, b as q,\n c::*};"
            ),
            ["a:1", "b:1", "c:2"]
        );
        assert_eq!(
            names(
                "ui/mod.rs",
                "use crate::{\n    app::{self, App},\n};\nfn f() {}"
            ),
            ["app:2"]
        );
        assert_eq!(
            names(
                "ui/mod.rs",
                "fn f(x: &crate::app::App) -> crate\n::value::Value"
            ),
            ["app:1", "value:2"]
        );
        assert_eq!(
            names("main.rs", "linmem::session::run(); use linmem::*;"),
            ["session:1", "*:1"]
        );
        assert_eq!(
            names("ui/mod.rs", "pub(crate) fn f() {} pub(in crate::app) g;"),
            ["app:1"]
        );
        assert_eq!(
            names(
                "ui/mod.rs",
                "use ::linmem::app; use other::crate_::x; use r#crate::app;"
            ),
            ["app:1"]
        );
    }

    #[test]
    fn follows_super_to_the_root() {
        assert_eq!(names("value.rs", "use super::safe;"), ["safe:1"]);
        assert_eq!(names("ui/mod.rs", "use super::app;"), ["app:1"]);
        assert_eq!(
            names(
                "ui/help.rs",
                "use super::app; use super::super::{app, value};"
            ),
            ["app:1", "value:1"]
        );
        assert_eq!(
            names(
                "value.rs",
                "fn f() { }\nmod tests { use super::Value; use super::super::safe; }"
            ),
            ["safe:2"]
        );
    }

    #[test]
    fn sees_no_comment_and_no_literal() {
        let source = "// crate::a\n/* crate::b /* crate::c */ crate::d */ \"crate::e \\\" crate::f\" r#\"\" crate::g\"# \
                      b\"crate::h\" '\"' crate::i '\\'' crate::j 'a\" crate::k \" b'\"' crate::l";
        assert_eq!(names("ui/mod.rs", source), ["i:2", "j:2", "l:2"]);
        assert_eq!(names("ui/mod.rs", "\"one\ntwo\" crate::a"), ["a:2"]);
    }

    #[test]
    fn complains_with_file_line_and_what_is_allowed() {
        assert_eq!(
            complaints(
                "script/eval.rs",
                "use std::fmt;\nuse crate::session::Session;"
            ),
            ["src/script/eval.rs:2: `script` names `session`; it may name value, safe, prose"]
        );
        assert_eq!(
            complaints("safe.rs", "use crate::value;"),
            ["src/safe.rs:1: `safe` names `value`; it may name no other part"]
        );
        assert_eq!(complaints("ui/mod.rs", "use crate::*;").len(), 1);
        assert_eq!(
            complaints(
                "report/text.rs",
                "use crate::{timeline::{Image, rows}, ui::Theme};"
            )
            .len(),
            1
        );
        assert_eq!(
            complaints("report/text.rs", "mod tests { use crate::script::parse; }").len(),
            1
        );
        assert_eq!(complaints("guest/mod.rs", "crate::main::run()").len(), 1);
    }

    #[test]
    fn lets_allowed_arrows_pass() {
        assert_eq!(
            complaints(
                "script/eval.rs",
                "use crate::{value::Value, script::ast, safe};"
            ),
            [""; 0]
        );
        assert_eq!(
            complaints(
                "terminal/mod.rs",
                "use crate::{app::App, ui}; use crossterm::terminal;"
            ),
            [""; 0]
        );
        assert_eq!(
            complaints(
                "main.rs",
                "use linmem::{session, script, ui}; mod cli; use crate::cli::Cli;"
            ),
            [""; 0]
        );
        assert_eq!(complaints("cli.rs", "use linmem::report::Format;"), [""; 0]);
    }

    #[test]
    fn keeps_crates_where_they_belong() {
        for (below, source) in [
            ("guest/mod.rs", "use wasmer::Module;"),
            ("main.rs", "fn f(m: wasmer::Module) {}"),
            ("app/mod.rs", "use ratatui::layout::Rect;"),
            ("report/svg.rs", "use ratatui::{style, text};"),
            ("ui/mod.rs", "use crossterm::event::KeyCode;"),
            ("app/keys.rs", "use crossterm::terminal::size;"),
            ("app/keys.rs", "use crossterm::{event, terminal};"),
        ] {
            assert_eq!(complaints(below, source).len(), 1, "{below}: {source}");
        }
        for (below, source) in [
            ("session/engine.rs", "use wasmer::Module;"),
            ("app/layout.rs", "use ratatui::layout::Rect;"),
            ("app/keys.rs", "use crossterm::event::{KeyCode, KeyEvent};"),
            (
                "guest/mod.rs",
                "// wasmer's own names\nlet x = facts.wasmer;",
            ),
        ] {
            assert_eq!(complaints(below, source), [""; 0], "{below}: {source}");
        }
    }
}
