//! Conventions of toolchains, recognised by names that nothing else uses.

use super::export_facts::{Facts, name, names};
use super::{Confidence, Family, Recognised};
use crate::safe;
use crate::text;

/// The signs of a family that were found, and how sure they make it.
pub(super) struct Signs {
    family: Family,
    confidence: Option<Confidence>,
    reasons: Vec<String>,
}

impl Signs {
    pub fn of(family: Family) -> Self {
        Signs {
            family,
            confidence: None,
            reasons: Vec::new(),
        }
    }

    /// Adds a sign.
    pub fn add(&mut self, confidence: Confidence, reason: String) {
        self.confidence = self.confidence.max(Some(confidence));
        self.reasons.push(reason);
    }

    /// Adds the exports whose names pass as one sign.
    pub fn exports(
        &mut self,
        facts: &Facts<'_>,
        confidence: Confidence,
        is_one: impl Fn(&str) -> bool,
    ) {
        let found: Vec<&str> = facts
            .guest
            .exports()
            .iter()
            .map(|export| export.name.as_str())
            .collect();
        let mut found = found.into_iter().filter(|name| is_one(name)).peekable();
        if found.peek().is_some() {
            self.add(confidence, format!("it exports {}", names(found)));
        }
    }

    /// Adds the imports whose module and name pass as one sign.
    pub fn imports(
        &mut self,
        facts: &Facts<'_>,
        confidence: Confidence,
        is_one: impl Fn(&str, &str) -> bool,
    ) {
        let found: Vec<String> = facts
            .imports()
            .filter(|import| is_one(&import.module, &import.name))
            .map(|import| format!("{}.{}", import.module, import.name))
            .collect();
        if !found.is_empty() {
            self.add(
                confidence,
                format!("it imports {}", names(found.iter().map(String::as_str))),
            );
        }
    }

    /// Adds a tool that the `producers` section names as a sign.
    pub fn tool(&mut self, facts: &Facts<'_>, tool: &str) {
        if facts.is_made_by(tool) {
            self.add(
                Confidence::Strong,
                format!("its producers section names {}", name(tool)),
            );
        }
    }

    /// Returns the family; `None` if there was no sign.
    pub fn verdict(self) -> Option<Recognised> {
        Some(Recognised {
            family: self.family,
            confidence: self.confidence?,
            reasons: self.reasons,
        })
    }
}

pub(super) fn wasm_bindgen(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::WasmBindgen);
    signs.exports(facts, Confidence::Strong, |name| {
        name.starts_with("__wbindgen_")
    });
    signs.exports(facts, Confidence::Fair, |name| {
        name.starts_with("__wbg_") || name.starts_with("__externref_")
    });
    signs.imports(facts, Confidence::Strong, |module, name| {
        module == "wbg"
            || module == "__wbindgen_placeholder__"
            || module.ends_with("_bg.js")
            || name.starts_with("__wbindgen_")
            || name.starts_with("__wbg_")
    });
    signs.tool(facts, "wasm-bindgen");
    signs.verdict()
}

pub(super) fn canonical_abi(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::CanonicalAbi);
    signs.exports(facts, Confidence::Strong, |name| {
        name == "cabi_realloc" || name == "canonical_abi_realloc"
    });
    signs.exports(facts, Confidence::Strong, |name| {
        name.starts_with("cabi_post_")
    });
    let is_interface = |name: &str| {
        name.split_once(':')
            .is_some_and(|(_, rest)| rest.contains('/'))
    };
    signs.imports(facts, Confidence::Fair, |module, _| is_interface(module));
    signs.exports(facts, Confidence::Fair, |name| {
        is_interface(name) && name.contains('#') && !name.starts_with("cabi_post_")
    });
    if let Some(section) = facts
        .sections
        .iter()
        .find(|section| section.starts_with("component-type"))
    {
        signs.add(
            Confidence::Strong,
            format!("it has a custom section {}", name(section)),
        );
    }
    signs.verdict()
}

