//! Statements that a person types into a session that already runs. Each is parsed once, checked
//! against the names known by then, and inserted into the script as a step like any other.

use std::collections::HashMap;

use super::ast::{Statement, StatementKind};
use super::error::{Fault, Lines};
use super::known_names::KnownNames;
use super::lexer::Lexer;
use super::{Script, ScriptErrors, check, items, parser, vocabulary};

/// The name of a typed text in messages.
const TYPED: &str = "typed";

/// Parses one statement typed into a session, without looking up its names.
///
/// # Errors
/// The text is not one statement. Positions are those of `text`.
pub fn parse_line(text: &str) -> Result<Statement, ScriptErrors> {
    let found = super::single(text, "a statement", |line, faults| {
        parser::statement(text, 0, line)
            .map_err(|fault| faults.push(fault))
            .ok()
    });
    found.map_err(|(lines, faults)| super::errors_in(TYPED, text, &lines, faults))
}

/// Checks the names of a statement typed into a session whose guest runs. `text` is the text that
/// `statement` was parsed from.
///
/// # Errors
/// A name is not known, or `module`, `input`, `memory` or `import` comes too late. Positions are
/// those of `text`.
pub fn check_line(
    text: &str,
    statement: &Statement,
    known: &KnownNames,
) -> Result<(), ScriptErrors> {
    let mut faults = Vec::new();
    check::typed(statement, known, &mut faults);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(super::errors_in(TYPED, text, &Lines::new(text), faults))
    }
}

/// Parses an `import`, `memory`, `args` or `env` line typed for a guest that starts again, which may
/// use `inputs`.
/// Returns `None` where the line begins with neither word.
///
/// # Errors
/// The line cannot be parsed, or it names something that is not an input. Positions are those of
/// `text`.
pub fn parse_setup(text: &str, inputs: &[String]) -> Option<Result<Statement, ScriptErrors>> {
    let first = text.split_whitespace().next().unwrap_or_default();
    let rest = text
        .trim_start()
        .strip_prefix(first)
        .unwrap_or_default()
        .trim_start();
    if !matches!(first, "import" | "memory" | "args" | "env" | "type")
        || rest.starts_with('=')
        || rest.starts_with(',')
    {
        return None;
    }
    let known = KnownNames {
        inputs: inputs.to_vec(),
        ..KnownNames::default()
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

/// Splits a text of several lines into statements, each on one line and without comments. Nothing
/// is checked.
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

/// Returns the names that a statement binds, even where the rest of it cannot be parsed.
pub fn names_given(text: &str) -> Vec<String> {
    let mut lexer = Lexer::new(text, 0..text.len());
    lexer
        .next_line()
        .map(|line| parser::guess_names(text, &line.tokens))
        .unwrap_or_default()
}

/// Returns the name of the type that a line declares, if it does.
pub fn declared_type(line: &str) -> Option<String> {
    match parse_line(line).ok()?.kind {
        StatementKind::Type { name, .. } => Some(name.text),
        _ => None,
    }
}

/// Returns the words that a step can begin with.
pub fn step_words() -> impl Iterator<Item = &'static str> {
    let too_late = ["module", "input", "memory", "args", "env", "import", "type"];
    // `read`, `global` and `callback` come after `NAME =`.
    vocabulary::statements().filter(move |word| {
        !too_late.contains(word) && !matches!(*word, "read" | "global" | "callback")
    })
}

/// Returns the words that can come after `NAME =`.
pub fn source_words() -> impl Iterator<Item = &'static str> {
    ["call", "read", "global", "grow", "callback"].into_iter()
}

/// Returns the names of the language's functions.
pub fn function_words() -> impl Iterator<Item = &'static str> {
    vocabulary::functions()
}

/// Returns the words that can come after `as`.
pub fn reading_words() -> impl Iterator<Item = &'static str> {
    vocabulary::readings()
}

/// Returns the words of types that are no readings.
pub fn type_words() -> impl Iterator<Item = &'static str> {
    let is_reading = |word: &&str| vocabulary::readings().any(|reading| reading == *word);
    vocabulary::TYPE_WORDS
        .into_iter()
        .filter(move |word| !is_reading(word))
}

/// Returns the written form of the statement that begins with `word`.
pub fn form_of(word: &str) -> Option<&'static str> {
    vocabulary::form(word)
}

/// Returns whether the name of an export or import needs no quotes.
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && super::lexer::name_length(name) == name.len()
}

impl ScriptErrors {
    /// Returns the first error that typing more at the end cannot correct; `None` for a line that is
    /// merely unfinished.
    pub(crate) fn beyond_unfinished(&self) -> Option<&super::ScriptError> {
        let end = self.source_text.text.trim_end().len();
        self.errors
            .iter()
            .find(|error| error.span.end < end && !error.message.ends_with("never closed"))
    }
}

impl Script {
    /// Inserts a statement before the statement at index `at`.
    ///
    /// # Errors
    /// The statement uses a name that is not known there. The script is as it was.
    pub(crate) fn insert(
        &mut self,
        at: usize,
        statement: &Statement,
    ) -> Result<&Statement, ScriptErrors> {
        let at = at.min(self.statements.len());
        let (before, after) = self.statements.split_at(at);
        check_line(&statement.text, statement, &KnownNames::of(before, after))?;
        self.append_source(at, &statement.text)
    }

