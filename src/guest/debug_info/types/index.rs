//! The names of all types, functions and variables in debug information, with where their entries
//! are. It is built by one pass, on the first question.

use std::collections::HashMap;

use gimli::{AttributeValue, DebuggingInformationEntry, DwTag};

use super::super::super::code_index::Bodies;
use super::super::dwarf::{Dwarf, Slice};
use super::entries::{Entries, OpenUnit, reference};
use super::{Language, name_path};

/// How many attributes are read for each byte of debug information. Compilers write less than one.
const WORK_PER_BYTE: usize = 8;

/// How many different types of one name are remembered.
const MAX_SAME_NAME: usize = 64;

/// How many levels of scopes are read. Those further in are as if they were at the last one.
const MAX_SCOPES: usize = 64;

/// The number of a scope that contains all others.
pub(super) const OUTERMOST: u32 = 0;

/// The names in debug information.
#[derive(Debug, Default)]
pub(in super::super) struct TypeIndex {
    /// By the name of a type without its scopes.
    types: HashMap<Box<str>, Vec<NamedType>>,
    scopes: Vec<Scope>,
    /// By the entry of a declaration, its scope.
    declarations: HashMap<usize, u32>,
    /// By the number of a function's body, its entry.
    functions: HashMap<usize, usize>,
    /// The variables with an address.
    pub variables: Vec<NamedVariable>,
}

/// A namespace, or a type that contains others.
#[derive(Debug)]
struct Scope {
    name: Box<str>,
    parent: u32,
}

/// A type that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct NamedType {
    /// The offset of its entry in `.debug_info`.
    pub entry: usize,
    pub scope: u32,
    pub tag: DwTag,
    /// Its size in bytes; `None` if its entry does not have one.
    pub size: Option<u64>,
    /// Whether the entry has only the name.
    pub is_declaration: bool,
}

/// A variable at a fixed address.
#[derive(Debug)]
pub(in super::super) struct NamedVariable {
    pub entry: usize,
    pub scope: u32,
    pub name: Box<str>,
    pub address: u64,
}

impl TypeIndex {
    /// Reads the names of all units.
    pub fn read(dwarf: &Dwarf<'_>, units: usize, size: usize, bodies: &Bodies) -> Self {
        let work = size.saturating_mul(WORK_PER_BYTE).saturating_add(10_000);
        let mut reader = IndexReader {
            entries: Entries::new(dwarf, work),
            bodies,
            index: TypeIndex {
                scopes: vec![Scope {
                    name: Box::default(),
                    parent: OUTERMOST,
                }],
                ..TypeIndex::default()
            },
            interned: HashMap::new(),
        };
        for unit in 0..units {
            // If a unit becomes invalid halfway, what was read before that is used.
            let _ = reader.read_unit(unit);
            reader.entries.close(unit);
        }
        reader.index
    }

    /// Returns whether there are no types.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// Returns all types with their names, without those that are only declared.
    pub fn all(&self) -> impl Iterator<Item = (&str, &NamedType)> {
        self.types
            .iter()
            .flat_map(|(name, types)| types.iter().map(|ty| (&**name, ty)))
            .filter(|(_, ty)| !ty.is_declaration)
    }

    /// Returns the name of a type or a variable with its scopes.
    pub fn qualified(&self, name: &str, scope: u32) -> String {
        let mut path: Vec<&str> = self.path(scope);
        path.reverse();
        path.push(name);
        path.join("::")
    }

    /// Returns the names of a scope and those around it, innermost first.
    fn path(&self, scope: u32) -> Vec<&str> {
        let mut path = Vec::new();
        let mut at = scope;
        while at != OUTERMOST && path.len() < MAX_SCOPES {
            let Some(scope) = self.scope(at) else { break };
            path.push(&*scope.name);
            at = scope.parent;
        }
        path
    }

    fn scope(&self, scope: u32) -> Option<&Scope> {
        self.scopes.get(usize::try_from(scope).ok()?)
    }

    /// Returns the types that a person may mean by this name, the best first: one with exactly
    /// these scopes, then one with the fewest others around them.
    pub fn find(&self, name: &str) -> Vec<(&str, &NamedType)> {
        let mut found = self.matching(name);
        if found.is_empty() {
            found = self.after_dot(name);
        }
        found
            .sort_by_key(|(_, ty, outer)| (ty.is_declaration, *outer, !is_alias(ty.tag), ty.entry));
        found.into_iter().map(|(name, ty, _)| (name, ty)).collect()
    }

