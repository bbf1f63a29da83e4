//! The table of types: each has a size, an alignment and a shape, and refers to others by number.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::NumberType;

/// The size of a pointer in bytes; also its alignment.
pub const POINTER_SIZE: u64 = 4;

/// How many levels of records in each other are searched. Debug information can nest without end.
const MAX_NESTING: usize = 64;

/// The number of a type in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(u32);

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataType {
    /// The name as declared or as in debug information, not yet safe to print; `None` where the
    /// type has none of its own.
    pub name: Option<Arc<str>>,
    /// The size in bytes, padding at the end included. A part whose length is in memory counts as
    /// nothing.
    pub size: u64,
    /// The alignment in bytes, a power of two.
    pub align: u64,
    /// What it is.
    pub shape: Shape,
}

/// What a type is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A number.
    Number {
        /// Its type.
        number: NumberType,
        /// The order of its bytes.
        order: ByteOrder,
    },
    /// A truth value: 0 is false.
    Bool,
    /// A character: 1 byte as in C, 2 a UTF-16 code unit, or 4 as in Rust.
    Character,
    /// An address of 4 bytes.
    Pointer {
        /// The type that is there; `None` where it is not known, as for `void *`.
        to: Option<TypeId>,
    },
    /// Elements of one type, one after another.
    Array {
        /// The type of each.
        element: TypeId,
        /// How many there are.
        count: Count,
    },
    /// UTF-8 up to a NUL.
    CString,
    /// Text of a known length.
    Text {
        /// Its encoding.
        encoding: TextEncoding,
        /// Its length in bytes.
        bytes: Count,
    },
    /// Named fields.
    Record(Record),
    /// A number whose values, or whose bits, have names.
    Enumeration(Enumeration),
    /// A tag, and the fields that it selects.
    Tagged(Tagged),
    /// An address and a length beside it, as `&str`, `&[T]`, `String` and `Vec<T>` are.
    Slice(Slice),
    /// Bytes whose meaning is not known.
    Opaque,
}

/// The order of the bytes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByteOrder {
    /// The least significant byte first, as WebAssembly stores numbers.
    #[default]
    Little,
    /// The most significant byte first.
    Big,
}

/// An encoding of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextEncoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, little endian.
    Utf16,
}

/// A number of elements or bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Count {
    /// It is part of the type.
    Fixed(u64),
    /// It is the value of a field before it, in the same record, of this name.
    Field(Arc<str>),
}

/// Named fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// How they are laid out.
    pub kind: RecordKind,
    /// Whether there is no padding between them.
    pub is_packed: bool,
    /// The fields, in the order of the declaration.
    pub fields: Vec<Field>,
}

/// How the fields of a record are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// One after another.
    Struct,
    /// All from the first byte.
    Union,
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name; empty for an anonymous record in another.
    pub name: Arc<str>,
    /// The offset of its first byte from the start of the record.
    pub offset: u64,
    /// Its type.
    pub ty: TypeId,
    /// The bits of the number at `offset` that it has; `None` for all of them.
    pub bits: Option<Bits>,
}

/// Some bits of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// The first one, counted from the least significant.
    pub first: u32,
    /// How many bits, from 1 to 64.
    pub count: u32,
}

/// A number whose values, or whose bits, have names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enumeration {
    /// The type of the number.
    pub number: NumberType,
    /// The order of its bytes.
    pub order: ByteOrder,
    /// Whether the names are those of bits. Several can be set.
    pub is_flags: bool,
    /// The names with their values.
    pub values: Vec<(Arc<str>, i128)>,
}

/// An enum with data: a tag selects one of several records in the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The field with the number that selects; `None` where there is only one variant.
    pub tag: Option<Field>,
    /// The variants.
    pub variants: Vec<Variant>,
}

/// A variant of an enum with data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub name: Arc<str>,
    /// The values of the tag that select it; empty for the one that every other value selects.
    pub tags: Vec<RangeInclusive<i128>>,
    /// The record of its fields, whose offsets count from the start of the enum.
    pub ty: TypeId,
}

