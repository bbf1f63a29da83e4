//! Entries of debug information to types of the table.
//!
//! What a type contains is built at once, because its size is needed. What a pointer refers to is
//! built after that, so that types can refer to each other.

use std::collections::HashMap;
use std::sync::Arc;

use gimli::DwTag;

use super::Language;
use super::entries::{Entries, Entry};
use super::index::TypeIndex;
use super::scalars::{self, opaque};
use super::signature;
use crate::data_types::{
    ByteOrder, Count, DataType, Field, NumberType, POINTER_SIZE, Record, RecordKind, Shape, TypeId,
    TypeTable,
};

/// How many levels of types that contain each other are built.
const MAX_DEPTH: usize = 64;

/// How many types are built for one question.
const MAX_TYPES: usize = 20_000;

/// The largest type in bytes: that of a 32-bit memory.
const MAX_SIZE: u64 = 1 << 32;

/// How many fields a record has with those of the anonymous records in it. With more, these get
/// names.
const MAX_ANONYMOUS: usize = 4096;

/// How many dimensions of an array are built.
const MAX_DIMENSIONS: usize = 16;

/// How many names and qualifiers of one type are followed.
const MAX_ALIASES: usize = 32;

/// Builds types.
pub(super) struct Builder<'a, 'b, 't> {
    pub entries: Entries<'a, 'b>,
    index: &'b TypeIndex,
    pub table: &'t mut TypeTable,
    /// By the offset of an entry, its type.
    known: HashMap<usize, (TypeId, State)>,
    /// The entries that pointers refer to and that are not built yet.
    waiting: Vec<usize>,
    /// By the type of a record with anonymous records in it, the number of fields of all of them.
    flattened: HashMap<TypeId, usize>,
    depth: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Started,
    Done,
}

impl<'a, 'b, 't> Builder<'a, 'b, 't> {
    /// Builds types into a table.
    pub fn new(entries: Entries<'a, 'b>, index: &'b TypeIndex, table: &'t mut TypeTable) -> Self {
        Builder {
            entries,
            index,
            table,
            known: HashMap::new(),
            waiting: Vec::new(),
            flattened: HashMap::new(),
            depth: 0,
        }
    }

    /// Builds the type of an entry, and all that it refers to.
    pub fn build_all(&mut self, at: usize) -> TypeId {
        let id = self.build(at);
        while let Some(at) = self.waiting.pop() {
            self.build(at);
        }
        id
    }

    /// Builds the type to which an attribute refers; `None` if there is none, as for `void`.
    pub fn type_of(&mut self, entry: &Entry<'a>) -> Option<TypeId> {
        let at = entry.reference(gimli::DW_AT_type)?;
        self.build_known(at)
    }

    /// Builds the type of an entry, unless it means no type at all, as `const void` does.
    fn build_known(&mut self, at: usize) -> Option<TypeId> {
        let at = self.canonical(at)?;
        Some(self.build(at))
    }

    fn build(&mut self, at: usize) -> TypeId {
        let Some(at) = self.canonical(at) else {
            return self.opaque(None, 0);
        };
        let id = match self.known.get(&at) {
            Some((id, State::Done)) => return *id,
            // A type that contains itself is invalid.
            Some((_, State::Started)) => return self.opaque(None, 0),
            Some((id, State::Waiting)) => *id,
            None => self.opaque(None, 0),
        };
        if self.depth >= MAX_DEPTH || self.known.len() > MAX_TYPES {
            return id;
        }
        self.known.insert(at, (id, State::Started));
        self.depth += 1;
        let ty = self.entries.entry(at).and_then(|entry| self.make(&entry));
        self.depth -= 1;
        if let Some(ty) = ty {
            let ty = self.bounded(id, ty);
            self.table.set(id, ty);
        }
        self.known.insert(at, (id, State::Done));
        id
    }

