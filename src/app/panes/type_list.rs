//! The list of views and types, and the layout of the chosen one.

use std::sync::Arc;

use super::typed_parts::TypedPart;
use crate::app::App;
use crate::data_types::{Layout, LayoutRow, Shape, TypeId, TypeRef, TypeTable};

/// The most types that are listed.
const MAX_TYPES: usize = 1000;

/// A line of the list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TypeLine {
    /// A part of memory that has a type.
    Part(TypedPart),
    /// A type that has a name.
    Type(TypeRef),
}

impl TypeLine {
    /// Returns its type.
    pub fn ty(&self) -> &TypeRef {
        match self {
            TypeLine::Part(part) => &part.ty,
            TypeLine::Type(ty) => ty,
        }
    }
}

impl App {
    /// Returns the lines of the list: the parts of memory that have a type, then the types.
    pub(crate) fn type_lines(&self) -> Vec<TypeLine> {
        let parts = self.typed_parts();
        let types: Vec<TypeLine> = self
            .type_tables(&parts)
            .into_iter()
            .flat_map(|table| {
                let ids: Vec<TypeId> = table.named().map(|(_, id)| id).collect();
                ids.into_iter()
                    .map(move |id| TypeLine::Type(TypeRef::new(Arc::clone(&table), id)))
            })
            .take(MAX_TYPES)
            .collect();
        parts.into_iter().map(TypeLine::Part).chain(types).collect()
    }

    /// Returns the table in which the types of a new view are found.
    pub(crate) fn type_table(&self) -> Arc<TypeTable> {
        let mut tables = self.type_tables(&self.typed_parts()).into_iter();
        tables.next_back().unwrap_or_default()
    }

    /// Returns the tables of typed parts and of the script, without those whose named types are all
    /// in another one.
    fn type_tables(&self, parts: &[TypedPart]) -> Vec<Arc<TypeTable>> {
        let mut tables: Vec<Arc<TypeTable>> = Vec::new();
        let of_parts = parts.iter().map(|part| part.ty.table());
        for table in of_parts.chain([&self.timeline.types]) {
            if table.named().next().is_none() || tables.iter().any(|known| is_in(table, known)) {
                continue;
            }
            tables.retain(|known| !is_in(known, table));
            tables.push(Arc::clone(table));
        }
        tables
    }
}

/// Returns whether the named types of a table are in another one too.
fn is_in(table: &Arc<TypeTable>, other: &Arc<TypeTable>) -> bool {
    let is_same = |(name, id)| {
        let found = other.find(name);
        found.is_some_and(|found| other.get(found) == table.get(id))
    };
    Arc::ptr_eq(table, other) || table.named().all(is_same)
}

/// Returns the layout of a type, of the elements where it is an array, with the type that has it.
pub(crate) fn layout_of(ty: &TypeRef) -> (TypeId, Vec<LayoutRow>) {
    const MAX_DEPTH: usize = 8;
    let table = ty.table();
    let mut id = ty.id();
    for _ in 0..MAX_DEPTH {
        match table.get(id).map(|ty| &ty.shape) {
            Some(Shape::Array { element, .. }) => id = *element,
            _ => break,
        }
    }
    (id, Layout::new(table, id).rows)
}
