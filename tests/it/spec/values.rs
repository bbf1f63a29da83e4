//! Values that are passed to both sides and compared between them: floats by their bits, references by
//! their targets.

#![allow(dead_code, reason = "not every test file needs all of it")]

use wasmer::{AsStoreMut, AsStoreRef, ExternRef, Type, Value};

/// An argument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arg {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    NullFunc,
    NullExtern,
    NullException,
    Extern(u32),
}

impl Arg {
    /// Returns zero, or null for a reference type.
    pub fn zero(ty: Type) -> Arg {
        match ty {
            Type::I32 => Arg::I32(0),
            Type::I64 => Arg::I64(0),
            Type::F32 => Arg::F32(0),
            Type::F64 => Arg::F64(0),
            Type::V128 => Arg::V128(0),
            Type::FuncRef => Arg::NullFunc,
            Type::ExternRef => Arg::NullExtern,
            Type::ExceptionRef => Arg::NullException,
        }
    }

    /// Returns `number` in type `ty`, or null for a reference type.
    pub fn number(ty: Type, number: u32) -> Arg {
        match ty {
            Type::I32 => Arg::I32(number as i32),
            Type::I64 => Arg::I64(number.into()),
            Type::F32 => Arg::F32((number as f32).to_bits()),
            Type::F64 => Arg::F64(f64::from(number).to_bits()),
            Type::V128 => Arg::V128(number.into()),
            Type::FuncRef | Type::ExternRef | Type::ExceptionRef => Arg::zero(ty),
        }
    }

    pub fn value(self, store: &mut impl AsStoreMut) -> Value {
        match self {
            Arg::I32(value) => Value::I32(value),
            Arg::I64(value) => Value::I64(value),
            Arg::F32(bits) => Value::F32(f32::from_bits(bits)),
            Arg::F64(bits) => Value::F64(f64::from_bits(bits)),
            Arg::V128(value) => Value::V128(value),
            Arg::NullFunc => Value::FuncRef(None),
            Arg::NullExtern => Value::ExternRef(None),
            Arg::NullException => Value::ExceptionRef(None),
            Arg::Extern(number) => Value::ExternRef(Some(ExternRef::new(store, number))),
        }
    }
}

/// A result.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    Null,
    /// A function, as its type.
    Func(String),
    /// The number that a test has passed; `None` for other references.
    Extern(Option<u32>),
    Exception,
}

impl Observed {
    pub fn of(value: &Value, store: &impl AsStoreRef) -> Observed {
        match value {
            Value::I32(value) => Observed::I32(*value),
            Value::I64(value) => Observed::I64(*value),
            Value::F32(value) => Observed::F32(value.to_bits()),
            Value::F64(value) => Observed::F64(value.to_bits()),
            Value::V128(value) => Observed::V128(*value),
            Value::FuncRef(Some(function)) => Observed::Func(function.ty(store).to_string()),
            Value::ExternRef(Some(reference)) => {
                Observed::Extern(reference.downcast::<u32>(store).copied())
            }
            Value::ExceptionRef(Some(_)) => Observed::Exception,
            Value::FuncRef(None) | Value::ExternRef(None) | Value::ExceptionRef(None) => {
                Observed::Null
            }
        }
    }

    pub fn all(values: &[Value], store: &impl AsStoreRef) -> Vec<Observed> {
        values
            .iter()
            .map(|value| Observed::of(value, store))
            .collect()
    }
}
