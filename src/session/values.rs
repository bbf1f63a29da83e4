//! Converts values of a script to the engine's types and back. Nothing wraps: a value that the type
//! cannot hold is an error.

use wasmer::{AsStoreMut, AsStoreRef, ExternRef, FunctionType, Type, Value as Wasm};

use crate::value::{Float, Object, Value};
use crate::wasm_types::{FuncType, ValueType};

/// Why a value cannot pass between a script and a guest. Messages are safe to print and name the
/// value; the caller names the argument, global or result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A value of the wrong type.
    #[error("{found} was given; {takes} is needed")]
    WrongType {
        /// The value with its type.
        found: String,
        /// What the type takes.
        takes: &'static str,
    },
    /// An integer outside the range of the type.
    #[error("{value} does not fit in an {ty} ({least} to {most})")]
    OutOfRange {
        /// The integer.
        value: i128,
        /// `i32` or `i64`.
        ty: &'static str,
        /// The smallest integer of the type, read as signed.
        least: i128,
        /// The largest integer of the type, read as unsigned.
        most: i128,
    },
    /// An integer that no float of the type equals.
    #[error("{value} is not exact as {ty}; to round it, write it with a point: `{value}.0`")]
    Inexact {
        /// The integer.
        value: i128,
        /// `f32` or `f64`.
        ty: ValueType,
    },
    /// Bytes of the wrong length for a vector.
    #[error("{0} bytes were given; a v128 is 16 bytes")]
    VectorLength(usize),
    /// A reference that a script has no value for.
    #[error("a reference that is not null, and no object of the script, has no value in a script")]
    Reference,
}

/// Returns the engine's type of a function as the program's own, which displays as
/// `(i32, i32) -> i32`.
pub fn func_type(ty: &FunctionType) -> FuncType {
    let types = |types: &[Type]| types.iter().copied().map(value_type).collect();
    FuncType {
        params: types(ty.params()),
        results: types(ty.results()),
    }
}

/// Returns the engine's type of a value as the program's own.
pub fn value_type(ty: Type) -> ValueType {
    match ty {
        Type::I32 => ValueType::I32,
        Type::I64 => ValueType::I64,
        Type::F32 => ValueType::F32,
        Type::F64 => ValueType::F64,
        Type::V128 => ValueType::V128,
        Type::ExternRef => ValueType::ExternRef,
        Type::FuncRef => ValueType::FuncRef,
        Type::ExceptionRef => ValueType::Other("exnref".into()),
    }
}

/// Returns a type as the engine's; `None` for a type that scripts have no name for.
pub fn engine_type(ty: &ValueType) -> Option<Type> {
    Some(match ty {
        ValueType::I32 => Type::I32,
        ValueType::I64 => Type::I64,
        ValueType::F32 => Type::F32,
        ValueType::F64 => Type::F64,
        ValueType::V128 => Type::V128,
        ValueType::FuncRef => Type::FuncRef,
        ValueType::ExternRef => Type::ExternRef,
        ValueType::Other(_) => return None,
    })
}

/// Converts a script's value to the engine's, an object included.
///
/// # Errors
/// The type cannot hold the value.
pub fn pass(store: &mut impl AsStoreMut, value: &Value, ty: Type) -> Result<Wasm, ValueError> {
    match (ty, value) {
        (Type::ExternRef, Value::Object(object)) => {
            Ok(Wasm::ExternRef(Some(ExternRef::new(store, object.clone()))))
        }
        _ => to_wasm(value, ty),
    }
}

/// Converts the engine's value to a script's, an object included.
///
/// # Errors
/// The value is a reference that a script cannot hold.
pub fn receive(store: &impl AsStoreRef, value: &Wasm) -> Result<Value, ValueError> {
    match value {
        Wasm::ExternRef(Some(reference)) => match reference.downcast::<Object>(store) {
            Some(object) => Ok(Value::Object(object.clone())),
            None => Err(ValueError::Reference),
        },
        _ => from_wasm(value),
    }
}

