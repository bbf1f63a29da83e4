//! The parts of memory that have a type: those of the script, and the views of the screen.

use crate::app::{App, Pane};
use crate::data_types::{FieldPath, Place, TypeRef, find_address};
use crate::safe;
use crate::timeline::{Image, PartKind, Span};

/// How many pointers are followed from a view to a byte.
const POINTERS: usize = 2;
/// How many values of a view are examined for a pointer to a byte.
const EXAMINED: usize = 2000;

/// The identity of a typed part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartKey {
    /// Its name, not yet safe to print.
    pub name: String,
    /// What it is in the script; `None` for a view of the screen.
    pub kind: Option<PartKind>,
}

/// A part of memory that has a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypedPart {
    pub key: PartKey,
    /// The address of its first byte.
    pub start: u64,
    pub ty: TypeRef,
}

/// A view that was typed at the screen. It belongs to no step: it shows at every moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ScreenView {
    /// The address as typed, which is its name.
    pub name: String,
    pub address: u64,
    pub ty: TypeRef,
}

/// A field that has a byte, and the typed part that leads to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldOfByte {
    pub part: TypedPart,
    pub path: FieldPath,
}

impl TypedPart {
    /// Returns its name, safe to print.
    pub fn label(&self) -> String {
        safe::cut(&self.key.name, 40)
    }

    /// Returns its bytes at a moment.
    pub fn span(&self, memory: &Image) -> Span {
        Span {
            start: self.start,
            len: Place::root(&self.ty, self.start).len(self.ty.table(), memory),
        }
    }
}

impl FieldOfByte {
    /// Returns its path from the name of the part, safe to print: `shapes[2].count`.
    pub fn label(&self) -> String {
        format!("{}{}", self.part.label(), self.path.text)
    }

    /// Returns its bytes, or those of the padding.
    pub fn span(&self) -> Span {
        match &self.path.padding {
            Some(padding) => Span {
                start: padding.start,
                len: padding.len,
            },
            None => Span {
                start: self.path.place.start,
                len: self.path.len,
            },
        }
    }
}

impl App {
    /// Returns the parts of memory that have a type at the moment shown: those of the script, in the
    /// order in which they were named, then the views of the screen.
    pub(crate) fn typed_parts(&self) -> Vec<TypedPart> {
        let of_screen = self.fields.views.iter().map(|view| TypedPart {
            key: PartKey {
                name: view.name.clone(),
                kind: None,
            },
            start: view.address,
            ty: view.ty.clone(),
        });
        let of_script = self.typed_parts_of_script().into_iter();
        of_script.chain(of_screen).collect()
    }

    /// Returns whether a part of memory has a type at the moment shown, or the pane of fields has the
    /// focus.
    pub(crate) fn has_fields(&self) -> bool {
        self.pane == Pane::Fields || !self.typed_parts().is_empty()
    }

    /// Returns the field that has a byte: of a part that has the byte, else of one whose pointers lead
    /// to it.
    pub(crate) fn field_of_byte(&self, address: u64) -> Option<FieldOfByte> {
        let memory = self.memory();
        let parts = self.typed_parts();
        let find = |part: &TypedPart, limits| {
            let path = find_address(&part.ty, &memory, part.start, address, limits)?;
            let part = part.clone();
            Some(FieldOfByte { part, path })
        };
        let mut direct = parts.iter().rev();
        direct
            .find_map(|part| find(part, (0, 0)))
            .or_else(|| parts.iter().find_map(|p| find(p, (POINTERS, EXAMINED))))
    }
}

/// Returns the parts that debug information or the script gave a type at the moment shown.
pub(super) fn of_script(app: &App, memory: &Image) -> Vec<TypedPart> {
    let timeline = &app.timeline;
    let mut declared = timeline.declared_parts_at(app.moment, memory.len());
    let parts = timeline.parts_at(app.moment, memory.len());
    // Bytes that the script gave a type have no other name than that.
    let is_typed = |span: Span| {
        let mut parts = parts.iter();
        parts.any(|part| part.data_type.is_some() && part.span == span)
    };
    declared.retain(|part| !is_typed(part.span));
    let typed = declared.into_iter().chain(parts).filter_map(|part| {
        let ty = part.data_type.filter(|_| !part.released)?;
        let key = PartKey {
            name: part.name,
            kind: Some(part.kind),
        };
        let start = part.span.start;
        Some(TypedPart { key, start, ty })
    });
    typed.collect()
}
