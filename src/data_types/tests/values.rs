use std::sync::Arc;

use super::*;
use crate::value::Value;

pub(super) struct Bytes(Vec<u8>);

impl Memory for Bytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, start: u64, len: u64) -> Vec<u8> {
        let start = start as usize;
        self.0[start..start + len as usize].to_vec()
    }
}

pub(super) fn bytes(parts: &[(usize, &[u8])]) -> Bytes {
    let mut memory = vec![0; 256];
    for (at, part) in parts {
        memory[*at..at + part.len()].copy_from_slice(part);
    }
    Bytes(memory)
}

fn read(table: TypeTable, name: &str, memory: &Bytes, start: u64) -> String {
    let id = table.find(name).unwrap();
    let ty = TypeRef::new(Arc::new(table), id);
    let node = decode(&ty, memory, start, "s", Limits::default());
    node.value(ty.table()).brief(400)
}

pub(super) fn shape() -> TypeTable {
    declare(&[
        ("Point", record(&[("x", named("f32")), ("y", named("f32"))])),
        (
            "Shape",
            record(&[
                (
                    "kind",
                    enumeration(NumberType::U8, false, &[("circle", 0), ("polygon", 1)]),
                ),
                ("name", pointer(named("cstr"))),
                ("count", named("u32")),
                ("points", pointer(counted(named("Point"), "count"))),
            ]),
        ),
    ])
    .unwrap()
}

#[test]
fn pointers_are_followed_and_counts_are_fields_before() {
    let memory = bytes(&[
        (16, &[1, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 80, 0, 0, 0]),
        (64, b"square\0"),
        (80, &[0, 0, 192, 63, 0, 0, 0, 64]),
    ]);
    assert_eq!(
        read(shape(), "Shape", &memory, 16),
        "Shape { kind: polygon, name: 0x40 → \"square\", count: 2, points: 0x50 → [Point { x: 1.5, \
         y: 2.0 }, Point { x: 0.0, y: 0.0 }] }"
    );
}

#[test]
fn what_cannot_be_read_has_a_reason_and_the_rest_is_read() {
    let memory = bytes(&[(16, &[7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 80, 0, 0, 0])]);
    let table = shape();
    let ty = TypeRef::new(Arc::new(table.clone()), table.find("Shape").unwrap());
    let node = decode(&ty, &memory, 16, "s", Limits::default());
    let reasons: Vec<String> = node
        .children()
        .iter()
        .filter_map(|node| match &node.content {
            Content::Pointer { target, .. } => target.as_ref().err().map(ToString::to_string),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "the pointer is 0",
            "2048 bytes at 0x50 reach past the end of memory at 0x100"
        ]
    );
    let value = node.value(&table);
    assert_eq!(
        value.brief(400),
        "Shape { kind: 7, name: 0x0, count: 256, points: 0x50 }"
    );
}

#[test]
fn a_circle_of_pointers_ends() {
    let table = declare(&[(
        "Node",
        record(&[("value", named("u32")), ("next", pointer(named("Node")))]),
    )])
    .unwrap();
    let memory = bytes(&[(8, &[1, 0, 0, 0, 8, 0, 0, 0])]);
    assert_eq!(
        read(table, "Node", &memory, 8),
        "Node { value: 1, next: 0x8 → Node { value: 1, next: 0x8 } }"
    );
}

#[test]
fn flags_have_the_names_of_their_bits() {
    let names = [("ack", 1), ("last", 8)];
    let table = declare(&[("Flags", enumeration(NumberType::U16, true, &names))]).unwrap();
    for (value, expected) in [(0u16, "0"), (9, "ack | last"), (0x49, "ack | last | 0x40")] {
        let memory = bytes(&[(0, &value.to_le_bytes())]);
        assert_eq!(read(table.clone(), "Flags", &memory, 0), expected);
    }
}

#[test]
fn numbers_can_be_big_endian_and_truth_values_are_checked() {
    let big = described(Description::Number(NumberType::U32, ByteOrder::Big));
    let table = declare(&[(
        "Header",
        record(&[
            ("magic", big),
            ("on", named("bool")),
            ("odd", named("bool")),
            ("tag", array(named("char"), 4)),
            ("letter", named("char")),
        ]),
    )])
    .unwrap();
    let memory = bytes(&[(0, &[0, 0, 1, 2, 1, 3, b'a', b'b', 0, b'z', b'c'])]);
    let id = table.find("Header").unwrap();
    let ty = TypeRef::new(Arc::new(table), id);
    let node = decode(&ty, &memory, 0, "h", Limits::default());
    let value = node.value(ty.table());
    let Value::Record(record) = &value else {
        panic!("{value:?}");
    };
    assert_eq!(record.field("magic"), Some(&Value::Int(258)));
    assert_eq!(record.field("on"), Some(&Value::Bool(true)));
    assert_eq!(
        record.field("odd"),
        Some(&Value::NotRead(
            "03 is neither false, 0, nor true, 1".into()
        ))
    );
    assert_eq!(record.field("tag"), Some(&Value::Text("ab".into())));
    assert_eq!(record.field("letter"), Some(&Value::Text("c".into())));
}

#[test]
fn bit_fields_have_their_sign() {
    let mut table = TypeTable::default();
    let number = table.add(DataType {
        name: None,
        size: 4,
        align: 4,
        shape: Shape::Number {
            number: NumberType::I32,
            order: ByteOrder::Little,
        },
    });
    let field = |name: &str, first, count| Field {
        name: Arc::from(name),
        offset: 0,
        ty: number,
        bits: Some(Bits { first, count }),
    };
    let record = table.add(DataType {
        name: None,
        size: 4,
        align: 4,
        shape: Shape::Record(Record {
            kind: RecordKind::Struct,
            is_packed: false,
            fields: vec![field("low", 0, 3), field("high", 3, 5)],
        }),
    });
    table.set_name("Bits", record);
    let memory = bytes(&[(0, &[0b0101_0111, 0, 0, 0])]);
    assert_eq!(read(table, "Bits", &memory, 0), "{ low: -1, high: 10 }");
}
