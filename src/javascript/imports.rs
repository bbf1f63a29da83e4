//! What the guest imports: the object that a host passes at instantiation.

use super::expression::{RECORD, Scope, TABLE, Unsupported, of_value, translate};
use super::statement::{Translator, comment, passed, reading, throw, write};
use super::types::Type;
use super::{WASI, literal, variable};
use crate::script::Script;
use crate::script::ast::{Action, Call, Expr, Import, ImportKind, Name, StatementKind};
use crate::wasm_types::{ExternType, FuncType, GlobalType, MemoryType, TableType, ValueType};

impl Translator<'_> {
    /// Returns the code of the object `imports`, and nothing without imports.
    pub(super) fn imports(&self, script: &Script) -> String {
        let mut modules: Vec<&str> = Vec::new();
        for (module, _, _) in &self.interface.imports {
            if !modules.contains(&module.as_str()) {
                modules.push(module);
            }
        }
        if modules.is_empty() {
            return String::new();
        }
        let mut out = String::from("const imports = {\n");
        for module in modules {
            out.push_str(&format!("  {}: {{\n", literal(module)));
            let imports = self.interface.imports.iter();
            for (_, name, ty) in imports.filter(|(known, _, _)| known == module) {
                let lines: Vec<&Import> = described(script, module, name).collect();
                let code = self.import(module, name, ty, &lines);
                let code = code.replace('\n', "\n    ");
                out.push_str(&format!("    {}: {code},\n", literal(name)));
            }
            out.push_str("  },\n");
        }
        out.push_str("};\n");
        out
    }

    /// Returns the code of an import.
    fn import(&self, module: &str, name: &str, ty: &ExternType, lines: &[&Import]) -> String {
        match ty {
            ExternType::Func(ty) => self.function(module, name, ty, lines),
            ExternType::Memory(ty) => memory(ty),
            ExternType::Global(ty) => self.global(ty, lines),
            ExternType::Table(ty) => table(ty),
            ExternType::Tag(_) => "new WebAssembly.Tag({ parameters: [] })".to_owned(),
        }
    }

    fn function(&self, module: &str, name: &str, ty: &FuncType, lines: &[&Import]) -> String {
        let label = literal(&format!("{module}.{name}"));
        if lines.is_empty() && module == WASI {
            return format!("recorded({label}, wasi.wasiImport[{}])", literal(name));
        }
        let mut branches = Vec::new();
        let mut last = throw(&format!("the session does not define {module}.{name}"));
        let mut params: Vec<String> = (0..ty.params.len()).map(|i| format!("p{i}")).collect();
        for line in lines {
            let ImportKind::Function {
                params: names,
                call,
                actions,
            } = &line.kind
            else {
                continue;
            };
            let body = self.body(ty, names, actions);
            match call {
                // A line for one call names its own parameters.
                Some(number) => branches.push((*number, rename(names, &params, body))),
                None => {
                    params = names.iter().map(|name| variable(&name.text)).collect();
                    last = body;
                }
            }
        }
        let mut code = String::new();
        for (number, body) in branches {
            let body = body.replace('\n', "\n  ");
            code.push_str(&format!(
                "if (calls({label}).length === {}) {{\n  {body}\n}}\n",
                number.saturating_add(1)
            ));
        }
        code.push_str(&last);
        let code = code.replace('\n', "\n  ");
        format!(
            "recorded({label}, ({}) => {{\n  {code}\n}})",
            params.join(", ")
        )
    }

    /// Returns the code of the actions of an import.
    fn body(&self, ty: &FuncType, params: &[Name], actions: &[Action]) -> String {
        let mut scope = self.scope.clone();
        for (name, ty) in params.iter().zip(&ty.params) {
            scope.insert(name.text.clone(), Type::of_wasm(ty));
        }
        let mut lines: Vec<String> = Vec::new();
        for action in actions {
            match self.action(action, ty, &mut scope) {
                Ok(line) => lines.push(line),
                Err(Unsupported(why)) => lines.push(comment(&format!("Not in JavaScript: {why}."))),
            }
        }
        let returns = actions.iter().any(|a| matches!(a, Action::Returns(_)));
        if !returns && !ty.results.is_empty() {
            let zero = |ty: &ValueType| if *ty == ValueType::I64 { "0n" } else { "0" };
            let zeros: Vec<&str> = ty.results.iter().map(zero).collect();
            lines.push(match zeros.as_slice() {
                [one] => format!("return {one};"),
                several => format!("return [{}];", several.join(", ")),
            });
        }
        lines.join("\n")
    }

    /// Returns the code of a call of an export, with its results bound to names.
    fn bound_call(
        &self,
        results: &[Name],
        call: &Call,
        scope: &mut Scope,
    ) -> Result<String, Unsupported> {
        let code = self.call_in(call, scope)?;
        for name in results {
            scope.insert(name.text.clone(), Type::Unknown);
        }
        let names: Vec<String> = results.iter().map(|n| variable(&n.text)).collect();
        Ok(match names.as_slice() {
            [] => format!("{code};"),
            [one] => format!("const {one} = {code};"),
            several => format!("const [{}] = {code};", several.join(", ")),
        })
    }

    fn action(
        &self,
        action: &Action,
        ty: &FuncType,
        scope: &mut Scope,
    ) -> Result<String, Unsupported> {
        Ok(match action {
            Action::Returns(values) => returned(values, ty, scope)?,
            Action::Writes {
                address,
                value,
                is_zeroed: false,
            } => write(address, value, scope)?,
            Action::Writes {
                is_zeroed: true, ..
            } => return Err(Unsupported(RECORD)),
            Action::SetsElement(_) | Action::GrowsTable(_) => return Err(Unsupported(TABLE)),
            Action::Copies { to, from, length } => {
                let [to, from, length] = [
                    translate(to, scope)?,
                    translate(from, scope)?,
                    translate(length, scope)?,
                ]
                .map(|code| code.number());
                format!(
                    "new Uint8Array(memory.buffer).copyWithin({to}, {from}, {from} + {length});"
                )
            }
            Action::Grows { bytes } => grow_to(bytes, scope)?,
            Action::Reads {
                name,
                address,
                what,
            } => {
                let code = reading(address, what, scope)?;
                let Some(name) = name else {
                    return Ok(format!("reads.push({code});"));
                };
                scope.insert(name.text.clone(), Type::of_reading(what));
                let name = variable(&name.text);
                format!("const {name} = {code};\nreads.push({name});")
            }
            Action::Call { results, call } => self.bound_call(results, call, scope)?,
            Action::Catches(call) => {
                let code = self.call_in(call, scope)?;
                format!("try {{\n  {code};\n}} catch {{\n  // The trap ends here.\n}}")
            }
            Action::Let { name, value } => {
                let code = translate(value, scope)?;
                scope.insert(name.text.clone(), code.ty);
                format!("const {} = {};", variable(&name.text), code.text)
            }
            Action::Traps { why } => {
                format!("throw new Error({});", translate(why, scope)?.text)
            }
        })
    }

    fn global(&self, ty: &GlobalType, lines: &[&Import]) -> String {
        let value = lines.iter().find_map(|line| match &line.kind {
            ImportKind::Global { value } => translate(value, &self.scope).ok(),
            _ => None,
        });
        let value = value.unwrap_or_else(|| of_value(&crate::value::Value::Int(0)));
        format!(
            "new WebAssembly.Global({{ value: \"{}\", mutable: {} }}, {})",
            ty.ty,
            ty.mutable,
            passed(&value, Some(&ty.ty))
        )
    }
}

