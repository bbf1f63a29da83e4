//! Declarations of types, and the layout that they get: that of C on 32-bit WebAssembly.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::table::{
    ByteOrder, Count, DataType, Enumeration, Field, POINTER_SIZE, Record, RecordKind, Shape,
    TextEncoding, TypeId, TypeTable,
};
use super::{NumberType, encoding};
use crate::safe;
use crate::value::Value;

/// How many levels a description may nest.
const MAX_DEPTH: usize = 64;

/// The largest size of a type in bytes: that of a 32-bit memory.
const MAX_SIZE: u64 = 1 << 32;

/// A name and the type that it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The name.
    pub name: String,
    /// The type.
    pub described: Described,
}

/// A description with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// What is described.
    pub description: Description,
    /// Its place in the text as written, in bytes.
    pub span: Range<usize>,
}

/// A type as it is written, before its parts are found and laid out.
#[derive(Debug, Clone, PartialEq)]
pub enum Description {
    /// The type of this name.
    Named(String),
    /// A number.
    Number(NumberType, ByteOrder),
    /// `bool`: one byte.
    Bool,
    /// `char`: one byte, a character of ASCII.
    Character,
    /// `cstr`: text up to a NUL. It has no size, so that only a pointer can refer to it.
    CString,
    /// `*TYPE`.
    Pointer(Box<Described>),
    /// `[TYPE; COUNT]`.
    Array(Box<Described>, CountDescription),
    /// `utf8(LEN)` and `utf16(LEN)`, the length in bytes.
    Text(TextEncoding, CountDescription),
    /// `{ … }`, `packed { … }` and `union { … }`.
    Record {
        /// How the fields are laid out.
        kind: RecordKind,
        /// Whether there is no padding between them.
        is_packed: bool,
        /// The fields.
        fields: Vec<FieldDescription>,
    },
    /// `u8 enum { a = 0 }` and `u16 flags { a = 0x1 }`.
    Enumeration(Enumeration),
}

/// A number of elements or bytes, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct CountDescription {
    /// The count.
    pub count: Count,
    /// Its place in the text as written, in bytes.
    pub span: Range<usize>,
}

/// A field as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDescription {
    /// Its name.
    pub name: String,
    /// The place of the name, in bytes.
    pub span: Range<usize>,
    /// The offset that it is given, in bytes; `None` for the next one that its alignment allows.
    pub offset: Option<u64>,
    /// Its type.
    pub described: Described,
}

/// Where types come from that no declaration has, such as debug information.
pub trait TypeSource {
    /// Adds the type of this name, and those that it refers to, to the table.
    fn find(&mut self, name: &str, table: &mut TypeTable) -> Option<TypeId>;
}

/// There are no other types.
impl TypeSource for () {
    fn find(&mut self, _: &str, _: &mut TypeTable) -> Option<TypeId> {
        None
    }
}

/// What is wrong with a declaration. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeclarationError {
    /// What is wrong.
    pub message: String,
    /// What to write instead, if that is known.
    pub help: Option<String>,
    /// The place in the text as written, in bytes.
    pub span: Range<usize>,
}

type Laid<T> = Result<T, DeclarationError>;

impl DeclarationError {
    fn new(span: &Range<usize>, message: impl Into<String>) -> Self {
        DeclarationError {
            message: message.into(),
            help: None,
            span: span.clone(),
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl TypeTable {
    /// Adds declared types, which may refer to each other in any order.
    ///
    /// # Errors
    /// What is wrong with each declaration that could not be added; all others are in the table.
    pub fn declare(
        &mut self,
        declarations: &[Declaration],
        source: &mut dyn TypeSource,
    ) -> Result<(), Vec<DeclarationError>> {
        let mut layout = Layout::new(self, source, declarations);
        let errors: Vec<DeclarationError> = declarations
            .iter()
            .filter_map(|declaration| layout.declared(&declaration.name).err())
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    /// Adds a type that has no name of its own, or finds the one that is named.
    ///
    /// # Errors
    /// What is wrong with the description.
    pub fn describe(
        &mut self,
        described: &Described,
        source: &mut dyn TypeSource,
    ) -> Result<TypeId, DeclarationError> {
        Layout::new(self, source, &[]).lay_out(described, &[], 0)
    }
}

/// How far the layout of a declaration has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Declared,
    Started,
    Done,
    Failed,
}

/// Lays out declarations that refer to each other.
struct Layout<'a> {
    table: &'a mut TypeTable,
    source: &'a mut dyn TypeSource,
    declarations: BTreeMap<&'a str, (&'a Described, TypeId, State)>,
}

impl<'a> Layout<'a> {
    /// Adds a place holder for each declaration, to which pointers can refer at once.
    fn new(
        table: &'a mut TypeTable,
        source: &'a mut dyn TypeSource,
        declarations: &'a [Declaration],
    ) -> Self {
        let mut known = BTreeMap::new();
        for Declaration { name, described } in declarations {
            let id = table.add(DataType {
                name: Some(Arc::from(name.as_str())),
                size: 0,
                align: 1,
                shape: Shape::Opaque,
            });
            table.set_name(name, id);
            known.insert(name.as_str(), (described, id, State::Declared));
        }
        Layout {
            table,
            source,
            declarations: known,
        }
    }

