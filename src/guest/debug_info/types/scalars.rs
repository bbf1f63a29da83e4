//! Numbers, characters and truth values of debug information.

use std::sync::Arc;

use gimli::AttributeValue;

use super::entries::Entry;
use crate::data_types::{ByteOrder, DataType, NumberType, Shape};

/// Returns a base type. One that no number of the steps language can hold is opaque.
pub(super) fn base(entry: &Entry<'_>, name: Option<&str>, size: u64) -> DataType {
    let encoding = entry.inner.attr_value(gimli::DW_AT_encoding);
    let Some(AttributeValue::Encoding(encoding)) = encoding else {
        return opaque(None, size);
    };
    let order = match entry.inner.attr_value(gimli::DW_AT_endianity) {
        Some(AttributeValue::Endianity(gimli::DW_END_big)) => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    let number = |number: Option<NumberType>| match number {
        Some(number) => Shape::Number { number, order },
        None => Shape::Opaque,
    };
    let shape = match encoding {
        gimli::DW_ATE_boolean => Shape::Bool,
        gimli::DW_ATE_float => number(match size {
            4 => Some(NumberType::F32),
            8 => Some(NumberType::F64),
            _ => None,
        }),
        // `char` of C has one of these encodings, and so has each other integer of one byte.
        gimli::DW_ATE_signed_char | gimli::DW_ATE_unsigned_char if name == Some("char") => {
            Shape::Character
        }
        gimli::DW_ATE_UTF if matches!(size, 1 | 2 | 4) => Shape::Character,
        gimli::DW_ATE_signed | gimli::DW_ATE_signed_char => number(integer(size, true)),
        gimli::DW_ATE_unsigned | gimli::DW_ATE_unsigned_char | gimli::DW_ATE_address => {
            number(integer(size, false))
        }
        _ => Shape::Opaque,
    };
    DataType {
        name: None,
        size,
        align: natural_align(size),
        shape,
    }
}

/// Returns a type whose meaning is not known.
pub(super) fn opaque(name: Option<Arc<str>>, size: u64) -> DataType {
    DataType {
        name,
        size,
        align: natural_align(size),
        shape: Shape::Opaque,
    }
}

/// Returns the alignment of a number of this size.
pub(super) fn natural_align(size: u64) -> u64 {
    if size.is_power_of_two() {
        size.min(16)
    } else {
        1
    }
}

/// Returns the integer of this size.
pub(super) fn integer(size: u64, is_signed: bool) -> Option<NumberType> {
    Some(match (size, is_signed) {
        (1, false) => NumberType::U8,
        (2, false) => NumberType::U16,
        (4, false) => NumberType::U32,
        (8, false) => NumberType::U64,
        (1, true) => NumberType::I8,
        (2, true) => NumberType::I16,
        (4, true) => NumberType::I32,
        (8, true) => NumberType::I64,
        _ => return None,
    })
}

/// Returns the constant that an attribute has as a value of an integer type. The form of the
/// constant may be one of another width or sign.
pub(super) fn constant<R: gimli::Reader>(
    value: &AttributeValue<R>,
    number: NumberType,
) -> Option<i128> {
    let raw = match value {
        AttributeValue::Data1(n) => i128::from(*n),
        AttributeValue::Data2(n) => i128::from(*n),
        AttributeValue::Data4(n) => i128::from(*n),
        AttributeValue::Data8(n) | AttributeValue::Udata(n) => i128::from(*n),
        AttributeValue::Sdata(n) => i128::from(*n),
        AttributeValue::Data16(n) => i128::try_from(*n).ok()?,
        _ => return None,
    };
    Some(wrap(raw, number))
}

/// Returns the value of an integer type with the low bits of a number.
pub(super) fn wrap(raw: i128, number: NumberType) -> i128 {
    let Some((low, high)) = number.range() else {
        return raw;
    };
    let count = high - low + 1;
    let wrapped = raw.rem_euclid(count);
    if wrapped > high {
        wrapped - count
    } else {
        wrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_values_of_the_type_whatever_their_form() {
        let rows = [
            (255, NumberType::I8, -1),
            (-1, NumberType::U8, 255),
            (-1, NumberType::U64, i128::from(u64::MAX)),
            (i128::from(u64::MAX), NumberType::I64, -1),
            (300, NumberType::I16, 300),
            (0x8000_0000, NumberType::I32, i128::from(i32::MIN)),
        ];
        for (raw, number, expected) in rows {
            assert_eq!(wrap(raw, number), expected, "{raw} {number:?}");
        }
    }
}
