//! Reads memory as a type.

use std::sync::Arc;

use super::encoding;
use super::node::{Content, Node, NotRead, integer};
use super::scalar::{bits_of, is_signed, scalar_value};
use super::table::{
    Count, DataType, Field, POINTER_SIZE, Record, Shape, Slice, Tagged, TextEncoding, TypeId,
    TypeRef, TypeTable, Variant,
};
use crate::safe;
use crate::value::Value;

/// Memory at one moment.
pub trait Memory {
    /// Returns its size in bytes.
    fn len(&self) -> u64;

    /// Returns whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `len` bytes from `start`, which are all within memory.
    fn read(&self, start: u64, len: u64) -> Vec<u8>;
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many pointers are followed one after another.
    pub pointers: usize,
    /// How many values are read in all. Those after them are left out.
    pub nodes: usize,
    /// How many bytes of one text are read.
    pub text: u64,
}

impl Default for Limits {
    /// Returns the limits of `read`: two pointers, a million values, 16 MiB of text.
    fn default() -> Self {
        Limits {
            pointers: 2,
            nodes: 1 << 20,
            text: 16 << 20,
        }
    }
}

/// Reads memory from `start` as a type. `name` is the name of the node.
pub fn decode(ty: &TypeRef, memory: &dyn Memory, start: u64, name: &str, limits: Limits) -> Node {
    let mut decoder = Decoder::new(ty.table(), memory, limits);
    decoder.node(Arc::from(name), ty.id(), start, &[], 0)
}

/// Reads a field of the record at `start`. `count` is the field that has the number of its elements,
/// with the address of its record.
pub(super) fn decode_field(
    table: &TypeTable,
    memory: &dyn Memory,
    field: &Field,
    start: u64,
    count: Option<(&Field, u64)>,
    limits: Limits,
) -> Node {
    let mut decoder = Decoder::new(table, memory, limits);
    let count = count.map(|(count, record)| decoder.field(count, record, &[], 0));
    decoder.field(field, start, count.as_slice(), 0)
}

/// Returns the variant that the tag of the enum at `start` selects.
pub(super) fn selected_variant<'t>(
    table: &TypeTable,
    memory: &dyn Memory,
    tagged: &'t Tagged,
    start: u64,
) -> Result<&'t Variant, NotRead> {
    Decoder::new(table, memory, Limits::default()).variant(tagged, start, 0)
}

struct Decoder<'a> {
    table: &'a TypeTable,
    memory: &'a dyn Memory,
    limits: Limits,
    /// How many nodes there are so far.
    nodes: usize,
    /// The pointers' targets that are being read, outermost first.
    path: Vec<(u64, TypeId)>,
}

impl<'a> Decoder<'a> {
    fn new(table: &'a TypeTable, memory: &'a dyn Memory, limits: Limits) -> Self {
        Decoder {
            table,
            memory,
            limits,
            nodes: 0,
            path: Vec::new(),
        }
    }
}

