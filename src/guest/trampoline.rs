//! A module around a function of the host. The engine cannot put such a function into a table, but it
//! can put a function of a module there.

use wasm_encoder::{
    CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    Module, NameSection, TypeSection,
};

use super::types::encoded_type;
use crate::wasm_types::{FuncType, ValueType};

/// The name of the module, which distinguishes its functions from the guest's in a backtrace.
pub const TRAMPOLINE_MODULE: &str = "linmem callback trampoline";
/// The name of the function that the module exports.
pub const TRAMPOLINE_EXPORT: &str = "call";

/// Returns a module that imports one function of the type `ty` and exports a function of this type
/// that calls it. Returns `None` for a type that has no binary form here.
pub fn trampoline(ty: &FuncType) -> Option<Vec<u8>> {
    let types = |types: &[ValueType]| types.iter().map(encoded_type).collect::<Option<Vec<_>>>();
    let mut type_section = TypeSection::new();
    type_section
        .ty()
        .function(types(&ty.params)?, types(&ty.results)?);
    let mut imports = ImportSection::new();
    imports.import("host", TRAMPOLINE_EXPORT, EntityType::Function(0));
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export(TRAMPOLINE_EXPORT, ExportKind::Func, 1);
    let mut body = Function::new([]);
    let mut instructions = body.instructions();
    for (index, _) in (0..).zip(&ty.params) {
        instructions.local_get(index);
    }
    instructions.call(0).end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut names = NameSection::new();
    names.module(TRAMPOLINE_MODULE);
    let mut module = Module::new();
    module
        .section(&type_section)
        .section(&imports)
        .section(&functions)
        .section(&exports)
        .section(&code)
        .section(&names);
    Some(module.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trampoline_is_a_valid_module_of_its_type() {
        let ty = FuncType {
            params: vec![ValueType::I32, ValueType::F64, ValueType::ExternRef],
            results: vec![ValueType::I64, ValueType::V128],
        };
        let wasm = trampoline(&ty).unwrap();
        wasmparser::validate(&wasm).unwrap();
        let text = wasmprinter::print_bytes(&wasm).unwrap();
        assert!(
            text.contains("(param i32 f64 externref) (result i64 v128)"),
            "{text}"
        );
    }
}
