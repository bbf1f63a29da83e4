//! Conventions that people build by hand, recognised by the names and the types of exports.

use super::allocation::AllocatorKind;
use super::export_facts::{Facts, Function, name, names};
use super::{Arg, Confidence, Family, Recognised, body_analysis, naming, parameters};

fn found_with(family: Family, confidence: Confidence, reasons: Vec<String>) -> Option<Recognised> {
    Some(Recognised {
        family,
        confidence,
        reasons,
    })
}

/// The lowest address that a constant means. Smaller constants are counts, flags and members of
/// enumerations.
const LOWEST_BUFFER: u64 = 8;

/// The smallest distance between two buffers. Constants that are closer are members of an
/// enumeration.
const SMALLEST_BUFFER: u64 = 8;

/// The most globals and functions that are compared with each other.
const MAX_COMPARED: usize = 200;

/// Returns whether toolchains use a name for functions of their own.
fn is_toolchains(name: &str) -> bool {
    name.starts_with("__") || name.starts_with("cabi_")
}

/// Returns whether a function allocates blocks: `alloc(size)`, `allocate(size, align)`.
pub(super) fn is_allocator(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    naming::allocates(&function.words)
        && !is_toolchains(function.name)
        && (facts.has_shape(function, 1, 1) || facts.has_shape(function, 2, 1))
        && !facts.dereferences(function)
}

/// Returns whether a function reallocates blocks.
pub(super) fn is_reallocator(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    naming::reallocates(&function.words) && (2..=4).any(|count| facts.has_shape(function, count, 1))
}

/// Returns whether a function releases a block: `free(pointer)`, `dealloc(pointer, size)`,
/// `dealloc(pointer, size, align)`.
pub(super) fn is_release(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    naming::releases(&function.words) && (1..=3).any(|count| facts.has_shape(function, count, 0))
}

/// Returns whether a function returns the address of a buffer, by its name and type.
pub(super) fn is_getter(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    facts.has_shape(function, 0, 1)
        && naming::is_pointer(&function.words)
        && !is_toolchains(function.name)
        && !function.is_library
        && facts
            .constant_number(function)
            .is_none_or(|value| value >= LOWEST_BUFFER)
}

/// Returns whether a function takes a size and returns where as many bytes may be written, by its
/// name and type.
pub(super) fn is_sized_getter(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    let words = &function.words;
    let named = naming::reserves(words) || naming::is_pointer(words);
    facts.has_shape(function, 1, 1)
        && named
        && !naming::allocates(words)
        && !is_toolchains(function.name)
        && !facts.is_bindgen()
        && !facts.dereferences(function)
}

/// Recognises C's `malloc` and `free`, by their names or by their code.
pub(super) fn malloc(facts: &Facts<'_>) -> Option<Recognised> {
    let found = facts.allocation?;
    let function = |at: usize| facts.functions.iter().find(|function| function.at == at);
    let malloc = function(found.allocator)?;
    let release = found.release.and_then(function);
    let mut reasons = match found.kind {
        AllocatorKind::Malloc => {
            vec![format!(
                "it exports {} of type {}",
                name(malloc.name),
                malloc.ty
            )]
        }
        AllocatorKind::ByCode => {
            let reason = format!(
                "{} allocates as dlmalloc does, by its code",
                name(malloc.name)
            );
            vec![reason]
        }
        _ => return None,
    };
    let Some(free) = release else {
        reasons.push("it exports no `free` to go with it".into());
        return found_with(Family::Malloc, Confidence::Fair, reasons);
    };
    reasons.push(match found.kind {
        AllocatorKind::ByCode => format!("{} releases blocks, by its code", name(free.name)),
        _ => format!("it exports {} of type {}", name(free.name), free.ty),
    });
    found_with(Family::Malloc, Confidence::Strong, reasons)
}

