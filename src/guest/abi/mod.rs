//! Which convention a guest's exports and imports look like: how a host hands it bytes and takes
//! some back.
//!
//! Owns the rules and the words for what they found. Every verdict is a guess from names, types and
//! a few instructions, and comes with reasons a person can check; nothing here runs the guest.
//! `rules` is the table of conventions, one function for each; `roles` says of each export what it
//! looks like, in the light of those.

mod body_analysis;
mod calling_conventions;
mod facts;
mod naming;
mod roles;
mod toolchains;

use std::cmp::Reverse;
use std::fmt;

use super::Guest;
use facts::Facts;

/// What a guest's exports and imports look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abi {
    /// The conventions recognised, the surest first; empty where none was.
    pub families: Vec<Recognised>,
    /// What each export looks like, in the order of [`Guest::exports`].
    pub roles: Vec<ExportRole>,
    /// The functions that do the guest's work, by their place among all exports: first what a host
    /// most likely wants.
    pub work: Vec<usize>,
}

/// A convention and why the guest is thought to follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    pub family: Family,
    pub confidence: Confidence,
    /// At least one, each a clause that goes on from "because". Safe to print.
    pub reasons: Vec<String>,
}

/// A way to pass bytes between host and guest, or the toolchain that made the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// A function answers where the guest's one buffer lies.
    StaticBuffer,
    /// Exported globals hold the addresses of the guest's buffers.
    ExportedGlobals,
    /// The host asks for each block and gives it back.
    AllocFree,
    /// The same by C's names.
    Malloc,
    /// The host says how much it wants to write and is told where; the guest keeps the buffer.
    ModuleBuffer,
    /// The host chooses where it writes; nothing hands out addresses.
    HostPlaced,
    WasmBindgen,
    AssemblyScript,
    Emscripten,
    /// The component model's, with `cabi_realloc`.
    CanonicalAbi,
    /// A program for WASI that runs once.
    WasiCommand,
    /// A library that is initialised once and then called.
    WasiReactor,
}

/// How sure a verdict is. None is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Would fit other things as well.
    Weak,
    Fair,
    /// Several signs agree, or one that nothing else leaves.
    Strong,
}

/// What an export looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRole {
    pub role: Role,
    /// Why, or what is known besides, as a clause; empty where the type says it all. Safe to print.
    pub why: String,
    /// What each parameter of a function looks like; empty for anything else.
    pub args: Vec<Arg>,
    /// The parameters' names where the module has them for all; safe to print. Else empty.
    pub params: Vec<String>,
}

/// The part that an export plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Memory,
    Table,
    Tag,
    /// Answers where a buffer lies.
    PointerGetter,
    /// Is told a size and answers where to put as much; the guest keeps the buffer.
    SizedPointer,
    Allocator,
    Reallocator,
    /// Takes a block back.
    Release,
    /// Moves, saves or restores the guest's stack pointer.
    StackPointer,
    /// A program's entry.
    Start,
    /// To be called once before anything else.
    Initialize,
    /// To be called with what another call answered.
    Cleanup,
    /// The toolchain's own, not for the host to call.
    Runtime,
    /// Works on bytes whose place or length it is told.
    Transform,
    /// Takes nothing and answers something.
    Answer,
    /// Takes nothing and answers nothing.
    Action,
    /// Any other function.
    Function,
    /// A global that holds an address.
    Pointer,
    /// A global that holds a size.
    Length,
    /// A global that the linker put there.
    Linker,
    /// Any other global.
    Value,
}

/// What a parameter looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arg {
    Pointer,
    Length,
    Alignment,
    /// Where the guest is to write a pointer and a length that it answers.
    ReturnArea,
    Unknown,
}

impl Guest {
    /// Guesses which conventions this guest follows and what its exports are for. Reads names,
    /// types and some code, and takes time that grows with their number.
    pub fn abi(&self) -> Abi {
        let facts = Facts::of(self);
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
        }
    }
}

type Rule = fn(&Facts<'_>) -> Option<Recognised>;

/// Those of toolchains first: of two that are equally sure they say more.
const RULES: [Rule; 11] = [
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

/// Asked where none of the others says how bytes come in.
const LAST_RESORTS: [Rule; 2] = [
    calling_conventions::nameless_module_buffer,
    calling_conventions::host_placed,
];

impl Abi {
    /// Whether the guest was recognised to be of this family.
    pub fn is(&self, family: Family) -> bool {
        self.families.iter().any(|found| found.family == family)
    }

    /// The exports that play this part, by their place among all exports.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = usize> + '_ {
        self.roles
            .iter()
            .enumerate()
            .filter(move |(_, export)| export.role == role)
            .map(|(at, _)| at)
    }
}

impl Family {
    pub const ALL: [Family; 12] = [
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
    ];

    /// A word for programs: `static-buffer`.
    pub fn key(self) -> &'static str {
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
        }
    }

    /// Whether it says how bytes come into the guest's memory.
    pub fn hands_over_bytes(self) -> bool {
        !matches!(
            self,
            Family::WasiCommand | Family::WasiReactor | Family::Emscripten
        )
    }
}

/// Goes on from "looks like".
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::StaticBuffer => "a fixed buffer, whose address a function answers",
            Family::ExportedGlobals => "buffers whose addresses are exported globals",
            Family::AllocFree => "blocks that the host asks for and gives back",
            Family::Malloc => "C's malloc and free",
            Family::ModuleBuffer => "a buffer that the guest makes when it is told a size",
            Family::HostPlaced => "bytes that the host puts where it likes",
            Family::WasmBindgen => "wasm-bindgen",
            Family::AssemblyScript => "AssemblyScript",
            Family::Emscripten => "Emscripten",
            Family::CanonicalAbi => "the canonical ABI of the component model",
            Family::WasiCommand => "a WASI command, a program that runs once",
            Family::WasiReactor => "a WASI reactor, a library that is initialised once",
        })
    }
}

/// What stands before the family's words.
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
    /// A word for programs.
    pub fn key(self) -> &'static str {
        match self {
            Confidence::Strong => "strong",
            Confidence::Fair => "fair",
            Confidence::Weak => "weak",
        }
    }
}

impl Role {
    /// A word for programs: `pointer-getter`.
    pub fn key(self) -> &'static str {
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

/// A few words: `answers a pointer`.
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
    /// A word for programs.
    pub fn key(self) -> &'static str {
        match self {
            Arg::Pointer => "pointer",
            Arg::Length => "length",
            Arg::Alignment => "alignment",
            Arg::ReturnArea => "return-area",
            Arg::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
