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
use crate::script::eval::{self, EvalEnv};
use crate::value::Value;

/// The most views of the screen.
const MAX_VIEWS: usize = 100;

/// Adds a view at an address, and goes there.
///
/// # Errors
/// What is wrong with the address or the type, safe to print.
pub(super) fn add(app: &mut App, address: &str, ty: &str) -> Result<(), String> {
    let at = place(app, address)?;
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

/// Returns the address that a place is: as `@` takes it, or else an expression of the steps language
/// with the variables at the moment shown.
fn place(app: &App, text: &str) -> Result<u64, String> {
    let found = search::address_of(app, text);
    let Err(error) = found else {
        return found.map_err(|error| error.to_string());
    };
    let names = Variables(app);
    let known: Vec<&str> = names.all().map(|(name, _)| name).collect();
    let Ok(expr) = script::parse_expression(text, &known) else {
        return Err(error.to_string());
    };
    let value = eval::evaluate(&expr, &names).map_err(|error| error.to_string())?;
    let memory = app.timeline.guest.memory.as_ref();
    let is_64 = memory.is_some_and(|memory| memory.is_64);
    let role = eval::subject(&expr, "the address");
    let at = eval::address(&value, &role, is_64).map_err(|error| error.to_string())?;
    search::address_of(app, &format!("{at:#x}")).map_err(|error| error.to_string())
}

/// The inputs and the variables at the moment shown.
struct Variables<'a>(&'a App);

impl<'a> Variables<'a> {
    /// Returns them with their values; of one name, the last is the value.
    fn all(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let timeline = &self.0.timeline;
        let inputs = timeline.inputs.iter();
        let inputs = inputs.map(|input| (input.name.as_str(), &input.value));
        let steps = timeline.steps().iter().take(self.0.moment.step + 1);
        let bindings = steps.flat_map(|step| &step.bindings);
        inputs.chain(bindings.map(|bound| (bound.name.as_str(), &bound.value)))
    }
}

impl EvalEnv for Variables<'_> {
    fn variable(&self, name: &str) -> Option<&Value> {
        let named = self.all().filter(|(known, _)| *known == name);
        named.last().map(|(_, value)| value)
    }
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
    let mut source = app.timeline.guest.debug_types.clone();
    match table.describe(&ty.described, &mut source) {
        Ok(id) => Ok(TypeRef::new(Arc::new(table), id)),
        Err(error) => Err(match &error.help {
            Some(help) => format!("{}: {help}", error.message),
            None => error.message.clone(),
        }),
    }
}
