//! Statements that a person types into a session that runs already: read one at a time, against
//! what has a name by then. Also puts them into a script among its own steps, so that what was
//! typed is a step like any other.

use std::collections::HashMap;

use super::ast::{Statement, StatementKind};
use super::error::{Fault, Lines};
use super::lexer::Lexer;
use super::{Script, ScriptErrors, check, items, parser, vocabulary};

/// What messages call the text that was typed.
const TYPED: &str = "typed";

/// What a statement typed on its own may name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub inputs: Vec<String>,
    /// Other names that have a value.
    pub variables: Vec<String>,
    /// Names that steps still to come will give: a question may be about them.
    pub later: Vec<String>,
    pub regions: Vec<String>,
    pub blocks: Vec<String>,
}

impl Known {
    /// What these statements give, and what those after them will.
    fn of(before: &[Statement], after: &[Statement]) -> Known {
        let mut known = Known::default();
        for statement in before {
            let names = check::defined_names(&statement.kind)
                .iter()
                .map(|name| name.text.clone());
            match &statement.kind {
                StatementKind::Input { .. } => known.inputs.extend(names),
                StatementKind::Region { name, .. } => known.regions.push(name.text.clone()),
                StatementKind::Block { name, .. } => known.blocks.push(name.text.clone()),
                _ => known.variables.extend(names),
            }
        }
        let later = after
            .iter()
            .flat_map(|statement| check::defined_names(&statement.kind));
        known.later = later.map(|name| name.text.clone()).collect();
        // An input has its value from the start, wherever it stands.
        known
            .inputs
            .extend(after.iter().filter_map(|statement| match &statement.kind {
                StatementKind::Input { name, .. } => Some(name.text.clone()),
                _ => None,
            }));
        known
    }
}

/// Reads one statement typed into a session whose guest runs.
///
/// # Errors
/// What is wrong with it, among it that `module`, `input`, `memory` and `import` come too late; the
/// positions are those of `text`.
pub fn parse_typed(text: &str, known: &Known) -> Result<Statement, ScriptErrors> {
    let found = super::single(text, "a statement", |line, faults| {
        let statement = parser::statement(text, 0, line)
            .map_err(|fault| faults.push(fault))
            .ok()?;
        check::typed(&statement, known, faults);
        Some(statement)
    });
    found.map_err(|(lines, faults)| super::errors_in(TYPED, text, &lines, faults))
}

/// Reads an `import` or `memory` line typed for a guest that is to start again, over these inputs.
/// `None` where the line begins with neither word.
///
/// # Errors
/// What is wrong with it; the positions are those of `text`.
pub fn parse_setup(text: &str, inputs: &[String]) -> Option<Result<Statement, ScriptErrors>> {
    let first = text.split_whitespace().next().unwrap_or_default();
    let behind = text
        .trim_start()
        .strip_prefix(first)
        .unwrap_or_default()
        .trim_start();
    if !matches!(first, "import" | "memory") || behind.starts_with('=') || behind.starts_with(',') {
        return None;
    }
    let known = Known {
        inputs: inputs.to_vec(),
        ..Known::default()
    };
    let found = super::single(text, "a statement", |line, faults| {
        let statement = parser::statement(text, 0, line)
            .map_err(|fault| faults.push(fault))
            .ok()?;
        check::setup(&statement, &known, faults);
        Some(statement)
    });
    Some(found.map_err(|(lines, faults)| super::errors_in(TYPED, text, &lines, faults)))
}

/// The statements that a text of several lines holds, each on one line and without comments;
/// nothing is checked.
pub fn statements_in(text: &str) -> Vec<String> {
    let mut lexer = Lexer::new(text, 0..text.len());
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(line) = lexer.next_line() {
        let end = lexer.position();
        found.push(match line.fault {
            None => parser::on_one_line(text, &line.tokens),
            Some(_) => text
                .get(start..end)
                .unwrap_or_default()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        });
        start = end;
    }
    found
}