    /// Makes sure that others can add up the sizes and offsets of a type, and list all of its
    /// fields.
    fn bounded(&mut self, id: TypeId, mut ty: DataType) -> DataType {
        if ty.size > MAX_SIZE {
            return opaque(ty.name, 0);
        }
        if let Shape::Record(record) = &mut ty.shape {
            record.fields.retain(|field| field.offset <= MAX_SIZE);
            let own = record.fields.iter().filter(|field| field.name.is_empty());
            let inner = own.map(|field| self.flattened.get(&field.ty).copied().unwrap_or(1));
            let count = inner.fold(record.fields.len(), usize::saturating_add);
            if count > MAX_ANONYMOUS {
                for field in record
                    .fields
                    .iter_mut()
                    .filter(|field| field.name.is_empty())
                {
                    field.name = Arc::from(format!("_{}", field.offset));
                }
            }
            self.flattened.insert(id, count.min(MAX_ANONYMOUS));
        }
        ty
    }

    /// Returns the number of a type that a pointer refers to. It is built later.
    fn pointed_to(&mut self, at: usize) -> Option<TypeId> {
        let at = self.canonical(at)?;
        if let Some((id, _)) = self.known.get(&at) {
            return Some(*id);
        }
        if self.known.len() > MAX_TYPES {
            return None;
        }
        let id = self.opaque(None, 0);
        self.known.insert(at, (id, State::Waiting));
        self.waiting.push(at);
        Some(id)
    }

    /// Adds a type whose meaning is not known.
    pub fn opaque(&mut self, name: Option<Arc<str>>, size: u64) -> TypeId {
        self.table.add(opaque(name, size))
    }

    /// Follows qualifiers, other names that are equal, and declarations to the entry with the type
    /// itself. Returns `None` for `const void`.
    fn canonical(&mut self, at: usize) -> Option<usize> {
        let mut at = at;
        for _ in 0..MAX_ALIASES {
            let entry = self.entries.entry(at)?;
            let next = match entry.tag() {
                gimli::DW_TAG_const_type
                | gimli::DW_TAG_volatile_type
                | gimli::DW_TAG_restrict_type
                | gimli::DW_TAG_atomic_type
                | gimli::DW_TAG_immutable_type
                | gimli::DW_TAG_packed_type
                | gimli::DW_TAG_shared_type => entry.reference(gimli::DW_AT_type)?,
                gimli::DW_TAG_typedef => match self.same_name(&entry) {
                    Some(next) => next,
                    None => return Some(at),
                },
                _ if entry.has(gimli::DW_AT_declaration) => match self.definition(&entry) {
                    Some(next) => next,
                    None => return Some(at),
                },
                _ => return Some(at),
            };
            at = next;
        }
        None
    }

    /// Returns the entry that an alias refers to, if it has the same name:
    /// `typedef struct Shape Shape`.
    fn same_name(&mut self, entry: &Entry<'a>) -> Option<usize> {
        let at = entry.reference(gimli::DW_AT_type)?;
        let target = self.entries.entry(at)?;
        let name = self.entries.name(&target)?;
        (self.entries.name(entry)? == name).then_some(at)
    }

    fn definition(&mut self, entry: &Entry<'a>) -> Option<usize> {
        let name = self.entries.inherited_name(entry)?;
        let found = self.index.definition(entry.at, &name, entry.tag())?;
        (found != entry.at).then_some(found)
    }

