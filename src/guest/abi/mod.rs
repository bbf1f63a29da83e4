//! Which conventions a guest's exports and imports follow: how a host passes bytes to it, and gets
//! some back.
//!
//! Every result is a guess from names, types and a few instructions, and comes with reasons that a
//! person can check. Nothing here runs the guest. `RULES` is the table of conventions, with one
//! function for each. `roles` finds the role of each export, given these.

mod allocation;
mod allocator;
mod body_analysis;
mod calling_conventions;
mod code;
mod export_facts;
mod find_allocation;
mod host_languages;
mod naming;
mod parameters;
mod roles;
mod toolchains;

use std::cmp::Reverse;
use std::fmt;

use super::Guest;
pub(crate) use allocation::{Allocation, AllocatorKind};
use export_facts::Facts;

/// What a guest's exports and imports look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Abi {
    /// The conventions that were recognised, the surest first.
    pub families: Vec<Recognised>,
    /// The role of each export, in the order of [`Guest::exports`].
    pub roles: Vec<ExportRole>,
    /// The functions that do the work of the guest, by their index among all exports; the most
    /// likely first.
    pub work: Vec<usize>,
    /// How the host allocates and releases blocks.
    pub allocation: Option<Allocation>,
}

/// A convention, and why the guest is thought to follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recognised {
    /// The convention.
    pub family: Family,
    /// How sure this is.
    pub confidence: Confidence,
    /// At least one reason, each a clause that continues "because". Safe to print.
    pub reasons: Vec<String>,
}

/// A convention to pass bytes between host and guest, or the toolchain that made the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    /// A function returns the address of the guest's one buffer.
    StaticBuffer,
    /// Exported globals hold the addresses of the guest's buffers.
    ExportedGlobals,
    /// The host allocates each block by a call, and releases it.
    AllocFree,
    /// The same with C's names.
    Malloc,
    /// The host passes a size, and the guest returns where to write as many bytes. The guest keeps
    /// the buffer.
    ModuleBuffer,
    /// The host chooses where it writes: nothing returns addresses.
    HostPlaced,
    /// wasm-bindgen.
    WasmBindgen,
    /// AssemblyScript.
    AssemblyScript,
    /// Emscripten.
    Emscripten,
    /// The canonical ABI of the component model, with `cabi_realloc`.
    CanonicalAbi,
    /// A WASI command: a program that runs once.
    WasiCommand,
    /// A WASI reactor: a library that is initialised once and then called.
    WasiReactor,
    /// Go, compiled for JavaScript: its functions are called through a table of Go objects.
    GoJs,
    /// Kotlin, compiled for JavaScript.
    KotlinWasm,
    /// Dart, compiled for JavaScript.
    Dart,
    /// An addon for Node-API, with emnapi.
    NodeApi,
    /// A side module of a dynamic linker.
    SideModule,
    /// The .NET runtime.
    DotNet,
    /// A plugin of dprint.
    DprintPlugin,
    /// Emscripten with embind: functions are registered with JavaScript.
    Embind,
}

/// How sure a result is. None is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Confidence {
    /// Other things would look the same.
    Weak,
    /// One sign that is seldom found elsewhere.
    Fair,
    /// Several signs agree, or there is one that nothing else leaves.
    Strong,
}

/// What an export looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExportRole {
    /// The role.
    pub role: Role,
    /// Why, or what else is known, as a clause; empty if the type shows it. Safe to print.
    pub why: String,
    /// What each parameter of a function looks like; empty for anything else.
    pub args: Vec<Arg>,
    /// The names of the parameters, safe to print; empty unless the module has them for all.
    pub params: Vec<String>,
    /// The form of what the function writes for its caller.
    pub shape: ResultShape,
    /// The address of the guest's own buffer to which the function stores, and how many bytes of it
    /// the code shows.
    pub statics: Option<(u64, u64)>,
    /// Whether the function may return an address, by its code.
    pub returns_address: bool,
    /// Whether the function returns a count, by its name.
    pub is_count: bool,
    /// Whether its only parameter is a block that knows its own size.
    pub is_sized: bool,
    /// Whether the function frees the object that it takes.
    pub consumes_object: bool,
    /// The class of a function of wasm-bindgen.
    pub class: Option<String>,
}

