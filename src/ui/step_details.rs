//! What happened in the step shown: the step as written, its prose, what it did, its findings.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::panes::event_text;
use crate::app::{Action, App, Pane};
use crate::safe;
use crate::timeline::{
    Attempt, Finding, FindingKind, Outcome, Severity, StepRecord, Trap, describe_child,
};

use super::javascript;
use super::question;
use super::step_prose::{paragraphs, prose_of, push};
use super::text::{self, Line};
use super::theme::{Theme, Tone};

/// Draws the lines of the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App, lines: &[Line], theme: &Theme) {
    let how = match app.pane {
        Pane::Happened => format!(
            "{} goes down",
            theme.glyphs.key(app.keys.key_of(Action::Down))
        ),
        _ => "3 shows more".to_owned(),
    };
    text::prose(buffer, area, lines, app.scroll.happened, &how, theme);
}

/// Returns all lines of the pane; empty ones only where all fit.
pub fn lines(app: &App, area: Rect, theme: &Theme) -> Vec<Line> {
    let columns = area.width.saturating_sub(2);
    let rows = usize::from(area.height);
    let mut lines = match app.record() {
        Some(step) if step.ask.is_some() => question::lines(app, step, columns, rows, theme),
        _ => {
            let mut lines = question::offer(app, columns, theme);
            lines.extend(javascript::lines(app, columns, theme));
            lines.extend(all_lines(app, columns, theme));
            lines
        }
    };
    lines.extend(question::closing(app, columns, theme));
    if lines.len() > rows {
        lines.retain(|line| !line.is_empty());
    }
    lines
}

/// Returns the lines of a step that asks no question.
fn all_lines(app: &App, columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(step) = app.timeline.step(app.moment.step) else {
        push(&mut lines, &not_run(app), columns, theme.faint());
        return lines;
    };
    let written = match step.line {
        Some(line) => format!("{}  (line {line})", safe::plain(&step.text)),
        None => safe::plain(&step.text),
    };
    push(&mut lines, &written, columns, theme.strong());
    lines.extend(question::verdicts(app, columns, theme));
    let is_within = app.position().is_some_and(|at| at < step.events.len());
    let event = app.position().and_then(|at| match app.child_here() {
        Some((child, _)) => Some(describe_child(step, child)),
        None if step.events.is_empty() => None,
        None => Some(event_text::sentence(step, at)),
    });
    // Within a step its event comes first; at its end its outcome does.
    if let Some(event) = event.as_ref().filter(|_| is_within) {
        push(&mut lines, event, columns, theme.text());
        lines.push(Line::new());
    }
    if let Some(trap) = &step.trap {
        let style = if step.outcome == Outcome::Ok {
            theme.text()
        } else {
            theme.tone(Tone::Bad)
        };
        push_trap(&mut lines, trap, columns, style, theme);
    }
    if let Some(event) = event.filter(|_| !is_within) {
        push(&mut lines, &event, columns, theme.text());
        lines.push(Line::new());
    }
    let prose = prose_of(app, step, columns, theme);
    // The prose introduces the step; an error comes before it.
    let is_introduced = step.outcome == Outcome::Ok;
    if is_introduced && !prose.is_empty() {
        lines.extend(prose.iter().cloned());
        lines.push(Line::new());
    }
    push_printed(&mut lines, step, columns, theme);
    let narration = paragraphs(&question::without_answers(app, app.narration()));
    let narration = if is_within {
        format!("The whole step: {narration}")
    } else {
        narration
    };
    push(&mut lines, &narration, columns, theme.text());
    push_findings(&mut lines, step, columns, theme);
    if !is_introduced && !prose.is_empty() {
        lines.push(Line::new());
        lines.extend(prose);
    }
    lines
}

/// Returns what there is to show of a step that has not run.
fn not_run(app: &App) -> String {
    match app.timeline.planned.get(app.moment.step) {
        Some(planned) => format!("Not run yet: {}", safe::plain(&planned.text)),
        None => "Nothing has run yet.".to_string(),
    }
}

