//! Layouts of declared types, and the values of bytes under them.

mod places;
mod round_trip;
mod values;

use std::sync::Arc;

use super::*;

/// Describes the type of this name.
fn named(name: &str) -> Described {
    let description = match (name, NumberType::from_name(name)) {
        (_, Some(number)) => Description::Number(number, ByteOrder::Little),
        ("bool", _) => Description::Bool,
        ("char", _) => Description::Character,
        ("cstr", _) => Description::CString,
        _ => Description::Named(name.into()),
    };
    described(description)
}

fn described(description: Description) -> Described {
    Described {
        description,
        span: 0..1,
    }
}

fn pointer(to: Described) -> Described {
    described(Description::Pointer(Box::new(to)))
}

fn count(count: Count) -> CountDescription {
    CountDescription { count, span: 0..1 }
}

fn array(element: Described, n: u64) -> Described {
    described(Description::Array(
        Box::new(element),
        count(Count::Fixed(n)),
    ))
}

fn counted(element: Described, by: &str) -> Described {
    described(Description::Array(
        Box::new(element),
        count(Count::Field(Arc::from(by))),
    ))
}

fn record_of(kind: RecordKind, is_packed: bool, fields: &[(&str, Described)]) -> Described {
    let fields = fields
        .iter()
        .map(|(name, described)| FieldDescription {
            name: (*name).into(),
            span: 0..1,
            offset: None,
            described: described.clone(),
        })
        .collect();
    described(Description::Record {
        kind,
        is_packed,
        fields,
    })
}

fn record(fields: &[(&str, Described)]) -> Described {
    record_of(RecordKind::Struct, false, fields)
}

fn enumeration(number: NumberType, is_flags: bool, values: &[(&str, i128)]) -> Described {
    described(Description::Enumeration(Enumeration {
        number,
        order: ByteOrder::Little,
        is_flags,
        values: values.iter().map(|(n, v)| (Arc::from(*n), *v)).collect(),
    }))
}

fn declare(declarations: &[(&str, Described)]) -> Result<TypeTable, String> {
    let declarations: Vec<Declaration> = declarations
        .iter()
        .map(|(name, described)| Declaration {
            name: (*name).into(),
            described: described.clone(),
        })
        .collect();
    let mut table = TypeTable::default();
    match table.declare(&declarations, &mut ()) {
        Ok(()) => Ok(table),
        Err(errors) => Err(errors
            .iter()
            .map(|error| match &error.help {
                Some(help) => format!("{error}; {help}"),
                None => error.to_string(),
            })
            .collect::<Vec<_>>()
            .join("\n")),
    }
}

/// Returns the size, the alignment and the offsets of the fields.
fn layout(table: &TypeTable, name: &str) -> (u64, u64, Vec<u64>) {
    let ty = table.get(table.find(name).unwrap()).unwrap();
    let Shape::Record(record) = &ty.shape else {
        return (ty.size, ty.align, Vec::new());
    };
    let offsets = record.fields.iter().map(|field| field.offset).collect();
    (ty.size, ty.align, offsets)
}

#[test]
fn records_are_laid_out_as_c_does() {
    let table = declare(&[
        (
            "Mixed",
            record(&[("a", named("u8")), ("b", named("u64")), ("c", named("u16"))]),
        ),
        (
            "Outer",
            record(&[("flag", named("bool")), ("inner", named("Mixed"))]),
        ),
        ("Row", array(named("Mixed"), 3)),
        (
            "Text",
            record(&[
                ("name", pointer(named("cstr"))),
                ("tag", array(named("char"), 3)),
            ]),
        ),
    ])
    .unwrap();
    assert_eq!(layout(&table, "Mixed"), (24, 8, vec![0, 8, 16]));
    assert_eq!(layout(&table, "Outer"), (32, 8, vec![0, 8]));
    assert_eq!(layout(&table, "Row"), (72, 8, vec![]));
    assert_eq!(layout(&table, "Text"), (8, 4, vec![0, 4]));
}

#[test]
fn packed_records_and_unions_have_no_padding_between_fields() {
    let fields = [("a", named("u8")), ("b", named("u32")), ("c", named("u16"))];
    let table = declare(&[
        ("Packed", record_of(RecordKind::Struct, true, &fields)),
        ("Either", record_of(RecordKind::Union, false, &fields)),
    ])
    .unwrap();
    assert_eq!(layout(&table, "Packed"), (7, 1, vec![0, 1, 5]));
    assert_eq!(layout(&table, "Either"), (4, 4, vec![0, 0, 0]));
}

#[test]
fn types_refer_to_each_other_through_pointers_in_any_order() {
    let table = declare(&[
        ("List", record(&[("first", pointer(named("Node")))])),
        (
            "Node",
            record(&[("value", named("u16")), ("next", pointer(named("Node")))]),
        ),
    ])
    .unwrap();
    assert_eq!(layout(&table, "Node"), (8, 4, vec![0, 4]));
    assert_eq!(table.label(table.find("List").unwrap()), "List");
}

#[test]
fn a_wrong_declaration_is_refused_with_its_reason() {
    let rows: [(&[(&str, Described)], &str); 7] = [
        (
            &[("Node", record(&[("next", named("Node"))]))],
            "Node contains itself; a pointer to it has a size: `*Node`",
        ),
        (
            &[("A", record(&[("x", named("u9"))]))],
            "there is no type \"u9\"; declare it: `type NAME = { x: f32, y: f32 }`, or use one of \
             the module's debug information, which `linmem types MODULE` lists",
        ),
        (
            &[("A", record(&[("x", named("u8")), ("x", named("u8"))]))],
            "the record has two fields x",
        ),
        (
            &[("A", record(&[("items", counted(named("u8"), "n"))]))],
            "no field n is before this one in the record",
        ),
        (
            &[(
                "A",
                record(&[("n", named("f32")), ("items", counted(named("u8"), "n"))]),
            )],
            "n is f32, and a count is an integer",
        ),
        (
            &[("A", array(named("cstr"), 2))],
            "the length of cstr is known only in memory, so it cannot be an element; an array of \
             pointers to it: `[*cstr; n]`",
        ),
        (
            &[("A", enumeration(NumberType::U8, false, &[("big", 256)]))],
            "big: 256 does not fit in u8, which holds 0 to 255",
        ),
    ];
    for (declarations, message) in rows {
        assert_eq!(declare(declarations).unwrap_err(), message);
    }
}

#[test]
fn absurd_sizes_are_refused() {
    let huge = array(array(named("u64"), u64::MAX), u64::MAX);
    assert!(
        declare(&[("A", huge)])
            .unwrap_err()
            .contains("at most 4294967296")
    );
    let mut deep = named("u8");
    for _ in 0..200 {
        deep = pointer(deep);
    }
    assert_eq!(
        declare(&[("A", deep)]).unwrap_err(),
        "the type nests more than 64 levels"
    );
}
