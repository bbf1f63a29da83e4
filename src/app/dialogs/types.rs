//! The list of views and types.

use crate::app::navigation::{fields, viewport};
use crate::app::panes::field_tree::FieldKey;
use crate::app::panes::type_list::{TypeLine, layout_of};
use crate::app::{App, Overlay, Pane};

/// Opens the list.
pub(in crate::app) fn open(app: &mut App) {
    if app.type_lines().is_empty() {
        app.notify(
            "No part of memory has a type. `:view ADDRESS as TYPE` shows memory as one: \
             `:view 1024 as [u32; 4]`.",
        );
        return;
    }
    app.overlay = Overlay::Types {
        chosen: 0,
        scroll: 0,
    };
}

/// Goes to the chosen view. A type is nowhere: its layout is in the list.
pub(in crate::app) fn confirm(app: &mut App) {
    let Some(TypeLine::Part(part)) = chosen(app) else {
        app.notify("This is a type: its layout is below. Views, which are above, have an address.");
        return;
    };
    app.overlay = Overlay::None;
    app.pane = Pane::Fields;
    app.fields.chosen = Some(FieldKey {
        part: part.key.clone(),
        steps: Vec::new(),
    });
    let len = part.span(&app.memory()).len;
    viewport::go_to(app, part.start, len);
    fields::restore(app);
}

/// Removes the chosen view, if it was typed at the screen.
pub(in crate::app) fn remove(app: &mut App) {
    match chosen(app) {
        Some(TypeLine::Part(part)) if part.key.kind.is_none() => {
            app.fields.views.retain(|view| view.name != part.key.name);
            app.notify(format!("Removed the view of {}.", part.label()));
            let last = app.type_lines().len().checked_sub(1);
            match (&mut app.overlay, last) {
                (Overlay::Types { chosen, .. }, Some(last)) => *chosen = (*chosen).min(last),
                (overlay, _) => *overlay = Overlay::None,
            }
        }
        Some(TypeLine::Part(_)) => {
            app.notify("A step names this view: only those typed at the screen can be removed.");
        }
        Some(TypeLine::Type(_)) | None => app.notify("Types cannot be removed, only views."),
    }
}

/// Scrolls the layout of the chosen line.
pub(in crate::app) fn scroll(app: &mut App, lines: i16) {
    let rows = chosen(app).map_or(0, |line| layout_of(line.ty()).1.len());
    let last = u16::try_from(rows.saturating_sub(1)).unwrap_or(u16::MAX);
    if let Overlay::Types { scroll, .. } = &mut app.overlay {
        *scroll = scroll.saturating_add_signed(lines).min(last);
    }
}

fn chosen(app: &App) -> Option<TypeLine> {
    let Overlay::Types { chosen, .. } = app.overlay else {
        return None;
    };
    app.type_lines().into_iter().nth(chosen)
}
