//! The features to which the instructions of a module belong.

use wasmparser::{BinaryReaderError, Operator, Parser, Payload, WasmFeatures};

/// Returns the feature with a name as `wasmparser` groups instructions by it.
macro_rules! feature {
    (mvp) => {
        WasmFeatures::empty()
    };
    (sign_extension) => {
        WasmFeatures::SIGN_EXTENSION
    };
    (saturating_float_to_int) => {
        WasmFeatures::SATURATING_FLOAT_TO_INT
    };
    (bulk_memory) => {
        WasmFeatures::BULK_MEMORY
    };
    (reference_types) => {
        WasmFeatures::REFERENCE_TYPES
    };
    (threads) => {
        WasmFeatures::THREADS
    };
    (simd) => {
        WasmFeatures::SIMD
    };
    (relaxed_simd) => {
        WasmFeatures::RELAXED_SIMD
    };
    (tail_call) => {
        WasmFeatures::TAIL_CALL
    };
    (exceptions) => {
        WasmFeatures::EXCEPTIONS
    };
    (legacy_exceptions) => {
        WasmFeatures::LEGACY_EXCEPTIONS
    };
    (function_references) => {
        WasmFeatures::FUNCTION_REFERENCES
    };
    (wide_arithmetic) => {
        WasmFeatures::WIDE_ARITHMETIC
    };
    (memory_control) => {
        WasmFeatures::MEMORY_CONTROL
    };
    (stack_switching) => {
        WasmFeatures::STACK_SWITCHING
    };
    // Some instructions of these groups belong to other features too.
    ($other:ident) => {
        WasmFeatures::empty()
    };
}

macro_rules! define_feature_of {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($note:tt)*) )*) => {
        /// Returns the feature of an instruction; nothing for one that any module may have, or
        /// that does not show which feature it needs.
        fn feature_of(operator: &Operator<'_>) -> WasmFeatures {
            match operator {
                $( Operator::$op { .. } => feature!($proposal), )*
                _ => WasmFeatures::empty(),
            }
        }
    };
}

wasmparser::for_each_operator!(define_feature_of);

/// Returns the features of a module's instructions. A body that cannot be read has none.
pub(super) fn features(wasm: &[u8]) -> WasmFeatures {
    let bodies = Parser::new(0)
        .parse_all(wasm)
        .map_while(Result::ok)
        .filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
    bodies
        .map(|body| {
            let read = || -> Result<WasmFeatures, BinaryReaderError> {
                let mut reader = body.get_operators_reader()?;
                let mut found = WasmFeatures::empty();
                while !reader.eof() {
                    found |= feature_of(&reader.read()?);
                }
                Ok(found)
            };
            read().unwrap_or(WasmFeatures::empty())
        })
        .collect()
}
