//! What each export looks like, given the conventions that were recognised.

use std::cmp::Reverse;

use super::allocation::{Allocation, AllocatorKind};
use super::export_facts::{Facts, Function, Global};
use super::{
    Arg, ExportRole, Family, Recognised, ResultShape, Role, body_analysis, calling_conventions,
    naming, parameters,
};
use crate::guest::{ExternType, ValueType};
use crate::safe;
use crate::text::list;

/// The largest number of getters whose code is searched for growth of memory. Each may have much
/// code.
const MAX_SEARCHED_GETTERS: usize = 16;

/// The most characters of a reason that lists parameters.
const MAX_REASON: usize = 80;

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
        let found = roles.get(function.at)?;
        let likely = match found.role {
            Role::Transform => 3,
            Role::Function => 2,
            Role::Answer | Role::Action => 1,
            _ => return None,
        };
        let has = |arg: Arg| found.args.contains(&arg);
        // A function that takes text as a whole is more likely than one that takes a part of it.
        let spans = i32::from(has(Arg::Pointer) && has(Arg::Length));
        let objects = i32::from(has(Arg::Object) || has(Arg::Handle) || has(Arg::Unknown)) * 2;
        Some((
            Reverse(likely + spans + naming::likelihood(&function.words) - objects),
            function.at,
        ))
    };
    // A helper of a library is what people came for only where there is nothing else.
    let is_own = |function: &&Function<'_>| !function.is_library && rank(function).is_some();
    let has_own = facts.functions.iter().any(|function| is_own(&function));
    let functions = facts.functions.iter().filter(|f| !f.is_library || !has_own);
    let mut ranked: Vec<_> = functions.filter_map(rank).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, at)| at).collect()
}