/// Recognises a function that allocates blocks, and one that releases them.
pub(super) fn alloc_free(facts: &Facts<'_>) -> Option<Recognised> {
    let found = facts
        .allocation
        .filter(|found| found.kind == AllocatorKind::Named)?;
    let function = |at: usize| facts.functions.iter().find(|function| function.at == at);
    let allocator = function(found.allocator)?;
    let mut reasons = vec![match allocator.ty.params.len() {
        1 => format!(
            "{} takes one number, a size by its name, and returns one, a pointer",
            name(allocator.name)
        ),
        _ => {
            format!(
                "{} takes two numbers, a size and an alignment by its name, and returns one",
                name(allocator.name)
            )
        }
    }];
    let others = || facts.functions.iter().find(|f| is_release(facts, f));
    match found.release.and_then(function).or_else(others) {
        Some(release) => {
            reasons.push(format!(
                "{} releases a block, by its name",
                name(release.name)
            ));
            found_with(Family::AllocFree, Confidence::Strong, reasons)
        }
        None => {
            reasons.push("no export releases a block, by its name".into());
            found_with(Family::AllocFree, Confidence::Fair, reasons)
        }
    }
}

/// Recognises a function that returns the address of the guest's one buffer.
pub(super) fn static_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let getters: Vec<&Function<'_>> = facts
        .functions
        .iter()
        .filter(|f| is_getter(facts, f))
        .collect();
    let (first, more) = getters.split_first()?;
    let mut reasons = vec![format!(
        "{} takes nothing and returns one number, a pointer by its name",
        name(first.name)
    )];
    if !more.is_empty() {
        reasons.push(format!(
            "so {} {}",
            if more.len() == 1 { "does" } else { "do" },
            names(more.iter().map(|f| f.name))
        ));
    }
    if let Some(address) = facts.constant_result(first) {
        reasons.push(format!("its whole body is the constant {address:#x}"));
        return found_with(Family::StaticBuffer, Confidence::Strong, reasons);
    }
    if body_analysis::can_grow(facts.guest, first.index) {
        reasons.push(
            "it can make memory grow, like a function that allocates its buffer on the first call"
                .into(),
        );
    }
    found_with(Family::StaticBuffer, Confidence::Fair, reasons)
}

/// Recognises exported globals that hold the addresses of buffers.
pub(super) fn exported_globals(facts: &Facts<'_>) -> Option<Recognised> {
    let pointers: Vec<_> = facts
        .globals
        .iter()
        .filter_map(|global| Some((global, points_at_buffer(facts, global)?)))
        .collect();
    let (first, _) = pointers.first()?;
    let all = names(pointers.iter().map(|(global, _)| global.name));
    let are = if pointers.len() == 1 {
        "is a global"
    } else {
        "are globals"
    };
    let mut reasons = vec![format!("{all} {are} as wide as an address")];
    reasons.extend(
        pointers
            .iter()
            .map(|(_, why)| why.clone())
            .find(|why| !why.is_empty()),
    );
    let lengths: Vec<&str> = facts
        .globals
        .iter()
        .filter(|g| naming::is_length(&g.words) && !is_toolchains(g.name))
        .map(|g| g.name)
        .collect();
    if !lengths.is_empty() {
        reasons.push(format!(
            "by name, {} is the length of a buffer",
            names(lengths)
        ));
    }
    let sure = facts.constant(first.index).is_some();
    found_with(
        Family::ExportedGlobals,
        if sure {
            Confidence::Strong
        } else {
            Confidence::Fair
        },
        reasons,
    )
}

/// Returns why a global is thought to hold the address of a buffer, beyond its name; `None` if it
/// is not.
pub(super) fn points_at_buffer(
    facts: &Facts<'_>,
    global: &super::export_facts::Global<'_>,
) -> Option<String> {
    let is_other = naming::is_mangled(global.name) || is_enum_member(facts, global);
    if *global.ty != facts.address || is_toolchains(global.name) || is_other {
        return None;
    }
    let value = facts
        .constant(global.index)
        .filter(|value| facts.is_in_memory(*value));
    let segment = value.and_then(|value| {
        let mut segments = facts.guest.data_segments().iter();
        segments.find(|segment| segment.offset == super::super::Offset::Const(value))
    });
    let quoted = name(global.name);
    match (naming::is_place(&global.words), value, segment) {
        (_, Some(value), Some(segment)) if !naming::is_length(&global.words) => Some(format!(
            "{quoted} is {value:#x}, where data segment {} begins",
            segment.index
        )),
        (true, Some(value), _) => Some(format!(
            "{quoted} is {value:#x}, inside memory, and never changes"
        )),
        // If a constant is no address in memory, its name is misleading.
        (true, None, _) if facts.constant(global.index).is_none() => Some(String::new()),
        _ => None,
    }
}