    fn make(&mut self, entry: &Entry<'a>) -> Option<DataType> {
        let name = self.entries.inherited_name(entry);
        let name: Option<Arc<str>> = name.filter(|name| !name.is_empty()).map(Arc::from);
        let size = entry.number(gimli::DW_AT_byte_size);
        let mut ty = match entry.tag() {
            gimli::DW_TAG_base_type => scalars::base(entry, name.as_deref(), size.unwrap_or(0)),
            gimli::DW_TAG_pointer_type
            | gimli::DW_TAG_reference_type
            | gimli::DW_TAG_rvalue_reference_type => self.pointer(entry, name.as_deref()),
            gimli::DW_TAG_array_type => self.array(entry)?,
            gimli::DW_TAG_typedef | gimli::DW_TAG_template_alias => self.alias(entry)?,
            gimli::DW_TAG_structure_type
            | gimli::DW_TAG_class_type
            | gimli::DW_TAG_interface_type => {
                self.record(entry, RecordKind::Struct, name.as_deref())
            }
            gimli::DW_TAG_union_type => self.record(entry, RecordKind::Union, name.as_deref()),
            gimli::DW_TAG_enumeration_type => self.enumeration(entry, size),
            gimli::DW_TAG_unspecified_type if name.as_deref().is_some_and(is_null_pointer) => {
                opaque(None, POINTER_SIZE)
            }
            gimli::DW_TAG_ptr_to_member_type => self.member_pointer(entry),
            _ => opaque(None, size.unwrap_or(0)),
        };
        if name.is_some() {
            ty.name = name;
        }
        if let Some(align) = explicit_align(entry) {
            ty.align = align;
        }
        Some(ty)
    }

    fn alias(&mut self, entry: &Entry<'a>) -> Option<DataType> {
        let id = self.type_of(entry)?;
        let ty = self.table.get(id)?;
        let parts = match &ty.shape {
            Shape::Record(record) => record.fields.len(),
            Shape::Enumeration(numbers) => numbers.values.len(),
            Shape::Tagged(tagged) => tagged.variants.len(),
            _ => 0,
        };
        self.entries.count_work(parts)?;
        Some(ty.clone())
    }

    fn pointer(&mut self, entry: &Entry<'a>, name: Option<&str>) -> DataType {
        let size = u64::from(entry.unit.unit.encoding().address_size);
        let size = entry.number(gimli::DW_AT_byte_size).unwrap_or(size);
        if size != POINTER_SIZE {
            return opaque(None, size);
        }
        let language = entry.unit.language;
        let target = entry
            .reference(gimli::DW_AT_type)
            .and_then(|at| self.canonical(at))
            .and_then(|at| self.entries.entry(at));
        let mut text = None;
        let shape = match target {
            // A pointer to a function is a place in a table.
            Some(target) if self.is_function(&target) => {
                let of = signature::type_text(&mut self.entries, Some(entry.at), language);
                text = Some(Arc::from(of));
                Shape::Number {
                    number: NumberType::U32,
                    order: ByteOrder::Little,
                }
            }
            Some(target) if self.is_text(entry, &target, name) => Shape::Pointer {
                to: Some(self.table.add(DataType {
                    name: None,
                    size: 0,
                    align: 1,
                    shape: Shape::CString,
                })),
            },
            Some(target) => Shape::Pointer {
                to: self.pointed_to(target.at),
            },
            None => Shape::Pointer { to: None },
        };
        DataType {
            name: text,
            size,
            align: size,
            shape,
        }
    }

    /// Builds a pointer to a member of a class in C++. That to a function has an address and an
    /// offset.
    fn member_pointer(&mut self, entry: &Entry<'a>) -> DataType {
        let target = entry
            .reference(gimli::DW_AT_type)
            .and_then(|at| self.canonical(at))
            .and_then(|at| self.entries.entry(at));
        let is_function = target.is_some_and(|target| self.is_function(&target));
        DataType {
            align: POINTER_SIZE,
            ..opaque(
                None,
                if is_function {
                    2 * POINTER_SIZE
                } else {
                    POINTER_SIZE
                },
            )
        }
    }

    fn is_function(&mut self, target: &Entry<'a>) -> bool {
        match target.tag() {
            gimli::DW_TAG_subroutine_type => true,
            gimli::DW_TAG_typedef => target
                .reference(gimli::DW_AT_type)
                .and_then(|at| self.canonical(at))
                .and_then(|at| self.entries.entry(at))
                .is_some_and(|entry| entry.tag() == gimli::DW_TAG_subroutine_type),
            _ => false,
        }
    }

