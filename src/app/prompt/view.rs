//! `view ADDRESS as TYPE`: a view of the screen. No step runs for it, so that it shows at every moment
//! that is recorded, and the steps stay as they are.

use std::sync::Arc;

use crate::app::navigation::{fields, search, viewport};
use crate::app::panes::field_tree::FieldKey;
use crate::app::panes::typed_parts::{PartKey, ScreenView};
use crate::app::{Action, App, Pane};
use crate::data_types::{TypeRef, TypeTable};
use crate::script;
use crate::script::ast::StatementKind;

/// The most views of the screen.
const MAX_VIEWS: usize = 100;

/// Adds a view at an address, and goes there.
///
/// # Errors
/// What is wrong with the address or the type, safe to print.
pub(super) fn add(app: &mut App, address: &str, ty: &str) -> Result<(), String> {
    let at = search::address_of(app, address).map_err(|error| error.to_string())?;
    let ty = find_type(app, ty)?;
    let views = &mut app.fields.views;
    views.retain(|view| view.name != address);
    if views.len() >= MAX_VIEWS {
        let list = app.keys.key_of(Action::Types);
        return Err(format!(
            "the screen has {MAX_VIEWS} views already: {list} lists them, and removes them"
        ));
    }
    let name = address.to_owned();
    views.push(ScreenView {
        name: name.clone(),
        address: at,
        ty,
    });
    app.fields.chosen = Some(FieldKey {
        part: PartKey { name, kind: None },
        steps: Vec::new(),
    });
    app.pane = Pane::Fields;
    viewport::go_to(app, at, 1);
    fields::restore(app);
    Ok(())
}

/// Finds a type as it is written.
fn find_type(app: &App, written: &str) -> Result<TypeRef, String> {
    let line = format!("view v = 0 as {written}");
    let statement = script::parse_line(&line).map_err(|errors| {
        let first = errors.errors.first();
        first.map_or_else(
            || "this is no type".to_owned(),
            |error| error.message.clone(),
        )
    })?;
    let StatementKind::View { ty, .. } = statement.kind else {
        return Err("this is no type".to_owned());
    };
    let mut table = TypeTable::clone(&app.type_table());
    match table.describe(&ty.described, &mut ()) {
        Ok(id) => Ok(TypeRef::new(Arc::new(table), id)),
        Err(error) => Err(match &error.help {
            Some(help) => format!("{}: {help}", error.message),
            None => error.message.clone(),
        }),
    }
}