/// The role of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// A memory.
    Memory,
    /// A table.
    Table,
    /// A tag.
    Tag,
    /// Returns the address of a buffer.
    PointerGetter,
    /// Takes a size and returns where to write as many bytes; the guest keeps the buffer.
    SizedPointer,
    /// Allocates a block.
    Allocator,
    /// Changes the size of a block.
    Reallocator,
    /// Releases a block.
    Release,
    /// Moves, saves or restores the guest's stack pointer.
    StackPointer,
    /// The entry point of a program.
    Start,
    /// Must be called once before anything else.
    Initialize,
    /// Must be called with what another call returned.
    Cleanup,
    /// Belongs to the toolchain; the host does not call it.
    Runtime,
    /// Works on bytes whose address or length it takes.
    Transform,
    /// Takes nothing and returns something.
    Answer,
    /// Takes nothing and returns nothing.
    Action,
    /// Any other function.
    Function,
    /// A global that holds an address.
    Pointer,
    /// A global that holds a size.
    Length,
    /// A global that the linker added.
    Linker,
    /// Any other global.
    Value,
}

/// What a parameter looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Arg {
    /// An address.
    Pointer,
    /// A number of bytes or items.
    Length,
    /// An alignment.
    Alignment,
    /// The address to which the guest writes what it returns: a few words at fixed places.
    ReturnArea,
    /// The address of a buffer to which the guest writes.
    Output,
    /// The size of that buffer.
    Capacity,
    /// The address of numbers that are wider than a byte.
    Elements,
    /// The address of an object that the guest has made.
    Object,
    /// An object of the host, by its number or as a reference.
    Handle,
    /// A number that is no address: the code only computes with it.
    Number,
    /// Anything else.
    Unknown,
}

/// The form of what a function writes for its caller: to its return area, or to the block whose
/// address it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum ResultShape {
    /// An address and a length.
    Pair,
    /// A discriminant, and after it an address and a length.
    TaggedPair,
    /// An address and a length, then an error and whether it is set.
    PairOrError,
    /// A value, then an error and whether it is set.
    ValueOrError,
    /// As many bytes of another form.
    Bytes(u32),
    /// The code does not show it.
    #[default]
    Unknown,
}

impl Guest {
    /// Guesses which conventions this guest follows, and the roles of its exports. Reads names,
    /// types and some code; the time this takes grows with their number.
    pub(crate) fn abi(&self) -> Abi {
        let mut facts = Facts::of(self);
        facts.set_allocation(find_allocation::find(&facts));
        let mut families: Vec<Recognised> = RULES.iter().filter_map(|rule| rule(&facts)).collect();
        if !families.iter().any(|found| found.family.hands_over_bytes()) {
            families.extend(LAST_RESORTS.iter().find_map(|rule| rule(&facts)));
        }
        families.sort_by_key(|found| Reverse(found.confidence));
        let roles = roles::of(&facts, &families);
        let work = roles::work(&facts, &roles);
        Abi {
            families,
            roles,
            work,
            allocation: facts.allocation,
        }
    }
}