    /// Lays out the declaration of this name. Returns its type, or `None` where its layout has
    /// started already.
    fn declared(&mut self, name: &str) -> Laid<Option<TypeId>> {
        let Some((described, id, state)) = self.declarations.get(name).copied() else {
            return Ok(None);
        };
        match state {
            State::Done | State::Failed => return Ok(Some(id)),
            State::Started => return Ok(None),
            State::Declared => self.set_state(name, State::Started),
        }
        match self.lay_out(described, &[], 0) {
            Ok(inner) => {
                if let Some(mut ty) = self.table.get(inner).cloned() {
                    ty.name = Some(Arc::from(name));
                    self.table.set(id, ty);
                }
                self.set_state(name, State::Done);
                Ok(Some(id))
            }
            Err(error) => {
                self.set_state(name, State::Failed);
                Err(error)
            }
        }
    }

    fn set_state(&mut self, name: &str, state: State) {
        if let Some((_, _, current)) = self.declarations.get_mut(name) {
            *current = state;
        }
    }

    /// Lays out a type. `before` are the fields before it in its record, whose values can be
    /// counts.
    fn lay_out(&mut self, described: &Described, before: &[Field], depth: usize) -> Laid<TypeId> {
        let span = &described.span;
        if depth > MAX_DEPTH {
            return Err(DeclarationError::new(
                span,
                format!("the type nests more than {MAX_DEPTH} levels"),
            ));
        }
        let ty = match &described.description {
            Description::Named(name) => return self.named(name, span),
            Description::Number(number, order) => scalar(
                number.size() as u64,
                Shape::Number {
                    number: *number,
                    order: *order,
                },
            ),
            Description::Bool => scalar(1, Shape::Bool),
            Description::Character => scalar(1, Shape::Character),
            Description::CString => unsized_type(Shape::CString),
            Description::Pointer(to) => {
                let to = self.pointed_to(to, before, depth)?;
                scalar(POINTER_SIZE, Shape::Pointer { to: Some(to) })
            }
            Description::Array(element, count) => self.array(element, count, before, depth)?,
            Description::Text(encoding, bytes) => self.text(*encoding, bytes, before)?,
            Description::Record {
                kind,
                is_packed,
                fields,
            } => self.record(*kind, *is_packed, fields, span, depth)?,
            Description::Enumeration(numbers) => enumeration(numbers, span)?,
        };
        if ty.size > MAX_SIZE {
            return Err(DeclarationError::new(
                span,
                format!(
                    "the type takes {} bytes, and a memory has at most {MAX_SIZE}",
                    ty.size
                ),
            ));
        }
        Ok(self.table.add(ty))
    }

    /// Finds a type whose size is needed.
    fn named(&mut self, name: &str, span: &Range<usize>) -> Laid<TypeId> {
        if self.declarations.contains_key(name) {
            return self.declared(name)?.ok_or_else(|| {
                let name = safe::plain(name);
                DeclarationError::new(span, format!("{name} contains itself"))
                    .help(format!("a pointer to it has a size: `*{name}`"))
            });
        }
        self.known(name, span)
    }

    /// Finds a type that no declaration of this layout has.
    fn known(&mut self, name: &str, span: &Range<usize>) -> Laid<TypeId> {
        if let Some(id) = self.table.find(name) {
            return Ok(id);
        }
        match self.source.find(name, self.table) {
            Some(id) => {
                self.table.set_name(name, id);
                Ok(id)
            }
            None => Err(self.unknown(name, span)),
        }
    }

