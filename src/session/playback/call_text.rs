//! Calls of a recording as the steps language writes them.

use crate::hostlog::{Crossed, FunctionPlace, HostLog};
use crate::safe;
use crate::script::ast::{Call, Expr, Name, TablePlace};
use crate::script::is_plain_name;
use crate::value::Value;

use super::literal;

/// Returns a name as a script writes it.
pub(in crate::session) fn name_text(name: &str) -> String {
    match is_plain_name(name) {
        true => name.to_owned(),
        false => Value::Text(name.to_owned()).to_string(),
    }
}

/// Returns how a message names a function.
pub(in crate::session) fn quoted_name(place: &FunctionPlace) -> String {
    match place {
        FunctionPlace::Export(name) => safe::plain(name),
        FunctionPlace::Import(path) => safe::plain(&path.name),
        FunctionPlace::Table { index, .. } => format!("table[{index}]"),
    }
}

/// Returns a call as text, without the word `call`, and as a part of a statement. `name` returns the
/// name of a pointer.
pub(in crate::session) fn call_of(
    log: &HostLog,
    place: &FunctionPlace,
    args: &[Crossed],
    name: impl Fn(&Crossed) -> Option<(String, Expr)>,
) -> Option<(String, Call)> {
    let (mut texts, mut exprs) = (Vec::new(), Vec::new());
    for arg in args {
        let (text, expr) = name(arg).or_else(|| literal::crossed(arg))?;
        texts.push(text);
        exprs.push(expr);
    }
    let named = |text: &str| Name {
        text: text.to_owned(),
        span: Default::default(),
    };
    let args = texts.join(", ");
    match place {
        FunctionPlace::Export(export) => Some((
            format!("{}({args})", name_text(export)),
            Call {
                export: named(export),
                place: None,
                args: exprs,
            },
        )),
        FunctionPlace::Table { table, index } => {
            let exported = log.instances.iter().flat_map(|one| &one.tables);
            let table = exported
                .clone()
                .find(|(_, number)| number == table)
                .map_or("table", |(name, _)| name);
            let place = TablePlace {
                module: None,
                index: literal::literal(Value::Int(i128::from(*index))),
            };
            Some((
                format!("{}[{index}]({args})", name_text(table)),
                Call {
                    export: named(table),
                    place: Some(place),
                    args: exprs,
                },
            ))
        }
        FunctionPlace::Import(_) => None,
    }
}