/// Returns the code that grows memory to a number of bytes at least.
fn grow_to(bytes: &Expr, scope: &Scope) -> Result<String, Unsupported> {
    let bytes = translate(bytes, scope)?.number();
    Ok(format!(
        "memory.grow(Math.max(0, Math.ceil(({bytes} - memory.buffer.byteLength) / 65536)));"
    ))
}

/// Returns the code that returns the results of an import.
fn returned(values: &[Expr], ty: &FuncType, scope: &Scope) -> Result<String, Unsupported> {
    let values = values
        .iter()
        .zip(&ty.results)
        .map(|(value, ty)| Ok(passed(&translate(value, scope)?, Some(ty))));
    let values = values.collect::<Result<Vec<String>, Unsupported>>()?;
    Ok(match values.as_slice() {
        [one] => format!("return {one};"),
        several => format!("return [{}];", several.join(", ")),
    })
}

/// Returns the lines of a script that describe an import.
fn described<'a>(
    script: &'a Script,
    module: &'a str,
    name: &'a str,
) -> impl Iterator<Item = &'a Import> {
    script
        .statements
        .iter()
        .filter_map(move |statement| match &statement.kind {
            StatementKind::Import(import)
                if import.name.module == module && import.name.name == name =>
            {
                Some(import)
            }
            _ => None,
        })
}

/// Returns the code of a call with parameters of its own.
fn rename(names: &[Name], params: &[String], body: String) -> String {
    let renamed = names.iter().zip(params).filter_map(|(name, param)| {
        let name = variable(&name.text);
        (name != *param).then(|| format!("const {name} = {param};\n"))
    });
    format!("{}{body}", renamed.collect::<String>())
}

fn memory(ty: &MemoryType) -> String {
    let max = ty
        .max
        .map(|max| format!(", maximum: {max}"))
        .unwrap_or_default();
    let shared = if ty.shared { ", shared: true" } else { "" };
    format!(
        "new WebAssembly.Memory({{ initial: {}{max}{shared} }})",
        ty.min
    )
}

fn table(ty: &TableType) -> String {
    let max = ty
        .max
        .map(|max| format!(", maximum: {max}"))
        .unwrap_or_default();
    let element = match ty.element {
        ValueType::ExternRef => "externref",
        _ => "anyfunc",
    };
    format!(
        "new WebAssembly.Table({{ initial: {}{max}, element: \"{element}\" }})",
        ty.min
    )
}
