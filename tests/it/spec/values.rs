//! Values that can be given to both runs and compared between them: floats by their bits,
//! references by what they are.

#![allow(dead_code, reason = "not every test file needs all of it")]

use wasmer::{AsStoreMut, AsStoreRef, ExternRef, Type, Value};

/// What is given to a guest.
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
    /// Zero, or null.
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

    /// The number, in whatever type; null where it takes a reference.
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

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    V128(u128),
    Null,
    /// A function, by its type.
    Func(String),
    /// The number a test put in, if it was a test.
    Extern(Option<u32>),
    Exception,
}

impl Seen {
    pub fn of(value: &Value, store: &impl AsStoreRef) -> Seen {
        match value {
            Value::I32(value) => Seen::I32(*value),
            Value::I64(value) => Seen::I64(*value),
            Value::F32(value) => Seen::F32(value.to_bits()),
            Value::F64(value) => Seen::F64(value.to_bits()),
            Value::V128(value) => Seen::V128(*value),
            Value::FuncRef(Some(function)) => Seen::Func(function.ty(store).to_string()),
            Value::ExternRef(Some(reference)) => {
                Seen::Extern(reference.downcast::<u32>(store).copied())
            }
            Value::ExceptionRef(Some(_)) => Seen::Exception,
            Value::FuncRef(None) | Value::ExternRef(None) | Value::ExceptionRef(None) => Seen::Null,
        }
    }

    pub fn all(values: &[Value], store: &impl AsStoreRef) -> Vec<Seen> {
        values.iter().map(|value| Seen::of(value, store)).collect()
    }
}
