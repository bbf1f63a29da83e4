//! Statements that are steps.

use std::collections::BTreeSet;

use super::expression::{Code, RECORD, Scope, TABLE, Unsupported, translate};
use super::types::{Type, view_suffix};
use super::{Interface, WASI, literal, property, record, variable};
use crate::script::Script;
use crate::script::ast::{
    Call, Encoding, Expr, ExprKind, Function, Name, Reading, Statement, StatementKind,
};
use crate::wasm_types::{ExternType, ValueType};

/// Translates statements one by one, in the order of the script.
#[derive(Debug, Clone)]
pub(crate) struct Translator<'a> {
    pub(super) interface: &'a Interface,
    /// The types of the variables so far.
    pub(super) scope: Scope,
    /// The variables that are declared.
    declared: BTreeSet<String>,
    /// The variables that the script binds more than once.
    changing: BTreeSet<String>,
    /// The exported memory that the session records.
    memory: Option<String>,
}

type Lines = Result<String, Unsupported>;

impl<'a> Translator<'a> {
    /// Creates a translator for a script on a guest.
    pub(crate) fn new(script: &Script, interface: &'a Interface) -> Self {
        let named = script.statements.iter().find_map(|s| match &s.kind {
            StatementKind::Memory { export } => Some(export.text.clone()),
            _ => None,
        });
        let memories = interface.exports.iter();
        let mut memories = memories.filter(|(_, ty)| matches!(ty, ExternType::Memory(_)));
        let exported = |name: &str| {
            let mut exports = interface.exports.iter();
            exports.any(|(known, ty)| known == name && matches!(ty, ExternType::Memory(_)))
        };
        let default = match exported("memory") {
            true => Some("memory".to_owned()),
            false => memories.next().map(|(name, _)| name.clone()),
        };
        Translator {
            interface,
            scope: Scope::new(),
            declared: BTreeSet::new(),
            changing: changing(script),
            memory: named.or(default),
        }
    }

    /// Returns the code of step 0.
    pub(crate) fn instantiation(&self) -> String {
        let imports = match self.interface.imports.is_empty() {
            true => "",
            false => ", imports",
        };
        let mut code =
            format!("const {{ instance }} = await WebAssembly.instantiate(guest{imports});\n");
        code.push_str("const { exports } = instance;");
        match &self.memory {
            Some(name) => {
                code.push_str(&format!("\nconst memory = {};", property("exports", name)));
            }
            None if self.has_imported_memory() => {
                code.push_str("\n// The memory is the one that the host passed, `memory`.");
            }
            None => {
                code.push_str("\n// The guest exports no memory, so that a host cannot read it.");
            }
        }
        code
    }

    pub(super) fn uses_wasi(&self) -> bool {
        let mut imports = self.interface.imports.iter();
        imports.any(|(module, _, _)| module == WASI)
    }

    pub(super) fn has_imported_memory(&self) -> bool {
        let mut imports = self.interface.imports.iter();
        imports.any(|(_, _, ty)| matches!(ty, ExternType::Memory(_)))
    }

    /// Returns the code of a statement; a comment where there is none, and nothing for a statement
    /// that is no step.
    pub(crate) fn statement(&mut self, statement: &Statement) -> String {
        self.statement_before(statement, None)
    }

    /// Returns the code of a statement that `next` follows. An access outside memory, which `next`
    /// expects, is an exception in JavaScript.
    pub(crate) fn statement_before(
        &mut self,
        statement: &Statement,
        next: Option<&Statement>,
    ) -> String {
        let throws = next.is_some_and(|next| match &next.kind {
            StatementKind::ExpectFinding { kind } => kind.text == "out-of-bounds",
            _ => false,
        });
        let lines = match throws {
            true => self.throwing(&statement.kind),
            false => self.lines(&statement.kind),
        };
        match lines {
            Ok(lines) => lines,
            Err(Unsupported(why)) => {
                let text: Vec<&str> = statement.text.lines().collect();
                let text = crate::safe::plain(&text.join(" "));
                format!("// {text}\n// Not in JavaScript: {why}.")
            }
        }
    }

