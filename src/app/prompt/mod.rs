//! The line of `:`: what is typed, what is said about it while it is typed, the lines typed before,
//! and what becomes of it. A line is a statement of the steps language, or one of a few words about
//! the session as a whole.

pub mod completion;
pub mod line_editor;

use tui_input::Input;

use crate::app::execution::run;
use crate::app::{Action, App, Effect, Engine, Overlay};
use crate::safe;
use crate::script::ast::{Call, Name, Span, Statement, StatementKind};
use crate::script::{self, ScriptError, ScriptErrors};
use crate::timeline::ExportFacts;
use crate::value::Value;

/// The most lines of the history.
const MOST_REMEMBERED: usize = 1000;
/// The longest line that is remembered, in bytes.
const LONGEST_REMEMBERED: usize = 4096;

/// The line being typed.
#[derive(Debug, Clone, Default)]
pub struct Prompt {
    pub input: Input,
    pub said: Feedback,
    /// Lines that were pasted behind this one; they follow it when it runs.
    pub rest: Vec<String>,
    /// Which line of the history is shown, and what stood there before.
    recalled: Option<(usize, String)>,
}

/// What is said about the line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Feedback {
    #[default]
    Nothing,
    /// What it does, or what is missing yet.
    Hint(String),
    Mistake(Mistake),
    /// What it can be completed to, and which of these stands there.
    Choices(completion::Choices),
}

/// What is wrong with the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The characters concerned, the end not included.
    pub from: usize,
    pub to: usize,
    /// Safe to print.
    pub message: String,
    pub help: Option<String>,
}

impl Mistake {
    /// Something that is not about one part of the line.
    pub(in crate::app) fn whole(text: &str, message: String) -> Self {
        Mistake {
            from: 0,
            to: text.chars().count(),
            message,
            help: None,
        }
    }

    fn at(text: &str, span: Span, message: String, help: Option<String>) -> Self {
        let chars = |offset: usize| {
            text.get(..text.floor_char_boundary(offset))
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

    fn first(text: &str, errors: &ScriptErrors) -> Self {
        match errors.errors.first() {
            Some(error) => Mistake::of(text, error),
            None => Mistake::whole(text, "this cannot be read".to_owned()),
        }
    }

    fn of(text: &str, error: &ScriptError) -> Self {
        Mistake::at(text, error.span, error.message.clone(), error.help.clone())
    }
}

/// A word about the session as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Save { path: String, force: bool },
    Help,
    Guest,
    Quit,
}

/// What a session that is saved is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct SaveSteps {
    /// As typed.
    pub path: String,
    /// Whether a file that is there may be replaced.
    pub force: bool,
    pub inputs: Vec<(String, Value)>,
    /// `import` and `memory` lines that were typed.
    pub setup: Vec<String>,
    /// Text and prose of each step after instantiation.
    pub steps: Vec<(String, Option<String>)>,
}

/// The words, as they are completed.
pub(in crate::app) const WORDS: [&str; 5] = ["save", "save!", "help", "guest", "q"];

/// Opens the line, empty.
pub(in crate::app) fn open(app: &mut App) {
    app.overlay = Overlay::Prompt(Prompt::default());
    look(app);
}

/// Opens the line again with something that could not be run.
pub(in crate::app) fn reopen(app: &mut App, text: &str, mistake: Mistake) {
    let prompt = Prompt {
        input: Input::new(text.to_owned()),
        said: Feedback::Mistake(mistake),
        ..Prompt::default()
    };
    app.overlay = Overlay::Prompt(prompt);
}

/// Works out again what is said about the line, after it changed.
pub(in crate::app) fn look(app: &mut App) {
    let Overlay::Prompt(prompt) = &app.overlay else {
        return;
    };
    let said = said(app, prompt.input.value(), prompt.rest.len());
    if let Overlay::Prompt(prompt) = &mut app.overlay {
        prompt.said = said;
    }
}

/// The same after news from the session, where nothing better is said already.
pub(in crate::app) fn look_again(app: &mut App) {
    if matches!(
        &app.overlay,
        Overlay::Prompt(Prompt {
            said: Feedback::Hint(_) | Feedback::Nothing,
            ..
        })
    ) {
        look(app);
    }
}

