//! The offset of a part of a type, as `offset(TYPE.FIELD)` names it.

use super::ast::{Name, PathPart};
use super::error::Fault;
use crate::data_types::{Count, Shape, TypeId, TypeRef, TypeTable, field_advice};
use crate::safe;

/// Returns the offset of a part of a type, in bytes.
pub(super) fn offset_of(ty: &TypeRef, path: &[PathPart]) -> Result<u64, Fault> {
    let table = ty.table();
    let (mut id, mut offset) = (ty.id(), 0u64);
    for part in path {
        let label = safe::plain(&table.label(id));
        let shape = table.get(id).map(|ty| &ty.shape);
        match part {
            PathPart::Field(name) => {
                let Some((field, at)) = table.field(id, &name.text) else {
                    return Err(no_field(table, id, name, &label));
                };
                offset = offset.saturating_add(at);
                id = field.ty;
            }
            PathPart::Element(index, span) => {
                let Some(Shape::Array { element, count }) = shape else {
                    let message = format!("{label} has no elements");
                    return Err(Fault::new(*span, message).help("only an array has elements"));
                };
                if let Count::Fixed(n) = count
                    && index > n
                {
                    let message = format!("{label} has no element {index}");
                    return Err(Fault::new(*span, message)
                        .help("the first element is 0; the last offset is that of its end"));
                }
                let size = table.get(*element).map_or(0, |ty| ty.size);
                offset = offset.saturating_add(index.saturating_mul(size));
                id = *element;
            }
        }
    }
    Ok(offset)
}

fn no_field(table: &TypeTable, id: TypeId, name: &Name, label: &str) -> Fault {
    let names = table.field_names(id);
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let fault = Fault::new(name.span, format!("{label} has no field `{}`", name.text));
    let is_pointer = matches!(
        table.get(id).map(|ty| &ty.shape),
        Some(Shape::Pointer { .. })
    );
    match names.as_slice() {
        [] if is_pointer => {
            fault.help("an offset is within a record; what a pointer refers to is in other bytes")
        }
        [] => fault.help("only a record has fields"),
        names => fault.help(field_advice(&name.text, names)),
    }
}
