//! What the guest's debug information declares: the global variables, and the records that the
//! parameters of its exported functions point to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::data_types::{Shape, TypeId, TypeLookup, TypeRef, TypeSource, TypeTable};
use crate::guest::{FunctionSignature, Guest};
use crate::safe;
use crate::script::eval::address;
use crate::timeline::{NamedSpan, Span, SpanKind, StepRecord};

use super::Session;

/// The largest debug information that is read without being asked for, in bytes. It is read at the
/// start of a session.
const MAX_DEBUG_INFO: usize = 8 << 20;

/// The largest number of global variables, and of parameters of a call, that are shown.
const MAX_VARIABLES: usize = 64;
const MAX_PARAMETERS: usize = 8;

/// The largest record or variable, in bytes.
const MAX_BYTES: u64 = 1 << 16;

/// The longest name, in characters.
const MAX_NAME: usize = 60;

/// The scopes of variables that belong to the libraries of a language.
const LIBRARIES: [&str; 7] = [
    "std::",
    "core::",
    "alloc::",
    "compiler_builtins::",
    "dlmalloc::",
    "hashbrown::",
    "runtime.",
];

/// A parameter that points to a record.
#[derive(Debug)]
struct DeclaredParameter {
    /// Which argument it is, counted from 0.
    index: usize,
    /// Its name, safe to print.
    name: String,
    /// The record.
    ty: TypeRef,
}

/// The parameters of the exports that were called.
#[derive(Debug, Default)]
pub(super) struct DeclaredTypes {
    by_export: HashMap<String, Arc<[DeclaredParameter]>>,
}

/// Returns the global variables that are more than a buffer. Their addresses are within
/// the memory that is recorded.
pub(super) fn variables(guest: &Guest, memory_index: Option<u32>) -> Vec<NamedSpan> {
    if memory_index != Some(0) || !is_small(guest) {
        return Vec::new();
    }
    let mut table = TypeTable::default();
    let found = guest.debug_types().variables(&mut table);
    let table = Arc::new(table);
    let is_own = |name: &str| !LIBRARIES.iter().any(|library| name.starts_with(library));
    let own = found.into_iter().filter(|variable| is_own(&variable.name));
    let named = own.filter_map(|variable| {
        let ty = TypeRef::new(Arc::clone(&table), unwrapped(&table, variable.ty));
        if is_buffer(&ty) {
            return None;
        }
        named_span(&safe::cut(&variable.name, MAX_NAME), variable.address, ty)
    });
    named.take(MAX_VARIABLES).collect()
}

/// Returns the type in the wrappers of Rust that have its bytes and nothing else, such as
/// `UnsafeCell<T>` and `struct Global<T>(T)`.
fn unwrapped(table: &TypeTable, id: TypeId) -> TypeId {
    const MAX_DEPTH: usize = 8;
    let mut inner = id;
    for _ in 0..MAX_DEPTH {
        let Some(ty) = table.get(inner) else { break };
        let is_cell = |name: &Arc<str>| {
            let name = name.strip_prefix("core::cell::").unwrap_or(name);
            ["UnsafeCell<", "Cell<"]
                .iter()
                .any(|cell| name.starts_with(cell))
        };
        let only = match &ty.shape {
            Shape::Record(record) => match record.fields.as_slice() {
                [only] => only,
                _ => break,
            },
            _ => break,
        };
        let is_wrapper = &*only.name == "__0" || ty.name.as_ref().is_some_and(is_cell);
        let is_whole = table
            .get(only.ty)
            .is_some_and(|inner| inner.size == ty.size);
        if !is_wrapper || !is_whole {
            break;
        }
        inner = only.ty;
    }
    inner
}

/// Returns whether a type has only bytes: an array of them, alone or wrapped.
fn is_buffer(ty: &TypeRef) -> bool {
    const MAX_DEPTH: usize = 8;
    let table = ty.table();
    let mut id = ty.id();
    for _ in 0..MAX_DEPTH {
        match table.get(id).map(|ty| &ty.shape) {
            Some(Shape::Record(record)) => match record.fields.as_slice() {
                [only] => id = only.ty,
                _ => return false,
            },
            Some(Shape::Array { element, .. }) => {
                return table.get(*element).is_some_and(|ty| ty.size == 1);
            }
            Some(Shape::Opaque) | None => return true,
            Some(_) => return false,
        }
    }
    true
}

