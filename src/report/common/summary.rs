//! Whether a run went well, in one line.

use crate::safe;
use crate::timeline::{Finding, Outcome, Severity, StepRecord, Timeline};

/// Characters of a message that are shown before it is cut.
const MESSAGE: usize = 200;

/// The first thing that makes a run count as failed, in one line safe to print; `None` for a run
/// that went well.
///
/// A step that ended in anything but ok, or a finding of severity error (with `deny_warnings`,
/// warning too), counts unless an `expect finding` claims it.
pub fn problem(timeline: &Timeline, deny_warnings: bool) -> Option<String> {
    let least = if deny_warnings {
        Severity::Warning
    } else {
        Severity::Error
    };
    let stopped = first_stop(timeline);
    let found = timeline
        .open_findings()
        .find(|(_, finding)| finding.severity() >= least);
    match (stopped, found) {
        (Some(step), Some((earlier, finding))) if earlier.index < step.index => {
            Some(of_finding(earlier, finding))
        }
        (Some(step), _) => Some(format!("step {}: {}", step.index, reason(step))),
        (None, Some((step, finding))) => Some(of_finding(step, finding)),
        (None, None) => None,
    }
}

/// The line that `linmem test` prints for one run: `ok` or `FAIL`, the file as the person named it,
/// and how many steps ran or what went wrong. Without a line break; safe to print.
pub fn summary_line(timeline: &Timeline, path: &str, deny_warnings: bool) -> String {
    let path = safe::plain(path);
    match problem(timeline, deny_warnings) {
        None => format!("ok    {path}  {}", steps(timeline.steps().len())),
        Some(problem) => format!("FAIL  {path}  {problem}"),
    }
}

/// The last line of a transcript.
pub(in crate::report) fn closing(timeline: &Timeline, shown: usize) -> String {
    let run = timeline.steps().len();
    let planned = timeline.planned.len().max(run);
    let mut line = match first_stop(timeline) {
        Some(step) => format!(
            "stopped at step {} ({}): {}",
            step.index,
            step.outcome.word(),
            reason(step)
        ),
        None => {
            let of = if run < planned {
                format!("{run} of {}", steps(planned))
            } else {
                steps(run)
            };
            let meant = timeline.steps().iter().any(StepRecord::is_claimed);
            format!("{of}, all {}", if meant { "as expected" } else { "ok" })
        }
    };
    for (severity, word) in [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Note, "note"),
    ] {
        let found = timeline
            .open_findings()
            .filter(|(_, f)| f.severity() == severity)
            .count();
        if found > 0 && (severity != Severity::Error || first_stop(timeline).is_none()) {
            line.push_str(&format!(
                "; {found} {word}{}",
                if found == 1 { "" } else { "s" }
            ));
        }
    }
    if shown < run {
        line.push_str(&format!("; shown up to step {}", shown.saturating_sub(1)));
    }
    line
}

fn first_stop(timeline: &Timeline) -> Option<&StepRecord> {
    timeline
        .steps()
        .iter()
        .find(|s| s.outcome != Outcome::Ok && !s.is_claimed())
}

fn of_finding(step: &StepRecord, finding: &Finding) -> String {
    format!(
        "step {}: {}: {}",
        step.index,
        finding.kind,
        one_line(&finding.message)
    )
}

fn reason(step: &StepRecord) -> String {
    step.error
        .as_deref()
        .map(one_line)
        .filter(|e| !e.is_empty())
        .unwrap_or_else(|| step.outcome.word().to_string())
}

fn one_line(message: &str) -> String {
    safe::cut(&joined(message), MESSAGE)
}

/// A message's lines as one: what ends in a colon goes on, anything else is set off by a semicolon.
pub(in crate::report) fn joined(message: &str) -> String {
    let mut line = String::new();
    for part in message.lines().map(str::trim).filter(|l| !l.is_empty()) {
        line.push_str(match line.chars().next_back() {
            None => "",
            Some(':') => " ",
            Some(_) => "; ",
        });
        line.push_str(&part.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    line
}

fn steps(count: usize) -> String {
    format!("{count} step{}", if count == 1 { "" } else { "s" })
}