/// Returns whether a global is a member of an enumeration: a small constant, or one of several that
/// are close to each other.
fn is_enum_member(facts: &Facts<'_>, global: &super::export_facts::Global<'_>) -> bool {
    let Some(value) = facts.constant(global.index) else {
        return false;
    };
    let is_close = |other: &super::export_facts::Global<'_>| {
        other.index != global.index
            && !naming::is_length(&other.words)
            && facts
                .constant(other.index)
                .is_some_and(|other| other.abs_diff(value) < SMALLEST_BUFFER)
    };
    // `Kind.First` is the form of AssemblyScript for a member.
    let is_qualified = global.name.contains('.') && value < 1024;
    value < LOWEST_BUFFER || is_qualified || facts.globals.iter().take(MAX_COMPARED).any(is_close)
}

/// Recognises a function that takes a size and returns where to write.
pub(super) fn module_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let getter = facts.functions.iter().find(|f| is_sized_getter(facts, f))?;
    let reason = format!(
        "{} takes one number and returns one, a pointer by its name",
        name(getter.name)
    );
    found_with(Family::ModuleBuffer, Confidence::Fair, vec![reason])
}

/// Recognises such a function by its type alone.
pub(super) fn nameless_module_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let reason = format!(
        "{} is the only function that takes anything: one number, perhaps a size, and it \
         returns another, perhaps where to write as many bytes",
        name(only_sized(facts)?.name)
    );
    found_with(Family::ModuleBuffer, Confidence::Weak, vec![reason])
}

/// Returns the only function of a guest that takes anything, if it takes one number and returns
/// one, and if there is no other way to pass bytes to the guest.
pub(super) fn only_sized<'f, 'g>(facts: &'f Facts<'g>) -> Option<&'f Function<'g>> {
    let mut taking = facts
        .functions
        .iter()
        .filter(|f| !f.ty.params.is_empty() && !is_toolchains(f.name));
    let only = taking.next().filter(|f| facts.has_shape(f, 1, 1))?;
    let others = facts
        .functions
        .iter()
        .filter(|f| !f.ty.results.is_empty())
        .count();
    let has_way_in = facts
        .functions
        .iter()
        .any(|f| is_getter(facts, f) || is_allocator(facts, f))
        || facts
            .globals
            .iter()
            .any(|global| points_at_buffer(facts, global).is_some());
    let summary = facts.code.summary(only.index);
    let is_address =
        summary.may_return_address() && !summary.returns_parameter() && !facts.dereferences(only);
    (taking.next().is_none() && others > 1 && !has_way_in && is_address).then_some(only)
}

/// Recognises functions that take addresses, by their code, where nothing returns any.
pub(super) fn host_placed(facts: &Facts<'_>) -> Option<Recognised> {
    let takes_address = |f: &&Function<'_>| {
        let has_any = f.ty.params.contains(&facts.address);
        has_any
            && !is_toolchains(f.name)
            && !f.is_library
            && !is_release(facts, f)
            && parameters::of(facts, f).args.contains(&Arg::Pointer)
    };
    let has_memory = facts
        .guest
        .memories()
        .iter()
        .any(|memory| !memory.exported_as.is_empty());
    let functions = facts.functions.iter().take(MAX_COMPARED);
    let takers: Vec<&str> = functions.filter(takes_address).map(|f| f.name).collect();
    if !has_memory || takers.is_empty() || facts.allocation.is_some() {
        return None;
    }
    let verb = if takers.len() == 1 { "takes" } else { "take" };
    let reasons = vec![
        format!("{} {verb} a pointer, by the code", names(takers)),
        "memory is exported, and nothing returns addresses in it".into(),
    ];
    found_with(Family::HostPlaced, Confidence::Weak, reasons)
}