    fn unknown(&self, name: &str, span: &Range<usize>) -> DeclarationError {
        let known: Vec<&str> = self.table.named().map(|(name, _)| name).collect();
        let error =
            DeclarationError::new(span, format!("there is no type {}", safe::quoted(name, 80)));
        match crate::text::nearest(name, known.iter().copied()) {
            Some(near) => error.help(format!("did you mean `{}`?", safe::plain(near))),
            None => error.help(
                "declare it: `type NAME = { x: f32, y: f32 }`, or use one of the module's debug \
                 information, which `linmem types MODULE` lists",
            ),
        }
    }

    /// Finds the type that a pointer refers to, which need not be laid out yet.
    fn pointed_to(&mut self, to: &Described, before: &[Field], depth: usize) -> Laid<TypeId> {
        if let Description::Named(name) = &to.description
            && let Some((_, id, _)) = self.declarations.get(name.as_str())
        {
            return Ok(*id);
        }
        self.lay_out(to, before, depth + 1)
    }

    fn array(
        &mut self,
        element: &Described,
        count: &CountDescription,
        before: &[Field],
        depth: usize,
    ) -> Laid<DataType> {
        let id = self.lay_out(element, before, depth + 1)?;
        self.check_size_known(id, &element.span)?;
        self.check_count(count, before)?;
        let (size, align) = self.extent(id);
        Ok(DataType {
            name: None,
            size: match &count.count {
                Count::Fixed(n) => n.saturating_mul(size),
                Count::Field(_) => 0,
            },
            align,
            shape: Shape::Array {
                element: id,
                count: count.count.clone(),
            },
        })
    }

    fn text(
        &self,
        text_encoding: TextEncoding,
        bytes: &CountDescription,
        before: &[Field],
    ) -> Laid<DataType> {
        self.check_count(bytes, before)?;
        let size = match &bytes.count {
            Count::Fixed(n) => *n,
            Count::Field(_) => 0,
        };
        let align = match text_encoding {
            TextEncoding::Utf8 => 1,
            TextEncoding::Utf16 => 2,
        };
        if text_encoding == TextEncoding::Utf16 && !size.is_multiple_of(2) {
            return Err(DeclarationError::new(
                &bytes.span,
                format!("{size} bytes are no UTF-16, which takes two bytes or more a character"),
            )
            .help("the length is in bytes: write an even number"));
        }
        Ok(DataType {
            name: None,
            size,
            align,
            shape: Shape::Text {
                encoding: text_encoding,
                bytes: bytes.count.clone(),
            },
        })
    }

    fn record(
        &mut self,
        kind: RecordKind,
        is_packed: bool,
        descriptions: &[FieldDescription],
        span: &Range<usize>,
        depth: usize,
    ) -> Laid<DataType> {
        if descriptions.is_empty() {
            return Err(DeclarationError::new(span, "the record has no fields")
                .help("write at least one: `{ x: f32 }`"));
        }
        let mut fields: Vec<Field> = Vec::with_capacity(descriptions.len());
        let (mut end, mut align) = (0u64, 1u64);
        let mut unsized_field: Option<&str> = None;
        for field in descriptions {
            if let Some(name) = unsized_field {
                return Err(DeclarationError::new(
                    &field.span,
                    format!(
                        "{} comes after {}, whose length is known only in memory",
                        safe::plain(&field.name),
                        safe::plain(name)
                    ),
                )
                .help("a field of such a type is the last one of its record"));
            }
            let ty = self.lay_out(&field.described, &fields, depth + 1)?;
            self.check_names(field, ty, &fields)?;
            let (size, natural) = self.extent(ty);
            let field_align = if is_packed { 1 } else { natural };
            let next = match kind {
                RecordKind::Union => 0,
                RecordKind::Struct => end.next_multiple_of(field_align),
            };
            let offset = field.offset.unwrap_or(next);
            if kind == RecordKind::Struct && offset < end {
                return Err(DeclarationError::new(
                    &field.span,
                    format!(
                        "{} is at offset {offset}, but the fields before it take {end} bytes",
                        safe::plain(&field.name)
                    ),
                )
                .help("fields in the same bytes are those of a `union { … }`"));
            }
            if !self.table.is_size_known(ty) {
                unsized_field = Some(&field.name);
            }
            end = end.max(offset.saturating_add(size));
            align = align.max(field_align);
            fields.push(Field {
                name: Arc::from(field.name.as_str()),
                offset,
                ty,
                bits: None,
            });
        }
        if end > MAX_SIZE {
            return Err(DeclarationError::new(
                span,
                format!("the record takes {end} bytes, and a memory has at most {MAX_SIZE}"),
            ));
        }
        Ok(DataType {
            name: None,
            size: end.next_multiple_of(align),
            align,
            shape: Shape::Record(Record {
                kind,
                is_packed,
                fields,
            }),
        })
    }

