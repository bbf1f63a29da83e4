//! Whether a run went well, in one line.

use crate::finding_kind::Severity;
use crate::safe;
use crate::text::{count, list};
use crate::timeline::{Finding, Outcome, Status, StepRecord, Timeline};

/// Characters of a message that are shown before it is cut.
const MESSAGE: usize = 200;

/// Returns the first problem that makes a run count as failed, in one line that is safe to print.
///
/// A problem is a step that did not end in ok, or a finding of severity error; with `deny_warnings`
/// a finding of severity warning too. A problem that an `expect finding` claims does not count.
pub fn problem(timeline: &Timeline, deny_warnings: bool) -> Option<String> {
    if timeline.interrupted {
        return Some(interrupted(timeline));
    }
    let least = match deny_warnings {
        true => Severity::Warning,
        false => Severity::Error,
    };
    let stopped = first_failed_step(timeline);
    let found = timeline
        .open_findings()
        .find(|(_, finding)| finding.severity() >= least);
    match (stopped, found) {
        (Some(step), Some((earlier, finding))) if earlier.index < step.index => {
            Some(finding_line(earlier, finding))
        }
        (Some(step), _) => Some(format!("step {}: {}", step.index, reason(step))),
        (None, Some((step, finding))) => Some(finding_line(step, finding)),
        (None, None) => None,
    }
}

/// Returns the line that `linmem test` prints for a run: `ok`, `FAIL` or `STOP`, `path`, and the number of
/// steps or the problem. It has no line break and is safe to print.
pub fn summary_line(timeline: &Timeline, path: &str, problem: Option<&str>) -> String {
    let path = safe::plain(path);
    match problem {
        Some(problem) if timeline.interrupted => format!("STOP  {path}  {problem}"),
        None => format!("ok    {path}  {}", count(timeline.steps().len(), "step")),
        Some(problem) => format!("FAIL  {path}  {problem}"),
    }
}

/// Returns how a run ended that did not end well: `stopped at step 4 (trapped): unreachable`; `None`
/// for any other run. It has no line break and is safe to print.
pub fn ending(timeline: &Timeline) -> Option<String> {
    let is_well = timeline.status() == Status::Ok;
    (!is_well).then(|| closing_line(timeline, timeline.steps().len()))
}

/// Returns the last line of a transcript that shows the first `shown` steps.
pub(in crate::report) fn closing_line(timeline: &Timeline, shown: usize) -> String {
    let run = timeline.steps().len();
    let planned = timeline.planned.len().max(run);
    let failed = first_failed_step(timeline);
    let mut line = match failed {
        _ if timeline.interrupted => interrupted(timeline),
        Some(step) => format!(
            "stopped at step {} ({}): {}",
            step.index,
            step.outcome.as_str(),
            reason(step)
        ),
        None => {
            let steps = match run < planned {
                true => format!("{run} of {}", count(planned, "step")),
                false => count(run, "step"),
            };
            let is_any_claimed = timeline.steps().iter().any(StepRecord::is_claimed);
            let outcome = if is_any_claimed { "as expected" } else { "ok" };
            format!("{steps}, all {outcome}")
        }
    };
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let findings = timeline.open_findings();
        let found = findings.filter(|(_, f)| f.severity() == severity).count();
        // The error that stopped the run is in the line already.
        if found > 0 && (severity != Severity::Error || failed.is_none()) {
            line.push_str(&format!("; {}", count(found, severity.as_str())));
        }
    }
    if shown < run {
        line.push_str(&format!("; shown up to step {}", shown.saturating_sub(1)));
    }
    line
}

/// The largest number of blocks in the line about them.
const MAX_BLOCKS: usize = 3;

/// Returns a line about the blocks that the host allocated, that the script gave no name, and that
/// are not released after the first `shown` steps; `None` without such a block.
pub(in crate::report) fn blocks_of_host(timeline: &Timeline, shown: usize) -> Option<String> {
    let last = timeline.steps().iter().take(shown).next_back()?;
    let live = last.live_blocks.as_ref()?;
    let named = timeline.spans_at(last.index);
    let is_named = |start: u64| named.iter().any(|known| known.span.start == start);
    let blocks: Vec<String> = live
        .first
        .iter()
        .filter(|block| &*block.owner == "host" && !is_named(block.span.start))
        .map(|block| {
            format!(
                "{} at {:#x} (step {})",
                count(block.span.len, "byte"),
                block.span.start,
                block.step
            )
        })
        .collect();
    if blocks.is_empty() {
        return None;
    }
    Some(format!(
        "not released, of what the host allocated: {}",
        list::first(blocks, MAX_BLOCKS)
    ))
}

/// Returns how far an interrupted run came: `interrupted after step 7 of 9`. Step 0 is
/// instantiation, so the last of 10 steps is step 9.
fn interrupted(timeline: &Timeline) -> String {
    let Some(last) = timeline.steps().last() else {
        return "interrupted before step 0".to_owned();
    };
    let planned = timeline.planned.len().max(timeline.steps().len());
    let when = match last.outcome {
        Outcome::Cancelled => "in",
        _ => "after",
    };
    format!(
        "interrupted {when} step {} of {}",
        last.index,
        planned.saturating_sub(1)
    )
}

/// Returns the first step that failed although no finding of it is expected.
pub(in crate::report) fn first_failed_step(timeline: &Timeline) -> Option<&StepRecord> {
    timeline
        .steps()
        .iter()
        .find(|s| s.outcome != Outcome::Ok && !s.is_claimed())
}

fn finding_line(step: &StepRecord, finding: &Finding) -> String {
    let message = safe::cut(&one_line(&finding.message), MESSAGE);
    format!("step {}: {}: {message}", step.index, finding.kind)
}

fn reason(step: &StepRecord) -> String {
    let error = step.error.as_deref().unwrap_or_default();
    match safe::cut(&one_line(error), MESSAGE) {
        error if error.is_empty() => step.outcome.as_str().to_string(),
        error => error,
    }
}

/// Returns the lines of a message as one line: a semicolon comes between two of them, but a blank
/// after a colon.
pub(in crate::report) fn one_line(message: &str) -> String {
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