    /// Returns the code of an access that throws; it binds no variable.
    fn throwing(&mut self, kind: &StatementKind) -> Lines {
        let code = match kind {
            StatementKind::Read { address, what, .. } => reading(address, what, &self.scope)?,
            StatementKind::Write {
                address,
                value,
                is_zeroed: false,
            } => {
                let code = self.write(address, value)?;
                code.trim_end_matches(';').to_owned()
            }
            other => return self.lines(other),
        };
        Ok(format!("assertThrows(() => {code});"))
    }

    /// Returns the code of a statement that JavaScript has code for, else what [`comment_of`] returns.
    fn lines(&mut self, kind: &StatementKind) -> Lines {
        match kind {
            StatementKind::Input { name, default } => {
                let code = translate(default, &self.scope)?;
                Ok(self.bind(name, &code.text, code.ty))
            }
            StatementKind::Let { name, value } => {
                let code = translate(value, &self.scope)?;
                Ok(self.bind(name, &code.text, code.ty))
            }
            StatementKind::Call { results, call } => {
                let code = self.call(call)?;
                if call.is_of_export("_start") && results.is_empty() && self.uses_wasi() {
                    return Ok(format!("started(() => {code});"));
                }
                Ok(self.bind_results(results, &code, call))
            }
            StatementKind::Global { name, export } => {
                let ty = self.global_type(&export.text);
                let code = format!("{}.value", property("exports", &export.text));
                Ok(self.bind(name, &code, Type::of_wasm(&ty)))
            }
            StatementKind::Set { export, value } => {
                let ty = self.global_type(&export.text);
                let code = translate(value, &self.scope)?;
                let global = property("exports", &export.text);
                Ok(format!("{global}.value = {};", passed(&code, Some(&ty))))
            }
            StatementKind::Write {
                address,
                value,
                is_zeroed: false,
            } => self.write(address, value),
            StatementKind::Write {
                is_zeroed: true, ..
            } => Err(Unsupported(RECORD)),
            StatementKind::SetElement(_) | StatementKind::GrowTable(_) => Err(Unsupported(TABLE)),
            StatementKind::Read {
                name,
                address,
                what,
            } => {
                let code = reading(address, what, &self.scope)?;
                Ok(self.bind(name, &code, Type::of_reading(what)))
            }
            StatementKind::Grow { name, pages } => self.grow(name.as_ref(), pages),
            StatementKind::Expect { condition } => {
                let code = translate(condition, &self.scope)?;
                Ok(format!("assert({});", code.text))
            }
            StatementKind::ExpectTrap { call, .. } => {
                let code = self.call(call)?;
                Ok(format!("assertThrows(() => {code});"))
            }
            other => comment_of(other),
        }
    }

    /// Returns the code that grows memory.
    fn grow(&mut self, name: Option<&Name>, pages: &Expr) -> Lines {
        let pages = translate(pages, &self.scope)?.number();
        let code = format!("memory.grow({pages})");
        Ok(match name {
            Some(name) => self.bind(name, &code, Type::Int),
            None => format!("{code};"),
        })
    }

    /// Returns the code that binds a variable.
    fn bind(&mut self, name: &Name, code: &str, ty: Type) -> String {
        let known = variable(&name.text);
        self.scope.insert(name.text.clone(), ty);
        let keyword = match (
            self.declared.insert(name.text.clone()),
            self.changing.contains(&name.text),
        ) {
            (true, false) => "const ",
            (true, true) => "let ",
            (false, _) => "",
        };
        format!("{keyword}{known} = {code};")
    }

    fn bind_results(&mut self, results: &[Name], code: &str, call: &Call) -> String {
        let types = match call.place {
            None => self.function_type(&call.export.text).1,
            Some(_) => Vec::new(),
        };
        let ty = |index: usize| types.get(index).map_or(Type::Unknown, Type::of_wasm);
        match results {
            [] => format!("{code};"),
            [one] => self.bind(one, code, ty(0)),
            several => {
                let mut lines = Vec::new();
                for (index, name) in several.iter().enumerate() {
                    self.scope.insert(name.text.clone(), ty(index));
                    if self.declared.insert(name.text.clone()) {
                        lines.push(format!("let {};", variable(&name.text)));
                    }
                }
                let names: Vec<String> = several.iter().map(|n| variable(&n.text)).collect();
                lines.push(format!("[{}] = {code};", names.join(", ")));
                lines.join("\n")
            }
        }
    }

