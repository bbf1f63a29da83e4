//! Builds binary modules that the text format cannot express, or only in a text that takes minutes to
//! assemble.

use wasm_encoder::{
    CodeSection, CustomSection, ExportKind, ExportSection, Function, FunctionSection,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};

pub const MEMORY: MemoryType = MemoryType {
    minimum: 1,
    maximum: None,
    memory64: false,
    shared: false,
    page_size_log2: None,
};

/// Returns a module with one page of memory and one function `f` with `body`.
pub fn one_function(body: &Function) -> Vec<u8> {
    one_function_of(&[], body)
}

/// Returns a module like that of [`one_function`], with parameters.
pub fn one_function_of(params: &[ValType], body: &Function) -> Vec<u8> {
    let mut module = Module::new();
    let mut types = TypeSection::new();
    types.ty().function(params.iter().copied(), []);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut memories = MemorySection::new();
    memories.memory(MEMORY);
    let mut exports = ExportSection::new();
    exports
        .export("memory", ExportKind::Memory, 0)
        .export("f", ExportKind::Func, 0);
    let mut code = CodeSection::new();
    code.function(body);
    module
        .section(&types)
        .section(&functions)
        .section(&memories)
        .section(&exports)
        .section(&code);
    module.finish()
}

/// Appends a custom section to a module.
pub fn with_custom(wasm: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    let mut section = Module::new();
    section.section(&CustomSection {
        name: name.into(),
        data: data.into(),
    });
    [wasm, &section.finish()[8..]].concat()
}