pub(super) fn assembly_script(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::AssemblyScript);
    let has = |name: &str, params, results| {
        facts
            .function(name)
            .is_some_and(|f| facts.has_shape(f, params, results))
    };
    if has("__new", 2, 1) {
        let others = ["__pin", "__unpin", "__collect"]
            .into_iter()
            .filter(|name| facts.function(name).is_some());
        signs.add(
            Confidence::Strong,
            format!("it exports {}", names(["__new"].into_iter().chain(others))),
        );
    } else if has("__alloc", 2, 1) && has("__retain", 1, 1) {
        let reason = format!(
            "it exports {}, as versions before 0.18 do",
            names(["__alloc", "__retain", "__release"])
        );
        signs.add(Confidence::Strong, reason);
    }
    signs.exports(facts, Confidence::Fair, |name| {
        name == "__rtti_base" || name == "__setArgumentsLength"
    });
    let four = facts.imports().any(|import| {
        import.module == "env"
            && import.name == "abort"
            && import.ty.to_string() == "(i32, i32, i32, i32) -> ()"
    });
    if four {
        let reason = "it imports `env.abort` with four parameters (message, file, line, column)";
        signs.add(Confidence::Fair, reason.into());
    }
    signs.tool(facts, "AssemblyScript");
    signs.verdict()
}

pub(super) fn emscripten(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::Emscripten);
    let own = |name: &str| name.starts_with("emscripten_") || name.starts_with("_emscripten_");
    signs.imports(facts, Confidence::Strong, |_, name| own(name));
    signs.imports(facts, Confidence::Fair, |module, name| {
        module == "env"
            && (name.starts_with("__syscall_")
                || name.starts_with("invoke_")
                || name == "_abort_js")
    });
    signs.exports(facts, Confidence::Strong, own);
    signs.exports(facts, Confidence::Strong, |name| {
        matches!(name, "stackSave" | "stackAlloc" | "stackRestore") || name.starts_with("dynCall_")
    });
    signs.exports(facts, Confidence::Weak, |name| name == "__wasm_call_ctors");
    let minified = facts
        .imports()
        .filter(|import| import.module == "a" && import.name.len() <= 2)
        .count();
    if minified > 0 && minified == facts.guest.imports().len() {
        signs.add(
            Confidence::Weak,
            "all its imports are from `a` and have names of a letter or two, as minified".into(),
        );
    }
    signs.verdict()
}

fn is_wasi(module: &str) -> bool {
    module == "wasi_snapshot_preview1" || module == "wasi_unstable"
}

/// Returns for example ``it imports 4 functions of `wasi_snapshot_preview1` ``.
fn wasi_imports(facts: &Facts<'_>) -> Option<String> {
    let mut imports = facts.imports().filter(|import| is_wasi(&import.module));
    let first = imports.next()?;
    let count = imports.count().saturating_add(1);
    Some(format!(
        "it imports {} of {}",
        text::count(count, "function"),
        name(&first.module)
    ))
}

pub(super) fn wasi_command(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::WasiCommand);
    let is_start = facts
        .function("_start")
        .is_some_and(|f| f.ty.params.is_empty() && f.ty.results.is_empty());
    if !is_start {
        return None;
    }
    signs.add(
        Confidence::Fair,
        "it exports `_start`, which takes and returns nothing".into(),
    );
    if let Some(reason) = wasi_imports(facts) {
        signs.add(Confidence::Strong, reason);
    }
    signs.verdict()
}

pub(super) fn wasi_reactor(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::WasiReactor);
    if facts.function("_start").is_some() {
        return None;
    }
    // `_initialize` alone is no sign of WASI: other toolchains use the name too.
    let imports = wasi_imports(facts)?;
    if facts
        .function("_initialize")
        .is_some_and(|f| f.ty.params.is_empty() && f.ty.results.is_empty())
    {
        signs.add(
            Confidence::Strong,
            "it exports `_initialize` and no `_start`".into(),
        );
    }
    signs.add(Confidence::Weak, safe::plain(&imports));
    signs.verdict()
}