impl Decoder<'_> {
    /// Reads one node. `siblings` are the fields before it in its record.
    fn node(
        &mut self,
        name: Arc<str>,
        id: TypeId,
        start: u64,
        siblings: &[Node],
        depth: usize,
    ) -> Node {
        self.nodes += 1;
        let (len, content) = self.content(id, start, siblings, depth);
        Node {
            name,
            ty: id,
            start,
            len,
            bits: None,
            content,
        }
    }

    fn content(
        &mut self,
        id: TypeId,
        start: u64,
        siblings: &[Node],
        depth: usize,
    ) -> (u64, Content) {
        // Nested types come from files; a table that refers to itself without a pointer is invalid.
        const MAX_DEPTH: usize = 100;
        let table = self.table;
        let Some(ty) = table.get(id) else {
            return (0, Content::NotRead(NotRead::UnknownType));
        };
        if self.nodes > self.limits.nodes || depth > MAX_DEPTH {
            return (
                ty.size,
                Content::NotRead(NotRead::TooMany(self.limits.nodes)),
            );
        }
        match &ty.shape {
            Shape::CString => self.c_string(start),
            Shape::Text { encoding, bytes } => match self.count(bytes, siblings) {
                Ok(len) => {
                    let text = self.text(*encoding, start, len);
                    (len, without_padding(bytes, text))
                }
                Err(why) => (0, Content::NotRead(why)),
            },
            Shape::Array { element, count } => match self.count(count, siblings) {
                Ok(count) => self.array(*element, count, start, depth),
                Err(why) => (0, Content::NotRead(why)),
            },
            Shape::Record(record) => self.record(record, ty, start, depth),
            Shape::Tagged(tagged) => (ty.size, self.tagged(tagged, start, depth)),
            Shape::Pointer { to } => (ty.size, self.pointer(*to, start, siblings, depth)),
            Shape::Slice(slice) => (ty.size, self.slice(slice, start, depth)),
            Shape::Number { .. }
            | Shape::Bool
            | Shape::Character
            | Shape::Enumeration(_)
            | Shape::Opaque => (ty.size, self.scalar(ty, start)),
        }
    }

    /// Returns bytes, if all of them are within memory.
    fn bytes(&self, start: u64, len: u64) -> Result<Vec<u8>, NotRead> {
        let end = self.memory.len();
        match start.checked_add(len) {
            Some(last) if last <= end => Ok(self.memory.read(start, len)),
            _ => Err(NotRead::Outside { start, len, end }),
        }
    }

    fn scalar(&self, ty: &DataType, start: u64) -> Content {
        match self
            .bytes(start, ty.size)
            .and_then(|bytes| scalar_value(ty, &bytes))
        {
            Ok(value) => Content::Value(value),
            Err(why) => Content::NotRead(why),
        }
    }

    fn text(&self, encoding: TextEncoding, start: u64, len: u64) -> Content {
        let read = || {
            if len > self.limits.text {
                return Err(NotRead::Invalid(format!(
                    "a text of {len} bytes is longer than {}, the limit",
                    self.limits.text
                )));
            }
            let bytes = self.bytes(start, len)?;
            let text = match encoding {
                TextEncoding::Utf8 => encoding::decode_utf8(&bytes).map_err(NotRead::invalid),
                TextEncoding::Utf16 => encoding::decode_utf16(&bytes).map_err(NotRead::invalid),
            };
            Ok(Value::Text(text?))
        };
        match read() {
            Ok(value) => Content::Value(value),
            Err(why) => Content::NotRead(why),
        }
    }

    /// Reads text up to a NUL, in pieces, so that a missing NUL does not read all of memory at once.
    fn c_string(&self, start: u64) -> (u64, Content) {
        const PIECE: u64 = 4096;
        let end = self.memory.len();
        if start >= end {
            let outside = NotRead::Outside { start, len: 1, end };
            return (0, Content::NotRead(outside));
        }
        let mut bytes = Vec::new();
        let mut at = start;
        while at < end && (bytes.len() as u64) < self.limits.text {
            let piece = self.memory.read(at, PIECE.min(end - at));
            if let Some(nul) = piece.iter().position(|byte| *byte == 0) {
                bytes.extend(piece.into_iter().take(nul));
                let len = bytes.len() as u64 + 1;
                return match encoding::decode_utf8(&bytes) {
                    Ok(text) => (len, Content::Value(Value::Text(text))),
                    Err(error) => (len, Content::NotRead(NotRead::invalid(error))),
                };
            }
            at = at.saturating_add(PIECE);
            bytes.extend(piece);
        }
        let len = bytes.len() as u64;
        let why = NotRead::Invalid(format!("no NUL is in the {len} bytes from {start:#x}"));
        (len, Content::NotRead(why))
    }

    fn array(&mut self, element: TypeId, count: u64, start: u64, depth: usize) -> (u64, Content) {
        let size = self.table.get(element).map_or(0, |ty| ty.size);
        let len = count.saturating_mul(size);
        let end = self.memory.len();
        if start.checked_add(len).is_none_or(|last| last > end) {
            let outside = NotRead::Outside { start, len, end };
            return (len, Content::NotRead(outside));
        }
        if let Some(text) = self.character_text(element, count, start) {
            return (len, text);
        }
        let mut nodes = Vec::new();
        for index in 0..count {
            if self.nodes >= self.limits.nodes {
                break;
            }
            let at = start.saturating_add(index.saturating_mul(size));
            nodes.push(self.node(Arc::from(format!("[{index}]")), element, at, &[], depth + 1));
        }
        let content = Content::Elements {
            nodes,
            total: count,
        };
        (len, content)
    }

    /// Reads an array of characters of one byte as text up to the first NUL, if it is UTF-8.
    fn character_text(&self, element: TypeId, count: u64, start: u64) -> Option<Content> {
        let ty = self.table.get(element)?;
        if ty.shape != Shape::Character || ty.size != 1 || count > self.limits.text {
            return None;
        }
        let bytes = self.bytes(start, count).ok()?;
        let text = bytes.split(|byte| *byte == 0).next()?;
        let text = std::str::from_utf8(text).ok()?;
        Some(Content::Value(Value::Text(text.to_owned())))
    }

    fn record(
        &mut self,
        record: &Record,
        ty: &DataType,
        start: u64,
        depth: usize,
    ) -> (u64, Content) {
        let mut nodes: Vec<Node> = Vec::with_capacity(record.fields.len());
        let mut len = ty.size;
        for field in &record.fields {
            let node = self.field(field, start, &nodes, depth);
            len = len.max(field.offset.saturating_add(node.len));
            nodes.push(node);
        }
        (len, Content::Fields(nodes))
    }

    fn field(&mut self, field: &Field, start: u64, siblings: &[Node], depth: usize) -> Node {
        let at = start.saturating_add(field.offset);
        let name = Arc::clone(&field.name);
        let mut node = self.node(name, field.ty, at, siblings, depth + 1);
        if let Some(bits) = field.bits {
            node.bits = Some(bits);
            if let Content::Value(value) = &node.content {
                let signed = self.table.get(field.ty).is_some_and(is_signed);
                node.content = Content::Value(bits_of(value, bits, signed));
            }
        }
        node
    }

    /// Reads the tag and the fields of the variant that it selects.
    fn tagged(&mut self, tagged: &Tagged, start: u64, depth: usize) -> Content {
        match self.variant(tagged, start, depth) {
            Ok(variant) => {
                let name = Arc::clone(&variant.name);
                Content::Fields(vec![self.node(name, variant.ty, start, &[], depth + 1)])
            }
            Err(why) => Content::NotRead(why),
        }
    }

    /// Returns the variant that the tag selects.
    fn variant<'t>(
        &mut self,
        tagged: &'t Tagged,
        start: u64,
        depth: usize,
    ) -> Result<&'t Variant, NotRead> {
        let tag = tagged.tag.as_ref();
        let tag = tag.map(|field| self.field(field, start, &[], depth));
        let number = tag.as_ref().and_then(|node| integer(&node.content));
        let has_tag = |variant: &&Variant| {
            number.is_some_and(|n| variant.tags.iter().any(|tags| tags.contains(&n)))
        };
        let selected = tagged.variants.iter().find(has_tag);
        selected
            .or_else(|| tagged.variants.iter().find(|v| v.tags.is_empty()))
            .ok_or_else(|| {
                NotRead::Invalid(match number {
                    Some(number) => format!("no variant has the tag {number}"),
                    None => "its tag could not be read".to_owned(),
                })
            })
    }

    fn pointer(
        &mut self,
        to: Option<TypeId>,
        start: u64,
        siblings: &[Node],
        depth: usize,
    ) -> Content {
        match self.address(start) {
            Ok(address) => Content::Pointer {
                address,
                target: self.target(to, address, siblings, depth),
            },
            Err(why) => Content::NotRead(why),
        }
    }

    /// Reads an address of 4 bytes.
    fn address(&self, start: u64) -> Result<u64, NotRead> {
        let bytes = self.bytes(start, POINTER_SIZE)?;
        let bytes: [u8; 4] = bytes.as_slice().try_into().unwrap_or_default();
        Ok(u32::from_le_bytes(bytes).into())
    }

    /// Follows a pointer.
    fn target(
        &mut self,
        to: Option<TypeId>,
        address: u64,
        siblings: &[Node],
        depth: usize,
    ) -> Result<Box<Node>, NotRead> {
        if address == 0 {
            return Err(NotRead::NullPointer);
        }
        let to = to.ok_or(NotRead::UnknownType)?;
        if self.path.contains(&(address, to)) {
            return Err(NotRead::Circle { address });
        }
        if self.path.len() >= self.limits.pointers {
            return Err(NotRead::Deep(self.limits.pointers));
        }
        self.path.push((address, to));
        let node = self.node(Arc::from("*"), to, address, siblings, depth + 1);
        self.path.pop();
        match node.content {
            // The reason is that of the pointer: nothing is there to be shown.
            Content::NotRead(why) => Err(why),
            _ => Ok(Box::new(node)),
        }
    }

    fn slice(&mut self, slice: &Slice, start: u64, depth: usize) -> Content {
        let read = (
            self.address(start.saturating_add(slice.pointer)),
            self.address(start.saturating_add(slice.length)),
        );
        let (address, count) = match read {
            (Ok(address), Ok(count)) => (address, count),
            (Err(why), _) | (_, Err(why)) => return Content::NotRead(why),
        };
        let target = self.slice_target(slice, address, count, depth);
        Content::Pointer { address, target }
    }

    fn slice_target(
        &mut self,
        slice: &Slice,
        address: u64,
        count: u64,
        depth: usize,
    ) -> Result<Box<Node>, NotRead> {
        if self.path.len() >= self.limits.pointers {
            return Err(NotRead::Deep(self.limits.pointers));
        }
        self.nodes += 1;
        self.path.push((address, slice.element));
        let (len, content) = if slice.is_text {
            (count, self.text(TextEncoding::Utf8, address, count))
        } else {
            self.array(slice.element, count, address, depth + 1)
        };
        self.path.pop();
        match content {
            Content::NotRead(why) => Err(why),
            content => Ok(Box::new(Node {
                name: Arc::from("*"),
                ty: slice.element,
                start: address,
                len,
                bits: None,
                content,
            })),
        }
    }

    /// Returns a count, which can be the value of a field before.
    fn count(&self, count: &Count, siblings: &[Node]) -> Result<u64, NotRead> {
        match count {
            Count::Fixed(n) => Ok(*n),
            Count::Field(name) => siblings
                .iter()
                .rev()
                .find(|node| node.name == *name)
                .and_then(|node| integer(&node.content))
                .and_then(|n| u64::try_from(n).ok())
                .ok_or_else(|| NotRead::NoCount(safe::plain(name))),
        }
    }
}

/// Returns a text of a fixed length without the NULs at its end, which fill it up.
fn without_padding(length: &Count, content: Content) -> Content {
    match (length, content) {
        (Count::Fixed(_), Content::Value(Value::Text(text))) => {
            Content::Value(Value::Text(text.trim_end_matches('\0').to_owned()))
        }
        (_, content) => content,
    }
}
