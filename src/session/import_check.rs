//! Checks the script's `import` lines against what the guest imports.

use crate::guest::{ExternType, Guest};
use crate::script::Script;
use crate::script::ast::{Action, Import, ImportKind, ImportName};
use crate::text::nearest;

use super::host_names::display;

/// How an `import` line differs from what the guest imports. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportMismatch {
    /// A function with another number of parameters.
    #[error("{import} has {} here, but its type in the guest is {ty}", count(*given, "parameter"))]
    Parameters {
        /// The import as the script writes it.
        import: String,
        /// The number of parameters in the script.
        given: usize,
        /// The type that the guest imports.
        ty: String,
    },
    /// A function with results and no `returns`.
    #[error("{import} returns nothing here, but its type in the guest is {ty}; add `returns`")]
    NoReturns {
        /// The import as the script writes it.
        import: String,
        /// The type that the guest imports.
        ty: String,
    },
    /// A function with another number of results.
    #[error("{import} returns {} here, but its type in the guest is {ty}", count(*given, "value"))]
    Results {
        /// The import as the script writes it.
        import: String,
        /// The number of results in the script.
        given: usize,
        /// The type that the guest imports.
        ty: String,
    },
    /// A memory that is smaller than the guest's minimum.
    #[error("{import} has {} here, but the guest needs at least {least}", count(*given, "page"))]
    TooFewPages {
        /// The import as the script writes it.
        import: String,
        /// The minimum in the script, in pages.
        given: u64,
        /// The minimum in the guest, in pages.
        least: u64,
    },
    /// A memory that may become larger than the guest's maximum.
    #[error(
        "{import} has a maximum of {} here, but the guest allows at most {most}",
        count(*given, "page")
    )]
    TooManyPages {
        /// The import as the script writes it.
        import: String,
        /// The maximum in the script, in pages.
        given: u64,
        /// The maximum in the guest, in pages.
        most: u64,
    },
    /// An import that the guest does not have, where it has one of nearly this name.
    #[error(
        "the guest does not import {import}; the nearest of its imports is {nearest}: use that name or remove the line"
    )]
    Misspelt {
        /// The import as the script writes it.
        import: String,
        /// The import of the guest.
        nearest: String,
    },
    /// A function, memory or global that is another kind of import in the guest.
    #[error("{import} is a {given} here, but the guest imports it as something else: {ty}")]
    Kind {
        /// The import as the script writes it.
        import: String,
        /// The kind in the script.
        given: &'static str,
        /// The type that the guest imports.
        ty: String,
    },
}

fn count(n: impl TryInto<u64>, noun: &str) -> String {
    match n.try_into() {
        Ok(1) => format!("1 {noun}"),
        Ok(n) => format!("{n} {noun}s"),
        Err(_) => format!("too many {noun}s"),
    }
}

/// Checks every `import` line, and returns the first that does not fit with its error. A line for
/// an import that the guest does not have is ignored, because one script may serve several guests,
/// unless the guest has an import of nearly the same name that no line defines.
pub(super) fn first_mismatch<'s>(
    script: &'s Script,
    guest: &Guest,
) -> Option<(&'s Import, ImportMismatch)> {
    script.imports().find_map(|import| {
        let name = &import.name;
        let mut wanted = guest
            .imports()
            .iter()
            .filter(|wanted| wanted.module == name.module && wanted.name == name.name);
        let mut wanted = wanted.by_ref().peekable();
        if wanted.peek().is_none() {
            return Some((import, misspelt(&import.name, script, guest)?));
        }
        wanted.find_map(|wanted| Some((import, mismatch(import, &wanted.ty)?)))
    })
}

/// Returns the error for an import that the guest does not have, if one of its imports from the
/// same module has nearly the same name and no line of its own.
fn misspelt(name: &ImportName, script: &Script, guest: &Guest) -> Option<ImportMismatch> {
    let is_defined = |other: &str| {
        let mut lines = script.imports();
        lines.any(|line| line.name.module == name.module && line.name.name == other)
    };
    let others = guest
        .imports()
        .iter()
        .filter(|other| other.module == name.module && !is_defined(&other.name));
    let nearest = nearest(&name.name, others.map(|other| other.name.as_str()))?;
    let nearest = ImportName {
        module: name.module.clone(),
        name: nearest.into(),
    };
    Some(ImportMismatch::Misspelt {
        import: display(name),
        nearest: display(&nearest),
    })
}

fn mismatch(import: &Import, wanted: &ExternType) -> Option<ImportMismatch> {
    let (name, ty) = (display(&import.name), wanted.to_string());
    match (&import.kind, wanted) {
        (ImportKind::Function { params, actions }, ExternType::Func(function)) => {
            if params.len() != function.params.len() {
                return Some(ImportMismatch::Parameters {
                    import: name,
                    given: params.len(),
                    ty,
                });
            }
            let traps = actions
                .iter()
                .any(|action| matches!(action, Action::Traps { .. }));
            let returned = actions.iter().find_map(|action| match action {
                Action::Returns(values) => Some(values.len()),
                _ => None,
            });
            match returned {
                Some(given) if given == function.results.len() => None,
                Some(given) => Some(ImportMismatch::Results {
                    import: name,
                    given,
                    ty,
                }),
                None if traps || function.results.is_empty() => None,
                None => Some(ImportMismatch::NoReturns { import: name, ty }),
            }
        }
        (ImportKind::Memory { min, max }, ExternType::Memory(memory)) => {
            if *min < memory.min {
                return Some(ImportMismatch::TooFewPages {
                    import: name,
                    given: *min,
                    least: memory.min,
                });
            }
            match (*max, memory.max) {
                (Some(given), Some(most)) if given > most => Some(ImportMismatch::TooManyPages {
                    import: name,
                    given,
                    most,
                }),
                _ => None,
            }
        }
        (ImportKind::Global { .. }, ExternType::Global(_)) => None,
        (kind, _) => Some(ImportMismatch::Kind {
            import: name,
            given: kind_name(kind),
            ty,
        }),
    }
}

fn kind_name(kind: &ImportKind) -> &'static str {
    match kind {
        ImportKind::Function { .. } => "function",
        ImportKind::Memory { .. } => "memory",
        ImportKind::Global { .. } => "global",
    }
}
