//! The guest's exports of one kind, as the line of `:` needs them.

use crate::app::App;
use crate::timeline::ExportFacts;
use crate::wasm_types::ExternKind;

/// Returns the exports of a kind.
pub(super) fn exports(app: &App, kind: ExternKind) -> impl Iterator<Item = &ExportFacts> {
    app.timeline
        .guest
        .exports
        .iter()
        .filter(move |export| export.ty.kind() == kind)
}
