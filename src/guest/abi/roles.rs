//! What each export looks like, given the conventions that were recognised.

use std::cmp::Reverse;

use super::export_facts::{Facts, Function, Global};
use super::{
    Arg, ExportRole, Family, Recognised, Role, body_analysis, calling_conventions, naming,
};
use crate::guest::{ExternType, ValueType};
use crate::safe;

/// The largest number of getters whose code is searched for growth of memory. Each may have much
/// code.
const MAX_SEARCHED_GETTERS: usize = 16;

/// Returns the role of each export, in order.
pub(super) fn of(facts: &Facts<'_>, families: &[Recognised]) -> Vec<ExportRole> {
    let guest = Context::of(facts, families);
    let mut roles: Vec<ExportRole> = facts
        .guest
        .exports()
        .iter()
        .map(|export| of_kind(&export.ty))
        .collect();
    let mut searched = 0;
    for function in &facts.functions {
        let mut found = guest.function(function);
        if found.role == Role::PointerGetter && searched < MAX_SEARCHED_GETTERS {
            searched += 1;
            if body_analysis::can_grow(facts.guest, function.index) {
                found.why = "can make memory grow".into();
            }
        }
        if let Some(role) = roles.get_mut(function.at) {
            *role = found;
        }
    }
    for global in &facts.globals {
        if let Some(role) = roles.get_mut(global.at) {
            *role = of_global(facts, global);
        }
    }
    roles
}

/// Returns the functions that belong to no convention and no toolchain, the most likely first.
pub(super) fn work(facts: &Facts<'_>, roles: &[ExportRole]) -> Vec<usize> {
    let rank = |function: &Function<'_>| {
        let role = roles
            .get(function.at)
            .map_or(Role::Function, |found| found.role);
        let likely = match role {
            Role::Transform => 3,
            Role::Function => 2,
            Role::Answer | Role::Action => 1,
            _ => return None,
        };
        Some((
            Reverse(likely + naming::likelihood(&function.words)),
            function.at,
        ))
    };
    let mut ranked: Vec<_> = facts.functions.iter().filter_map(rank).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, at)| at).collect()
}

fn plain(role: Role) -> ExportRole {
    ExportRole {
        role,
        why: String::new(),
        args: Vec::new(),
        params: Vec::new(),
    }
}

fn because(role: Role, why: impl Into<String>) -> ExportRole {
    ExportRole {
        why: why.into(),
        ..plain(role)
    }
}

fn of_kind(ty: &ExternType) -> ExportRole {
    plain(match ty {
        ExternType::Memory(_) => Role::Memory,
        ExternType::Table(_) => Role::Table,
        ExternType::Tag(_) => Role::Tag,
        ExternType::Global(_) => Role::Value,
        ExternType::Func(_) => Role::Function,
    })
}

fn of_global(facts: &Facts<'_>, global: &Global<'_>) -> ExportRole {
    match global.name {
        "__heap_base" => return because(Role::Linker, "where the heap may begin"),
        "__heap_end" => return because(Role::Linker, "where the heap ended when it was linked"),
        "__data_end" => return because(Role::Linker, "where static data ends"),
        "__global_base" => return because(Role::Linker, "where static data begins"),
        "__stack_pointer" => return because(Role::Linker, "the top of the guest's own stack"),
        name if name.starts_with("__") => return plain(Role::Runtime),
        _ => {}
    }
    if let Some(why) = calling_conventions::points_at_buffer(facts, global) {
        // The role is shown beside the name of the global, so the reason need not repeat it.
        let why = why.split_once(" is ").map_or("by its name", |(_, why)| why);
        return because(Role::Pointer, why);
    }
    match naming::is_length(&global.words) && matches!(global.ty, ValueType::I32 | ValueType::I64) {
        true => because(Role::Length, "by its name"),
        false => plain(Role::Value),
    }
}

/// What the recognised families mean for single functions.
struct Context<'f, 'g> {
    facts: &'f Facts<'g>,
    is_bindgen: bool,
    /// Whether the guest has a place of its own for what the host writes.
    has_own_buffer: bool,
    /// Whether addresses are passed as arguments.
    has_passed_pointers: bool,
    /// Whether functions may take the address of a return area.
    has_return_area: bool,
    /// The export that takes a size and returns where to write.
    sized: Option<usize>,
    /// The things that allocators are used for, by their names.
    subjects: Vec<&'f str>,
}

