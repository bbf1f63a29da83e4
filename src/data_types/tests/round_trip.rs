//! Random types: what is written as one is read again as it was.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::value::{Float, RecordValue, Value};

/// A type with a value of it.
type Typed = (Described, Value);

fn scalar() -> impl Strategy<Value = Typed> {
    prop_oneof![
        (any::<u8>(), any::<bool>()).prop_map(|(n, is_big)| {
            let order = if is_big {
                ByteOrder::Big
            } else {
                ByteOrder::Little
            };
            let number = Description::Number(NumberType::U8, order);
            (described(number), Value::Int(n.into()))
        }),
        (any::<i16>(), any::<bool>()).prop_map(|(n, is_big)| {
            let order = if is_big {
                ByteOrder::Big
            } else {
                ByteOrder::Little
            };
            let number = Description::Number(NumberType::I16, order);
            (described(number), Value::Int(n.into()))
        }),
        any::<u64>().prop_map(|n| (named("u64"), Value::Int(n.into()))),
        any::<i8>().prop_map(|n| {
            let float = Value::Float(Float::from_f32(f32::from(n) / 4.0));
            (named("f32"), float)
        }),
        any::<i32>().prop_map(|n| (named("f64"), Value::Float(Float::from_f64(n.into())))),
        any::<bool>().prop_map(|truth| (named("bool"), Value::Bool(truth))),
        "[a-z]{0,5}".prop_map(|text| { (array(named("char"), 6), Value::Text(text)) }),
        "[a-zé]{0,3}".prop_map(|text| {
            let bytes = count(Count::Fixed(8));
            let ty = described(Description::Text(TextEncoding::Utf8, bytes));
            (ty, Value::Text(text))
        }),
        (0..3i128).prop_map(|n| {
            let ty = enumeration(NumberType::U32, false, &[("a", 0), ("b", 1), ("c", 2)]);
            (ty, Value::Int(n))
        }),
        any::<u32>().prop_map(|n| (pointer(named("u8")), Value::Int(n.into()))),
    ]
}

fn any_typed() -> impl Strategy<Value = Typed> {
    scalar().prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            (inner.clone(), 1..4u64).prop_map(|((ty, value), n)| {
                let items = vec![value; usize::try_from(n).unwrap()];
                (array(ty, n), Value::List(items))
            }),
            (vec(inner, 1..5), any::<bool>()).prop_map(|(parts, is_packed)| {
                let names: Vec<String> = (0..parts.len()).map(|n| format!("f{n}")).collect();
                let fields: Vec<(&str, Described)> = names
                    .iter()
                    .zip(&parts)
                    .map(|(name, (ty, _))| (name.as_str(), ty.clone()))
                    .collect();
                let ty = record_of(RecordKind::Struct, is_packed, &fields);
                let values = names
                    .iter()
                    .zip(parts)
                    .map(|(name, (_, value))| (Arc::from(name.as_str()), value));
                (ty, Value::Record(RecordValue::new(None, values.collect())))
            }),
        ]
    })
}

struct Bytes(Vec<u8>);

impl Memory for Bytes {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, start: u64, len: u64) -> Vec<u8> {
        self.0[start as usize..(start + len) as usize].to_vec()
    }
}

/// Returns a value without what pointers refer to.
fn without_targets(value: Value) -> Value {
    match value {
        Value::Pointer(pointer) => Value::Int(pointer.address.into()),
        Value::List(items) => Value::List(items.into_iter().map(without_targets).collect()),
        Value::Record(record) => {
            let fields = record.fields().iter().cloned();
            let fields = fields.map(|(name, value)| (name, without_targets(value)));
            Value::Record(RecordValue::new(None, fields.collect()))
        }
        other => other,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again((ty, value) in any_typed(), under in any::<u8>()) {
        // A list whose elements are characters is a text; such a type is in `scalar`.
        let mut table = TypeTable::default();
        let id = table.describe(&ty, &mut ()).unwrap();
        let size = table.get(id).unwrap().size;
        let pieces = encode(&table, id, &value).unwrap();
        let mut bytes = vec![under; size as usize];
        let mut end = 0;
        for piece in &pieces {
            prop_assert!(piece.offset >= end, "pieces share bytes");
            end = piece.offset + piece.bytes.len() as u64;
            prop_assert!(end <= size);
            bytes[piece.offset as usize..end as usize].copy_from_slice(&piece.bytes);
        }
        let ty = TypeRef::new(Arc::new(table), id);
        let node = decode(&ty, &Bytes(bytes), 0, "", Limits::default());
        prop_assert_eq!(node.len, size);
        let read = without_targets(node.value(ty.table()));
        let written = typed(ty.table(), id, value).unwrap();
        prop_assert_eq!(read, without_targets(written));
    }
}