/// Converts a script's value to the engine's; an object needs [`pass`].
///
/// # Errors
/// The type cannot hold the value.
pub fn to_wasm(value: &Value, ty: Type) -> Result<Wasm, ValueError> {
    let refuse = |takes: &'static str| {
        Err(ValueError::WrongType {
            found: format!("{} ({})", value.described(), value.brief(60)),
            takes,
        })
    };
    match (ty, value) {
        (Type::I32, Value::Int(n)) => narrow(*n, i128::from(i32::MIN), i128::from(u32::MAX), "i32")
            .map(|n| Wasm::I32(n as u32 as i32)),
        (Type::I32, Value::Bool(b)) => Ok(Wasm::I32(i32::from(*b))),
        (Type::I64, Value::Int(n)) => narrow(*n, i128::from(i64::MIN), i128::from(u64::MAX), "i64")
            .map(|n| Wasm::I64(n as u64 as i64)),
        (Type::F32, Value::Float(Float::F32(bits))) => Ok(Wasm::F32(f32::from_bits(*bits))),
        (Type::F32, Value::Float(x)) => Ok(Wasm::F32(x.to_f64() as f32)),
        (Type::F64, Value::Float(x)) => Ok(Wasm::F64(x.to_f64())),
        (Type::F32, Value::Int(n)) if is_exact_float(*n, 24) => Ok(Wasm::F32(*n as f32)),
        (Type::F64, Value::Int(n)) if is_exact_float(*n, 53) => Ok(Wasm::F64(*n as f64)),
        (Type::F32 | Type::F64, Value::Int(n)) => Err(ValueError::Inexact {
            value: *n,
            ty: value_type(ty),
        }),
        (Type::V128, Value::Bytes(bytes)) => match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(Wasm::V128(u128::from_le_bytes(bytes))),
            Err(_) => Err(ValueError::VectorLength(bytes.len())),
        },
        (Type::ExternRef, Value::Null) => Ok(Wasm::ExternRef(None)),
        (Type::FuncRef, Value::Null) => Ok(Wasm::FuncRef(None)),
        (Type::I32 | Type::I64, _) => refuse("an integer"),
        (Type::F32 | Type::F64, _) => refuse("a float"),
        (Type::V128, _) => refuse("16 bytes (hex\"…\")"),
        (Type::ExternRef, _) => refuse("null or an object (object(\"name\"))"),
        (Type::FuncRef | Type::ExceptionRef, _) => {
            refuse("null, the only such reference that a script can pass,")
        }
    }
}

fn narrow(value: i128, least: i128, most: i128, ty: &'static str) -> Result<i128, ValueError> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(ValueError::OutOfRange {
            value,
            ty,
            least,
            most,
        })
    }
}

/// Returns whether every integer up to the magnitude of `n` is exact in a float with `bits`
/// significant bits.
fn is_exact_float(n: i128, bits: u32) -> bool {
    n.unsigned_abs() <= 1u128 << bits
}

/// Converts the engine's value to a script's; an object needs [`receive`]. i32 and i64 are signed
/// integers, v128 is 16 bytes.
///
/// # Errors
/// The value is a reference other than null, which a script cannot hold.
pub fn from_wasm(value: &Wasm) -> Result<Value, ValueError> {
    match value {
        Wasm::I32(n) => Ok(Value::Int(i128::from(*n))),
        Wasm::I64(n) => Ok(Value::Int(i128::from(*n))),
        Wasm::F32(x) => Ok(Value::Float(Float::from_f32(*x))),
        Wasm::F64(x) => Ok(Value::Float(Float::from_f64(*x))),
        Wasm::V128(bits) => Ok(Value::Bytes(bits.to_le_bytes().to_vec())),
        Wasm::ExternRef(None) | Wasm::FuncRef(None) | Wasm::ExceptionRef(None) => Ok(Value::Null),
        Wasm::ExternRef(Some(_)) | Wasm::FuncRef(Some(_)) | Wasm::ExceptionRef(Some(_)) => {
            Err(ValueError::Reference)
        }
    }
}

/// Returns the zero or null of a type, the initial value of an undefined global.
pub fn zero(ty: Type) -> Wasm {
    match ty {
        Type::I32 => Wasm::I32(0),
        Type::I64 => Wasm::I64(0),
        Type::F32 => Wasm::F32(0.0),
        Type::F64 => Wasm::F64(0.0),
        Type::V128 => Wasm::V128(0),
        Type::ExternRef => Wasm::ExternRef(None),
        Type::FuncRef => Wasm::FuncRef(None),
        Type::ExceptionRef => Wasm::ExceptionRef(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_never_wrap() {
        assert_eq!(to_wasm(&Value::Int(-1), Type::I32), Ok(Wasm::I32(-1)));
        assert_eq!(
            to_wasm(&Value::Int(0xffff_ffff), Type::I32),
            Ok(Wasm::I32(-1))
        );
        assert!(
            to_wasm(&Value::Int(1 << 32), Type::I32)
                .unwrap_err()
                .to_string()
                .contains("does not fit in an i32")
        );
        assert!(to_wasm(&Value::Int(-(1 << 31) - 1), Type::I32).is_err());
        assert!(to_wasm(&Value::Int(1 << 64), Type::I64).is_err());
        assert!(
            to_wasm(&Value::Text("1".into()), Type::I32)
                .unwrap_err()
                .to_string()
                .contains("text (\"1\") was given")
        );
    }

    #[test]
    fn a_truth_value_is_an_i32_and_nothing_else() {
        assert_eq!(to_wasm(&Value::Bool(true), Type::I32), Ok(Wasm::I32(1)));
        assert_eq!(to_wasm(&Value::Bool(false), Type::I32), Ok(Wasm::I32(0)));
        for ty in [Type::I64, Type::F32, Type::F64, Type::V128, Type::ExternRef] {
            assert!(to_wasm(&Value::Bool(true), ty).is_err(), "{ty}");
        }
    }

    #[test]
    fn floats_take_exact_integers_only() {
        assert_eq!(to_wasm(&Value::Int(3), Type::F32), Ok(Wasm::F32(3.0)));
        assert!(to_wasm(&Value::Int((1 << 24) + 1), Type::F32).is_err());
        assert_eq!(
            from_wasm(&Wasm::F32(0.1)),
            Ok(Value::Float(Float::from_f32(0.1)))
        );
    }
}