fn said(app: &App, line: &str, more: usize) -> Feedback {
    let waiting = |hint: String| match more {
        0 => hint,
        1 => format!("1 more line was pasted: enter runs both. {hint}"),
        _ => format!("{more} more lines were pasted: enter runs all of them. {hint}"),
    };
    if line.trim().is_empty() {
        return Feedback::Hint(invitation(app));
    }
    match word(line) {
        Some(Ok(word)) => return Feedback::Hint(explained(&word)),
        Some(Err(mistake)) => return Feedback::Mistake(mistake),
        None => {}
    }
    match setup(app, line) {
        Some(Ok(_)) => {
            return Feedback::Hint(
                "enter starts the guest again with it, and runs up to the step shown".to_owned(),
            );
        }
        Some(Err(errors)) => {
            return match errors.beyond_unfinished() {
                Some(error) => Feedback::Mistake(Mistake::of(line, error)),
                None => Feedback::Hint(completion::expected(app, line)),
            };
        }
        None => {}
    }
    let base = run::base(app, line).unwrap_or(0);
    match script::parse_typed(line, &run::known_at(app, base)) {
        Ok(statement) => match check_exports(app, line, &statement) {
            Some(mistake) => Feedback::Mistake(mistake),
            None => Feedback::Hint(waiting(where_it_runs(app, line))),
        },
        Err(errors) => match errors.beyond_unfinished() {
            Some(error) => Feedback::Mistake(Mistake::of(line, error)),
            None => Feedback::Hint(completion::expected(app, line)),
        },
    }
}

/// What to type into an empty line.
fn invitation(app: &App) -> String {
    let example = app
        .timeline
        .guest
        .looks
        .examples
        .iter()
        .find(|step| step.contains("call "));
    match example {
        Some(step) => format!(
            "a step such as  {}  or one of the words save, help, guest, q",
            safe::cut(step, 60)
        ),
        None => "a step such as  write 1024, \"Hello\"  or one of the words save, help, guest, q"
            .to_owned(),
    }
}

fn explained(word: &Word) -> String {
    match word {
        Word::Save { path, .. } if path.is_empty() => {
            "save FILE writes these steps as a steps file".to_owned()
        }
        Word::Save { force: false, .. } => "enter writes these steps to a new file".to_owned(),
        Word::Save { force: true, .. } => {
            "enter writes these steps, over what the file holds".to_owned()
        }
        Word::Help => "enter shows all keys".to_owned(),
        Word::Guest => "enter shows what the guest exports and imports".to_owned(),
        Word::Quit => "enter leaves the program".to_owned(),
    }
}

fn where_it_runs(app: &App, line: &str) -> String {
    let ran = app.timeline.steps().len();
    if matches!(
        app.engine,
        Engine::Running { .. } | Engine::Replaying { .. } | Engine::Opening
    ) {
        return "enter runs it when the running step is over".to_owned();
    }
    let (shown, swap) = (app.moment.step, app.keys.key_of(Action::SwapBranch));
    match run::base(app, line) {
        None => "nothing can be run: the guest was not instantiated".to_owned(),
        Some(base) if base.saturating_add(1) < ran && base < shown => {
            format!(
                "enter runs it in the place of step {}, which did not end in ok; {swap} brings \
                 that back",
                base + 1
            )
        }
        Some(base) if base.saturating_add(1) < ran => {
            format!(
                "enter runs it after step {base}; what follows is set aside, and {swap} brings it \
                 back"
            )
        }
        Some(base) if app.timeline.planned.len() > ran => {
            format!(
                "enter runs it as step {}, before the rest of the script",
                base + 1
            )
        }
        Some(base) => format!("enter runs it as step {}", base + 1),
    }
}

/// Reads a word about the session; `None` where the line is a statement.
fn word(line: &str) -> Option<Result<Word, Mistake>> {
    let trimmed = line.trim();
    let (bare, has_colon) = match trimmed.strip_prefix(':') {
        Some(rest) => (rest.trim_start(), true),
        None => (trimmed, false),
    };
    let (first, rest) = bare.split_once(char::is_whitespace).unwrap_or((bare, ""));
    let rest = rest.trim();
    if !has_colon && (rest.starts_with('=') || rest.starts_with(',')) {
        return None;
    }
    let word = match first {
        "save" => Word::Save {
            path: rest.to_owned(),
            force: false,
        },
        "save!" => Word::Save {
            path: rest.to_owned(),
            force: true,
        },
        "help" => Word::Help,
        "guest" => Word::Guest,
        "q" | "quit" => Word::Quit,
        _ if !has_colon => return None,
        _ => {
            let message = format!("there is no word `{}`", safe::cut(first, 40));
            let help = "the words are save FILE, save! FILE, help, guest and q; anything else is \
                        a step"
                .to_owned();
            return Some(Err(Mistake {
                help: Some(help),
                ..Mistake::whole(line, message)
            }));
        }
    };
    if !rest.is_empty() && !matches!(word, Word::Save { .. }) {
        return has_colon.then(|| Err(Mistake::whole(line, format!("`{first}` stands alone"))));
    }
    Some(Ok(word))
}

/// Reads a line that is about the guest's start.
fn setup(app: &App, line: &str) -> Option<Result<Statement, ScriptErrors>> {
    let inputs: Vec<String> = app
        .timeline
        .inputs
        .iter()
        .map(|input| input.name.clone())
        .collect();
    script::parse_setup(line, &inputs)
}