/// An address and a length beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The type of each element.
    pub element: TypeId,
    /// The offset of the address.
    pub pointer: u64,
    /// The offset of the number of elements, which has 4 bytes.
    pub length: u64,
    /// Whether the elements are the bytes of a text in UTF-8.
    pub is_text: bool,
}

/// Types that refer to each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypeTable {
    types: Vec<DataType>,
    names: BTreeMap<Arc<str>, TypeId>,
}

impl TypeTable {
    /// Returns a type.
    pub fn get(&self, id: TypeId) -> Option<&DataType> {
        self.types.get(usize::try_from(id.0).ok()?)
    }

    /// Returns the type that a script can name so.
    pub fn find(&self, name: &str) -> Option<TypeId> {
        self.names.get(name).copied()
    }

    /// Returns the types that have names, with them, in the order of the names.
    pub fn named(&self) -> impl Iterator<Item = (&str, TypeId)> {
        self.names.iter().map(|(name, id)| (&**name, *id))
    }

    /// Returns the type of this name, also one that only other types refer to.
    pub fn find_any(&self, name: &str) -> Option<TypeId> {
        let is_named = |ty: &DataType| ty.name.as_deref() == Some(name);
        let unlisted = || {
            let index = self.types.iter().position(is_named)?;
            u32::try_from(index).ok().map(TypeId)
        };
        self.find(name).or_else(unlisted)
    }

    /// Returns the field of this name with its offset from the start of the record. Fields of an
    /// anonymous record in it are fields of the record too.
    pub fn field(&self, id: TypeId, name: &str) -> Option<(&Field, u64)> {
        self.field_in(id, name, 0)
    }

    fn field_in(&self, id: TypeId, name: &str, depth: usize) -> Option<(&Field, u64)> {
        match &self.get(id)?.shape {
            Shape::Record(record) if depth < MAX_NESTING => {
                self.find_field(&record.fields, name, depth)
            }
            _ => None,
        }
    }

