//! The types of numbers in memory.

/// The type of a number in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberType {
    /// A signed 8-bit integer.
    I8,
    /// A signed 16-bit integer.
    I16,
    /// A signed 32-bit integer.
    I32,
    /// A signed 64-bit integer.
    I64,
    /// An unsigned 8-bit integer.
    U8,
    /// An unsigned 16-bit integer.
    U16,
    /// An unsigned 32-bit integer.
    U32,
    /// An unsigned 64-bit integer.
    U64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
}

impl NumberType {
    /// All number types, in the order of `docs/steps.md`.
    pub(crate) const ALL: [NumberType; 10] = [
        NumberType::I8,
        NumberType::I16,
        NumberType::I32,
        NumberType::I64,
        NumberType::U8,
        NumberType::U16,
        NumberType::U32,
        NumberType::U64,
        NumberType::F32,
        NumberType::F64,
    ];

    /// Returns how many bytes a number of this type takes: 1, 2, 4 or 8.
    pub fn size(self) -> usize {
        match self {
            NumberType::I8 | NumberType::U8 => 1,
            NumberType::I16 | NumberType::U16 => 2,
            NumberType::I32 | NumberType::U32 | NumberType::F32 => 4,
            NumberType::I64 | NumberType::U64 | NumberType::F64 => 8,
        }
    }

    /// Returns the type's name in the steps language.
    pub(crate) fn name(self) -> &'static str {
        match self {
            NumberType::I8 => "i8",
            NumberType::I16 => "i16",
            NumberType::I32 => "i32",
            NumberType::I64 => "i64",
            NumberType::U8 => "u8",
            NumberType::U16 => "u16",
            NumberType::U32 => "u32",
            NumberType::U64 => "u64",
            NumberType::F32 => "f32",
            NumberType::F64 => "f64",
        }
    }

    /// Returns the type called `name`.
    pub(crate) fn from_name(name: &str) -> Option<NumberType> {
        NumberType::ALL
            .into_iter()
            .find(|number| number.name() == name)
    }

    /// Returns the smallest and the largest integer of the type; `None` for floats.
    pub(crate) fn range(self) -> Option<(i128, i128)> {
        Some(match self {
            NumberType::I8 => (i8::MIN.into(), i8::MAX.into()),
            NumberType::I16 => (i16::MIN.into(), i16::MAX.into()),
            NumberType::I32 => (i32::MIN.into(), i32::MAX.into()),
            NumberType::I64 => (i64::MIN.into(), i64::MAX.into()),
            NumberType::U8 => (0, u8::MAX.into()),
            NumberType::U16 => (0, u16::MAX.into()),
            NumberType::U32 => (0, u32::MAX.into()),
            NumberType::U64 => (0, u64::MAX.into()),
            NumberType::F32 | NumberType::F64 => return None,
        })
    }
}