impl<'f, 'g> Context<'f, 'g> {
    fn of(facts: &'f Facts<'g>, families: &[Recognised]) -> Self {
        let is = |family: Family| families.iter().any(|found| found.family == family);
        let sized = || {
            facts
                .functions
                .iter()
                .find(|f| calling_conventions::is_sized_getter(facts, f))
        };
        let sized = is(Family::ModuleBuffer)
            .then(|| sized().or_else(|| calling_conventions::only_sized(facts)))
            .flatten();
        let allocators = facts
            .functions
            .iter()
            .filter(|f| calling_conventions::is_allocator(facts, f));
        Context {
            facts,
            is_bindgen: is(Family::WasmBindgen),
            has_own_buffer: is(Family::StaticBuffer)
                || is(Family::ExportedGlobals)
                || is(Family::ModuleBuffer),
            has_passed_pointers: [
                Family::AllocFree,
                Family::Malloc,
                Family::HostPlaced,
                Family::WasmBindgen,
            ]
            .into_iter()
            .chain([Family::CanonicalAbi, Family::AssemblyScript])
            .any(is),
            has_return_area: facts.function("__wbindgen_add_to_stack_pointer").is_some(),
            sized: sized.map(|f| f.at),
            subjects: allocators.flat_map(|f| naming::subject(&f.words)).collect(),
        }
    }

    fn function(&self, function: &Function<'_>) -> ExportRole {
        let mut found = self
            .by_name(function)
            .unwrap_or_else(|| self.by_shape(function));
        found.args.resize(function.ty.params.len(), Arg::Unknown);
        found.params = function.params.clone();
        found
    }

    /// Returns the role of a function with a fixed name.
    fn by_name(&self, function: &Function<'_>) -> Option<ExportRole> {
        let args = |role, args: &[Arg]| {
            Some(ExportRole {
                args: args.to_vec(),
                ..plain(role)
            })
        };
        let count = function.ty.params.len();
        match function.name {
            "_start" if count == 0 => return Some(because(Role::Start, "runs the whole program")),
            "_initialize" if count == 0 => {
                return Some(because(Role::Initialize, "called once, before all others"));
            }
            "__wasm_call_ctors" if count == 0 => {
                return Some(because(Role::Initialize, "runs constructors"));
            }
            "cabi_realloc" | "canonical_abi_realloc" if count == 4 => {
                return args(
                    Role::Allocator,
                    &[Arg::Unknown, Arg::Unknown, Arg::Alignment, Arg::Length],
                );
            }
            "__new" if count == 2 => return args(Role::Allocator, &[Arg::Length, Arg::Unknown]),
            "stackSave" | "stackRestore" | "stackAlloc" | "__wbindgen_add_to_stack_pointer" => {
                return Some(plain(Role::StackPointer));
            }
            name if name.starts_with("cabi_post_") => return args(Role::Cleanup, &[Arg::Pointer]),
            name if name.contains("stack_restore") || name.contains("stack_alloc") => {
                return Some(plain(Role::StackPointer));
            }
            _ => {}
        }
        if self.is_bindgen && function.name.starts_with("__wbindgen_") {
            return Some(self.of_bindgen(function));
        }
        if function.name.starts_with("__") || function.name.starts_with("emscripten_") {
            return Some(plain(Role::Runtime));
        }
        None
    }

    /// Returns the role of a helper of wasm-bindgen. Newer versions give these numbers for names,
    /// so their types decide.
    fn of_bindgen(&self, function: &Function<'_>) -> ExportRole {
        let shape = |params, results| self.facts.has_shape(function, params, results);
        let is = |word: &str| {
            function.words.iter().any(|w| w == word) || function.words.iter().any(|w| w == "export")
        };
        let (role, args): (Role, &[Arg]) = if is("malloc") && (shape(1, 1) || shape(2, 1)) {
            (Role::Allocator, &[Arg::Length, Arg::Alignment])
        } else if is("realloc") && (shape(3, 1) || shape(4, 1)) {
            (
                Role::Reallocator,
                &[Arg::Pointer, Arg::Length, Arg::Length, Arg::Alignment],
            )
        } else if is("free") && (shape(2, 0) || shape(3, 0)) {
            (Role::Release, &[Arg::Pointer, Arg::Length, Arg::Alignment])
        } else if function.name == "__wbindgen_start" {
            (Role::Initialize, &[])
        } else {
            (Role::Runtime, &[])
        };
        let count = function.ty.params.len();
        ExportRole {
            args: args.iter().copied().take(count).collect(),
            ..plain(role)
        }
    }

