//! The text transcript: it reads like the session. One line for each step, which `grep` finds by
//! its mark and number; below it, indented, what the step gave back, what happened, and a picture
//! of the bytes.

use std::io;

use crate::report::common::options::{Options, steps_shown};
use crate::report::common::step_details::{
    INDENT, came_back, errors, import_calls, message, output,
};
use crate::report::common::{event_lines, hex_dump, summary, trap, writer_label};
use crate::safe;
use crate::text::TextWriter;
use crate::timeline::{
    Event, Finding, LayoutFacts, Moment, Outcome, Severity, Span, StepKind, StepRecord, Timeline,
    effect,
};
use crate::wasm_types::memory_size;

/// Columns of the prose around steps, and of what is told about a step.
const PROSE: usize = 80;
const TOLD: usize = 96;

/// Characters of a statement and of a value that are shown before it is cut.
const STATEMENT: usize = 240;
const VALUE: usize = 60;

pub(super) fn write(
    timeline: &Timeline,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut paper = TextWriter::new(out, options.ascii, options.color);
    let shown = steps_shown(timeline, options);
    header(&mut paper, timeline)?;
    for record in timeline.steps().iter().take(shown) {
        paper.line("")?;
        step(&mut paper, timeline, record)?;
        if options.stores {
            event_lines::unfold(&mut paper, record, INDENT)?;
        }
    }
    if let Some(record) = options.until.and_then(|until| timeline.step(until.step)) {
        paper.line("")?;
        memory_at(&mut paper, timeline, record, options.until)?;
    }
    paper.line("")?;
    paper.line(&summary::closing(timeline, shown))?;
    paper.finish()
}

fn header(paper: &mut TextWriter, timeline: &Timeline) -> io::Result<()> {
    let guest = &timeline.guest;
    paper.line(&safe::plain(&timeline.title))?;
    if !guest.path.is_empty() {
        let bytes = if guest.bytes == 1 { "byte" } else { "bytes" };
        let print = safe::plain(&guest.sha256.chars().take(12).collect::<String>());
        paper.line(&format!(
            "guest   {}, {} {bytes}, sha256 {print}",
            safe::plain(&guest.path),
            guest.bytes
        ))?;
    }
    paper.line(&match &guest.memory {
        None => "memory  none".to_string(),
        Some(memory) => {
            let most = memory
                .max
                .map(|max| format!(", at most {}", memory_size(max)))
                .unwrap_or_default();
            let wide = if memory.is_64 {
                ", 64-bit addresses"
            } else {
                ""
            };
            format!("memory  {}{most}{wide}", memory_size(memory.pages))
        }
    })?;
    for input in &timeline.inputs {
        paper.line(&format!(
            "input   {} = {}",
            safe::plain(&input.name),
            input.value.brief(VALUE)
        ))?;
    }
    Ok(())
}

fn step(paper: &mut TextWriter, timeline: &Timeline, record: &StepRecord) -> io::Result<()> {
    for paragraph in record
        .narration
        .iter()
        .flat_map(|prose| prose.split("\n\n"))
    {
        let words: Vec<String> = paragraph.split_whitespace().map(safe::plain).collect();
        if !words.is_empty() {
            paper.paragraph(&words.join(" "), 0, PROSE)?;
            paper.line("")?;
        }
    }
    headline(paper, timeline, record)?;
    let (stops, remarks): (Vec<&Finding>, Vec<&Finding>) = record
        .findings
        .iter()
        .partition(|f| f.severity() == Severity::Error);
    errors(paper, record)?;
    stopped(paper, timeline, record, &stops)?;
    import_calls(paper, record)?;
    output(paper, record)?;
    paper.paragraph(&effect(timeline, record.index), INDENT, TOLD)?;
    if record.index == 0 {
        layout(paper, &timeline.guest.layout)?;
    }
    writer_label::of_changes(paper, record, INDENT)?;
    if let Some(line) = event_lines::not_told_apart(record) {
        paper.line(&format!("{:INDENT$}{line}", ""))?;
    }
    for remark in remarks {
        finding(paper, record, remark)?;
    }
    hex_dump::of_step(paper, timeline, record)
}

