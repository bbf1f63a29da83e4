//! A whole session as a module of JavaScript that runs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::expression::of_value;
use super::statement::{Translator, comment};
use super::types::Type;
use super::{ModuleSource, variable};
use crate::script::ast::StatementKind;
use crate::value::Value;
use crate::wasm_types::ExternType;

/// The functions for what JavaScript has no operator for.
const HELPERS: &str = include_str!("helpers.js");

/// Characters of the guest in base64 on a line.
const LINE: usize = 100;

/// Returns a session as an ES module for Node.js. It has the guest, and does what the session does.
pub fn module(source: &ModuleSource<'_>) -> String {
    let mut translator = Translator::new(source.script, &source.interface);
    let mut out = String::new();
    out.push_str(&comment(&format!(
        "{}: the session in JavaScript.",
        source.title
    )));
    out.push_str("\n// Run it with: node FILE.mjs\n\n");
    let uses_wasi = translator.uses_wasi();
    if uses_wasi {
        out.push_str("import { WASI } from \"node:wasi\";\n");
    }
    out.push_str(HELPERS);
    out.push_str(&guest(source.wasm));
    if uses_wasi {
        out.push_str("const wasi = new WASI({ version: \"preview1\" });\n");
    }
    for statement in &source.script.statements {
        let StatementKind::Input { name, .. } = &statement.kind else {
            continue;
        };
        let given = source.inputs.iter().find(|(known, _)| *known == name.text);
        let line = match given {
            Some((_, value)) => input(&mut translator, &name.text, value),
            None => translator.statement(statement),
        };
        out.push_str(&format!("{line}\n"));
    }
    out.push_str(&translator.imports(source.script));
    if translator.has_imported_memory() {
        out.push_str(&imported_memory(source));
    }
    out.push_str(&format!("\n// Step 0\n{}\n", translator.instantiation()));
    if uses_wasi {
        out.push_str("wasi.initialize({ exports: { memory } });\n");
    }
    let statements = source.script.statements.iter();
    let steps: Vec<_> = statements.filter(|s| s.kind.is_step()).collect();
    for (at, statement) in steps.iter().enumerate() {
        let index = at.saturating_add(1);
        if let Some(prose) = &statement.narration {
            let lines = prose.lines().filter(|line| !line.is_empty());
            let lines: Vec<String> = lines.map(comment).collect();
            out.push_str(&format!("\n{}", lines.join("\n")));
        }
        let code = translator.statement_before(statement, steps.get(index).copied());
        out.push_str(&format!("\n// Step {index}\n{code}\n"));
    }
    out
}

/// Returns the code of an input with another value than that of the script.
fn input(translator: &mut Translator<'_>, name: &str, value: &Value) -> String {
    let code = of_value(value);
    translator
        .scope
        .insert(name.to_owned(), Type::of_value(value));
    format!("const {} = {};", variable(name), code.text)
}

/// Returns the code that names the memory that the host passes.
fn imported_memory(source: &ModuleSource<'_>) -> String {
    let mut imports = source.interface.imports.iter();
    let exports_one = source
        .interface
        .exports
        .iter()
        .any(|(_, ty)| matches!(ty, ExternType::Memory(_)));
    let imported = imports.find(|(_, _, ty)| matches!(ty, ExternType::Memory(_)));
    match imported {
        Some((module, name, _)) if !exports_one => format!(
            "const memory = imports[{}][{}];\n",
            super::literal(module),
            super::literal(name)
        ),
        _ => String::new(),
    }
}

/// Returns the code of the guest's bytes.
fn guest(wasm: &[u8]) -> String {
    let encoded = STANDARD.encode(wasm);
    let lines: Vec<String> = encoded
        .as_bytes()
        .chunks(LINE)
        .map(|line| format!("  {}", String::from_utf8_lossy(line)))
        .collect();
    format!(
        "\n// The guest in the binary format.\nconst guest = Uint8Array.from(atob(`\n{}\n`), (sign) => \
         sign.charCodeAt(0));\n\n",
        lines.join("\n")
    )
}
