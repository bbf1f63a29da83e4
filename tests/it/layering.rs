//! The dependencies between the parts run one way. The tests scan the sources for the parts that each
//! part names. A reference that the tables below do not allow fails, with its file, its line and the
//! parts that are allowed.
//!
//! A part is a module directly under `src/`. The scanner reads tokens, without comments and literals.
//! The rule applies to the unit tests of a part too, except that they may also name `testing`.

mod circles;
mod scanner;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use scanner::{Text, Token, scan, test_items, text};

/// Each part and the other parts that it may name. `main`, `cli` and `commands` may name every part.
const PARTS: [(&str, &[&str]); 23] = [
    ("finding_kind", &[]),
    ("journal_abi", &[]),
    ("prose", &[]),
    ("safe", &[]),
    ("source", &[]),
    ("text", &[]),
    ("value", &["safe", "text"]),
    ("wasm_types", &["text"]),
    ("data_types", &["value", "safe", "text"]),
    ("hostlog", &["value", "safe", "source"]),
    (
        "script",
        &[
            "data_types",
            "value",
            "safe",
            "source",
            "prose",
            "text",
            "wasm_types",
            "finding_kind",
        ],
    ),
    (
        "timeline",
        &[
            "data_types",
            "journal_abi",
            "value",
            "safe",
            "source",
            "prose",
            "text",
            "wasm_types",
            "finding_kind",
        ],
    ),
    (
        "javascript",
        &[
            "data_types",
            "script",
            "timeline",
            "value",
            "safe",
            "wasm_types",
        ],
    ),
    ("protocol", &["script", "timeline"]),
    (
        "guest",
        &[
            "data_types",
            "journal_abi",
            "value",
            "safe",
            "source",
            "text",
            "wasm_types",
        ],
    ),
    (
        "inspect",
        &["data_types", "guest", "safe", "text", "wasm_types"],
    ),
    (
        "session",
        &[
            "data_types",
            "guest",
            "hostlog",
            "javascript",
            "journal_abi",
            "protocol",
            "script",
            "timeline",
            "value",
            "safe",
            "source",
            "prose",
            "text",
            "wasm_types",
        ],
    ),
    (
        "answers",
        &["data_types", "script", "timeline", "value", "safe", "text"],
    ),
    (
        "report",
        &[
            "data_types",
            "answers",
            "prose",
            "timeline",
            "value",
            "safe",
            "source",
            "text",
            "wasm_types",
            "finding_kind",
        ],
    ),
    // `script`: a typed line is parsed, and completed, at each key.
    (
        "app",
        &[
            "data_types",
            "protocol",
            "script",
            "timeline",
            "value",
            "safe",
            "source",
            "prose",
            "text",
            "wasm_types",
        ],
    ),
    (
        "ui",
        &[
            "app",
            "data_types",
            "protocol",
            "timeline",
            "value",
            "safe",
            "source",
            "prose",
            "text",
        ],
    ),
    (
        "terminal",
        &[
            "app", "ui", "protocol", "timeline", "value", "safe", "source", "prose",
        ],
    ),
    // The fixtures of the tests.
    (
        TESTING,
        &[
            "app",
            "data_types",
            "guest",
            "inspect",
            "protocol",
            "script",
            "session",
            "source",
            "timeline",
            "value",
            "wasm_types",
        ],
    ),
];

/// The part that only tests may name.
const TESTING: &str = "testing";

/// Crates that only some files may name, which are given by the start of their path below `src/`.
/// `app` may name crossterm for its types of keys and mouse events, which are plain data.
const CRATES: [(&str, &[&str]); 3] = [
    ("wasmer", &["session"]),
    (
        "ratatui",
        &["ui", "terminal", "app/panes/layout", "app/input/hit_test"],
    ),
    ("crossterm", &["terminal", "app", "testing/driver"]),
];

/// The one module of crossterm that `app` may name. Its functions that read the terminal are left to
/// the review.
const CROSSTERM_IN_APP: &str = "event";

/// Files that may name every part. The table of the crates applies to them too.
const WIRING: [&str; 3] = ["main", "cli", "commands"];

