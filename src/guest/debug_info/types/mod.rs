//! The types, functions and variables that debug information describes.
//!
//! `index` finds all names in one pass, on the first question. `builder`, `records`, `scalars` and
//! `library` turn the entries of one type into types of a table. `entries` reads single entries
//! within a budget, because nothing has checked these bytes. `signature` writes types as their own
//! language does.

mod builder;
mod entries;
mod index;
mod library;
mod name_path;
mod records;
mod scalars;
mod signature;

use super::super::{ExternType, Guest};
use super::Sources;
use super::dwarf::Dwarf;
use crate::data_types::{TypeId, TypeSource, TypeTable};
use crate::safe;
use builder::Builder;
use entries::{Entries, Entry};
pub(super) use index::TypeIndex;

/// The most attributes that are read for one question, unless debug information has more bytes.
const MAX_WORK: usize = 4_000_000;

/// The most parameters of a function.
const MAX_PARAMETERS: usize = 1000;

/// The most characters of a name that is shown.
const MAX_NAME: usize = 200;

/// A language whose compilers write debug information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// C.
    C,
    /// C++.
    Cpp,
    /// Rust.
    Rust,
    /// Zig.
    Zig,
    /// Go.
    Go,
    /// Any other. Its types are written as those of C.
    Other,
}

/// The types of a guest's debug information. Cheap to make; the first question reads the names.
#[derive(Debug, Clone)]
pub struct DebugTypes {
    guest: Guest,
}

/// The name of a type in debug information.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeName {
    /// The name with its scopes, not yet safe to print: `core::option::Option<u32>`.
    pub name: String,
    /// Its size in bytes; `None` for another name of a type, as a typedef is.
    pub size: Option<u64>,
    /// Whether it has parts, values with names, or is another name of a type. Numbers, pointers and
    /// what compilers add are not.
    pub is_declared: bool,
}

/// A function as the source declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSignature {
    /// The function's name in the source, not yet safe to print.
    pub name: String,
    /// The language of the source.
    pub language: Language,
    /// The parameters in order. A function that returns a record may have one more at run time,
    /// the address of the result, before them.
    pub params: Vec<Parameter>,
    /// The type of the result; `None` if there is none.
    pub result: Option<TypeId>,
    /// The type of the result as the language writes it, safe to print; `None` if there is none.
    pub result_text: Option<String>,
    /// The declaration, safe to print: `Shape *make_shape(uint32_t count)`.
    pub text: String,
}

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, not yet safe to print; empty if it has none.
    pub name: String,
    /// Its type; `None` if that is not known.
    pub ty: Option<TypeId>,
    /// The type as the language writes it, safe to print.
    pub type_text: String,
}

/// A global variable with a fixed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalVariable {
    /// Its name with its scopes, not yet safe to print.
    pub name: String,
    /// The address of its first byte.
    pub address: u64,
    /// Its type.
    pub ty: TypeId,
}

impl DebugTypes {
    pub(in super::super) fn new(guest: &Guest) -> Self {
        DebugTypes {
            guest: guest.clone(),
        }
    }

    /// Returns whether the guest has no types in its debug information.
    pub fn is_empty(&self) -> bool {
        self.index().is_empty()
    }