    /// Returns the types whose name and scopes end with this one, each with how many scopes are
    /// around them besides.
    fn matching(&self, name: &str) -> Vec<(&str, &NamedType, usize)> {
        let (tags, name) = tags_of_prefix(name);
        let path = name_path::split(name);
        let Some((last, scopes)) = path.split_last() else {
            return Vec::new();
        };
        // The name of a function's type or of a virtual table contains colons of its own.
        let whole = self.types.get_key_value(name);
        if let Some((name, types)) = whole.filter(|_| !scopes.is_empty()) {
            return types
                .iter()
                .map(|ty| (&**name, ty, self.path(ty.scope).len()))
                .collect();
        }
        let Some((last, types)) = self.types.get_key_value(*last) else {
            return Vec::new();
        };
        types
            .iter()
            .filter(|ty| tags.is_none_or(|tags| tags.contains(&ty.tag)))
            .filter_map(|ty| {
                let own = self.path(ty.scope);
                let wanted = scopes.iter().rev();
                (own.len() >= scopes.len() && wanted.zip(&own).all(|(a, b)| a == b))
                    .then(|| (&**last, ty, own.len() - scopes.len()))
            })
            .collect()
    }

    /// Returns the types whose name is this one after a dot: some languages write their scopes into
    /// the name.
    fn after_dot(&self, name: &str) -> Vec<(&str, &NamedType, usize)> {
        let all = self.types.iter();
        all.filter(|(whole, _)| {
            whole
                .strip_suffix(name)
                .is_some_and(|before| before.ends_with('.') && !before.contains(['(', '[', '*']))
        })
        .flat_map(|(whole, types)| types.iter().map(|ty| (&**whole, ty, whole.len())))
        .collect()
    }

    /// Returns the definition of a type that is only declared at this entry.
    pub fn definition(&self, entry: usize, name: &str, tag: DwTag) -> Option<usize> {
        let scope = *self.declarations.get(&entry)?;
        let types = self.types.get(name)?.iter();
        let mut types = types.filter(|ty| {
            !ty.is_declaration
                && ty.scope == scope
                && (ty.tag == tag || is_record(ty.tag) && is_record(tag))
        });
        types.next().map(|ty| ty.entry)
    }

    /// Returns the entry of the function with this body.
    pub fn function(&self, body: usize) -> Option<usize> {
        self.functions.get(&body).copied()
    }
}

/// Returns whether entries with this tag give a name to a type that has another one.
fn is_alias(tag: DwTag) -> bool {
    tag == gimli::DW_TAG_typedef
}

fn is_record(tag: DwTag) -> bool {
    matches!(tag, gimli::DW_TAG_structure_type | gimli::DW_TAG_class_type)
}

/// Returns the tags that a prefix such as `struct ` asks for, and the name without it.
fn tags_of_prefix(name: &str) -> (Option<&'static [DwTag]>, &str) {
    const PREFIXES: [(&str, &[DwTag]); 4] = [
        ("struct ", &[gimli::DW_TAG_structure_type]),
        ("class ", &[gimli::DW_TAG_class_type]),
        ("union ", &[gimli::DW_TAG_union_type]),
        ("enum ", &[gimli::DW_TAG_enumeration_type]),
    ];
    let name = name.trim();
    PREFIXES
        .into_iter()
        .find_map(|(prefix, tags)| Some((Some(tags), name.strip_prefix(prefix)?.trim_start())))
        .unwrap_or((None, name))
}

/// An entry whose children are being read.
struct Open {
    depth: isize,
    scope: u32,
    /// Whether it is a function that the linker dropped, or in one.
    is_dropped: bool,
    /// Whether it is a type.
    is_type: bool,
}

struct IndexReader<'a, 'b> {
    entries: Entries<'a, 'b>,
    bodies: &'b Bodies,
    index: TypeIndex,
    interned: HashMap<(u32, Box<str>), u32>,
}

/// What is read of an entry besides its attributes.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    scope: u32,
}