#[test]
fn parts_name_only_allowed_parts() {
    let wrong: Vec<String> = sources().iter().flat_map(violations).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_part_is_in_the_table() {
    for Source { below, .. } in sources() {
        let part = part_of(&below);
        let known =
            part == "lib" || WIRING.contains(&part) || PARTS.iter().any(|(name, _)| *name == part);
        assert!(
            known,
            "src/{below}: the part `{part}` is not in PARTS of tests/it/layering.rs; add it there"
        );
    }
}

/// A file below `src`.
struct Source {
    /// The path below `src`, with slashes.
    below: String,
    tokens: Vec<Token>,
    texts: Vec<Text>,
}

impl Source {
    fn new(below: &str, source: &str) -> Source {
        let (tokens, texts) = scan(source);
        Source {
            below: below.to_owned(),
            tokens,
            texts,
        }
    }

    /// Returns whether the whole file is test code.
    fn is_test_file(&self) -> bool {
        let mut folders = self.below.split('/');
        self.below.ends_with("tests.rs") || folders.any(|folder| folder == "tests")
    }

    /// Returns the first and the last line of each item that is compiled only for tests.
    fn test_lines(&self) -> Vec<(u32, u32)> {
        test_items(&self.tokens)
            .into_iter()
            .map(|(start, end)| (self.tokens[start].line, self.tokens[end].line))
            .collect()
    }

    fn is_test_line(&self, line: u32) -> bool {
        let mut items = self.test_lines().into_iter();
        self.is_test_file() || items.any(|(first, last)| (first..=last).contains(&line))
    }

    /// Returns the tokens that are not test code.
    fn code(&self) -> Vec<Token> {
        if self.is_test_file() {
            return Vec::new();
        }
        let items = test_items(&self.tokens);
        let is_test = |at: usize| {
            items
                .iter()
                .any(|(start, end)| (*start..=*end).contains(&at))
        };
        let tokens = self.tokens.iter().enumerate();
        tokens
            .filter(|(at, _)| !is_test(*at))
            .map(|(_, token)| token.clone())
            .collect()
    }

    /// Returns the comments and the literals that are not test code.
    fn texts(&self) -> Vec<&Text> {
        if self.is_test_file() {
            return Vec::new();
        }
        let items = self.test_lines();
        let is_test = |line: u32| {
            items
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&line))
        };
        self.texts
            .iter()
            .filter(|text| !is_test(text.line))
            .collect()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns all files below `src`.
fn sources() -> Vec<Source> {
    let root = root().join("src");
    rust_files(&root)
        .iter()
        .map(|file| {
            let below = file.strip_prefix(&root).unwrap().to_string_lossy();
            let below = below.replace('\\', "/");
            Source::new(&below, &fs::read_to_string(file).unwrap())
        })
        .collect()
}

/// Returns the Rust files below `folder`, in alphabetical order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Returns the part of a file: `app/layout.rs` belongs to `app`, `value.rs` to `value`.
fn part_of(below: &str) -> &str {
    below
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".rs")
}

/// Returns the violations in one file, with a sentence for each.
fn violations(source: &Source) -> Vec<String> {
    let Source { below, tokens, .. } = source;
    let part = part_of(below);
    let mut wrong = Vec::new();
    if let Some((_, allowed)) = PARTS.iter().find(|(name, _)| *name == part) {
        for (target, line) in references(tokens, below) {
            if target == TESTING && source.is_test_line(line) {
                continue;
            }
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
                // A field, or a name inside another crate. The first name of `ratatui::crossterm` is
                // checked.
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

/// Returns each name directly below the root of the crate that the tokens refer to, with its line:
/// through `crate::`, `linmem::`, enough `super::` to reach the root, and trees in braces. `*` means
/// all names.
fn references(tokens: &[Token], below: &str) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    // The number of `super` that lead from the module of this file to the root. Modules that are
    // written inside the file are deeper.
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
                ups >= file_depth + inner_modules(&tokens[..at]).len()
            }
            _ => false,
        };
        if leads_to_root && starts_path && text(tokens, next) == "::" {
            first_names(tokens, next + 1, &mut found);
        }
    }
    found
}

/// Adds the first name of the path at `at`, or of each path of a tree in braces, to `found`. Returns the
/// index of the token after it.
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
        // Skips to the comma that ends this path, over braces before it.
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

/// Returns the names of the `mod name { … }` that are open at the end of the tokens.
fn inner_modules(tokens: &[Token]) -> Vec<String> {
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => {
                let is_module = at.checked_sub(2).is_some_and(|m| tokens[m].text == "mod");
                open.push(is_module.then(|| tokens[at - 1].text.clone()));
            }
            "}" => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().flatten().collect()
}

mod references {
    use super::*;

    fn complaints(below: &str, source: &str) -> Vec<String> {
        violations(&Source::new(below, source))
    }

    fn names(below: &str, source: &str) -> Vec<String> {
        references(&scan(source).0, below)
            .into_iter()
            .map(|(name, line)| format!("{name}:{line}"))
            .collect()
    }

    #[test]
    fn finds_paths_and_use_trees() {
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
    fn ignores_comments_and_literals() {
        let source = "// crate::a\n/* crate::b /* crate::c */ crate::d */ \"crate::e \\\" crate::f\" r#\"\" crate::g\"# \
                      b\"crate::h\" '\"' crate::i '\\'' crate::j 'a\" crate::k \" b'\"' crate::l";
        assert_eq!(names("ui/mod.rs", source), ["i:2", "j:2", "l:2"]);
        assert_eq!(names("ui/mod.rs", "\"one\ntwo\" crate::a"), ["a:2"]);
    }

    #[test]
    fn violations_name_file_line_and_allowed_parts() {
        assert_eq!(
            complaints(
                "script/eval.rs",
                "use std::fmt;\nuse crate::session::Session;"
            ),
            [
                "src/script/eval.rs:2: `script` names `session`; it may name data_types, value, safe, source, prose, text, wasm_types, finding_kind"
            ]
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
        assert_eq!(complaints("ui/mod.rs", "use crate::testing;").len(), 1);
    }

    #[test]
    fn allowed_references_pass() {
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
        for (below, source) in [
            (
                "ui/mod.rs",
                "#[cfg(test)]\nmod tests { use crate::testing::apps; }",
            ),
            ("ui/tests.rs", "use crate::testing::apps;"),
            ("ui/tests/more.rs", "use crate::testing::apps;"),
        ] {
            assert_eq!(complaints(below, source), [""; 0], "{below}");
        }
    }

    #[test]
    fn crates_are_restricted_to_their_parts() {
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
            ("app/panes/layout.rs", "use ratatui::layout::Rect;"),
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