    /// Returns whether a pointer is one to text up to a NUL, as `char *` is by convention.
    fn is_text(&mut self, entry: &Entry<'a>, target: &Entry<'a>, name: Option<&str>) -> bool {
        let language = entry.unit.language;
        let is_pointer = entry.tag() == gimli::DW_TAG_pointer_type;
        let is_c = matches!(language, Language::C | Language::Cpp | Language::Other);
        let is_terminated = name.is_some_and(|name| name.starts_with("[*:0]"));
        is_pointer
            && target.tag() == gimli::DW_TAG_base_type
            && target.number(gimli::DW_AT_byte_size) == Some(1)
            && (is_terminated
                || is_c && self.entries.name(target).is_some_and(|name| name == "char"))
    }

    fn array(&mut self, entry: &Entry<'a>) -> Option<DataType> {
        let element = self.type_of(entry)?;
        let size = entry.number(gimli::DW_AT_byte_size);
        if entry.has(gimli::DW_AT_bit_stride) {
            return Some(opaque(None, size.unwrap_or(0)));
        }
        let children = self.entries.children(entry);
        let dimensions = children.iter().filter(|child| {
            matches!(
                child.tag(),
                gimli::DW_TAG_subrange_type
                    | gimli::DW_TAG_enumeration_type
                    | gimli::DW_TAG_generic_subrange
            )
        });
        let mut counts: Vec<(u64, Option<u64>)> = dimensions
            .take(MAX_DIMENSIONS)
            .map(|child| {
                (
                    child.element_count(),
                    child.number(gimli::DW_AT_byte_stride),
                )
            })
            .collect();
        let Some((first, rest)) = counts.split_first_mut() else {
            return Some(self.array_of(element, 0, None));
        };
        let stride = entry.number(gimli::DW_AT_byte_stride);
        let mut element = element;
        for (at, (count, own)) in rest.iter().enumerate().rev() {
            let is_innermost = at + 1 == rest.len();
            let ty = self.array_of(element, *count, own.or(stride.filter(|_| is_innermost)));
            element = self.table.add(ty);
        }
        let stride = first.1.or(stride.filter(|_| rest.is_empty()));
        let mut ty = self.array_of(element, first.0, stride);
        // A vector of three numbers takes the room of four.
        if let Some(size) = size.filter(|size| *size > ty.size) {
            ty.size = size;
        }
        Some(ty)
    }

    /// Returns an array. Elements that are further apart than their size get padding.
    fn array_of(&mut self, element: TypeId, count: u64, stride: Option<u64>) -> DataType {
        let (size, align) = self.extent(element);
        let element = match stride {
            Some(stride) if stride > size => self.table.add(DataType {
                name: None,
                size: stride,
                align,
                shape: Shape::Record(Record {
                    kind: RecordKind::Struct,
                    is_packed: false,
                    fields: vec![Field {
                        name: Arc::from("value"),
                        offset: 0,
                        ty: element,
                        bits: None,
                    }],
                }),
            }),
            _ => element,
        };
        let (size, align) = self.extent(element);
        DataType {
            name: None,
            size: size.saturating_mul(count),
            align,
            shape: Shape::Array {
                element,
                count: Count::Fixed(count),
            },
        }
    }

    /// Returns the size and the alignment of a type.
    pub fn extent(&self, id: TypeId) -> (u64, u64) {
        self.table
            .get(id)
            .map_or((0, 1), |ty| (ty.size, ty.align.max(1)))
    }
}

/// Returns whether a name is that of the type of `nullptr` in C++.
fn is_null_pointer(name: &str) -> bool {
    matches!(name, "decltype(nullptr)" | "std::nullptr_t" | "nullptr_t")
}

/// Returns the alignment that an entry has, if it is a sensible one.
pub(super) fn explicit_align(entry: &Entry<'_>) -> Option<u64> {
    const LARGEST: u64 = 1 << 16;
    let align = entry.number(gimli::DW_AT_alignment)?;
    (align.is_power_of_two() && align <= LARGEST).then_some(align)
}

/// Returns whether an entry with this tag is a field of a record.
pub(super) fn is_field(tag: DwTag) -> bool {
    tag == gimli::DW_TAG_member || tag == gimli::DW_TAG_inheritance
}