    /// Returns the parameters and results of an exported function.
    fn function_type(&self, export: &str) -> (Vec<ValueType>, Vec<ValueType>) {
        let mut exports = self.interface.exports.iter();
        match exports.find(|(name, _)| name == export) {
            Some((_, ExternType::Func(ty))) => (ty.params.clone(), ty.results.clone()),
            _ => (Vec::new(), Vec::new()),
        }
    }

    fn global_type(&self, export: &str) -> ValueType {
        let mut exports = self.interface.exports.iter();
        match exports.find(|(name, _)| name == export) {
            Some((_, ExternType::Global(ty))) => ty.ty.clone(),
            _ => ValueType::I32,
        }
    }

    /// Returns the code of a call, without its semicolon.
    pub(super) fn call(&self, call: &Call) -> Lines {
        self.call_in(call, &self.scope)
    }

    /// Returns the code of a call with the variables of `scope`.
    pub(super) fn call_in(&self, call: &Call, scope: &Scope) -> Lines {
        let (params, _) = match call.place {
            None => self.function_type(&call.export.text),
            Some(_) => (Vec::new(), Vec::new()),
        };
        let args = call
            .args
            .iter()
            .enumerate()
            .map(|(index, arg)| Ok(passed(&translate(arg, scope)?, params.get(index))));
        let args = args
            .collect::<Result<Vec<String>, Unsupported>>()?
            .join(", ");
        let function = match &call.place {
            None => property("exports", &call.export.text),
            Some(place) if place.module.is_some() => {
                return Err(Unsupported("the table is one that the host passed"));
            }
            Some(place) => {
                let index = translate(&place.index, scope)?.number();
                format!(
                    "{}.get({index})",
                    property("exports", self.table(&call.export.text)?)
                )
            }
        };
        Ok(format!("{function}({args})"))
    }

    /// Returns the export of a table that a script names so; `table` also means the only one.
    fn table<'b>(&'b self, name: &'b str) -> Result<&'b str, Unsupported> {
        let exports = self.interface.exports.iter();
        let tables: Vec<&str> = exports
            .filter(|(_, ty)| matches!(ty, ExternType::Table(_)))
            .map(|(name, _)| name.as_str())
            .collect();
        match tables.as_slice() {
            some if some.contains(&name) => Ok(name),
            [only] => Ok(only),
            _ => Err(Unsupported("the guest does not export its table")),
        }
    }

    fn write(&self, address: &Expr, value: &Expr) -> Lines {
        write(address, value, &self.scope)
    }
}

/// Returns the comment that a statement becomes that JavaScript has no code for; nothing for one that
/// is no step.
fn comment_of(kind: &StatementKind) -> Lines {
    let comment = match kind {
        StatementKind::Callback(_) => {
            return Err(Unsupported(
                "a table takes functions of a guest only, so that linmem wraps this one in a module",
            ));
        }
        StatementKind::Region { name, .. } | StatementKind::View { name, .. } => format!(
            "// linmem calls these bytes \"{}\". JavaScript has no names for memory.",
            crate::safe::plain(&name.text)
        ),
        StatementKind::Block { name, .. } => format!(
            "// linmem watches the block \"{}\". In JavaScript the host must remember it.",
            crate::safe::plain(&name.text)
        ),
        StatementKind::Release { name } => format!(
            "// From here on, the block \"{}\" must not be used.",
            crate::safe::plain(&name.text)
        ),
        StatementKind::ExpectFinding { kind } => format!(
            "// linmem finds a mistake here: {}. JavaScript notices nothing.",
            kind.text
        ),
        StatementKind::Ask { question, .. } => {
            format!("// Question: {}", crate::safe::plain(question))
        }
        StatementKind::Module { .. }
        | StatementKind::Memory { .. }
        | StatementKind::Args { .. }
        | StatementKind::Env { .. }
        | StatementKind::Provide { .. }
        | StatementKind::Type { .. }
        | StatementKind::Import(_) => String::new(),
        _ => return Err(Unsupported("this statement is not translated")),
    };
    Ok(comment)
}

