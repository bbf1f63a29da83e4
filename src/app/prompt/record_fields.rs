//! The fields that can follow in an unfinished record: `write p, Point { x: 1, `.

use crate::app::App;
use crate::data_types::{Shape, TypeId, TypeSource, TypeTable};
use crate::safe;
use crate::script;

/// The longest name that is offered, in bytes.
const MAX_NAME: usize = 200;

/// The most records in each other.
const MAX_DEPTH: usize = 32;

/// A record whose closing bracket is still to come.
#[derive(Default)]
struct Open {
    /// The type; `None` if it is not known.
    ty: Option<TypeId>,
    /// The names of the fields that have begun.
    given: Vec<String>,
    /// Brackets in the value of a field that are still open.
    brackets: usize,
}

/// Returns the fields that a record at the end of `before` still lacks, each with its colon; `None`
/// where no field can begin.
pub(super) fn offered(app: &App, before: &str) -> Option<Vec<String>> {
    if !before.contains('{') || !before.ends_with(['{', ',']) {
        return None;
    }
    let mut table = TypeTable::clone(&app.type_table());
    let open = open_record(app, &mut table, before)?;
    let names = table.field_names(open.ty?).into_iter();
    let missing = names.filter(|name| !open.given.iter().any(|given| **given == **name));
    let fields = missing.map(|name| match script::is_plain_name(&name) {
        true => format!("{name}: "),
        false => format!("{}: ", safe::quoted(&name, MAX_NAME)),
    });
    Some(fields.collect())
}

/// Returns the innermost record that is open at the end of a text, if a field can begin there.
fn open_record(app: &App, table: &mut TypeTable, text: &str) -> Option<Open> {
    let mut open: Vec<Open> = Vec::new();
    let mut word = String::new();
    let mut is_quoted = false;
    let mut has_gap = false;
    for c in text.chars() {
        let follows_gap = std::mem::replace(&mut has_gap, c.is_whitespace() && !is_quoted);
        match c {
            '"' => {
                is_quoted = !is_quoted;
                if is_quoted {
                    word.clear();
                }
            }
            _ if is_quoted => word.push(c),
            _ if c.is_alphanumeric() || c == '_' => {
                if follows_gap {
                    word.clear();
                }
                word.push(c);
            }
            '{' => {
                let ty = record_type(app, table, open.last(), &std::mem::take(&mut word));
                if open.len() >= MAX_DEPTH {
                    return None;
                }
                open.push(Open {
                    ty,
                    ..Open::default()
                });
            }
            '}' => drop(open.pop()),
            ':' => {
                let name = std::mem::take(&mut word);
                open.last_mut()?.given.push(name);
            }
            '(' | '[' => {
                word.clear();
                if let Some(record) = open.last_mut() {
                    record.brackets += 1;
                }
            }
            ')' | ']' => {
                if let Some(record) = open.last_mut() {
                    record.brackets = record.brackets.saturating_sub(1);
                }
            }
            _ if c.is_whitespace() => {}
            _ => word.clear(),
        }
    }
    open.pop().filter(|record| record.brackets == 0)
}

/// Returns the type of a record that begins: the one of this name, or that of the field around it.
fn record_type(
    app: &App,
    table: &mut TypeTable,
    around: Option<&Open>,
    name: &str,
) -> Option<TypeId> {
    if name.is_empty() {
        let around = around?;
        let field = table.field(around.ty?, around.given.last()?)?.0.ty;
        let is_record = matches!(table.get(field)?.shape, Shape::Record(_));
        return is_record.then_some(field);
    }
    let known = table.find_any(name);
    known.or_else(|| app.timeline.guest.debug_types.clone().find(name, table))
}