/// The names that a statement gives a value, whether or not it is right in every other way.
pub fn names_given(text: &str) -> Vec<String> {
    let mut lexer = Lexer::new(text, 0..text.len());
    lexer
        .next_line()
        .map(|line| parser::guess_names(text, &line.tokens))
        .unwrap_or_default()
}

/// The words that a step can begin with.
pub fn step_words() -> impl Iterator<Item = &'static str> {
    let too_late = ["module", "input", "memory", "import"];
    // `read` and `global` stand behind `NAME =`.
    vocabulary::statements()
        .filter(move |word| !too_late.contains(word) && !matches!(*word, "read" | "global"))
}

/// The words that can stand behind `NAME =`.
pub fn source_words() -> impl Iterator<Item = &'static str> {
    ["call", "read", "global", "grow"].into_iter()
}

/// The functions of the language.
pub fn function_words() -> impl Iterator<Item = &'static str> {
    vocabulary::functions()
}

/// The words that can stand behind `as`.
pub fn reading_words() -> impl Iterator<Item = &'static str> {
    vocabulary::readings()
}

/// What the statement that begins with this word looks like.
pub fn form_of(word: &str) -> Option<&'static str> {
    vocabulary::form(word)
}

/// Whether a name needs no quotes where an export's or an import's name stands.
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && super::lexer::name_length(name) == name.len()
}

impl ScriptErrors {
    /// The first mistake that more typing at the end will not mend; `None` while the line may
    /// merely be unfinished.
    pub fn beyond_unfinished(&self) -> Option<&super::ScriptError> {
        let end = self.source_text.text.trim_end().len();
        self.errors
            .iter()
            .find(|error| error.span.end < end && !error.message.ends_with("never closed"))
    }
}

impl Script {
    /// Puts a statement in before the statement `at` and after all that stand before it.
    ///
    /// # Errors
    /// What is wrong with it; the script is as it was then.
    pub fn insert(&mut self, at: usize, text: &str) -> Result<&Statement, ScriptErrors> {
        let at = at.min(self.statements.len());
        let (before, after) = self.statements.split_at(at);
        let single_line = parse_typed(text, &Known::of(before, after))?.text;
        self.put_in(at, &single_line)
    }

    /// The same script for a guest that is given these `import` and `memory` lines too; one that
    /// speaks of the same thing as an earlier one takes its place.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn described(&self, lines: &[String]) -> Result<Script, ScriptErrors> {
        let mut script = self.clone();
        for text in lines {
            let first_step =
                |script: &Script| script.statements.iter().position(|s| s.kind.is_step());
            let at = first_step(&script).unwrap_or(script.statements.len());
            let known = Known::of(script.statements.get(..at).unwrap_or_default(), &[]);
            let Some(statement) = parse_setup(text, &known.inputs) else {
                let fault = Fault::new(
                    0..text.len(),
                    "only `import` and `memory` lines are given to a guest",
                );
                return Err(super::errors_in(
                    TYPED,
                    text,
                    &Lines::new(text),
                    vec![fault],
                ));
            };
            let statement = statement?;
            script
                .statements
                .retain(|old| !is_same_subject(&old.kind, &statement.kind));
            let at = first_step(&script).unwrap_or(script.statements.len());
            script.put_in(at, &statement.text)?;
        }
        Ok(script)
    }

    /// Puts a statement that has been checked in before the statement `at`.
    fn put_in(&mut self, at: usize, text: &str) -> Result<&Statement, ScriptErrors> {
        // Read again where it will stand, so that its positions are its own among all those of the
        // script.
        let mut source = self.source.text.clone();
        source.push('\n');
        let start = source.len();
        source.push_str(text);
        let mut faults: Vec<Fault> = Vec::new();
        let lines = Lines::new(&source);
        let read = items(&source, start..source.len(), &lines, &mut faults)
            .into_iter()
            .next();
        let Some(mut statement) = read
            .and_then(super::Item::into_statement)
            .filter(|_| faults.is_empty())
        else {
            return Err(super::errors_in(TYPED, text, &Lines::new(text), faults));
        };
        statement.line = 0;
        (self.source.text, self.lines) = (source, lines);
        self.statements.insert(at, statement);
        self.statements
            .get(at)
            .ok_or_else(|| super::errors_in(TYPED, text, &Lines::new(text), Vec::new()))
    }

    /// The same guest, inputs and imports with other steps: those of this script that stand in a
    /// line of this number, and those that were typed, which have none.
    ///
    /// # Errors
    /// What is wrong with a typed one.
    pub fn arranged(&self, steps: &[(Option<u32>, &str)]) -> Result<Script, ScriptErrors> {
        let own: HashMap<u32, &Statement> = self
            .statements
            .iter()
            .filter(|s| s.kind.is_step() && s.line > 0)
            .map(|s| (s.line, s))
            .collect();
        let facts = self
            .statements
            .iter()
            .filter(|s| !s.kind.is_step())
            .cloned()
            .collect();
        let mut script = Script {
            source: self.source.clone(),
            statements: facts,
            ..self.clone()
        };
        for (line, text) in steps {
            match line.and_then(|line| own.get(&line)) {
                Some(statement) => script.statements.push((*statement).clone()),
                None => drop(script.insert(script.statements.len(), text)?),
            }
        }
        Ok(script)
    }

    /// Where an offset of the source stands, for messages: `file:line:column`; of a typed
    /// statement, its column alone.
    pub fn place(&self, offset: usize) -> String {
        let (line, column) = self.line_column(offset);
        if offset > self.written {
            return format!("{TYPED}:1:{column}");
        }
        format!("{}:{line}:{column}", crate::safe::plain(&self.source.name))
    }
}

