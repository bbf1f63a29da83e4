//! Finds a field by its path, as the steps language writes it: `[2].name`, `.points[1].y`.

use super::decode::Memory;
use super::place::{PartName, Parts, Place};
use super::table::{TypeId, TypeTable};
use crate::safe;
use crate::text::{count, list, nearest};

/// How many pointers to pointers, and records without a name, are searched for a part.
const MAX_DEPTH: usize = 16;

/// The most names in a message.
const MAX_NAMES: usize = 12;

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPart {
    /// A field, or a variant of an enum with data.
    Field(String),
    /// An element, counted from 0.
    Element(u64),
}

/// Why a path leads to no field. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSuchField(String);

/// Finds the field that a path leads to from a value. Pointers are followed, as in expressions.
///
/// # Errors
/// A part of the path does not exist, or cannot be found because of what is in memory.
pub fn follow(
    table: &TypeTable,
    memory: &dyn Memory,
    from: Place,
    path: &[PathPart],
) -> Result<Place, NoSuchField> {
    let mut place = from;
    for part in path {
        place = Step {
            table,
            memory,
            part,
        }
        .from(&place, 0)?;
    }
    Ok(place)
}

struct Step<'a> {
    table: &'a TypeTable,
    memory: &'a dyn Memory,
    part: &'a PathPart,
}

impl Step<'_> {
    /// Returns the part of a value.
    fn from(&self, place: &Place, depth: usize) -> Result<Place, NoSuchField> {
        let ty = || safe::cut(&self.table.label(place.ty), 60);
        let parts = place.parts(self.table, self.memory);
        let parts = parts.map_err(|why| NoSuchField(format!("{} has no parts: {why}", ty())))?;
        if let Some(inner) = self.only_part(&parts).filter(|_| depth < MAX_DEPTH) {
            let is_named = match (&inner.name, self.part) {
                (PartName::Variant(name), PathPart::Field(wanted)) => **name == **wanted,
                _ => false,
            };
            return match is_named {
                true => Ok(inner),
                false => self.from(&inner, depth + 1),
            };
        }
        match self.part {
            PathPart::Element(index) => match parts.element() {
                Some(_) => parts.get(self.table, *index).ok_or_else(|| {
                    let elements = count(parts.len(self.table), "element");
                    NoSuchField(format!("there is no element {index} in {elements}"))
                }),
                None => Err(NoSuchField(format!("{} has no elements", ty()))),
            },
            PathPart::Field(name) => self
                .field(&parts, name, 0)
                .ok_or_else(|| self.no_field(place.ty, &parts, name)),
        }
    }

    /// Returns what a pointer to one value leads to, or the variant of an enum with data.
    fn only_part(&self, parts: &Parts) -> Option<Place> {
        let only = parts.get(self.table, 0)?;
        matches!(only.name, PartName::Target | PartName::Variant(_)).then_some(only)
    }

    /// Returns a field. Those of records without a name are fields of the record around them.
    fn field(&self, parts: &Parts, name: &str, depth: usize) -> Option<Place> {
        let all = (0..parts.len(self.table)).filter_map(|index| parts.get(self.table, index));
        parts.record()?;
        all.into_iter().find_map(|part| match &part.name {
            PartName::Field(own) if own.is_empty() && depth < MAX_DEPTH => {
                let inner = part.parts(self.table, self.memory).ok()?;
                self.field(&inner, name, depth + 1)
            }
            PartName::Field(own) => (**own == *name).then_some(part),
            _ => None,
        })
    }

    fn no_field(&self, ty: TypeId, parts: &Parts, name: &str) -> NoSuchField {
        let label = safe::cut(&self.table.label(ty), 60);
        let name = safe::cut(name, 60);
        let names = match parts.record() {
            Some((record, _)) => self.table.field_names(record),
            None => Vec::new(),
        };
        if names.is_empty() {
            return NoSuchField(format!(
                "{label} has no fields, so there is no field {name}"
            ));
        }
        let meant = nearest(&name, names.iter().map(|name| &**name))
            .map(|known| format!("; did you mean {}?", safe::cut(known, 60)))
            .unwrap_or_default();
        let shown: Vec<String> = names
            .iter()
            .take(MAX_NAMES)
            .map(|name| safe::cut(name, 60))
            .collect();
        let more = names.len().saturating_sub(MAX_NAMES);
        let fields = match more {
            0 => list::and(&shown),
            more => format!("{} and {more} more", shown.join(", ")),
        };
        NoSuchField(format!(
            "there is no field {name} in {label}; its fields are {fields}{meant}"
        ))
    }
}
