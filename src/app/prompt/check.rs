//! Parses a line of `:` and checks it before anything is sent to the session.

use super::command::{self, Command};
use super::exports::exports;
use super::known_names;
use super::state::Mistake;
use crate::app::App;
use crate::app::execution::run;
use crate::safe;
use crate::script::ast::{Call, Name, Span, Statement, StatementKind};
use crate::script::{self, ScriptError, ScriptErrors};
use crate::text;
use crate::timeline::ExportFacts;
use crate::wasm_types::{ExternKind, ExternType};

/// What a line is.
pub(super) enum Parsed {
    Command(Result<Command, Mistake>),
    /// An `import` or `memory` line for a guest that starts again.
    Setup(Result<Statement, ScriptErrors>),
    /// A step, whose names are not checked yet.
    Step(Result<Statement, ScriptErrors>),
}

/// Parses a line.
pub(super) fn parse(app: &App, line: &str) -> Parsed {
    if let Some(command) = command::parse(line) {
        return Parsed::Command(command);
    }
    match script::parse_setup(line, &known_names::inputs(app)) {
        Some(setup) => Parsed::Setup(setup),
        None => Parsed::Step(script::parse_line(line)),
    }
}

/// Checks that a step parsed from `line` can run where it would.
pub(super) fn check(
    app: &App,
    line: &str,
    parsed: Result<Statement, ScriptErrors>,
) -> Result<Statement, Mistake> {
    let statement = parsed.map_err(|errors| Mistake::first(line, &errors))?;
    check_names(app, line, &statement).map_err(|errors| Mistake::first(line, &errors))?;
    match check_exports(app, line, &statement) {
        Some(mistake) => Err(mistake),
        None => Ok(statement),
    }
}

/// Checks the names of a step against those that are known where it would run.
pub(super) fn check_names(
    app: &App,
    line: &str,
    statement: &Statement,
) -> Result<(), ScriptErrors> {
    let base = run::base(app, Some(statement)).unwrap_or(0);
    script::check_line(line, statement, &known_names::known_at(app, base))
}

impl Mistake {
    /// Returns a mistake that concerns the whole line.
    pub(in crate::app) fn whole(line: &str, message: String) -> Self {
        Mistake {
            from: 0,
            to: line.chars().count(),
            message,
            help: None,
        }
    }

    fn at(line: &str, span: Span, message: String, help: Option<String>) -> Self {
        let chars = |offset: usize| {
            line.get(..line.floor_char_boundary(offset))
                .unwrap_or_default()
                .chars()
                .count()
        };
        let from = chars(span.start);
        Mistake {
            from,
            to: chars(span.end).max(from + 1),
            message,
            help,
        }
    }

    /// Returns the first of the errors of a line.
    pub(super) fn first(line: &str, errors: &ScriptErrors) -> Self {
        match errors.errors.first() {
            Some(error) => Mistake::of(line, error),
            None => Mistake::whole(line, "this cannot be parsed".to_owned()),
        }
    }

    pub(super) fn of(line: &str, error: &ScriptError) -> Self {
        Mistake::at(line, error.span, error.message.clone(), error.help.clone())
    }
}

/// Checks a statement against the guest's exports and the findings of the step shown.
pub(super) fn check_exports(app: &App, line: &str, statement: &Statement) -> Option<Mistake> {
    let wrong = |span: Span, message: String, help: Option<String>| {
        Some(Mistake::at(line, span, message, help))
    };
    if let StatementKind::ExpectFinding { kind } = &statement.kind {
        return check_finding(app, line, kind);
    }
    let (name, kind) = match &statement.kind {
        // Only the running guest has the functions of a table.
        StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. }
            if call.place.is_some() =>
        {
            return None;
        }
        StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. } => {
            (&call.export, ExternKind::Func)
        }
        StatementKind::Global { export, .. } | StatementKind::Set { export, .. } => {
            (export, ExternKind::Global)
        }
        _ => return None,
    };
    let Some(export) = exports(app, kind).find(|export| export.name == name.text) else {
        let (message, help) = no_export(app, name, kind);
        return wrong(name.span, message, help);
    };
    match &statement.kind {
        StatementKind::Call { results, call } => {
            check_arguments(line, call, export).or_else(|| check_results(line, results, export))
        }
        StatementKind::ExpectTrap { call, .. } => check_arguments(line, call, export),
        StatementKind::Set { .. } if !is_mutable(export) => {
            let message = format!(
                "global {} is not mutable, so the host cannot set it",
                safe::cut(&name.text, 40)
            );
            wrong(name.span, message, None)
        }
        _ => None,
    }
}

/// Checks that the step shown has the finding that a statement expects; without it the statement
/// would only fail.
fn check_finding(app: &App, line: &str, kind: &Name) -> Option<Mistake> {
    let record = app.record().filter(|record| record.claims.is_empty())?;
    let mut kinds: Vec<&str> = record
        .findings
        .iter()
        .map(|finding| finding.kind.as_str())
        .collect();
    if kinds.contains(&kind.text.as_str()) {
        return None;
    }
    kinds.dedup();
    let has = if kinds.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", kinds.join(", "))
    };
    let message = format!("step {} does not have this finding", record.index);
    Some(Mistake::at(line, kind.span, message, Some(has)))
}

fn is_mutable(global: &ExportFacts) -> bool {
    matches!(&global.ty, ExternType::Global(ty) if ty.mutable)
}

fn no_export(app: &App, name: &Name, kind: ExternKind) -> (String, Option<String>) {
    let noun = kind.noun();
    let shown = safe::cut(&name.text, 60);
    let message = format!("the guest exports no {noun} `{shown}`");
    if app
        .timeline
        .guest
        .exports
        .iter()
        .any(|export| export.name == name.text)
    {
        return (format!("export `{shown}` is not a {noun}"), None);
    }
    let nearest = text::nearest(
        &name.text,
        exports(app, kind).map(|export| export.name.as_str()),
    );
    let help = match nearest {
        Some(nearest) => format!("did you mean {}?", safe::cut(nearest, 60)),
        None if exports(app, kind).next().is_some() => "tab shows those there are".to_owned(),
        None => format!("it exports no {noun} at all"),
    };
    (message, Some(help))
}

fn check_arguments(line: &str, call: &Call, export: &ExportFacts) -> Option<Mistake> {
    let wanted = export.ty.as_func()?.params.len();
    let given = call.args.len();
    if wanted == given {
        return None;
    }
    let message = format!(
        "{} takes {}, {given} given",
        safe::cut(&export.name, 60),
        text::count(wanted, "argument")
    );
    let help = format!("its type is {}", safe::cut(&export.ty.to_string(), 100));
    Some(Mistake::at(line, call.export.span, message, Some(help)))
}

fn check_results(line: &str, results: &[Name], export: &ExportFacts) -> Option<Mistake> {
    let given = export.ty.as_func()?.results.len();
    let (first, last) = (results.first()?, results.last()?);
    if given == results.len() {
        return None;
    }
    let message = format!(
        "{} gives {}, {} named",
        safe::cut(&export.name, 60),
        text::count(given, "result"),
        results.len()
    );
    let help = format!(
        "its type is {}: name all results or none",
        safe::cut(&export.ty.to_string(), 100)
    );
    let span = Span {
        start: first.span.start,
        end: last.span.end,
    };
    Some(Mistake::at(line, span, message, Some(help)))
}