    /// Checks that no field before has the name of this one, or of a field in it if it is an
    /// anonymous record.
    fn check_names(&self, field: &FieldDescription, ty: TypeId, before: &[Field]) -> Laid<()> {
        let names = match field.name.as_str() {
            "" => self.table.field_names(ty),
            name => vec![Arc::from(name)],
        };
        let is_taken = |name: &&Arc<str>| self.table.find_field(before, name, 0).is_some();
        match names.iter().find(is_taken) {
            Some(name) => Err(DeclarationError::new(
                &field.span,
                format!("the record has two fields {}", safe::plain(name)),
            )),
            None => Ok(()),
        }
    }

    /// Checks that a count names an integer before it.
    fn check_count(&self, count: &CountDescription, before: &[Field]) -> Laid<()> {
        let Count::Field(name) = &count.count else {
            return Ok(());
        };
        let error = |message: String| Err(DeclarationError::new(&count.span, message));
        let label = safe::plain(name);
        let Some(field) = before.iter().find(|field| field.name == *name) else {
            return error(format!("no field {label} is before this one in the record"));
        };
        let is_integer = self.table.get(field.ty).is_some_and(|ty| match &ty.shape {
            Shape::Number { number, .. } => number.range().is_some(),
            Shape::Enumeration(_) => true,
            _ => false,
        });
        if is_integer {
            Ok(())
        } else {
            error(format!(
                "{label} is {}, and a count is an integer",
                safe::plain(&self.table.label(field.ty))
            ))
        }
    }

    /// Checks that a type has a size, as an element of an array needs.
    fn check_size_known(&self, id: TypeId, span: &Range<usize>) -> Laid<()> {
        if self.table.is_size_known(id) {
            return Ok(());
        }
        let label = safe::plain(&self.table.label(id));
        Err(DeclarationError::new(
            span,
            format!("the length of {label} is known only in memory, so it cannot be an element"),
        )
        .help(format!("an array of pointers to it: `[*{label}; n]`")))
    }

    /// Returns the size and the alignment of a type.
    fn extent(&self, id: TypeId) -> (u64, u64) {
        self.table
            .get(id)
            .map_or((0, 1), |ty| (ty.size, ty.align.max(1)))
    }
}

/// Returns a type that is aligned to its size.
fn scalar(size: u64, shape: Shape) -> DataType {
    DataType {
        name: None,
        size,
        align: size,
        shape,
    }
}

/// Returns a type whose size is known only in memory.
fn unsized_type(shape: Shape) -> DataType {
    DataType {
        name: None,
        size: 0,
        align: 1,
        shape,
    }
}

/// Checks that the values of an enumeration fit in its number.
fn enumeration(numbers: &Enumeration, span: &Range<usize>) -> Laid<DataType> {
    if numbers.number.range().is_none() {
        return Err(DeclarationError::new(
            span,
            format!("{} has no names; an integer has", numbers.number.name()),
        ));
    }
    for (at, (name, value)) in numbers.values.iter().enumerate() {
        if let Err(error) = encoding::encode(numbers.number, &Value::Int(*value)) {
            let message = format!("{}: {error}", safe::plain(name));
            return Err(DeclarationError::new(span, message));
        }
        let before = numbers.values.get(..at).unwrap_or_default();
        if before.iter().any(|(other, _)| other == name) {
            let message = format!("two values have the name {}", safe::plain(name));
            return Err(DeclarationError::new(span, message));
        }
    }
    Ok(scalar(
        numbers.number.size() as u64,
        Shape::Enumeration(numbers.clone()),
    ))
}