type Rule = fn(&Facts<'_>) -> Option<Recognised>;

/// Conventions of toolchains come first: of two that are equally sure, they mean more.
const RULES: [Rule; 19] = [
    host_languages::go_js,
    host_languages::kotlin_wasm,
    host_languages::dart,
    host_languages::dot_net,
    host_languages::node_api,
    host_languages::side_module,
    host_languages::dprint_plugin,
    host_languages::embind,
    toolchains::wasm_bindgen,
    toolchains::canonical_abi,
    toolchains::assembly_script,
    toolchains::emscripten,
    toolchains::wasi_command,
    toolchains::wasi_reactor,
    calling_conventions::malloc,
    calling_conventions::alloc_free,
    calling_conventions::static_buffer,
    calling_conventions::exported_globals,
    calling_conventions::module_buffer,
];

/// Rules for guests in which no other rule finds how bytes are passed.
const LAST_RESORTS: [Rule; 2] = [
    calling_conventions::nameless_module_buffer,
    calling_conventions::host_placed,
];

impl Abi {
    /// Returns whether the guest was recognised as one of this family.
    pub fn is(&self, family: Family) -> bool {
        self.families.iter().any(|found| found.family == family)
    }

    /// Returns the exports with this role, by their index among all exports.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = usize> + '_ {
        self.roles
            .iter()
            .enumerate()
            .filter(move |(_, export)| export.role == role)
            .map(|(at, _)| at)
    }
}

impl Family {
    /// All families.
    #[cfg(test)]
    pub const ALL: [Family; 20] = [
        Family::StaticBuffer,
        Family::ExportedGlobals,
        Family::AllocFree,
        Family::Malloc,
        Family::ModuleBuffer,
        Family::HostPlaced,
        Family::WasmBindgen,
        Family::AssemblyScript,
        Family::Emscripten,
        Family::CanonicalAbi,
        Family::WasiCommand,
        Family::WasiReactor,
        Family::GoJs,
        Family::KotlinWasm,
        Family::Dart,
        Family::NodeApi,
        Family::SideModule,
        Family::DotNet,
        Family::DprintPlugin,
        Family::Embind,
    ];

    /// Returns the name in JSON: `static-buffer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::StaticBuffer => "static-buffer",
            Family::ExportedGlobals => "exported-globals",
            Family::AllocFree => "alloc-free",
            Family::Malloc => "malloc",
            Family::ModuleBuffer => "module-buffer",
            Family::HostPlaced => "host-placed",
            Family::WasmBindgen => "wasm-bindgen",
            Family::AssemblyScript => "assemblyscript",
            Family::Emscripten => "emscripten",
            Family::CanonicalAbi => "canonical-abi",
            Family::WasiCommand => "wasi-command",
            Family::WasiReactor => "wasi-reactor",
            Family::GoJs => "go-js",
            Family::KotlinWasm => "kotlin-wasm",
            Family::Dart => "dart",
            Family::NodeApi => "node-api",
            Family::SideModule => "side-module",
            Family::DotNet => "dotnet",
            Family::DprintPlugin => "dprint-plugin",
            Family::Embind => "embind",
        }
    }

    /// Returns whether the family is one that passes bytes to the guest's memory.
    pub fn hands_over_bytes(self) -> bool {
        !matches!(
            self,
            Family::WasiCommand | Family::WasiReactor | Family::Emscripten | Family::Embind
        )
    }

    /// Returns whether no export of the family can be called without a host program of its own.
    pub fn needs_host(self) -> bool {
        matches!(
            self,
            Family::GoJs | Family::KotlinWasm | Family::Dart | Family::DotNet
        )
    }

    /// Returns what a host can do with a guest of the family beyond its exports, and what it cannot;
    /// `None` if its exports are all that a host needs.
    pub fn advice(self) -> Option<&'static str> {
        Some(match self {
            Family::GoJs => {
                "It cannot be stepped without Go's wasm_exec.js: `run` takes arguments that the \
                 script places, and every call of the host goes through the imports of `gojs`."
            }
            Family::KotlinWasm => {
                "It cannot be stepped without the JavaScript that its compiler writes: the imports \
                 hold the code of the host."
            }
            Family::Dart => {
                "It cannot be stepped without the JavaScript that its compiler writes, which calls \
                 `$invokeMain`."
            }
            Family::NodeApi => {
                "Its functions are registered through Node-API when `napi_register_wasm_v1` runs. \
                 That takes an environment and an object of the host, so only its allocator can be \
                 stepped."
            }
            Family::SideModule => {
                "A dynamic linker gives it memory, a table, and the addresses of its data and its \
                 stack. Imports of `GOT.mem` and `GOT.func` are addresses of other modules, which \
                 are missing here."
            }
            Family::DotNet => {
                "It cannot be stepped without dotnet.js, which loads the assemblies. What runs here \
                 is the runtime alone."
            }
            Family::Embind => {
                "Embind registers functions and classes with JavaScript while the constructors run, \
                 so they are no exports. Only the exports can be stepped here."
            }
            _ => return None,
        })
    }
}