    /// Returns the role of a function by its type and name.
    fn by_shape(&self, function: &Function<'_>) -> ExportRole {
        let facts = self.facts;
        let with = |role, args: &[Arg]| {
            let args = args
                .iter()
                .copied()
                .take(function.ty.params.len())
                .collect();
            ExportRole {
                args,
                ..because(role, "by its name and type")
            }
        };
        if calling_conventions::is_getter(facts, function) {
            return match facts.constant_result(function) {
                Some(address) => {
                    because(Role::PointerGetter, format!("always returns {address:#x}"))
                }
                None => because(Role::PointerGetter, "by its name and type"),
            };
        }
        if calling_conventions::is_allocator(facts, function) {
            return with(Role::Allocator, &[Arg::Length, Arg::Alignment]);
        }
        if calling_conventions::is_reallocator(facts, function) {
            return with(
                Role::Reallocator,
                &[Arg::Pointer, Arg::Length, Arg::Length, Arg::Alignment],
            );
        }
        if calling_conventions::is_release(facts, function) {
            if function.ty.params.len() == 1 && !naming::subject(&function.words).is_empty() {
                return because(
                    Role::Release,
                    "by its name and type; what it releases is not clear",
                );
            }
            return with(Role::Release, &[Arg::Pointer, Arg::Length, Arg::Alignment]);
        }
        if self.sized == Some(function.at) {
            return with(Role::SizedPointer, &[Arg::Length]);
        }
        match (
            function.ty.params.is_empty(),
            function.ty.results.is_empty(),
        ) {
            (true, true) => plain(Role::Action),
            (true, false) => plain(Role::Answer),
            _ => self.with_parameters(function),
        }
    }

    /// Returns the role of a function that takes parameters.
    fn with_parameters(&self, function: &Function<'_>) -> ExportRole {
        let facts = self.facts;
        let address = &facts.address;
        let wide = function
            .ty
            .params
            .iter()
            .take_while(|ty| *ty == address)
            .count();
        let transform = |args: &[Arg], why: &str| ExportRole {
            args: args.to_vec(),
            ..because(Role::Transform, why)
        };
        let is_alone = function.ty.params.len() == 1;
        if naming::sets_up(&function.words) {
            return because(Role::Function, "sets something, by its name");
        }
        if self.has_return_area && function.ty.results.is_empty() && wide >= 3 && wide % 2 == 1 {
            let args: Vec<Arg> = [Arg::ReturnArea]
                .into_iter()
                .chain([Arg::Pointer, Arg::Length].repeat(wide / 2))
                .collect();
            return transform(&args, "takes a return area, then a pointer and a length");
        }
        if let Some(args) = by_parameters(self.facts, function) {
            let why = format!("takes {}", function.params.join(", "));
            return transform(&args, &safe::cut(&why, 60));
        }
        if self.has_passed_pointers && wide >= 2 {
            return transform(
                &[Arg::Pointer, Arg::Length],
                "may take a pointer and a length",
            );
        }
        if facts.function("__new").is_some() && wide >= 1 && !self.has_own_buffer {
            return transform(&[Arg::Pointer], "may take a pointer to an object");
        }
        if self.has_own_buffer && wide == 1 && is_alone {
            return transform(&[Arg::Length], "takes one number, perhaps a length");
        }
        let shared = naming::subject(&function.words)
            .into_iter()
            .find(|word| self.subjects.contains(word));
        if let Some(shared) = shared.filter(|_| wide == 1 && is_alone) {
            let why = format!(
                "takes one number; `{}` is what the allocator is for",
                safe::cut(shared, 20)
            );
            return transform(&[Arg::Pointer], &why);
        }
        plain(Role::Function)
    }
}

/// Returns what the names of the parameters mean, if one is a pointer or a length.
fn by_parameters(facts: &Facts<'_>, function: &Function<'_>) -> Option<Vec<Arg>> {
    let of = |(name, ty): (&String, &ValueType)| {
        let words = naming::split(name);
        match () {
            () if *ty != facts.address => Arg::Unknown,
            () if naming::is_alignment(&words) => Arg::Alignment,
            () if naming::is_length(&words) => Arg::Length,
            () if naming::is_place(&words) => Arg::Pointer,
            () => Arg::Unknown,
        }
    };
    let args: Vec<Arg> = function
        .params
        .iter()
        .zip(&function.ty.params)
        .map(of)
        .collect();
    args.iter()
        .any(|arg| matches!(arg, Arg::Pointer | Arg::Length))
        .then_some(args)
}
