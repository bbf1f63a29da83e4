//! Where the code stands that the person looks at: the instruction of the event shown or of the
//! trap, or, where the cursor was moved away from there, of the last write to the byte under it.

use std::sync::Arc;

use super::event_text;
use crate::app::App;
use crate::safe;
use crate::source::{Listing, ListingKind, Place};
use crate::timeline::{CallFrame, Moment, Trap, Writer};

/// What the source pane shows. Safe to print.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Origin {
    /// Of the listing; `source` where there is none.
    pub title: String,
    /// The function.
    pub note: String,
    /// Said above the listing, or in its place.
    pub said: Vec<String>,
    /// With the line to mark.
    pub listing: Option<(Arc<Listing>, u32)>,
}

impl Origin {
    /// What belongs to this state.
    pub fn of(app: &App) -> Self {
        if app.timeline.steps().is_empty() {
            return Origin::said("Nothing has run yet.");
        }
        let has_arrived = app.arrived == Some((app.moment, app.cursor));
        if has_arrived && let Some(origin) = of_moment(app) {
            return origin;
        }
        match app.writers().first() {
            Some((at, write)) => of_writer(app, *at, &write.writer),
            None if app.memory().is_empty() => Origin::said("There is no byte here."),
            None => Origin::said("This byte was never written; memory starts as zeros."),
        }
    }

    fn said(text: &str) -> Self {
        Origin {
            title: "source".into(),
            said: vec![text.into()],
            ..Origin::default()
        }
    }
}

/// The trap a step ended in, or the event that has just happened; before the first, that one.
fn of_moment(app: &App) -> Option<Origin> {
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
    let mut origin = of_writer(app, moment, event_text::writer(&event));
    if at == 0 && origin.listing.is_some() {
        origin.said.insert(0, "about to write, from here:".into());
    }
    Some(origin)
}

fn of_trap(app: &App, trap: &Trap, frame: &CallFrame) -> Origin {
    let source = frame.source.as_deref();
    let mut origin = match frame.offset.and_then(|offset| app.timeline.place(offset)) {
        Some(place) => of_place(place, &frame.function),
        None => unplaced(&frame.function, frame.offset, source),
    };
    origin
        .said
        .insert(0, format!("trapped here: {}", safe::plain(&trap.kind)));
    origin
}

fn of_writer(app: &App, at: Moment, writer: &Writer) -> Origin {
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
            match offset.and_then(|offset| app.timeline.place(offset)) {
                Some(place) => of_place(place, function),
                None => unplaced(function, *offset, source.as_deref()),
            }
        }
        Writer::Data { segment } => {
            let mut origin =
                Origin::said("Bytes of the module, copied into memory at instantiation.");
            origin.said.insert(0, format!("data segment {segment}"));
            origin
        }
        Writer::Host | Writer::Import { .. } => {
            let mut said = vec![format!("step {}, {}", at.step, event_text::who(writer))];
            said.extend(statement().map(|(line, text)| match line {
                Some(line) => format!("line {line}:  {text}"),
                None => text,
            }));
            Origin {
                title: "source".into(),
                said,
                ..Origin::default()
            }
        }
    }
}

fn of_place(place: &Place, function: &str) -> Origin {
    let function = safe::plain(function);
    let mut said = Vec::new();
    if !place.inlined.is_empty() {
        let names: Vec<String> = place
            .inlined
            .iter()
            .map(|frame| safe::cut(&frame.function, 60))
            .collect();
        said.push(format!("inlined: {}", names.join(" ← ")));
    }
    match &place.listing {
        Some(listing) => {
            let title = safe::plain(&listing.title);
            let is_disassembly = listing.kind == ListingKind::Disassembly;
            said.extend(
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
            Origin {
                title,
                note,
                said,
                listing: Some((Arc::clone(listing), place.line)),
            }
        }
        None => {
            said.insert(0, safe::plain(&place.instruction));
            said.extend(place.source.as_deref().map(safe::plain));
            Origin {
                title: "source".into(),
                note: function,
                said,
                listing: None,
            }
        }
    }
}

/// An instruction of which no more is known than where it is.
fn unplaced(function: &str, offset: Option<u64>, source: Option<&str>) -> Origin {
    let said = match (offset, source) {
        (None, None) => "Which instruction wrote this was not recorded.".to_owned(),
        _ => format!(
            "{}{}",
            safe::plain(function),
            event_text::place(offset, source)
        ),
    };
    Origin::said(&said)
}