/// Does what the line says.
pub(in crate::app) fn confirm(app: &mut App) -> Effect {
    let Overlay::Prompt(prompt) = &app.overlay else {
        return Effect::None;
    };
    let line = prompt.input.value().trim().to_owned();
    let rest = prompt.rest.clone();
    if line.is_empty() {
        app.overlay = Overlay::None;
        return Effect::None;
    }
    match word(&line) {
        Some(Ok(word)) => {
            remember(app, &line);
            return obey(app, &line, word);
        }
        Some(Err(mistake)) => return refuse(app, mistake),
        None => {}
    }
    if let Some(read) = setup(app, &line) {
        return match read {
            Ok(statement) => {
                remember(app, &line);
                app.overlay = Overlay::None;
                app.queue.extend(rest);
                run::set_up(app, statement.text)
            }
            Err(errors) => refuse(app, Mistake::first(&line, &errors)),
        };
    }
    let is_busy = !matches!(
        app.engine,
        Engine::Ready | Engine::Ended | Engine::Broken(_)
    );
    // What a running step is about to name is not known yet: a line that waits is looked at when
    // its turn comes.
    match if is_busy {
        Ok(line.clone())
    } else {
        check(app, &line)
    } {
        Ok(text) => {
            remember(app, &line);
            app.overlay = Overlay::None;
            app.queue.extend(rest);
            run::enter(app, text)
        }
        Err(mistake) => refuse(app, mistake),
    }
}

fn refuse(app: &mut App, mistake: Mistake) -> Effect {
    if let Overlay::Prompt(prompt) = &mut app.overlay {
        prompt.said = Feedback::Mistake(mistake);
    }
    Effect::None
}

fn obey(app: &mut App, line: &str, word: Word) -> Effect {
    app.overlay = Overlay::None;
    match word {
        Word::Help => app.overlay = Overlay::Help { scroll: 0 },
        Word::Guest => app.overlay = Overlay::Guest { scroll: 0 },
        Word::Quit => return Effect::Quit { keep_frame: false },
        Word::Save { path, .. } if path.is_empty() => {
            let mistake = Mistake::whole(
                line,
                "`save` needs a file's name: save steps.steps".to_owned(),
            );
            reopen(app, line, mistake);
        }
        Word::Save { path, force } => {
            let inputs = app
                .timeline
                .inputs
                .iter()
                .map(|i| (i.name.clone(), i.value.clone()))
                .collect();
            let steps = app
                .timeline
                .planned
                .iter()
                .skip(1)
                .map(|p| (p.text.clone(), p.narration.clone()))
                .collect();
            return Effect::SaveSteps(Box::new(SaveSteps {
                path,
                force,
                inputs,
                setup: app.setup.clone(),
                steps,
            }));
        }
    }
    Effect::None
}

/// The line as a statement that can run where it would; else what is wrong with it.
pub(in crate::app) fn check(app: &App, line: &str) -> Result<String, Mistake> {
    let base = run::base(app, line).unwrap_or(0);
    match script::parse_typed(line, &run::known_at(app, base)) {
        Ok(statement) => match check_exports(app, line, &statement) {
            Some(mistake) => Err(mistake),
            None => Ok(statement.text),
        },
        Err(errors) => Err(Mistake::first(line, &errors)),
    }
}

/// What the guest's exports, and what the step shown found, say against a statement.
fn check_exports(app: &App, line: &str, statement: &Statement) -> Option<Mistake> {
    let wrong = |span: Span, message: String, help: Option<String>| {
        Some(Mistake::at(line, span, message, help))
    };
    if let StatementKind::ExpectFinding { kind } = &statement.kind {
        return check_finding(app, line, kind);
    }
    let (name, kind) = match &statement.kind {
        StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. } => {
            (&call.export, "func")
        }
        StatementKind::Global { export, .. } | StatementKind::Set { export, .. } => {
            (export, "global")
        }
        _ => return None,
    };
    let Some(export) = completion::exports(app, kind).find(|export| export.name == name.text)
    else {
        let (message, help) = no_export(app, name, kind);
        return wrong(name.span, message, help);
    };
    match &statement.kind {
        StatementKind::Call { results, call } => {
            check_arguments(line, call, export).or_else(|| check_results(line, results, export))
        }
        StatementKind::ExpectTrap { call, .. } => check_arguments(line, call, export),
        StatementKind::Set { .. } if !export.ty.starts_with("(mut ") => {
            let message = format!(
                "global {} is not mutable, so the host cannot set it",
                safe::cut(&name.text, 40)
            );
            wrong(name.span, message, None)
        }
        _ => None,
    }
}

