//! The field of a typed part that has the byte under the cursor: its path, its type, its value before
//! and after, and who wrote it last.

use super::field_tree::value_at;
use super::typed_parts::FieldOfByte;
use super::write_text::writer_of;
use crate::app::App;
use crate::safe;
use crate::timeline::Event;

/// The most characters of a path and of a type.
const MAX_NAME: usize = 80;

/// Returns the rows about the field that has a byte; none where no typed part leads to it.
pub(super) fn rows(app: &App, address: u64) -> Vec<(&'static str, String)> {
    let Some(field) = app.field_of_byte(address) else {
        return Vec::new();
    };
    let label = safe::cut(&field.label(), MAX_NAME);
    if let Some(padding) = &field.path.padding {
        let bytes = crate::text::count(padding.len, "byte");
        let after = match &padding.after {
            Some(name) => format!(" after {}", safe::plain(name)),
            None => String::new(),
        };
        return vec![("field", format!("padding{after} in {label}, {bytes}"))];
    }
    let table = field.part.ty.table();
    let ty = safe::cut(&table.label(field.path.place.ty), MAX_NAME);
    let mut rows = vec![
        ("field", format!("{label}: {ty}")),
        ("value", values(app, &field)),
    ];
    rows.extend(writer(app, &field, address).map(|writer| ("set by", writer)));
    rows
}

/// Returns the value at the moment shown and, where it differs, the one just before.
fn values(app: &App, field: &FieldOfByte) -> String {
    let (place, table) = (&field.path.place, field.part.ty.table());
    let now = value_at(place, table, &app.memory()).0;
    let (before, is_read) = value_at(place, table, &app.memory_before());
    if before == now || !is_read {
        return now;
    }
    let when = match app.position() {
        Some(1..) => "before this store",
        _ => "before this step",
    };
    format!("{now}  ({when} {before})")
}

/// Returns the last writer of the field, where another byte of it was written later than this one.
fn writer(app: &App, field: &FieldOfByte, address: u64) -> Option<String> {
    let at = app.timeline.last_write_in(field.span(), app.moment)?;
    let of_byte = app.timeline.last_write(address, app.moment);
    if of_byte.is_some_and(|(moment, _)| moment == at) {
        return None;
    }
    let events = &app.timeline.step(at.step)?.events;
    match events.get(at.event.checked_sub(1)?)? {
        Event::Write(write) => Some(writer_of(&app.timeline, at, &write)),
        Event::Growth(_) => None,
    }
}