    /// Returns the same script for a guest that is given these `import`, `memory`, `args` and `env`
    /// lines too. A line replaces an earlier one about the same subject.
    ///
    /// # Errors
    /// One of the statements is not such a line, or uses a name that is not known.
    pub fn with_setup(&self, setup: &[Statement]) -> Result<Script, ScriptErrors> {
        let mut script = self.clone();
        for statement in setup {
            let first_step =
                |script: &Script| script.statements.iter().position(|s| s.kind.is_step());
            let at = first_step(&script).unwrap_or(script.statements.len());
            let known = KnownNames::of(script.statements.get(..at).unwrap_or_default(), &[]);
            check_setup(statement, &known)?;
            script
                .statements
                .retain(|old| !is_same_subject(&old.kind, &statement.kind));
            let at = first_step(&script).unwrap_or(script.statements.len());
            script.append_source(at, &statement.text)?;
        }
        Ok(script)
    }

    /// Inserts a checked statement before the statement at index `at`, with its text at the end of
    /// the source.
    fn append_source(&mut self, at: usize, text: &str) -> Result<&Statement, ScriptErrors> {
        // The statement is parsed once more at its place in the source, so that its positions are
        // unique among those of the whole script.
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

    /// Returns the script with the same guest, inputs and imports and with other steps: those of this
    /// script by their line, and typed ones, which have no line, by their text.
    ///
    /// # Errors
    /// A typed step cannot be parsed or uses a name that is not known.
    pub(crate) fn arranged(&self, steps: &[(Option<u32>, &str)]) -> Result<Script, ScriptErrors> {
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
                None => drop(script.insert(script.statements.len(), &parse_line(text)?)?),
            }
        }
        Ok(script)
    }

    /// Returns the place of an offset in the source, for messages: `file:line:column`.
    pub(crate) fn place(&self, offset: usize) -> String {
        let (line, column) = self.line_column(offset);
        if offset > self.written {
            return format!("{TYPED}:1:{column}");
        }
        format!("{}:{line}:{column}", crate::safe::plain(&self.source.name))
    }
}

/// Checks a statement of [`parse_setup`] against the names known before the first step.
fn check_setup(statement: &Statement, known: &KnownNames) -> Result<(), ScriptErrors> {
    let mut faults = Vec::new();
    match statement.kind {
        StatementKind::Import(_)
        | StatementKind::Memory { .. }
        | StatementKind::Args { .. }
        | StatementKind::Env { .. }
        | StatementKind::Provide { .. }
        | StatementKind::Type { .. } => {
            check::setup(statement, known, &mut faults);
        }
        _ => faults.push(Fault::new(
            0..statement.text.len(),
            "only `import`, `memory`, `args`, `env`, `provide` and `type` lines can come before the \
             first step",
        )),
    }
    if faults.is_empty() {
        return Ok(());
    }
    let text = &statement.text;
    Err(super::errors_in(TYPED, text, &Lines::new(text), faults))
}

fn is_same_subject(a: &StatementKind, b: &StatementKind) -> bool {
    match (a, b) {
        (StatementKind::Import(a), StatementKind::Import(b)) => a.name == b.name,
        (StatementKind::Memory { .. }, StatementKind::Memory { .. })
        | (StatementKind::Args { .. }, StatementKind::Args { .. }) => true,
        (StatementKind::Type { name: a, .. }, StatementKind::Type { name: b, .. }) => {
            a.text == b.text
        }
        (StatementKind::Env { name: a, .. }, StatementKind::Env { name: b, .. })
        | (StatementKind::Provide { path: a, .. }, StatementKind::Provide { path: b, .. }) => {
            a.text == b.text
        }
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
        let setup = |line| {
            parse_setup(line, &["k".into(), "p".into()])
                .unwrap()
                .unwrap()
        };
        let lines = [
            "import env.g(a) returns k",
            "import env.f() returns k + 1",
            "memory m",
        ];
        let with_setup = script.with_setup(&lines.map(setup)).unwrap();
        let texts: Vec<&str> = with_setup
            .statements
            .iter()
            .map(|s| s.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "input k = 1",
                lines[0],
                lines[1],
                "memory m",
                "p = call f()"
            ]
        );
        assert!(
            script
                .with_setup(&[setup("import env.f() returns p")])
                .unwrap_err()
                .to_string()
                .contains("`p`")
        );
        assert!(script.with_setup(&[parse_line("grow 1").unwrap()]).is_err());
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

    /// Parses and checks one statement typed into a session whose guest runs.
    fn parse_typed(text: &str, known: &KnownNames) -> Result<Statement, ScriptErrors> {
        let statement = parse_line(text)?;
        check_line(text, &statement, known)?;
        Ok(statement)
    }

    fn known() -> KnownNames {
        KnownNames {
            inputs: vec!["text".into()],
            variables: vec!["ptr".into()],
            later: vec!["n".into()],
            regions: vec!["buffer".into()],
            blocks: vec!["b".into()],
            types: Vec::new(),
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
        let typed = parse_line("  q =  call g(p)   # why").unwrap();
        let statement = script.insert(3, &typed).unwrap();
        assert_eq!(
            (statement.text.as_str(), statement.line),
            ("q =  call g(p)", 0)
        );
        let offset = statement.span.start;
        assert_eq!(script.place(offset + 4), "typed:1:5");
        let first = script.statements[2].span.start;
        assert_eq!(script.place(first), "a.steps:3:1");
        assert!(
            script
                .insert(2, &parse_line("write q, t").unwrap())
                .is_err(),
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