/// Returns the types of the guest's debug information, for readers of the timeline.
pub(super) fn lookup(guest: &Guest) -> TypeLookup {
    let guest = guest.clone();
    TypeLookup::new(move |name, table| guest.debug_types().find(name, table))
}

fn is_small(guest: &Guest) -> bool {
    let size = guest.debug_types().debug_info_bytes();
    (1..=MAX_DEBUG_INFO).contains(&size)
}

fn named_span(name: &str, start: u64, ty: TypeRef) -> Option<NamedSpan> {
    let len = ty.size();
    ((1..=MAX_BYTES).contains(&len) && ty.table().is_size_known(ty.id())).then(|| NamedSpan {
        kind: SpanKind::Region,
        name: name.to_owned(),
        span: Span { start, len },
        released: false,
        data_type: Some(ty),
    })
}

/// Returns the parameters of a function that point to records. `arguments` is how many arguments a
/// call has: one more than parameters if the first one is the address of the result.
fn pointers_to_records(
    signature: &FunctionSignature,
    table: &Arc<TypeTable>,
    arguments: usize,
) -> Arc<[DeclaredParameter]> {
    let hidden = arguments.checked_sub(signature.params.len());
    let is_record = |ty: &TypeRef| {
        let shape = ty.table().get(ty.id()).map(|ty| &ty.shape);
        matches!(shape, Some(Shape::Record(_) | Shape::Tagged(_)))
    };
    let result = signature
        .result
        .map(|id| TypeRef::new(Arc::clone(table), id));
    let result = result.filter(|ty| hidden == Some(1) && is_record(ty));
    let first = match (hidden, &result) {
        (Some(0), _) => 0,
        (Some(1), Some(_)) => 1,
        // An argument is more or less than a parameter, as for a slice.
        _ => return Arc::from([]),
    };
    let result = result.map(|ty| DeclaredParameter {
        index: 0,
        name: "(result)".to_owned(),
        ty,
    });
    let params = (first..)
        .zip(&signature.params)
        .filter_map(|(index, param)| {
            let Shape::Pointer { to: Some(to) } = table.get(param.ty?)?.shape else {
                return None;
            };
            let ty = TypeRef::new(Arc::clone(table), to);
            let name = match param.name.as_str() {
                "" => format!("argument{}", index + 1),
                name => safe::cut(name, MAX_NAME),
            };
            is_record(&ty).then_some(DeclaredParameter { index, name, ty })
        });
    result
        .into_iter()
        .chain(params)
        .take(MAX_PARAMETERS)
        .collect()
}

impl Session {
    /// Records what the arguments of a call point to, if debug information declares its parameters.
    pub(super) fn record_parameters(&mut self, record: &mut StepRecord) {
        let (Some(call), Ok(0)) = (&record.call, &self.memory_index) else {
            return;
        };
        let parameters = match self.declared.by_export.get(&call.export) {
            Some(known) => Arc::clone(known),
            None => {
                let found = declared_parameters(&self.guest, &call.export, call.args.len());
                let export = call.export.clone();
                self.declared.by_export.insert(export, Arc::clone(&found));
                found
            }
        };
        let end = self.image.len();
        let pointed = parameters.iter().filter_map(|parameter| {
            let value = call.args.get(parameter.index)?;
            let start = address(value, "", false).ok().filter(|start| *start > 0)?;
            named_span(&parameter.name, start, parameter.ty.clone())
        });
        record.parameters = pointed
            .filter(|named| {
                named
                    .span
                    .start
                    .checked_add(named.span.len)
                    .is_some_and(|at| at <= end)
            })
            .collect();
    }
}

fn declared_parameters(guest: &Guest, export: &str, arguments: usize) -> Arc<[DeclaredParameter]> {
    let none = || Arc::from([]);
    if !is_small(guest) {
        return none();
    }
    let mut table = TypeTable::default();
    let signature = guest
        .export(export)
        .and_then(|export| guest.debug_types().signature(export.index, &mut table));
    match signature {
        Some(signature) => pointers_to_records(&signature, &Arc::new(table), arguments),
        None => none(),
    }
}
