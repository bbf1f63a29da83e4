//! Layouts and lists of types as text of 80 columns, as far as names allow that.

use std::io;

use super::{ListedType, ListedVariable, Options, TypeList};
use crate::data_types::{
    DataType, Layout, LayoutRow, LayoutRowKind, RecordKind, Shape, TypeId, TypeTable,
};
use crate::safe;
use crate::text::{TextWriter, count};

/// Characters of a name and of a type that are shown before they are cut.
const NAME: usize = 60;
const TYPE: usize = 100;

/// The most values of an enumeration that are listed.
const MOST_VALUES: usize = 200;

/// Writes the layout of one type.
///
/// # Errors
/// Those of `out`.
pub(super) fn write_layout(
    name: &str,
    table: &TypeTable,
    id: TypeId,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    let Some(ty) = table.get(id) else {
        return out.finish();
    };
    let layout = Layout::new(table, id);
    let heading = format!("{} {}", kind(ty), safe::cut(name, TYPE));
    out.line(&out.bold(&heading))?;
    if !layout.rows.is_empty() {
        out.line("  offset    size  field")?;
    }
    for row in &layout.rows {
        out.line(&row_line(row))?;
    }
    if let Shape::Enumeration(numbers) = &ty.shape {
        for (name, value) in numbers.values.iter().take(MOST_VALUES) {
            let value = match numbers.is_flags {
                true => format!("{value:#x}"),
                false => value.to_string(),
            };
            out.line(&format!("{value:>8}  {}", safe::cut(name, NAME)))?;
        }
        if let Some(more @ 1..) = numbers.values.len().checked_sub(MOST_VALUES) {
            out.line(&format!("… and {more} more; --format json has them all"))?;
        }
    }
    out.line(&summary(table, id, ty, &layout))?;
    out.finish()
}

/// Returns what a type is, in a word.
pub(super) fn kind(ty: &DataType) -> &'static str {
    match &ty.shape {
        Shape::Record(record) => match record.kind {
            RecordKind::Struct if record.is_packed => "packed struct",
            RecordKind::Struct => "struct",
            RecordKind::Union => "union",
        },
        Shape::Enumeration(numbers) if numbers.is_flags => "flags",
        Shape::Enumeration(_) | Shape::Tagged(_) => "enum",
        Shape::Number { .. } | Shape::Bool | Shape::Character => "number",
        Shape::Pointer { .. } => "pointer",
        Shape::Array { .. } => "array",
        Shape::CString | Shape::Text { .. } => "text",
        Shape::Slice(slice) if slice.is_text => "text",
        Shape::Slice(_) => "slice",
        Shape::Opaque => "bytes",
    }
}

fn row_line(row: &LayoutRow) -> String {
    let indent = "  ".repeat(row.depth);
    let (offset, size) = (row.offset, row.size);
    match &row.kind {
        LayoutRowKind::Field {
            name,
            type_name,
            bits,
        } => {
            let name = match name.as_str() {
                "" => String::new(),
                name => format!("{}: ", safe::cut(name, NAME)),
            };
            let (offset, size) = match bits {
                Some(bits) => (
                    format!("{offset}:{}", bits.first),
                    match bits.count {
                        1 => "1 bit".to_owned(),
                        count => format!("{count} bits"),
                    },
                ),
                None => (offset.to_string(), size.to_string()),
            };
            let type_name = safe::cut(type_name, TYPE);
            format!("{offset:>8}{size:>8}  {indent}{name}{type_name}")
        }
        LayoutRowKind::Hole => format!("{offset:>8}{size:>8}  {indent}(hole)"),
        LayoutRowKind::Padding => format!("{offset:>8}{size:>8}  {indent}(padding)"),
        LayoutRowKind::Variant { name, tags } => {
            let tags = match tags.as_str() {
                "" => "any other tag".to_owned(),
                tags => format!("tag {}", safe::cut(tags, NAME)),
            };
            format!("{:>16}  {indent}{}, {tags}", "", safe::cut(name, NAME))
        }
        LayoutRowKind::More => format!("{:>16}  …", ""),
    }
}

/// Returns a line with the size and what it is made of: `24 bytes, aligned to 4; 5 fields, 1 hole
/// with 3 bytes, 2 bytes of padding at the end`.
fn summary(table: &TypeTable, id: TypeId, ty: &DataType, layout: &Layout) -> String {
    let mut line = count(ty.size, "byte");
    if !table.is_size_known(id) {
        line.push_str(" and a part whose length is in memory");
    }
    line.push_str(&format!(", aligned to {}", ty.align));
    let mut parts = Vec::new();
    match &ty.shape {
        Shape::Record(_) => parts.push(count(layout.fields, "field")),
        Shape::Tagged(_) => parts.push(count(layout.fields, "variant")),
        Shape::Enumeration(numbers) => {
            parts.push(format!("a number of type {}", numbers.number.name()));
        }
        Shape::Slice(slice) => parts.push(format!(
            "the address of the elements is at offset {}, and their number at offset {}",
            slice.pointer, slice.length
        )),
        _ => parts.extend(described(table, id, ty)),
    }
    if layout.holes > 0 {
        parts.push(format!(
            "{} with {}",
            count(layout.holes, "hole"),
            count(layout.hole_bytes, "byte")
        ));
    }
    if layout.padding > 0 {
        parts.push(format!(
            "{} of padding at the end",
            count(layout.padding, "byte")
        ));
    }
    match parts.is_empty() {
        true => line,
        false => format!("{line}; {}", parts.join(", ")),
    }
}

/// Returns what a type without fields is, in the words of the steps language.
fn described(table: &TypeTable, id: TypeId, ty: &DataType) -> Option<String> {
    if ty.shape == Shape::Opaque {
        return Some("what they mean is not known".into());
    }
    let plain = {
        let mut plain = table.clone();
        let mut unnamed = ty.clone();
        unnamed.name = None;
        plain.set(id, unnamed);
        plain.label(id)
    };
    Some(safe::cut(&plain, TYPE))
}

/// Writes a list of types and variables.
///
/// # Errors
/// Those of `out`.
pub(super) fn write_list(
    list: &TypeList,
    options: &Options,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = TextWriter::new(out, options.ascii, options.color);
    out.line(&out.bold(&format!("types of {}", list.path)))?;
    for ListedType { name, size } in list.types.iter().take(list.most) {
        let size = size.map_or_else(String::new, |size| size.to_string());
        out.line(&format!("{size:>8}  {}", safe::cut(name, TYPE)))?;
    }
    write_more(&mut out, list.types.len(), list.most)?;
    if !list.variables.is_empty() {
        out.line("")?;
        out.line(&out.bold("variables"))?;
    }
    for variable in list.variables.iter().take(list.most) {
        let ListedVariable {
            name,
            address,
            type_name,
            size,
        } = variable;
        let address = format!("{address:#x}");
        out.line(&format!(
            "{size:>8}  {address:<10}  {}: {}",
            safe::cut(name, NAME),
            safe::cut(type_name, TYPE)
        ))?;
    }
    write_more(&mut out, list.variables.len(), list.most)?;
    out.finish()
}

/// Writes how many of `count` items come after the first `most`, if any.
fn write_more(out: &mut TextWriter<'_>, count: usize, most: usize) -> io::Result<()> {
    match count.saturating_sub(most) {
        0 => Ok(()),
        more => out.line(&format!(
            "          … and {more} more; --all lists them, --filter TEXT chooses"
        )),
    }
}
