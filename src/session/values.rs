//! Values across the border: what a script holds, as the engine's types, and back. Never wraps: a
//! value that the type cannot hold is an error that says what the type holds.

use wasmer::{FunctionType, Type, Value as Wasm};

use crate::value::{Float, Value};
use crate::wasm_types::{FuncType, ValueType};

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

/// Makes a script's value into the engine's.
///
/// # Errors
/// A sentence that says what the type takes; the caller says which value is meant.
pub fn to_wasm(value: &Value, ty: Type) -> Result<Wasm, String> {
    let refuse = |wanted: &str| {
        Err(format!(
            "{wanted} is wanted; this is {} ({})",
            value.described(),
            value.brief(60)
        ))
    };
    match (ty, value) {
        (Type::I32, Value::Int(n)) => narrow(*n, i128::from(i32::MIN), i128::from(u32::MAX), "i32")
            .map(|n| Wasm::I32(n as u32 as i32)),
        (Type::I64, Value::Int(n)) => narrow(*n, i128::from(i64::MIN), i128::from(u64::MAX), "i64")
            .map(|n| Wasm::I64(n as u64 as i64)),
        (Type::F32, Value::Float(Float::F32(bits))) => Ok(Wasm::F32(f32::from_bits(*bits))),
        (Type::F32, Value::Float(x)) => Ok(Wasm::F32(x.to_f64() as f32)),
        (Type::F64, Value::Float(x)) => Ok(Wasm::F64(x.to_f64())),
        (Type::F32, Value::Int(n)) if exact_float(*n, 24) => Ok(Wasm::F32(*n as f32)),
        (Type::F64, Value::Int(n)) if exact_float(*n, 53) => Ok(Wasm::F64(*n as f64)),
        (Type::F32 | Type::F64, Value::Int(n)) => Err(format!(
            "{n} is not exact as {}; write it as a float, with a point",
            value_type(ty)
        )),
        (Type::V128, Value::Bytes(bytes)) => match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(Wasm::V128(u128::from_le_bytes(bytes))),
            Err(_) => Err(format!("a v128 is 16 bytes; this is {}", bytes.len())),
        },
        (Type::ExternRef, Value::Null) => Ok(Wasm::ExternRef(None)),
        (Type::FuncRef, Value::Null) => Ok(Wasm::FuncRef(None)),
        (Type::I32 | Type::I64, _) => refuse("an integer"),
        (Type::F32 | Type::F64, _) => refuse("a float"),
        (Type::V128, _) => refuse("16 bytes (hex\"…\")"),
        (Type::ExternRef | Type::FuncRef | Type::ExceptionRef, _) => {
            refuse("null, the only reference a script can give,")
        }
    }
}

fn narrow(n: i128, least: i128, most: i128, name: &str) -> Result<i128, String> {
    if (least..=most).contains(&n) {
        Ok(n)
    } else {
        Err(format!("{n} does not fit in an {name} ({least} to {most})"))
    }
}

fn exact_float(n: i128, bits: u32) -> bool {
    n.unsigned_abs() <= 1u128 << bits
}

/// Makes the engine's value into a script's: i32 and i64 signed, v128 as 16 bytes.
///
/// # Errors
/// For a reference that is not null, which a script cannot hold.
pub fn from_wasm(value: &Wasm) -> Result<Value, String> {
    match value {
        Wasm::I32(n) => Ok(Value::Int(i128::from(*n))),
        Wasm::I64(n) => Ok(Value::Int(i128::from(*n))),
        Wasm::F32(x) => Ok(Value::Float(Float::from_f32(*x))),
        Wasm::F64(x) => Ok(Value::Float(Float::from_f64(*x))),
        Wasm::V128(bits) => Ok(Value::Bytes(bits.to_le_bytes().to_vec())),
        Wasm::ExternRef(None) | Wasm::FuncRef(None) | Wasm::ExceptionRef(None) => Ok(Value::Null),
        Wasm::ExternRef(Some(_)) | Wasm::FuncRef(Some(_)) | Wasm::ExceptionRef(Some(_)) => {
            Err("a reference that is not null cannot be held by a script".into())
        }
    }
}

/// The value a type starts with, for a global that nobody defined.
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
                .contains("does not fit in an i32")
        );
        assert!(to_wasm(&Value::Int(-(1 << 31) - 1), Type::I32).is_err());
        assert!(to_wasm(&Value::Int(1 << 64), Type::I64).is_err());
        assert!(
            to_wasm(&Value::Text("1".into()), Type::I32)
                .unwrap_err()
                .contains("this is text")
        );
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