/// Where the module says that data, stack and heap lie; its segments have been told with what they
/// put there.
fn layout(paper: &mut TextWriter, layout: &[LayoutFacts]) -> io::Result<()> {
    let mut areas: Vec<&LayoutFacts> = layout
        .iter()
        .filter(|facts| facts.segment.is_none())
        .collect();
    areas.sort_by_key(|facts| facts.start.or(facts.end));
    let told = areas.iter().map(
        |LayoutFacts {
             name, start, end, ..
         }| match (start, end) {
            (Some(start), Some(end)) => format!("{name} {start:#x}..{end:#x}"),
            (Some(start), None) => format!("{name} from {start:#x}"),
            (None, Some(end)) => format!("{name} below {end:#x}"),
            (None, None) => name.clone(),
        },
    );
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        Ok(())
    } else {
        paper.paragraph(&format!("layout: {}", told.join(", ")), INDENT, TOLD)
    }
}

fn headline(paper: &mut TextWriter, timeline: &Timeline, record: &StepRecord) -> io::Result<()> {
    let width = timeline.steps().len().saturating_sub(1).to_string().len();
    let mark = match record.outcome {
        Outcome::Ok => "✓".to_string(),
        _ => paper.bold("✗"),
    };
    let text = match (record.kind, record.text.is_empty()) {
        (StepKind::Instantiate, true) => "instantiate".to_string(),
        _ => safe::cut(&record.text, STATEMENT),
    };
    let back = came_back(record)
        .map(|back| format!("  → {back}"))
        .unwrap_or_default();
    paper.line(&format!("{mark} {:>width$}  {text}{back}", record.index))
}

/// The findings that stopped a step, and how the guest trapped below the one that says so.
fn stopped(
    paper: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    stops: &[&Finding],
) -> io::Result<()> {
    let mut untold = record.trap.as_ref();
    for stop in stops {
        match untold.filter(|trap| trap::is_told_by(trap, stop)) {
            Some(trap) => {
                let short = Finding {
                    message: trap.kind.clone(),
                    ..(*stop).clone()
                };
                finding(paper, record, &short)?;
                trap::tell(paper, timeline, trap, INDENT + 2)?;
                untold = None;
            }
            None => finding(paper, record, stop)?,
        }
    }
    let Some(trap) = untold else { return Ok(()) };
    let said = |text: &str| text.contains(&trap.kind);
    if !record.error.as_deref().is_some_and(said) && !stops.iter().any(|stop| said(&stop.message)) {
        message(paper, "trap", &trap.kind)?;
    }
    trap::tell(paper, timeline, trap, INDENT + 2)
}

fn finding(paper: &mut TextWriter, record: &StepRecord, finding: &Finding) -> io::Result<()> {
    let mut text = finding.message.clone();
    if let Some(blamed) = finding.blamed.filter(|blamed| *blamed != record.index) {
        let because = format!("step {blamed}");
        if !names(&text, &because) {
            text.push_str(&format!(" (because of {because})"));
        }
    }
    let intro = match finding.claimed {
        true => format!("{}, as expected", finding.kind),
        false => format!("{}: {}", finding.severity().as_str(), finding.kind),
    };
    message(paper, &intro, &text)
}

/// Whether a text has these words, and not as the beginning of a longer number.
fn names(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let rest = text.get(at + words.len()..).unwrap_or_default();
        !rest.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// The window of memory that `--at` asks for.
fn memory_at(
    paper: &mut TextWriter,
    timeline: &Timeline,
    record: &StepRecord,
    until: Option<Moment>,
) -> io::Result<()> {
    let moment = until.unwrap_or(Moment::end_of(record.index));
    let events = record.events.len();
    let image = timeline.memory_at(moment);
    let when = match moment.event < events {
        true => format!(
            "in step {}, after event {} of {events}",
            record.index, moment.event
        ),
        false => format!("after step {}", record.index),
    };
    if image.is_empty() {
        return paper.line(&format!("memory {when}: none"));
    }
    paper.line(&format!("memory {when}, {}", memory_size(image.pages())))?;
    if let Some(line) = event_lines::line(record, moment.event, INDENT) {
        paper.line(&line)?;
    }
    let stored = moment
        .event
        .checked_sub(1)
        .and_then(|last| record.events.get(last))
        .and_then(|event| match event {
            Event::Write(write) => Some(Span {
                start: write.start,
                len: write.after.len() as u64,
            }),
            Event::Growth(_) => None,
        });
    hex_dump::window(paper, timeline, record, &image, stored.or(record.focus))
}
