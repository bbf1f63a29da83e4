use std::sync::Arc;

use super::values::{Bytes, bytes, shape};
use super::*;

/// Returns `[Shape; 4]`.
fn shapes() -> TypeRef {
    let mut table = shape();
    let element = table.find("Shape").unwrap();
    let id = table.add(DataType {
        name: None,
        size: 64,
        align: 4,
        shape: Shape::Array {
            element,
            count: Count::Fixed(4),
        },
    });
    TypeRef::new(Arc::new(table), id)
}

/// Returns memory with shapes at 16; the third has two points at 80 and a name at 96.
fn memory() -> Bytes {
    bytes(&[
        (16, &[1]),
        (48, &[1, 9, 9, 9, 96, 0, 0, 0, 2, 0, 0, 0, 128, 0, 0, 0]),
        (96, b"square\0"),
        (128, &[0, 0, 192, 63, 0, 0, 0, 64]),
    ])
}

fn path(offset: u64) -> String {
    let found = path_at(&shapes(), offset).unwrap();
    match found.padding {
        Some(padding) => format!(
            "{} padding {}+{} after {:?}",
            found.text, padding.start, padding.len, padding.after
        ),
        None => format!("{} {}+{}", found.text, found.place.start, found.len),
    }
}

#[test]
fn an_offset_has_the_innermost_field_or_the_padding_after_one() {
    assert_eq!(path(0), "[0].kind 0+1");
    assert_eq!(path(3), "[0] padding 1+3 after Some(\"kind\")");
    assert_eq!(path(2 * 16 + 5), "[2].name 36+4");
    assert_eq!(path(63), "[3].points 60+4");
    assert!(path_at(&shapes(), 64).is_none());
}

#[test]
fn an_address_is_found_through_pointers() {
    let at = |address, limits| {
        find_address(&shapes(), &memory(), 16, address, limits).map(|found| found.text)
    };
    let find = |address| at(address, (2, 1000));
    assert_eq!(find(16 + 32 + 12).unwrap(), "[2].points");
    assert_eq!(find(128 + 12).unwrap(), "[2].points → [1].y");
    assert_eq!(find(128).unwrap(), "[2].points → [0].x");
    assert_eq!(find(98).unwrap(), "[2].name →");
    assert_eq!(find(103), None, "past the NUL");
    assert_eq!(find(150), None);
    assert_eq!(at(140, (0, 1000)), None, "no pointer is followed");
    assert_eq!(at(140, (2, 3)), None, "too few values are examined");
}

#[test]
fn parts_are_found_one_at_a_time_with_counts_beside_them() {
    let (ty, memory) = (shapes(), memory());
    let table = ty.table();
    let root = Place::root(&ty, 16);
    let third = root.parts(table, &memory).unwrap().get(table, 2).unwrap();
    assert_eq!(third.start, 48);
    let fields = third.parts(table, &memory).unwrap();
    let points = fields.get(table, 3).unwrap();
    let target = points.parts(table, &memory).unwrap();
    assert_eq!((target.through, target.len(table)), (Some(128), 2));
    assert_eq!(target.get(table, 2), None);
    let value = points
        .decode(table, &memory, Limits::default())
        .value(table);
    assert_eq!(
        value.brief(200),
        "0x80 → [Point { x: 1.5, y: 2.0 }, Point { x: 0.0, y: 0.0 }]"
    );
    let first = root.parts(table, &memory).unwrap().get(table, 0).unwrap();
    let name = first.parts(table, &memory).unwrap().get(table, 1).unwrap();
    assert_eq!(name.parts(table, &memory), Err(NotRead::NullPointer));
}

#[test]
fn spans_of_fields_are_those_of_the_bytes_asked_for() {
    let spans = |from, to| -> Vec<(u64, u64, bool)> {
        let found = field_spans(&shapes(), &memory(), 16, (from, to));
        let mut spans: Vec<_> = found
            .iter()
            .map(|s| (s.start, s.len, s.is_padding))
            .collect();
        spans.sort_unstable();
        spans
    };
    assert_eq!(
        spans(32, 48),
        [
            (32, 1, false),
            (33, 3, true),
            (36, 4, false),
            (40, 4, false),
            (44, 4, false)
        ]
    );
    assert_eq!(spans(34, 35), [(33, 3, true)]);
    assert!(spans(0, 16).is_empty() && spans(80, 200).is_empty());
}

#[test]
fn a_large_array_costs_what_is_asked_for() {
    let mut table = shape();
    let element = table.find("Shape").unwrap();
    let id = table.add(DataType {
        name: None,
        size: 16 * 1_000_000,
        align: 4,
        shape: Shape::Array {
            element,
            count: Count::Fixed(1_000_000),
        },
    });
    /// Memory that counts the bytes that are read of it.
    struct Counted(std::cell::Cell<u64>);
    impl Memory for Counted {
        fn len(&self) -> u64 {
            1 << 32
        }
        fn read(&self, _: u64, len: u64) -> Vec<u8> {
            self.0.set(self.0.get() + len);
            vec![0; len as usize]
        }
    }
    let (ty, memory) = (TypeRef::new(Arc::new(table), id), Counted(0.into()));
    let spans = field_spans(&ty, &memory, 0, (8_000_000, 8_000_016));
    assert_eq!(spans.len(), 5);
    let path = find_address(&ty, &memory, 0, 8_000_000, (2, 100)).unwrap();
    assert_eq!(path.text, "[500000].kind");
    assert_eq!(memory.0.get(), 0, "a type of fixed layout needs no memory");
}