    /// Returns the names of all types, in order. A name can be there twice if its types differ.
    pub fn names(&self) -> Vec<TypeName> {
        let index = self.index();
        let mut names: Vec<TypeName> = index
            .all()
            .map(|(name, ty)| TypeName {
                name: index.qualified(name, ty.scope),
                size: ty.size,
                is_declared: !matches!(
                    ty.tag,
                    gimli::DW_TAG_base_type | gimli::DW_TAG_pointer_type
                ) && !name.contains("{vtable"),
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns the names of all types that this name may mean, the one that it is taken for first.
    pub fn matches(&self, name: &str) -> Vec<String> {
        let index = self.index();
        let mut names: Vec<String> = Vec::new();
        for (own, ty) in index.find(name) {
            let qualified = index.qualified(own, ty.scope);
            if !names.contains(&qualified) {
                names.push(qualified);
            }
        }
        names
    }

    /// Returns how many bytes of debug information the guest has. It reads none of them.
    pub(crate) fn debug_info_bytes(&self) -> usize {
        self.sources().debug_size(&self.guest)
    }

    /// Returns a function's declaration in the source, by the function's index; `None` if debug
    /// information has none that can be trusted. Its types are added to the table.
    pub fn signature(&self, function: u32, table: &mut TypeTable) -> Option<FunctionSignature> {
        let at = self.function_entry(function)?;
        self.with_builder(table, |builder| signature_of(builder, at))
    }

    /// Returns the declarations of the functions that the guest exports, with the names of the
    /// exports. Their types are added to the table.
    pub fn exported_functions(&self, table: &mut TypeTable) -> Vec<(String, FunctionSignature)> {
        let exports = self.guest.exports().iter();
        let exports = exports.filter(|export| matches!(export.ty, ExternType::Func(_)));
        // One reader for all of them keeps to one budget.
        self.with_builder(table, |builder| {
            exports
                .filter_map(|export| {
                    let at = self.function_entry(export.index)?;
                    Some((export.name.clone(), signature_of(builder, at)?))
                })
                .collect()
        })
    }

    fn function_entry(&self, function: u32) -> Option<usize> {
        // The functions of a text module have no types but those in the text.
        if self.guest.text().is_some() {
            return None;
        }
        let imported = self.guest.0.description.imported_functions;
        let body = usize::try_from(function.checked_sub(imported)?).ok()?;
        self.index().function(body)
    }

    /// Returns the global variables in the order of their addresses. Their types are added to the
    /// table. Those that the linker dropped are left out.
    pub fn variables(&self, table: &mut TypeTable) -> Vec<GlobalVariable> {
        let index = self.index();
        let named: Vec<_> = index
            .variables
            .iter()
            .filter(|variable| self.is_address(variable.address))
            .collect();
        let mut found = self.with_builder(table, |builder| {
            let mut found = Vec::new();
            for variable in named {
                let ty = builder.entries.entry(variable.entry).and_then(|entry| {
                    let (unit, value) = builder.entries.inherited(&entry, gimli::DW_AT_type)?;
                    entries::reference(&unit.unit, value)
                });
                if let Some(at) = ty {
                    found.push(GlobalVariable {
                        name: index.qualified(&variable.name, variable.scope),
                        address: variable.address,
                        ty: builder.build_all(at),
                    });
                }
            }
            found
        });
        found.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
        found.dedup_by(|a, b| a.address == b.address && a.name == b.name);
        found
    }

    /// Returns whether a variable can be at an address: linkers give those that they dropped one
    /// at the start, or at the end, of what 32 bits can address.
    fn is_address(&self, address: u64) -> bool {
        let guest = &self.guest;
        let memory = guest.memories().first();
        let end = memory.map_or(0, |memory| memory.ty.min.saturating_mul(super::super::PAGE));
        let segments = guest.data_segments().iter();
        let first = segments
            .filter_map(|segment| segment.offset.resolve(|_| None))
            .min();
        let layout = guest.layout();
        let data = layout.data.as_ref().and_then(|area| area.start);
        let start = match (data, first) {
            (Some(data), Some(first)) => data.min(first),
            (Some(start), None) | (None, Some(start)) => start,
            (None, None) => 1,
        };
        (start.max(1)..end).contains(&address)
    }

    fn index(&self) -> &TypeIndex {
        self.sources().type_index(&self.guest)
    }

    fn sources(&self) -> &Sources {
        &self.guest.0.sources
    }

    fn with_builder<T>(
        &self,
        table: &mut TypeTable,
        build: impl FnOnce(&mut Builder<'_, '_, '_>) -> T,
    ) -> T {
        let (sources, guest) = (self.sources(), &self.guest);
        let index = sources.type_index(guest);
        let dwarf = Dwarf::open(guest, sources.sections(guest), sources.outline(guest));
        let work = MAX_WORK.max(sources.debug_size(guest));
        let entries = Entries::new(&dwarf, work);
        build(&mut Builder::new(entries, index, table))
    }
}

impl TypeSource for DebugTypes {
    fn find(&mut self, name: &str, table: &mut TypeTable) -> Option<TypeId> {
        let at = self.index().find(name).first()?.1.entry;
        let id = self.with_builder(table, |builder| builder.build_all(at));
        table.set_name(name, id);
        Some(id)
    }
}

fn signature_of(builder: &mut Builder<'_, '_, '_>, at: usize) -> Option<FunctionSignature> {
    let entry = builder.entries.entry(at)?;
    let name = builder.entries.inherited_name(&entry)?;
    let language = entry.unit.language;
    // The text format, for one, has functions without types in its line tables.
    if language == Language::Other {
        return None;
    }
    let result = type_at(builder, &entry);
    let mut params = Vec::new();
    let mut texts = Vec::new();
    let children = builder.entries.children(&entry).into_iter();
    let parameters = children.filter(|child| child.tag() == gimli::DW_TAG_formal_parameter);
    for child in parameters.take(MAX_PARAMETERS) {
        let name = builder.entries.inherited_name(&child).unwrap_or_default();
        let at = type_at(builder, &child);
        let text = signature::declared(&mut builder.entries, at, &name, language);
        let type_text = signature::type_text(&mut builder.entries, at, language);
        texts.push(text);
        params.push(Parameter {
            name,
            ty: at.map(|at| builder.build_all(at)),
            type_text: safe::cut(&type_text, MAX_NAME),
        });
    }
    let inner = match texts.is_empty() && language == Language::C {
        true => format!("{name}(void)"),
        false => format!("{name}({})", texts.join(", ")),
    };
    let result_text =
        result.map(|at| signature::type_text(&mut builder.entries, Some(at), language));
    let text = match (language, &result_text) {
        (Language::C | Language::Cpp | Language::Other, _) => {
            signature::declared(&mut builder.entries, result, &inner, language)
        }
        (Language::Rust, None) => format!("fn {inner}"),
        (Language::Go, None) => format!("func {inner}"),
        (Language::Rust, Some(result)) => format!("fn {inner} -> {result}"),
        (Language::Go, Some(result)) => format!("func {inner} {result}"),
        (Language::Zig, result) => {
            format!("fn {inner} {}", result.as_deref().unwrap_or("void"))
        }
    };
    Some(FunctionSignature {
        name,
        language,
        params,
        result: result.map(|at| builder.build_all(at)),
        result_text: result_text.map(|text| safe::cut(&text, MAX_NAME)),
        text: safe::cut(&text, MAX_NAME * 2),
    })
}

/// Returns the entry of the type that an entry, or the one that it completes, has.
fn type_at<'a>(builder: &mut Builder<'a, '_, '_>, entry: &Entry<'a>) -> Option<usize> {
    let (unit, value) = builder.entries.inherited(entry, gimli::DW_AT_type)?;
    entries::reference(&unit.unit, value)
}