fn plain(role: Role) -> ExportRole {
    ExportRole {
        role,
        why: String::new(),
        args: Vec::new(),
        params: Vec::new(),
        shape: ResultShape::Unknown,
        statics: None,
        returns_address: false,
        is_count: false,
        consumes_object: false,
        is_sized: false,
        class: None,
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
    /// The export that takes a size and returns where to write.
    sized: Option<usize>,
    /// The things that allocators are used for, by their names.
    subjects: Vec<&'f str>,
    /// The classes of wasm-bindgen, by the functions that free their objects.
    classes: Vec<&'f str>,
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
        let class = |function: &Function<'g>| {
            let class = function.name.strip_prefix("__wbg_")?;
            class
                .strip_suffix("_free")
                .filter(|class| !class.is_empty())
        };
        Context {
            facts,
            is_bindgen: is(Family::WasmBindgen),
            has_own_buffer: is(Family::StaticBuffer)
                || is(Family::ExportedGlobals)
                || is(Family::ModuleBuffer),
            sized: sized.map(|f| f.at),
            subjects: allocators.flat_map(|f| naming::subject(&f.words)).collect(),
            classes: facts.functions.iter().filter_map(class).collect(),
        }
    }

    /// Returns the class to which a function of wasm-bindgen belongs, by its name.
    fn class(&self, function: &Function<'_>) -> Option<&'f str> {
        let is_of = |class: &&&str| {
            let rest = function.name.strip_prefix(**class);
            rest.is_some_and(|rest| rest.starts_with('_'))
        };
        let classes = self.classes.iter().filter(is_of);
        classes.max_by_key(|class| class.len()).copied()
    }

    fn function(&self, function: &Function<'_>) -> ExportRole {
        let mut found = self
            .by_name(function)
            .unwrap_or_else(|| self.by_shape(function));
        found.args.resize(function.ty.params.len(), Arg::Unknown);
        found.params = function.params.clone();
        found.is_count = naming::is_length(&function.words);
        if found.role == Role::Answer {
            let summary = self.facts.code.summary(function.index);
            found.returns_address = summary.may_return_address();
        }
        found.class = self.class(function).map(str::to_string);
        found
    }

    /// Returns the role of the function that allocates blocks, or of that which releases them.
    fn of_allocation(&self, found: Allocation, function: &Function<'_>) -> Option<ExportRole> {
        let (role, args): (Role, &[Arg]) = if found.allocator == function.at {
            let args: &[Arg] = match found.kind {
                AllocatorKind::New | AllocatorKind::Retain => &[Arg::Length, Arg::Number],
                AllocatorKind::Realloc => &[Arg::Number, Arg::Number, Arg::Alignment, Arg::Length],
                _ => &[Arg::Length, Arg::Alignment],
            };
            (Role::Allocator, args)
        } else if found.release == Some(function.at) {
            (Role::Release, &[Arg::Pointer, Arg::Length, Arg::Alignment])
        } else {
            return None;
        };
        let args = args.iter().copied().take(function.ty.params.len());
        let why = match found.kind {
            AllocatorKind::ByCode => "its code is that of dlmalloc",
            AllocatorKind::Named | AllocatorKind::Malloc => "by its name and type",
            _ => "",
        };
        Some(ExportRole {
            args: args.collect(),
            ..because(role, why)
        })
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
        let own = self.facts.allocation;
        if let Some(found) = own.and_then(|found| self.of_allocation(found, function)) {
            return Some(found);
        }
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
        let is_own = ["__", "emscripten_", "_emscripten_", "asyncify_", "dynCall_"];
        let is_bound = function.name.starts_with("emscripten_bind_");
        let is_toolchains = is_own.iter().any(|own| function.name.starts_with(own));
        let is_field = self.is_bindgen && function.name.starts_with("__wbg_");
        let is_mangled = naming::is_mangled(function.name);
        if (is_toolchains && !is_bound && !is_mangled)
            || is_field
            || (is_mangled && function.is_library)
        {
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
        if !self.is_bindgen && calling_conventions::is_allocator(facts, function) {
            return with(Role::Allocator, &[Arg::Length, Arg::Alignment]);
        }
        if !self.is_bindgen && calling_conventions::is_reallocator(facts, function) {
            return with(
                Role::Reallocator,
                &[Arg::Pointer, Arg::Length, Arg::Length, Arg::Alignment],
            );
        }
        if calling_conventions::is_release(facts, function) {
            return because(
                Role::Release,
                "by its name and type; what it releases is not clear",
            );
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
        let mut found = parameters::of(self.facts, function);
        if self.reallocates(function) {
            return ExportRole {
                args: vec![Arg::Pointer, Arg::Length],
                ..because(Role::Reallocator, "by its code")
            };
        }
        let shared = self.shared_subject(function);
        let mut is_sized = false;
        if let [arg] = found.args.as_mut_slice() {
            if self.takes_length_only(function) {
                *arg = Arg::Length;
            } else if !shared.is_empty() && matches!(arg, Arg::Object | Arg::Unknown) {
                *arg = Arg::Pointer;
                is_sized = true;
            }
        }
        let is_span = |arg: &Arg| {
            matches!(
                arg,
                Arg::Pointer | Arg::Length | Arg::Output | Arg::ReturnArea | Arg::Elements
            )
        };
        let role = match found.args.iter().any(is_span) {
            true => Role::Transform,
            false => Role::Function,
        };
        let why = match () {
            () if naming::sets_up(&function.words) => "sets something, by its name".into(),
            () if !shared.is_empty() => shared,
            () if role == Role::Function => String::new(),
            () if !function.params.is_empty() => format!("takes {}", function.params.join(", ")),
            () => described(&found.args),
        };
        ExportRole {
            args: found.args,
            shape: found.shape,
            statics: found.statics,
            returns_address: found.returns_address,
            consumes_object: found.consumes_object,
            is_sized,
            ..because(role, safe::cut(&why, MAX_REASON))
        }
    }

    /// Returns whether a function takes one number, by its code a length, where the guest has a
    /// buffer of its own.
    fn takes_length_only(&self, function: &Function<'_>) -> bool {
        let summary = self.facts.code.summary(function.index);
        let [used] = summary.parameters.as_slice() else {
            return false;
        };
        self.has_own_buffer
            && self.facts.has_shape(function, 1, function.ty.results.len())
            && !used.is_accessed()
            && (used.bounds || used.sizes)
    }

    /// Returns whether a function takes a block of an allocator and a size, and may return another
    /// block, by its code: it reads the header before the block, and copies its bytes.
    fn reallocates(&self, function: &Function<'_>) -> bool {
        let summary = self.facts.code.summary(function.index);
        let [block, size] = summary.parameters.as_slice() else {
            return false;
        };
        self.facts.has_shape(function, 2, 1)
            && !self.facts.has_object_headers()
            && block.loads.header
            && !size.is_accessed()
            && summary.may_return_address()
            && !summary.returns_parameter()
    }

    /// Returns what a function has to do with an allocator, by their names.
    fn shared_subject(&self, function: &Function<'_>) -> String {
        let shared = naming::subject(&function.words)
            .into_iter()
            .find(|word| self.subjects.contains(word));
        let shared = shared.filter(|_| function.ty.params.len() == 1);
        shared.map_or_else(String::new, |shared| {
            let shared = safe::cut(shared, 20);
            format!("takes one number; `{shared}` is what the allocator is for")
        })
    }
}

/// Returns what parameters look like, as a clause.
fn described(args: &[Arg]) -> String {
    let nouns: Vec<&str> = args
        .iter()
        .map(|arg| match arg {
            Arg::Pointer => "a pointer",
            Arg::Length => "a length",
            Arg::Alignment => "an alignment",
            Arg::ReturnArea => "a return area",
            Arg::Output => "a buffer to write to",
            Arg::Capacity => "its size",
            Arg::Elements => "a pointer to numbers",
            Arg::Object => "an object",
            Arg::Handle => "an object of the host",
            Arg::Number => "a number",
            Arg::Unknown => "something",
        })
        .collect();
    format!("takes {}", list::and(&nouns))
}
