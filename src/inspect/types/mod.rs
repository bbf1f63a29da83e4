//! The layouts of types: offsets, sizes and padding, as text and as JSON.
//!
//! Both forms write a `data_types::Layout`. It knows the table of types, and not where they come from.

mod json;
mod text;

use std::io;

use serde_json::Value;

use super::{Format, Options};
use crate::data_types::{TypeId, TypeSource, TypeTable};
use crate::guest::{DebugTypes, GlobalVariable};

/// The most other names of types whose sizes are found.
const MOST_ALIASES: usize = 1000;

/// The types that a file has, for a list of their names.
#[derive(Debug, Default)]
pub struct TypeList {
    /// The file's path, safe to print.
    pub path: String,
    /// The names, in order.
    pub types: Vec<ListedType>,
    /// The global variables with a type, in the order of their addresses.
    pub variables: Vec<ListedVariable>,
    /// The most names and variables that the text has each.
    pub most: usize,
}

/// A type in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedType {
    /// Its name, not yet safe to print.
    pub name: String,
    /// Its size in bytes; `None` if that is known only in memory.
    pub size: Option<u64>,
}

/// A global variable in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVariable {
    /// Its name, not yet safe to print.
    pub name: String,
    /// The address of its first byte.
    pub address: u64,
    /// The name of its type, not yet safe to print.
    pub type_name: String,
    /// Its size in bytes.
    pub size: u64,
}

impl TypeList {
    /// Lists the types and variables of a module's debug information: those whose names contain
    /// `filter`. Numbers, pointers and what compilers add are left out unless `all` is set.
    pub fn of_module(path: &str, types: &DebugTypes, filter: &str, all: bool) -> Self {
        let mut table = TypeTable::default();
        let names = types.names().into_iter();
        let names = names.filter(|ty| (all || ty.is_declared) && ty.name.contains(filter));
        let mut listed: Vec<ListedType> = names
            .map(|ty| ListedType {
                name: ty.name,
                size: ty.size,
            })
            .collect();
        // Another name of a type has the size of that type.
        let mut source = types.clone();
        for ty in listed
            .iter_mut()
            .filter(|ty| ty.size.is_none())
            .take(MOST_ALIASES)
        {
            let id = source.find(&ty.name, &mut table);
            ty.size = id.and_then(|id| table.get(id)).map(|ty| ty.size);
        }
        listed.dedup();
        let variables = types.variables(&mut table).into_iter();
        TypeList {
            path: path.to_owned(),
            types: listed,
            variables: variables
                .filter(|variable| variable.name.contains(filter))
                .filter(|variable| all || !variable.name.contains("{vtable"))
                .map(|variable| listed_variable(variable, &table))
                .collect(),
            most: usize::MAX,
        }
    }

    /// Lists the types that a steps file declares or names: those whose names contain `filter`.
    pub fn of_table(path: &str, table: &TypeTable, filter: &str) -> Self {
        let named = table.named().filter(|(name, _)| name.contains(filter));
        let types = named.map(|(name, id)| ListedType {
            name: name.to_owned(),
            size: table
                .get(id)
                .map(|ty| ty.size)
                .filter(|_| table.is_size_known(id)),
        });
        TypeList {
            path: path.to_owned(),
            types: types.collect(),
            variables: Vec::new(),
            most: usize::MAX,
        }
    }
}

fn listed_variable(variable: GlobalVariable, table: &TypeTable) -> ListedVariable {
    ListedVariable {
        type_name: table.label(variable.ty),
        size: table.get(variable.ty).map_or(0, |ty| ty.size),
        name: variable.name,
        address: variable.address,
    }
}

/// Writes a list of types.
///
/// # Errors
/// Those of `out`.
pub fn write_types(list: &TypeList, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    match options.format {
        Format::Text => text::write_list(list, options, out),
        Format::Json => write_json(&json::list(list), out),
    }
}

/// Writes the layout of one type. `name` is its name as it was asked for or found, and `path` the
/// file that has it.
///
/// # Errors
/// Those of `out`.
pub fn write_type(
    path: &str,
    name: &str,
    (table, id): (&TypeTable, TypeId),
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match options.format {
        Format::Text => text::write_layout(name, table, id, options, out),
        Format::Json => write_json(&json::layout(path, name, table, id), out),
    }
}

fn write_json(document: &Value, out: &mut dyn io::Write) -> io::Result<()> {
    crate::safe::json::write_pretty(document, &mut *out)?;
    out.write_all(b"\n")?;
    out.flush()
}