    /// Returns the field of this name, with its offset, among the fields of a record that is
    /// `depth` levels below the one that is searched.
    pub(super) fn find_field<'a>(
        &'a self,
        fields: &'a [Field],
        name: &str,
        depth: usize,
    ) -> Option<(&'a Field, u64)> {
        fields.iter().find_map(|field| match &*field.name {
            "" => {
                let (inner, offset) = self.field_in(field.ty, name, depth + 1)?;
                Some((inner, field.offset.saturating_add(offset)))
            }
            own => (own == name).then_some((field, field.offset)),
        })
    }

    /// Returns the names of the fields of a record, those of anonymous records in it included.
    pub fn field_names(&self, id: TypeId) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        self.add_field_names(id, 0, &mut names);
        names
    }

    fn add_field_names(&self, id: TypeId, depth: usize, names: &mut Vec<Arc<str>>) {
        let Some(Shape::Record(record)) = self.get(id).map(|ty| &ty.shape) else {
            return;
        };
        for field in &record.fields {
            match &*field.name {
                "" if depth < MAX_NESTING => self.add_field_names(field.ty, depth + 1, names),
                "" => {}
                _ => names.push(Arc::clone(&field.name)),
            }
        }
    }

    /// Returns whether the size of a type is known without memory. That of a record depends on the
    /// last field, and of one that nests deeper than any compiler's on none.
    pub fn is_size_known(&self, id: TypeId) -> bool {
        let mut id = id;
        for _ in 0..MAX_NESTING {
            match self.get(id).map(|ty| &ty.shape) {
                Some(Shape::CString) => return false,
                Some(Shape::Array { count, .. } | Shape::Text { bytes: count, .. }) => {
                    return matches!(count, Count::Fixed(_));
                }
                Some(Shape::Record(record)) => match record.fields.last() {
                    Some(last) => id = last.ty,
                    None => return true,
                },
                _ => return true,
            }
        }
        true
    }

    /// Adds a type, which [`TypeTable::find`] does not find.
    pub fn add(&mut self, ty: DataType) -> TypeId {
        // A table of 2^32 types does not fit in memory; the last number is used for any more.
        let id = TypeId(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(ty);
        id
    }

    /// Replaces a type, such as a place holder that others refer to already.
    pub fn set(&mut self, id: TypeId, ty: DataType) {
        let at = usize::try_from(id.0).ok();
        if let Some(slot) = at.and_then(|at| self.types.get_mut(at)) {
            *slot = ty;
        }
    }

    /// Gives a type the name by which [`TypeTable::find`] finds it. An earlier type of that name
    /// stays, but without it.
    pub fn set_name(&mut self, name: &str, id: TypeId) {
        self.names.insert(Arc::from(name), id);
    }

    /// Returns the type's name for people, as the steps language writes it: `Point`, `*cstr`,
    /// `[u8; 4]`. Not yet safe to print, as debug information can have any name.
    pub fn label(&self, id: TypeId) -> String {
        self.label_at(id, 0)
    }

    fn label_at(&self, id: TypeId, depth: usize) -> String {
        const MAX_DEPTH: usize = 8;
        let Some(ty) = self.get(id).filter(|_| depth < MAX_DEPTH) else {
            return "…".into();
        };
        if let Some(name) = &ty.name {
            return name.to_string();
        }
        let of = |id: &TypeId| self.label_at(*id, depth + 1);
        let count = |count: &Count| match count {
            Count::Fixed(n) => n.to_string(),
            Count::Field(name) => name.to_string(),
        };
        match &ty.shape {
            Shape::Number { number, order } => match order {
                ByteOrder::Little => number.name().to_owned(),
                ByteOrder::Big => format!("{} be", number.name()),
            },
            Shape::Bool => "bool".into(),
            Shape::Character => "char".into(),
            Shape::Pointer { to: Some(to) } => format!("*{}", of(to)),
            Shape::Pointer { to: None } => "pointer".into(),
            Shape::Array { element, count: n } => format!("[{}; {}]", of(element), count(n)),
            Shape::CString => "cstr".into(),
            Shape::Text { encoding, bytes } => match encoding {
                TextEncoding::Utf8 => format!("utf8({})", count(bytes)),
                TextEncoding::Utf16 => format!("utf16({})", count(bytes)),
            },
            Shape::Record(record) => match record.kind {
                RecordKind::Struct => "struct".into(),
                RecordKind::Union => "union".into(),
            },
            Shape::Enumeration(numbers) => {
                let words = if numbers.is_flags { "flags" } else { "enum" };
                format!("{} {words}", numbers.number.name())
            }
            Shape::Tagged(_) => "enum".into(),
            Shape::Slice(slice) if slice.is_text => "text".into(),
            Shape::Slice(slice) => format!("slice of {}", of(&slice.element)),
            Shape::Opaque => format!("[u8; {}]", ty.size),
        }
    }
}

/// A type with the table that it is in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TypeRef {
    table: Arc<TypeTable>,
    id: TypeId,
}

impl TypeRef {
    /// Refers to a type of a table.
    pub fn new(table: Arc<TypeTable>, id: TypeId) -> Self {
        TypeRef { table, id }
    }

    /// Returns the table.
    pub fn table(&self) -> &Arc<TypeTable> {
        &self.table
    }

    /// Returns the number of the type in its table.
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// Returns the type's size in bytes.
    pub fn size(&self) -> u64 {
        self.table.get(self.id).map_or(0, |ty| ty.size)
    }

    /// Returns the type's name for people; not yet safe to print.
    pub fn label(&self) -> String {
        self.table.label(self.id)
    }
}

impl Eq for TypeRef {}

/// Two are equal if they are the same type of equal tables.
impl PartialEq for TypeRef {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && (Arc::ptr_eq(&self.table, &other.table) || self.table == other.table)
    }
}