/// Adds stores that were not recorded one by one, and the findings that are not shown above.
fn push_findings(lines: &mut Vec<Line>, step: &StepRecord, columns: u16, theme: &Theme) {
    if step.stores_recorded < step.stores {
        let text = format!(
            "Recorded {} of {} stores; the rest as a difference.",
            event_text::thousands(step.stores_recorded),
            event_text::thousands(step.stores)
        );
        push(lines, &text, columns, theme.tone(Tone::Note));
    }
    for finding in step
        .findings
        .iter()
        .filter(|f| !is_the_trap(f, step) && (f.claimed || !is_repeated(f, step)))
    {
        let tone = match finding.severity() {
            _ if finding.claimed => theme.faint(),
            Severity::Error => theme.tone(Tone::Bad),
            Severity::Warning => theme.tone(Tone::Warning),
            Severity::Note => theme.tone(Tone::Note),
        };
        let expected = if finding.claimed { " (expected)" } else { "" };
        let kind = format!("{}: ", finding.kind);
        let message = finding
            .message
            .strip_prefix(&kind)
            .unwrap_or(&finding.message);
        let text = format!("{kind}{}{expected}", paragraphs(message));
        push(lines, &text, columns, tone);
    }
}

/// Adds what the guest printed, and that it exited with 0; another exit code is an error.
fn push_printed(lines: &mut Vec<Line>, step: &StepRecord, columns: u16, theme: &Theme) {
    if let Some(output) = &step.output {
        let amount = match step.output_bytes > step.output_kept {
            true => format!(
                " {} bytes, and first of all",
                event_text::thousands(step.output_bytes)
            ),
            false => String::new(),
        };
        push(
            lines,
            &format!("The guest printed{amount}: {}", safe::quoted(output, 200)),
            columns,
            theme.text(),
        );
    }
    if step.exit_code == Some(0) {
        push(
            lines,
            "The guest exited with exit code 0.",
            columns,
            theme.text(),
        );
    }
}

/// Adds the kind of trap, the access that trapped, and the chain of calls.
fn push_trap(lines: &mut Vec<Line>, trap: &Trap, columns: u16, style: Style, theme: &Theme) {
    push(
        lines,
        &format!("trap: {}", safe::plain(&trap.kind)),
        columns,
        style,
    );
    if let Some(attempt) = &trap.attempt {
        push(lines, &attempted(attempt), columns, theme.text());
    }
    for reason in &trap.reasons {
        let reason = format!("cause: {}", safe::plain(reason));
        push(lines, &reason, columns, theme.text());
    }
    let frames = trap.chain.iter().map(|frame| {
        let place = event_text::place(frame.offset, frame.source.as_deref());
        format!("{}{place}", safe::cut(&frame.function, 80))
    });
    let chain = frames.collect::<Vec<_>>().join(", called by ");
    let more = match trap.depth.saturating_sub(trap.chain.len()) {
        0 => String::new(),
        hidden => format!(
            ", and {} more calls out",
            event_text::thousands(hidden as u64)
        ),
    };
    if !chain.is_empty() {
        push(lines, &format!("In {chain}{more}."), columns, theme.text());
    }
}

/// Returns the access that trapped, and how far past the end of memory it was.
fn attempted(attempt: &Attempt) -> String {
    let nothing = if attempt.is_store {
        " Nothing of it was written."
    } else {
        ""
    };
    format!("The {}.{nothing}", attempt.describe())
}

/// Returns whether a finding repeats the trap or the error of the step.
fn is_repeated(finding: &Finding, step: &StepRecord) -> bool {
    is_the_trap(finding, step)
        || step
            .error
            .as_ref()
            .is_some_and(|error| error.contains(finding.message.trim()))
}

/// Returns whether a finding is the trap itself, which is shown above with its chain of calls.
fn is_the_trap(finding: &Finding, step: &StepRecord) -> bool {
    finding.kind == FindingKind::Trap && step.trap.is_some()
}
