//! Types of the data in linear memory: records, arrays, pointers and the like, how they are laid
//! out, and what bytes mean under them.
//!
//! A leaf: a script declares types, the guest's debug information has types, a session reads and
//! writes with them, and the timeline and its readers show memory through them. All of them share
//! one [`TypeTable`]. Layouts are those of C on 32-bit WebAssembly: natural alignment, padding, and
//! pointers of 4 bytes.

mod declaration;
mod decode;
mod encode;
pub(crate) mod encoding;
mod layout;
mod lookup;
mod named_path;
mod node;
mod number;
mod path;
mod place;
mod scalar;
mod table;

pub use declaration::{
    CountDescription, Declaration, DeclarationError, Described, Description, FieldDescription,
    TypeSource,
};
pub use decode::{Limits, Memory, decode};
pub(crate) use encode::field_advice;
pub use encode::{NotWritable, Piece, encode, typed};
pub use layout::{Layout, LayoutRow, LayoutRowKind};
pub use lookup::TypeLookup;
pub use named_path::{NoSuchField, PathPart, follow};
pub use node::{Content, Node, NotRead};
pub use number::NumberType;
pub use path::{FieldPath, FieldSpan, Padding, field_spans, find_address, path_at};
pub use place::{PartName, Parts, Place};
pub use table::{
    Bits, ByteOrder, Count, DataType, Enumeration, Field, POINTER_SIZE, Record, RecordKind, Shape,
    Slice, Tagged, TextEncoding, TypeId, TypeRef, TypeTable, Variant,
};

#[cfg(test)]
mod tests;