/// Returns the code of a write into memory.
pub(super) fn write(address: &Expr, value: &Expr, scope: &Scope) -> Lines {
    let at = translate(address, scope)?.number();
    if let ExprKind::Record { ty, fields } = &value.kind {
        let ty = ty.as_ref().and_then(|ty| ty.resolved.as_ref());
        return record::write(&at, ty.ok_or(Unsupported(RECORD))?, fields, scope);
    }
    if let ExprKind::Function {
        function: Function::Encode(number),
        args,
    } = &value.kind
        && let [only] = args.as_slice()
    {
        let code = translate(only, scope)?;
        let value = match Type::of_number(*number) {
            Type::Big => code.big(),
            _ => code.number(),
        };
        let little = if number.size() > 1 { ", true" } else { "" };
        let suffix = view_suffix(*number);
        return Ok(format!(
            "new DataView(memory.buffer).set{suffix}({at}, {value}{little});"
        ));
    }
    let code = translate(value, scope)?;
    let bytes = match code.ty {
        Type::Text => format!("encoder.encode({})", code.text),
        Type::Bytes => code.text,
        _ => format!("bytesOf({})", code.text),
    };
    Ok(format!("new Uint8Array(memory.buffer).set({bytes}, {at});"))
}

/// Returns the code that reads memory.
pub(super) fn reading(address: &Expr, what: &Reading, scope: &Scope) -> Lines {
    let at = translate(address, scope)?.number();
    Ok(match what {
        Reading::Sized { length, encoding } => {
            let length = translate(length, scope)?.number();
            let bytes = format!("new Uint8Array(memory.buffer, {at}, {length})");
            match encoding {
                Encoding::Utf8 => format!("decoder.decode({bytes})"),
                Encoding::Utf16 => format!("new TextDecoder(\"utf-16le\").decode({bytes})"),
                Encoding::Bytes => format!("{bytes}.slice()"),
            }
        }
        Reading::Cstr => format!("cstr(memory, {at})"),
        Reading::Typed(ty) => record::read(&at, ty.resolved.as_ref().ok_or(Unsupported(RECORD))?)?,
        Reading::Number(number) => {
            let little = if number.size() > 1 { ", true" } else { "" };
            let suffix = view_suffix(*number);
            format!("new DataView(memory.buffer).get{suffix}({at}{little})")
        }
        Reading::Array { element, count } => {
            let count = translate(count, scope)?.number();
            let (suffix, size) = (view_suffix(*element), element.size());
            let little = if size > 1 { ", true" } else { "" };
            let step = if size > 1 {
                format!("i * {size}")
            } else {
                "i".to_owned()
            };
            format!(
                "Array.from({{ length: {count} }}, (_, i) => new \
                 DataView(memory.buffer).get{suffix}({at} + {step}{little}))"
            )
        }
    })
}

/// Returns the code of a value that is passed to the guest as this type.
pub(super) fn passed(code: &Code, ty: Option<&ValueType>) -> String {
    match ty {
        Some(ValueType::I64) => code.big(),
        Some(ValueType::I32 | ValueType::F32 | ValueType::F64) => code.number(),
        _ => code.text.clone(),
    }
}

/// Returns the variables that a script binds more than once.
fn changing(script: &Script) -> BTreeSet<String> {
    let (mut once, mut more) = (BTreeSet::new(), BTreeSet::new());
    for statement in &script.statements {
        let names: Vec<&Name> = match &statement.kind {
            StatementKind::Let { name, .. }
            | StatementKind::Input { name, .. }
            | StatementKind::Global { name, .. }
            | StatementKind::Read { name, .. } => vec![name],
            StatementKind::Grow { name, .. } => name.iter().collect(),
            StatementKind::Call { results, .. } => results.iter().collect(),
            _ => Vec::new(),
        };
        for name in names {
            if !once.insert(name.text.clone()) {
                more.insert(name.text.clone());
            }
        }
    }
    more
}

/// Returns a comment of one line.
pub(super) fn comment(text: &str) -> String {
    format!("// {}", crate::safe::plain(text))
}

/// Returns the code of an error that a host throws.
pub(super) fn throw(message: &str) -> String {
    format!("throw new Error({});", literal(message))
}
