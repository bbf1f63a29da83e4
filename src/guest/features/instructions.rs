//! The features to which the instructions of a module belong.

use wasmparser::{FunctionBody, Operator, WasmFeatures};

use super::validation::{bodies, code_bytes, on_all_processors};

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

/// Returns the features of the instructions in some bodies. A body that cannot be read has none.
pub(super) fn features(bodies: Vec<(u32, FunctionBody<'_>)>) -> WasmFeatures {
    let bytes = bodies.iter().map(|(_, body)| code_bytes(body)).sum();
    let found = on_all_processors(bodies, bytes, |bodies| {
        let mut found = WasmFeatures::empty();
        for (_, body) in bodies {
            visit_instructions(&body, &mut |operator| found |= feature_of(operator));
        }
        found
    });
    found.into_iter().collect()
}

/// Returns the number of the first function with an instruction of a feature.
pub(super) fn first_with(bodies: &[(u32, FunctionBody<'_>)], feature: WasmFeatures) -> Option<u32> {
    let found = bodies.iter().find(|(_, body)| {
        let mut is_found = false;
        visit_instructions(body, &mut |operator| {
            is_found |= feature_of(operator).intersects(feature);
        });
        is_found
    });
    found.map(|(number, _)| *number)
}

/// Returns whether a module catches exceptions in the new form.
pub(super) fn have_new_handlers(wasm: &[u8]) -> bool {
    let mut found = false;
    for body in bodies(wasm) {
        visit_instructions(&body, &mut |operator| {
            found |= matches!(operator, Operator::TryTable { .. });
        });
    }
    found
}

/// Passes each instruction of a function, up to one that cannot be read.
fn visit_instructions(body: &FunctionBody<'_>, visit: &mut dyn FnMut(&Operator<'_>)) {
    let Ok(mut reader) = body.get_operators_reader() else {
        return;
    };
    while !reader.eof() {
        match reader.read() {
            Ok(operator) => visit(&operator),
            Err(_) => break,
        }
    }
}