/// A finding is expected of the step shown: one that it does not have would only fail.
fn check_finding(app: &App, line: &str, kind: &Name) -> Option<Mistake> {
    let record = app.record().filter(|record| record.claims.is_empty())?;
    let mut words: Vec<&str> = record
        .findings
        .iter()
        .map(|finding| finding.kind.word())
        .collect();
    if words.contains(&kind.text.as_str()) {
        return None;
    }
    words.dedup();
    let has = if words.is_empty() {
        "it has none".to_owned()
    } else {
        format!("it has {}", words.join(", "))
    };
    let message = format!("step {} does not have this finding", record.index);
    Some(Mistake::at(line, kind.span, message, Some(has)))
}

fn no_export(app: &App, name: &Name, kind: &str) -> (String, Option<String>) {
    let noun = if kind == "func" { "function" } else { "global" };
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
    let start: String = name.text.chars().take(60).collect();
    let likeness = |export: &&ExportFacts| {
        strsim::jaro_winkler(&start, export.name.get(..60).unwrap_or(&export.name))
    };
    let nearest = completion::exports(app, kind).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let help = match nearest {
        Some(export) if likeness(&export) > 0.7 => {
            format!("did you mean {}?", safe::cut(&export.name, 60))
        }
        Some(_) => "tab shows those there are".to_owned(),
        None => format!("it exports no {noun} at all"),
    };
    (message, Some(help))
}

fn check_arguments(line: &str, call: &Call, export: &ExportFacts) -> Option<Mistake> {
    let (wanted, _) = completion::arity(&export.ty)?;
    let given = call.args.len();
    if wanted == given {
        return None;
    }
    let s = if wanted == 1 { "" } else { "s" };
    let message = format!(
        "{} takes {wanted} argument{s}, {given} given",
        safe::cut(&export.name, 60)
    );
    let help = format!("its type is {}", safe::cut(&export.ty, 100));
    Some(Mistake::at(line, call.export.span, message, Some(help)))
}

fn check_results(line: &str, results: &[Name], export: &ExportFacts) -> Option<Mistake> {
    let (_, given) = completion::arity(&export.ty)?;
    let (first, last) = (results.first()?, results.last()?);
    if given == results.len() {
        return None;
    }
    let s = if given == 1 { "" } else { "s" };
    let message = format!(
        "{} gives {given} result{s}, {} named",
        safe::cut(&export.name, 60),
        results.len()
    );
    let help = format!(
        "its type is {}: name all results or none",
        safe::cut(&export.ty, 100)
    );
    let span = Span {
        start: first.span.start,
        end: last.span.end,
    };
    Some(Mistake::at(line, span, message, Some(help)))
}

/// Puts a line into the history, unless it stands there last already.
fn remember(app: &mut App, line: &str) {
    if app.history.last().is_some_and(|last| last == line) || line.len() > LONGEST_REMEMBERED {
        return;
    }
    if app.history.len() >= MOST_REMEMBERED {
        app.history.remove(0);
    }
    app.history.push(line.to_owned());
    app.remembered = Some(line.to_owned());
}

/// Shows the line before in the history, or the one after.
pub(in crate::app) fn recall(app: &mut App, is_older: bool) {
    let lines = app.history.len();
    let Overlay::Prompt(prompt) = &mut app.overlay else {
        return;
    };
    let at = prompt.recalled.as_ref().map_or(lines, |(at, _)| *at);
    let to = if is_older {
        at.saturating_sub(1)
    } else {
        at.saturating_add(1).min(lines)
    };
    if to == at {
        return;
    }
    let draft = match prompt.recalled.take() {
        Some((_, draft)) => draft,
        None => prompt.input.value().to_owned(),
    };
    let line = app.history.get(to).unwrap_or(&draft);
    prompt.input = Input::new(line.clone());
    prompt.recalled = (to < lines).then_some((to, draft));
    look(app);
}

/// Puts pasted text into the line. Of several lines the first comes into it, and the others follow
/// when it runs.
pub(in crate::app) fn paste(app: &mut App, text: &str) {
    let mut lines = script::statements_in(text).into_iter();
    let first = lines.next().unwrap_or_default();
    let Overlay::Prompt(prompt) = &mut app.overlay else {
        return;
    };
    let is_one = !text.trim_end().contains(['\n', '\r']);
    // One line is taken as it is: it may be a part of a statement.
    let piece = if is_one {
        text.trim_end_matches(['\r', '\n']).to_owned()
    } else {
        first
    };
    let piece: String = piece
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !safe::is_unsafe(*c))
        .collect();
    line_editor::insert_into(&mut prompt.input, &piece);
    if !is_one {
        prompt.rest.extend(lines.map(|line| {
            line.chars()
                .filter(|c| !safe::is_unsafe(*c))
                .collect::<String>()
        }));
        prompt.rest.truncate(1000);
    }
    look(app);
}
