//! The names that a typed statement may use.

use super::ast::{Name, Statement, StatementKind};

/// The names that a typed statement may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNames {
    pub inputs: Vec<String>,
    /// Other names with a value.
    pub variables: Vec<String>,
    /// Names that later steps bind; only a question may use them.
    pub later: Vec<String>,
    pub regions: Vec<String>,
    pub blocks: Vec<String>,
    /// The types that the script declares.
    pub types: Vec<String>,
}

impl KnownNames {
    /// Returns the names that are known between `before` and `after`.
    pub(super) fn of(before: &[Statement], after: &[Statement]) -> KnownNames {
        let mut known = KnownNames::default();
        for statement in before {
            let names = defined_names(&statement.kind)
                .iter()
                .map(|name| name.text.clone());
            match &statement.kind {
                StatementKind::Input { .. } => known.inputs.extend(names),
                StatementKind::Region { name, .. } => known.regions.push(name.text.clone()),
                StatementKind::View { name, .. } => known.regions.push(name.text.clone()),
                StatementKind::Block { name, .. } => known.blocks.push(name.text.clone()),
                _ => known.variables.extend(names),
            }
        }
        // A type is known wherever its declaration is.
        let all = before.iter().chain(after);
        known
            .types
            .extend(all.filter_map(|statement| match &statement.kind {
                StatementKind::Type { name, .. } => Some(name.text.clone()),
                _ => None,
            }));
        let later = after
            .iter()
            .flat_map(|statement| defined_names(&statement.kind));
        known.later = later.map(|name| name.text.clone()).collect();
        // An input has its value from the start, wherever its statement is.
        known
            .inputs
            .extend(after.iter().filter_map(|statement| match &statement.kind {
                StatementKind::Input { name, .. } => Some(name.text.clone()),
                _ => None,
            }));
        known
    }
}

/// Returns the variables that a statement defines.
pub(super) fn defined_names(kind: &StatementKind) -> &[Name] {
    match kind {
        StatementKind::Call { results, .. } => results,
        StatementKind::Input { name, .. }
        | StatementKind::Let { name, .. }
        | StatementKind::Global { name, .. }
        | StatementKind::Read { name, .. } => std::slice::from_ref(name),
        StatementKind::Callback(callback) => std::slice::from_ref(&callback.name),
        StatementKind::Grow { name, .. } => name.as_slice(),
        _ => &[],
    }
}
