//! The source pane: the code of the event shown or of the trap or, where the cursor was moved away
//! from there, of the last write to the byte under it.

use std::sync::Arc;

use super::event_text;
use crate::app::App;
use crate::safe;
use crate::source::{Listing, ListingKind, Place};
use crate::timeline::{CallFrame, Moment, Trap, Writer};

/// What the source pane shows. Safe to print.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SourceView {
    /// The title of the listing; `source` where there is none.
    pub title: String,
    /// The function.
    pub note: String,
    /// Lines above the listing, or in its place.
    pub lines: Vec<String>,
    /// The listing, and the number of the line to mark.
    pub listing: Option<(Arc<Listing>, u32)>,
}

impl SourceView {
    /// Returns what belongs to this state.
    pub fn of(app: &App) -> Self {
        if app.timeline.steps().is_empty() {
            return SourceView::text("Nothing has run yet.");
        }
        let has_arrived = app.arrived == Some((app.moment, app.cursor));
        if has_arrived && let Some(view) = of_moment(app) {
            return view;
        }
        match app.writers().first() {
            Some((at, write)) => of_writer(app, *at, &write.writer),
            None if app.memory().is_empty() => SourceView::text("There is no byte here."),
            None => SourceView::text("This byte was never written; memory starts as zeros."),
        }
    }

    /// Returns a view of one line of text.
    fn text(text: &str) -> Self {
        SourceView {
            title: "source".into(),
            lines: vec![text.into()],
            ..SourceView::default()
        }
    }
}

/// Returns the code of the trap that a step ended in, or of the event that has just happened; before
/// the first event, of that one.
fn of_moment(app: &App) -> Option<SourceView> {
    let step = app.record()?;
    let position = app.position();
    let is_over = position.is_none_or(|at| at >= step.events.len());
    if let Some(trap) = step.trap.as_ref().filter(|_| is_over) {
        return trap.chain.first().map(|frame| of_trap(app, trap, frame));
    }
    let at = position?;
    let event = step.events.get(at.saturating_sub(1))?;
    let moment = Moment {
        step: app.moment.step,
        event: at.max(1),
    };
    let mut view = of_writer(app, moment, event_text::writer(&event));
    if at == 0 && view.listing.is_some() {
        view.lines.insert(0, "about to write, from here:".into());
    }
    Some(view)
}

fn of_trap(app: &App, trap: &Trap, frame: &CallFrame) -> SourceView {
    let source = frame.source.as_deref();
    let mut view = match frame.offset.and_then(|offset| app.timeline.locate(offset)) {
        Some(place) => of_place(place, &frame.function),
        None => unplaced(&frame.function, frame.offset, source),
    };
    view.lines
        .insert(0, format!("trapped here: {}", safe::plain(&trap.kind)));
    view
}

fn of_writer(app: &App, at: Moment, writer: &Writer) -> SourceView {
    let statement = || {
        app.timeline
            .step(at.step)
            .map(|step| (step.line, safe::plain(&step.text)))
    };
    match writer {
        Writer::Guest {
            function,
            offset,
            source,
        } => {
            let function = function.as_deref().unwrap_or("the guest");
            match offset.and_then(|offset| app.timeline.locate(offset)) {
                Some(place) => of_place(place, function),
                None => unplaced(function, *offset, source.as_deref()),
            }
        }
        Writer::Data { segment } => {
            let mut view =
                SourceView::text("Bytes of the module, copied into memory at instantiation.");
            view.lines.insert(0, format!("data segment {segment}"));
            view
        }
        Writer::Host | Writer::Import { .. } => {
            let mut lines = vec![format!("step {}, {}", at.step, event_text::who(writer))];
            lines.extend(statement().map(|(line, text)| match line {
                Some(line) => format!("line {line}:  {text}"),
                None => text,
            }));
            SourceView {
                title: "source".into(),
                lines,
                ..SourceView::default()
            }
        }
    }
}

fn of_place(place: &Place, function: &str) -> SourceView {
    let function = safe::plain(function);
    let mut lines = Vec::new();
    if !place.inlined.is_empty() {
        let names: Vec<String> = place
            .inlined
            .iter()
            .map(|frame| safe::cut(&frame.function, 60))
            .collect();
        lines.push(format!("inlined: {}", names.join(" ← ")));
    }
    match &place.listing {
        Some(listing) => {
            let title = safe::plain(&listing.title);
            let is_disassembly = listing.kind == ListingKind::Disassembly;
            lines.extend(
                place
                    .source
                    .as_deref()
                    .filter(|_| is_disassembly)
                    .map(safe::plain),
            );
            let (title, note) = if is_disassembly {
                (format!("disassembly of {title}"), String::new())
            } else {
                (title, function)
            };
            SourceView {
                title,
                note,
                lines,
                listing: Some((Arc::clone(listing), place.line)),
            }
        }
        None => {
            lines.insert(0, safe::plain(&place.instruction));
            lines.extend(place.source.as_deref().map(safe::plain));
            SourceView {
                title: "source".into(),
                note: function,
                lines,
                listing: None,
            }
        }
    }
}

/// Returns what is known of an instruction without a listing: where it is.
fn unplaced(function: &str, offset: Option<u64>, source: Option<&str>) -> SourceView {
    let text = match (offset, source) {
        (None, None) => "Which instruction wrote this was not recorded.".to_owned(),
        _ => format!(
            "{}{}",
            safe::plain(function),
            event_text::place(offset, source)
        ),
    };
    SourceView::text(&text)
}