type Die<'a> = DebuggingInformationEntry<Slice<'a>>;

impl<'a> IndexReader<'a, '_> {
    /// Returns `None` if the rest of the unit is invalid.
    fn read_unit(&mut self, number: usize) -> Option<()> {
        let unit = self.entries.unit(number)?;
        let header = &unit.unit.header;
        let mut open: Vec<Open> = Vec::new();
        let mut entries = header.entries_raw(&unit.unit.abbreviations, None).ok()?;
        let mut entry = DebuggingInformationEntry::null();
        while !entries.is_empty() {
            let depth = entries.next_depth();
            entry.offset = entries.next_offset();
            while open.pop_if(|open| open.depth >= depth).is_some() {}
            let Some(kind) = entries.read_abbreviation().ok()? else {
                continue;
            };
            self.entries.count_work(kind.attributes().len())?;
            entry.tag = kind.tag();
            let around = open.last();
            let (scope, is_dropped) = around.map_or((OUTERMOST, false), |around| {
                (around.scope, around.is_dropped)
            });
            // The variants of an enum of Rust are types in it, which have no use without it.
            let is_variant = unit.language == Language::Rust
                && around.is_some_and(|around| around.is_type)
                && !matches!(entry.tag, gimli::DW_TAG_subprogram | gimli::DW_TAG_variable);
            let is_wanted = !is_dropped && !is_variant && is_indexed(entry.tag);
            if !is_wanted {
                entries.skip_attributes(kind.attributes()).ok()?;
                continue;
            }
            entries
                .read_attributes(kind.attributes(), &mut entry.attrs)
                .ok()?;
            let at = entry.offset.to_debug_info_offset(header)?.0;
            let inner = self.read_entry(&unit, &entry, Place { at, scope })?;
            if kind.has_children()
                && let Some(inner) = inner
            {
                open.push(Open { depth, ..inner });
            }
        }
        Some(())
    }

    /// Reads an entry. Returns what is around its children, if that is something else than around
    /// itself; the outer `None` if too much was read.
    fn read_entry(
        &mut self,
        unit: &OpenUnit<'a>,
        entry: &Die<'a>,
        place: Place,
    ) -> Option<Option<Open>> {
        let open = |scope, is_dropped, is_type| Open {
            depth: 0,
            scope,
            is_dropped,
            is_type,
        };
        Some(match entry.tag {
            gimli::DW_TAG_subprogram => {
                let is_dropped = self.read_function(unit, entry, place.at);
                Some(open(place.scope, is_dropped, false))
            }
            gimli::DW_TAG_variable => {
                self.read_variable(unit, entry, place);
                None
            }
            gimli::DW_TAG_namespace | gimli::DW_TAG_module => {
                let name = self.name(unit, entry).unwrap_or_default();
                Some(open(self.intern(place.scope, &name), false, false))
            }
            _ => {
                let name = self
                    .name(unit, entry)
                    .or_else(|| self.completed(unit, entry));
                let Some(name) = name.filter(|name| !name.is_empty()) else {
                    return Some(None);
                };
                self.entries.count_work(0)?;
                self.add_type(entry, place, &name);
                let scope = self.intern(place.scope, &name);
                Some(open(scope, false, true))
            }
        })
    }

    fn name(&mut self, unit: &OpenUnit<'a>, entry: &Die<'a>) -> Option<String> {
        let value = entry.attr_value(gimli::DW_AT_name)?;
        let text = self.entries.text(&unit.unit, value)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Returns the name of the declaration that an entry completes.
    fn completed(&mut self, unit: &OpenUnit<'a>, entry: &Die<'a>) -> Option<String> {
        let value = entry.attr_value(gimli::DW_AT_specification)?;
        let declaration = self.entries.entry(reference(&unit.unit, value)?)?;
        self.entries.inherited_name(&declaration)
    }

    fn intern(&mut self, parent: u32, name: &str) -> u32 {
        if name.is_empty() {
            return parent;
        }
        let key = (parent, Box::from(name));
        if let Some(scope) = self.interned.get(&key) {
            return *scope;
        }
        let Ok(number) = u32::try_from(self.index.scopes.len()) else {
            return parent;
        };
        self.index.scopes.push(Scope {
            name: key.1.clone(),
            parent,
        });
        self.interned.insert(key, number);
        number
    }

    fn add_type(&mut self, entry: &Die<'a>, place: Place, name: &str) {
        let size = entry.attr_value(gimli::DW_AT_byte_size);
        let is_declaration = entry.attr_value(gimli::DW_AT_declaration).is_some();
        if is_declaration {
            self.index.declarations.insert(place.at, place.scope);
        }
        let ty = NamedType {
            entry: place.at,
            scope: place.scope,
            tag: entry.tag,
            size: size.and_then(|size| size.udata_value()),
            is_declaration,
        };
        if !self.index.types.contains_key(name) {
            self.index.types.insert(Box::from(name), Vec::new());
        }
        let Some(same) = self.index.types.get_mut(name) else {
            return;
        };
        // Each unit repeats the types that it uses.
        let is_known = same.iter().any(|other| {
            NamedType {
                entry: other.entry,
                ..ty.clone()
            } == *other
        });
        if !is_known && same.len() < MAX_SAME_NAME {
            same.push(ty);
        }
    }

    /// Reads a function, and returns whether the linker dropped it.
    fn read_function(&mut self, unit: &OpenUnit<'a>, entry: &Die<'a>, at: usize) -> bool {
        let has_code = entry.attr_value(gimli::DW_AT_low_pc).is_some()
            || entry.attr_value(gimli::DW_AT_ranges).is_some();
        let Some(body) = self.body(unit, entry) else {
            return has_code;
        };
        self.index.functions.entry(body).or_insert(at);
        false
    }

    /// Returns the number of the body that a function has. A function that the linker dropped is at
    /// an address where none begins.
    fn body(&self, unit: &OpenUnit<'a>, entry: &Die<'a>) -> Option<usize> {
        let sections = self.entries.sections();
        let address = |value| sections.attr_address(&unit.unit, value).ok()?;
        let range = match entry.attr_value(gimli::DW_AT_ranges) {
            Some(list) => {
                let mut ranges = sections.attr_ranges(&unit.unit, list).ok()??;
                let first = ranges.next().ok()??;
                first.begin..first.end
            }
            None => {
                let low = address(entry.attr_value(gimli::DW_AT_low_pc)?)?;
                let high = entry.attr_value(gimli::DW_AT_high_pc)?;
                match high.udata_value() {
                    Some(size) => low..low.checked_add(size)?,
                    None => low..address(high)?,
                }
            }
        };
        let code = self.bodies.code_start();
        let range = code.checked_add(range.start)?..code.checked_add(range.end)?;
        let body = self.bodies.body_around(&range)?;
        (range.start <= self.bodies.get(body)?.start).then_some(body)
    }

    fn read_variable(&mut self, unit: &OpenUnit<'a>, entry: &Die<'a>, place: Place) -> Option<()> {
        let AttributeValue::Exprloc(location) = entry.attr_value(gimli::DW_AT_location)? else {
            return None;
        };
        let mut operations = location.operations(unit.unit.encoding());
        let address = match operations.next().ok()?? {
            gimli::Operation::Address { address } => address,
            gimli::Operation::AddressIndex { index } => {
                self.entries.sections().address(&unit.unit, index).ok()?
            }
            _ => return None,
        };
        // What follows makes a value or another address of it.
        if operations.next().ok()?.is_some() {
            return None;
        }
        let name = self
            .name(unit, entry)
            .or_else(|| self.completed(unit, entry))?;
        self.index.variables.push(NamedVariable {
            entry: place.at,
            scope: place.scope,
            name: Box::from(name),
            address,
        });
        Some(())
    }
}

/// Returns whether the index has entries with this tag, or needs them to know what is in them.
fn is_indexed(tag: DwTag) -> bool {
    matches!(
        tag,
        gimli::DW_TAG_base_type
            | gimli::DW_TAG_structure_type
            | gimli::DW_TAG_class_type
            | gimli::DW_TAG_union_type
            | gimli::DW_TAG_enumeration_type
            | gimli::DW_TAG_typedef
            | gimli::DW_TAG_pointer_type
            | gimli::DW_TAG_namespace
            | gimli::DW_TAG_module
            | gimli::DW_TAG_subprogram
            | gimli::DW_TAG_variable
    )
}
