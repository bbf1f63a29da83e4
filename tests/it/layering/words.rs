//! Names, comments and messages use the words of the field, not private ones.

use std::fs;

use super::scanner::{Token, scan, text};
use super::{Source, root, rust_files, sources};

/// Names do not begin with these.
const VERBS: [&str; 9] = [
    "tell", "tells", "told", "say", "says", "said", "hear", "heard", "wish",
];

/// Names do not contain these.
const PARTS_OF_NAMES: [&str; 12] = [
    "aside", "behind", "chance", "errand", "kept", "makeup", "room", "spare", "tame", "told",
    "twins", "world",
];

/// Names are not these.
const NAMES: [&str; 10] = [
    "alarm",
    "bell",
    "last_words",
    "look",
    "looks",
    "noted",
    "parting",
    "shown",
    "under_way",
    "word",
];

/// Comments and messages do not contain these.
const PHRASES: [&str; 31] = [
    "aside",
    "behind",
    "come to life",
    "comes to life",
    "coming to life",
    "hear",
    "heard",
    "hears",
    "lie",
    "lies",
    "nobody asks",
    "of which",
    "one's",
    "said",
    "say",
    "saying",
    "says",
    "so many",
    "so much",
    "stand",
    "standing",
    "stands",
    "stood",
    "tell",
    "telling",
    "tells",
    "told",
    "who asks",
    "wish",
    "wished",
    "wishes",
];

/// Keys of the JSON documents, which programs rely on.
const JSON_KEYS: [&str; 2] = ["output_kept", "parting"];

#[test]
fn names_use_the_words_of_the_field() {
    let mut found = Vec::new();
    for source in sources() {
        for (name, line) in defined_names(&source.code()) {
            if is_private_name(&name) && !JSON_KEYS.contains(&name.as_str()) {
                found.push(format!("src/{}:{line}: {name}", source.below));
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn comments_and_messages_use_the_words_of_the_field() {
    let mut found = Vec::new();
    for source in sources() {
        for text in source.texts() {
            for phrase in private_phrases(&text.content) {
                found.push(format!("src/{}:{}: {phrase}", source.below, text.line));
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn comments_use_the_words_of_the_field() {
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz/src", "fuzz/fuzz_targets"] {
        for file in rust_files(&root().join(folder)) {
            let source = fs::read_to_string(&file).unwrap();
            for comment in scan(&source).1.iter().filter(|text| text.is_comment) {
                for phrase in private_phrases(&comment.content) {
                    found.push(format!("{}:{}: {phrase}", file.display(), comment.line));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Returns the names of functions, types, modules, constants, fields and variants that the tokens
/// define, with their lines.
fn defined_names(tokens: &[Token]) -> Vec<(String, u32)> {
    const ITEMS: [&str; 8] = [
        "fn", "struct", "enum", "trait", "type", "mod", "const", "static",
    ];
    let mut names = Vec::new();
    let mut body_end = 0;
    for (at, token) in tokens.iter().enumerate() {
        if !ITEMS.contains(&token.text.as_str()) {
            continue;
        }
        if let Some(name) = tokens.get(at + 1).filter(|name| is_name(&name.text)) {
            names.push((name.text.clone(), name.line));
        }
        if matches!(token.text.as_str(), "struct" | "enum") && at >= body_end {
            body_end = members(tokens, at + 2, &mut names);
        }
    }
    names
}

/// Adds the fields or variants of the type whose body is next, and returns the index after it.
fn members(tokens: &[Token], start: usize, names: &mut Vec<(String, u32)>) -> usize {
    let Some(open) = (start..tokens.len()).find(|at| matches!(text(tokens, *at), "{" | ";" | "("))
    else {
        return tokens.len();
    };
    if text(tokens, open) != "{" {
        return open;
    }
    let mut depth = 0_usize;
    for at in open..tokens.len() {
        match text(tokens, at) {
            "{" => depth += 1,
            "}" if depth == 1 => return at,
            "}" => depth -= 1,
            _ => {}
        }
        let is_start = matches!(text(tokens, at), "{" | "," | "}" | "]")
            || text(tokens, at) == "pub"
            || text(tokens, at) == ")";
        let (name, next) = (text(tokens, at + 1), text(tokens, at + 2));
        let is_member = next == ":" || depth == 1 && matches!(next, "," | "(" | "{" | "}" | "=");
        if is_start && is_member && is_name(name) && name != "pub" {
            names.push((name.to_owned(), tokens[at + 1].line));
        }
    }
    tokens.len()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn is_private_name(name: &str) -> bool {
    let snake = snake_case(name);
    let mut parts = snake.split('_').filter(|part| !part.is_empty());
    NAMES.contains(&snake.as_str())
        || parts
            .clone()
            .next()
            .is_some_and(|first| VERBS.contains(&first))
        || parts.any(|part| PARTS_OF_NAMES.contains(&part))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (at, c) in name.char_indices() {
        if c.is_uppercase()
            && at > 0
            && !name[..at].ends_with(|c: char| c.is_uppercase() || c == '_')
        {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Returns the private phrases in a comment or a message.
fn private_phrases(text: &str) -> impl Iterator<Item = &'static str> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    PHRASES.into_iter().filter(move |phrase| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        words.windows(phrase.len()).any(|window| window == phrase)
    })
}

#[test]
fn private_names_are_found() {
    let source = Source::new(
        "a.rs",
        "struct Kept { pub(crate) told_at: u32, len: u32 } enum E { Aside, Look(u8) }\n\
         fn say_it(wished: u8) { let said = 1; } #[cfg(test)] mod tests { fn told() {} }\n\
         const CHANCES: u8 = 1; fn foretold() {}",
    );
    let names: Vec<String> = defined_names(&source.code())
        .into_iter()
        .filter(|(name, _)| is_private_name(name))
        .map(|(name, line)| format!("{name}:{line}"))
        .collect();
    assert_eq!(
        names,
        ["Kept:1", "told_at:1", "Aside:1", "Look:1", "say_it:2"]
    );
}

#[test]
fn private_phrases_are_found() {
    let found = |text| private_phrases(text).collect::<Vec<_>>();
    assert_eq!(
        found("So  many bytes, of\nwhich one lies behind it"),
        ["behind", "lies", "of which", "so many"]
    );
    assert_eq!(found("essay, asides, retold"), [""; 0]);
}