fn is_same_subject(a: &StatementKind, b: &StatementKind) -> bool {
    match (a, b) {
        (StatementKind::Import(a), StatementKind::Import(b)) => a.name == b.name,
        (StatementKind::Memory { .. }, StatementKind::Memory { .. }) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::parse;

    #[test]
    fn imports_are_added_before_the_steps_and_take_the_place_of_earlier_ones() {
        let script = parse(
            "a.steps",
            "input k = 1\nimport env.f() returns 1\np = call f()\n",
        )
        .unwrap();
        let lines = [
            "import env.g(a) returns k".to_owned(),
            "import env.f() returns k + 1".to_owned(),
            "memory m".into(),
        ];
        let described = script.described(&lines).unwrap();
        let texts: Vec<&str> = described
            .statements
            .iter()
            .map(|s| s.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "input k = 1",
                &lines[0],
                &lines[1],
                "memory m",
                "p = call f()"
            ]
        );
        assert!(
            script
                .described(&["import env.f() returns p".into()])
                .unwrap_err()
                .to_string()
                .contains("`p`")
        );
        assert!(script.described(&["grow 1".into()]).is_err());
        assert!(
            parse_setup("import = call f()", &[]).is_none()
                && parse_setup("write 1, \"\"", &[]).is_none()
        );
        assert!(
            parse_setup("import env.", &[])
                .unwrap()
                .unwrap_err()
                .beyond_unfinished()
                .is_none()
        );
    }

    fn known() -> Known {
        Known {
            inputs: vec!["text".into()],
            variables: vec!["ptr".into()],
            later: vec!["n".into()],
            regions: vec!["buffer".into()],
            blocks: vec!["b".into()],
        }
    }

    fn message(text: &str) -> String {
        match parse_typed(text, &known()) {
            Ok(statement) => panic!("{text} was read as {:?}", statement.kind),
            Err(errors) => errors.to_string(),
        }
    }

    #[test]
    fn a_typed_statement_is_read_against_what_has_a_name() {
        for text in [
            "write ptr, text",
            "release b",
            "x = read ptr, 4 as bytes",
            "ptr = call f()",
            "ask \"how many?\" = n",
        ] {
            assert!(
                parse_typed(text, &known()).is_ok(),
                "{text}: {}",
                message(text)
            );
        }
        assert!(message("write q, text").contains("there is no variable `q` here"));
        assert!(message("write buffer, text").contains("`buffer` is a region, not a value"));
        assert!(
            message("release c").contains("did you mean `b`")
                || message("release c").contains("name it before")
        );
        assert!(message("text = call f()").contains("`text` is an input already\n"));
        assert!(message("").contains("found nothing"));
        assert!(message("call f()\ncall g()").contains("found a second line"));
    }

    #[test]
    fn what_comes_too_late_says_what_to_do() {
        let rows = [
            ("module \"a.wasm\"", "linmem a.wasm"),
            ("input x = 1", "`let x = 1`"),
            ("memory other", ":save"),
            ("import env.f()", ":save"),
        ];
        for (text, words) in rows {
            let message = message(text);
            assert!(
                message.contains("too late") && message.contains(words),
                "{message}"
            );
        }
    }

    #[test]
    fn a_line_that_is_merely_unfinished_has_no_mistake_yet() {
        let quiet = [
            "",
            "c",
            "call",
            "call ",
            "call f",
            "call f(",
            "call f(1,",
            "write ptr",
            "write ptr,",
            "write ptr, \"ab",
            "x =",
            "x = read ptr",
            "x = read ptr, 3 as",
            "expect",
            "let y = (1 + 2",
            "write ptr, hex\"0",
            "write pt",
        ];
        for text in quiet {
            let errors = parse_typed(text, &known()).unwrap_err();
            assert_eq!(errors.beyond_unfinished(), None, "{text}");
        }
        for text in [
            "cal f",
            "call f(q) ",
            "write q, 1",
            "x = raed ptr,",
            "call f)(",
        ] {
            let errors = parse_typed(text, &known()).unwrap_err();
            assert!(errors.beyond_unfinished().is_some(), "{text}: {errors}");
        }
    }

    #[test]
    fn a_statement_put_in_keeps_the_others_and_knows_its_place() {
        let text = "module \"a.wasm\"\ninput t = \"x\"\np = call f()\nwrite p, t\n";
        let mut script = parse("a.steps", text).unwrap();
        let statement = script.insert(3, "  q =  call g(p)   # why").unwrap();
        assert_eq!(
            (statement.text.as_str(), statement.line),
            ("q =  call g(p)", 0)
        );
        let offset = statement.span.start;
        assert_eq!(script.place(offset + 4), "typed:1:5");
        let first = script.statements[2].span.start;
        assert_eq!(script.place(first), "a.steps:3:1");
        assert!(
            script.insert(2, "write q, t").is_err(),
            "q has no value before it is given one"
        );
        let texts: Vec<&str> = script.steps().map(|s| s.text.as_str()).collect();
        assert_eq!(texts, ["p = call f()", "q =  call g(p)", "write p, t"]);
    }

    #[test]
    fn steps_are_arranged_by_their_lines_and_typed_ones_by_their_text() {
        let text = "p = call f()\nmemory m\nwrite p, \"a\"\nwrite p, \"b\"\n";
        let script = parse("a.steps", text).unwrap();
        let arranged = script.arranged(&[
            (Some(1), "p = call f()"),
            (None, "grow 1"),
            (Some(4), "write p, \"b\""),
        ]);
        let arranged = arranged.unwrap();
        let lines: Vec<u32> = arranged.statements.iter().map(|s| s.line).collect();
        assert_eq!(lines, [2, 1, 0, 4]);
        assert!(script.arranged(&[(None, "write p, \"a\"")]).is_err());
    }

    #[test]
    fn a_text_of_several_lines_falls_into_statements() {
        let text = "# a comment\np = call f()  # why\n\ncall g(\n  1,\n  2)\nwrite \"\nlet x = 1";
        assert_eq!(
            statements_in(text),
            ["p = call f()", "call g( 1, 2)", "write \"", "let x = 1"]
        );
        assert_eq!(names_given("a, b = call f("), ["a", "b"]);
        assert!(is_plain_name("add_1") && !is_plain_name("my-export") && !is_plain_name(""));
    }
}