/// Continues "looks like".
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::StaticBuffer => "a fixed buffer whose address a function returns",
            Family::ExportedGlobals => "buffers whose addresses are exported globals",
            Family::AllocFree => "blocks that the host allocates and releases",
            Family::Malloc => "C's malloc and free",
            Family::ModuleBuffer => "a buffer that the guest allocates for a given size",
            Family::HostPlaced => "bytes that the host writes where it chooses",
            Family::WasmBindgen => "wasm-bindgen",
            Family::AssemblyScript => "AssemblyScript",
            Family::Emscripten => "Emscripten",
            Family::CanonicalAbi => "the canonical ABI of the component model",
            Family::WasiCommand => "a WASI command, a program that runs once",
            Family::WasiReactor => "a WASI reactor, a library that is initialised once",
            Family::GoJs => "Go for JavaScript",
            Family::KotlinWasm => "Kotlin/Wasm",
            Family::Dart => "Dart",
            Family::NodeApi => "an addon for Node-API, with emnapi",
            Family::SideModule => "a side module, which a dynamic linker places in memory",
            Family::DotNet => ".NET",
            Family::DprintPlugin => "a plugin of dprint",
            Family::Embind => {
                "Emscripten with embind, which registers functions and classes with JavaScript"
            }
        })
    }
}

/// Comes before the name of the family.
impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Strong => "looks much like",
            Confidence::Fair => "looks like",
            Confidence::Weak => "may be",
        })
    }
}

impl Confidence {
    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Strong => "strong",
            Confidence::Fair => "fair",
            Confidence::Weak => "weak",
        }
    }
}

impl Role {
    /// Returns the name in JSON: `pointer-getter`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Memory => "memory",
            Role::Table => "table",
            Role::Tag => "tag",
            Role::PointerGetter => "pointer-getter",
            Role::SizedPointer => "sized-pointer",
            Role::Allocator => "allocator",
            Role::Reallocator => "reallocator",
            Role::Release => "release",
            Role::StackPointer => "stack-pointer",
            Role::Start => "start",
            Role::Initialize => "initialize",
            Role::Cleanup => "cleanup",
            Role::Runtime => "runtime",
            Role::Transform => "transform",
            Role::Answer => "answer",
            Role::Action => "action",
            Role::Function => "function",
            Role::Pointer => "pointer",
            Role::Length => "length",
            Role::Linker => "linker",
            Role::Value => "value",
        }
    }
}

/// Prints a few words: `pointer getter`.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Memory => "linear memory",
            Role::Table => "table",
            Role::Tag => "exception",
            Role::PointerGetter => "pointer getter",
            Role::SizedPointer => "pointer for a size",
            Role::Allocator => "allocator",
            Role::Reallocator => "reallocator",
            Role::Release => "release",
            Role::StackPointer => "stack pointer",
            Role::Start => "start",
            Role::Initialize => "initialisation",
            Role::Cleanup => "clean-up",
            Role::Runtime => "toolchain's own",
            Role::Transform => "transform",
            Role::Answer => "answer",
            Role::Action => "action",
            Role::Function => "function",
            Role::Pointer => "buffer's address",
            Role::Length => "a length",
            Role::Linker => "linker's symbol",
            Role::Value => "value",
        })
    }
}

impl Arg {
    /// Returns the name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Arg::Pointer => "pointer",
            Arg::Length => "length",
            Arg::Alignment => "alignment",
            Arg::ReturnArea => "return-area",
            Arg::Output => "output",
            Arg::Capacity => "capacity",
            Arg::Elements => "elements",
            Arg::Object => "object",
            Arg::Handle => "handle",
            Arg::Number => "number",
            Arg::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
