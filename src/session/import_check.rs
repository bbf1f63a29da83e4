//! Checks the script's `import` lines against what the guest imports.

use crate::guest::{ExternType, Guest};
use crate::script::Script;
use crate::script::ast::{Action, Import, ImportKind};

use super::host_names::display;
use crate::safe;
use crate::text;
use crate::wasm_types::MemoryType;

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
    /// A table of another size than the guest allows.
    #[error(
        "{import} has {} here, but the guest needs at least {least}{}",
        count(*given, "element"),
        most.map(|most| format!(" and at most {most}")).unwrap_or_default()
    )]
    Elements {
        /// The import as the script writes it.
        import: String,
        /// The number of elements in the script.
        given: u64,
        /// The minimum in the guest.
        least: u64,
        /// The maximum in the guest, if it has one.
        most: Option<u64>,
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
    /// A memory without a maximum, where the guest has one.
    #[error(
        "{import} has no maximum here, but the guest allows at most {}, and no engine links such a \
         memory; write `pages {min} max {most}`",
        count(*most, "page")
    )]
    NoMaximum {
        /// The import as the script writes it.
        import: String,
        /// The minimum in the script, in pages.
        min: u64,
        /// The maximum in the guest, in pages.
        most: u64,
    },
    /// A memory that threads cannot share, where the guest needs a shared one.
    #[error(
        "{import} is not shared here, but the guest imports a shared memory; write `shared` after \
         its maximum"
    )]
    NotShared {
        /// The import as the script writes it.
        import: String,
    },
    /// A shared memory, where the guest needs one that is not.
    #[error("{import} is shared here, but the guest imports a memory that is not; remove `shared`")]
    Shared {
        /// The import as the script writes it.
        import: String,
    },
    /// An import that the guest does not have.
    #[error("the guest imports no {import}; {hint}")]
    Unknown {
        /// The import as the script writes it.
        import: String,
        /// The most similar import, or else all of them.
        hint: String,
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

/// Checks every `import` line, and returns the first that does not fit with its error.
pub(super) fn first_mismatch<'s>(
    script: &'s Script,
    guest: &Guest,
) -> Option<(&'s Import, ImportMismatch)> {
    script.imports().find_map(|import| {
        let name = &import.name;
        let mut wanted = guest
            .imports()
            .iter()
            .filter(|wanted| wanted.module == name.module && wanted.name == name.name)
            .peekable();
        let found = match wanted.peek() {
            Some(_) => wanted.find_map(|wanted| mismatch(import, &wanted.ty)),
            None => Some(unknown(import, guest)),
        };
        Some((import, found?))
    })
}

fn unknown(import: &Import, guest: &Guest) -> ImportMismatch {
    let dotted = |module: &str, name: &str| format!("{module}.{name}");
    let of_guest: Vec<String> = guest
        .imports()
        .iter()
        .map(|import| dotted(&import.module, &import.name))
        .collect();
    let name = dotted(&import.name.module, &import.name.name);
    let hint = match text::nearest(&name, of_guest.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {}?", safe::cut(near, 100)),
        None if of_guest.is_empty() => "it has no imports".to_owned(),
        None => {
            let names = of_guest.iter().map(|name| safe::cut(name, 60));
            format!("its imports are {}", text::list::first(names, 8))
        }
    };
    ImportMismatch::Unknown {
        import: display(&import.name),
        hint,
    }
}

fn mismatch(import: &Import, wanted: &ExternType) -> Option<ImportMismatch> {
    let (name, ty) = (display(&import.name), wanted.to_string());
    match (&import.kind, wanted) {
        (
            ImportKind::Function {
                params, actions, ..
            },
            ExternType::Func(function),
        ) => {
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
        (ImportKind::Memory { min, max, shared }, ExternType::Memory(memory)) => {
            memory_mismatch(name, (*min, *max, *shared), memory)
        }
        (ImportKind::Global { .. }, ExternType::Global(_)) => None,
        (ImportKind::Table { elements }, ExternType::Table(table)) => {
            let is_too_large = table.max.is_some_and(|most| *elements > most);
            (*elements < table.min || is_too_large).then_some(ImportMismatch::Elements {
                import: name,
                given: *elements,
                least: table.min,
                most: table.max,
            })
        }
        (kind, _) => Some(ImportMismatch::Kind {
            import: name,
            given: kind_name(kind),
            ty,
        }),
    }
}

/// Checks a memory by the rule that engines link by: it is at least as large as the guest needs, it
/// has a maximum that is not larger if the guest has one, and it is shared exactly if the guest's is.
///
/// Source: WebAssembly specification 3.0, section 4.2.3, import matching.
fn memory_mismatch(
    import: String,
    (min, max, shared): (u64, Option<u64>, bool),
    wanted: &MemoryType,
) -> Option<ImportMismatch> {
    match (max, wanted.max) {
        _ if min < wanted.min => Some(ImportMismatch::TooFewPages {
            import,
            given: min,
            least: wanted.min,
        }),
        (None, Some(most)) => Some(ImportMismatch::NoMaximum { import, min, most }),
        (Some(given), Some(most)) if given > most => Some(ImportMismatch::TooManyPages {
            import,
            given,
            most,
        }),
        _ if wanted.shared && !shared => Some(ImportMismatch::NotShared { import }),
        _ if shared && !wanted.shared => Some(ImportMismatch::Shared { import }),
        _ => None,
    }
}

fn kind_name(kind: &ImportKind) -> &'static str {
    match kind {
        ImportKind::Function { .. } => "function",
        ImportKind::Memory { .. } => "memory",
        ImportKind::Global { .. } => "global",
        ImportKind::Table { .. } => "table",
    }
}
