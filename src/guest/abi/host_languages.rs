//! Guests that need a host program of their own: the runtimes of languages, plugins and modules of a
//! dynamic linker.

use super::export_facts::Facts;
use super::toolchains::Signs;
use super::{Confidence, Family, Recognised};

/// Recognises Go for JavaScript. The `TinyGo` compiler uses the same imports, but
/// exports functions that a host can call.
pub(super) fn go_js(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::GoJs);
    if facts.function("go_scheduler").is_some() || facts.function("malloc").is_some() {
        return None;
    }
    signs.imports(facts, Confidence::Strong, |module, name| {
        matches!(module, "gojs" | "go")
            && (name.contains("runtime.") || name.contains("syscall/js."))
    });
    signs.verdict()
}

/// Recognises Kotlin/Wasm.
pub(super) fn kotlin_wasm(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::KotlinWasm);
    signs.imports(facts, Confidence::Strong, |module, name| {
        module == "js_code" || name.starts_with("kotlin.")
    });
    signs.tool(facts, "Kotlin");
    signs.verdict()
}

/// Recognises Dart.
pub(super) fn dart(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::Dart);
    signs.imports(facts, Confidence::Strong, |module, _| module == "dart2wasm");
    signs.exports(facts, Confidence::Strong, |name| name == "$invokeMain");
    signs.verdict()
}

/// Recognises the runtime of .NET.
pub(super) fn dot_net(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::DotNet);
    let is_own = |name: &str| name.starts_with("mono_wasm_") || name.starts_with("mono_jiterp_");
    signs.exports(facts, Confidence::Strong, is_own);
    signs.imports(facts, Confidence::Strong, |_, name| is_own(name));
    signs.verdict()
}

/// Recognises an addon for Node-API.
pub(super) fn node_api(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::NodeApi);
    signs.exports(facts, Confidence::Strong, |name| {
        name.starts_with("napi_register_") || name.starts_with("node_api_module_")
    });
    signs.imports(facts, Confidence::Strong, |module, name| {
        name.starts_with("napi_") || matches!(module, "napi" | "emnapi")
    });
    signs.verdict()
}

/// Recognises a module that a dynamic linker places.
pub(super) fn side_module(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::SideModule);
    let mut sections = facts.sections.iter();
    if let Some(section) = sections.find(|name| matches!(name.as_str(), "dylink.0" | "dylink")) {
        signs.add(
            Confidence::Strong,
            format!("it has a custom section `{section}`"),
        );
        signs.imports(facts, Confidence::Strong, |_, name| {
            matches!(name, "__memory_base" | "__table_base")
        });
    }
    // The main program of a dynamic linker has the section too, and needs no address.
    let is_placed = facts.imports().any(|import| import.name == "__memory_base");
    let is_main = facts
        .guest
        .memories()
        .iter()
        .any(|memory| memory.imported.is_none());
    signs.verdict().filter(|_| is_placed || !is_main)
}

/// Recognises a plugin of dprint, by the functions through which it shares bytes.
pub(super) fn dprint_plugin(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::DprintPlugin);
    signs.exports(facts, Confidence::Strong, |name| {
        name.starts_with("dprint_plugin_version") || name == "get_plugin_schema_version"
    });
    signs.exports(facts, Confidence::Fair, |name| {
        matches!(
            name,
            "get_plugin_info" | "get_shared_bytes_ptr" | "set_buffer_with_shared_bytes"
        )
    });
    signs
        .verdict()
        .filter(|found| found.confidence == Confidence::Strong)
}

/// Recognises embind, which registers functions with JavaScript.
pub(super) fn embind(facts: &Facts<'_>) -> Option<Recognised> {
    let mut signs = Signs::of(Family::Embind);
    signs.exports(facts, Confidence::Strong, |name| {
        matches!(name, "__getTypeName" | "__embind_initialize_bindings")
            || name == "_embind_initialize_bindings"
    });
    signs.imports(facts, Confidence::Strong, |_, name| {
        name.starts_with("_embind_register_")
    });
    signs.verdict()
}
