//! Conventions that people build by hand, recognised by the names and the types of exports.

use super::export_facts::{Facts, Function, name, names};
use super::{Confidence, Family, Recognised, body_analysis, naming};

fn found(family: Family, confidence: Confidence, reasons: Vec<String>) -> Option<Recognised> {
    Some(Recognised {
        family,
        confidence,
        reasons,
    })
}

/// Returns whether toolchains use a name for functions of their own.
fn is_toolchains(name: &str) -> bool {
    name.starts_with("__") || name.starts_with("cabi_")
}

/// Returns whether a function allocates blocks: `alloc(size)`, `allocate(size, align)`.
pub(super) fn is_allocator(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    naming::allocates(&function.words)
        && (facts.has_shape(function, 1, 1) || facts.has_shape(function, 2, 1))
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
}

/// Recognises C's `malloc` and `free`.
pub(super) fn malloc(facts: &Facts<'_>) -> Option<Recognised> {
    let (malloc, given) = ["malloc", "_malloc"]
        .iter()
        .find_map(|name| Some((facts.function(name)?, *name)))?;
    if !facts.has_shape(malloc, 1, 1) {
        return None;
    }
    let mut reasons = vec![format!("it exports {} of type {}", name(given), malloc.ty)];
    let free = ["free", "_free"]
        .iter()
        .find_map(|name| facts.function(name));
    let Some(free) = free.filter(|free| facts.has_shape(free, 1, 0)) else {
        reasons.push("it exports no `free` to go with it".into());
        return found(Family::Malloc, Confidence::Fair, reasons);
    };
    reasons.push(format!(
        "it exports {} of type {}",
        name(free.name),
        free.ty
    ));
    found(Family::Malloc, Confidence::Strong, reasons)
}

/// Recognises a function that allocates blocks, and one that releases them.
pub(super) fn alloc_free(facts: &Facts<'_>) -> Option<Recognised> {
    let is_c = |name: &str| {
        matches!(
            name,
            "malloc" | "_malloc" | "free" | "_free" | "calloc" | "_calloc"
        )
    };
    let own = |function: &&Function<'_>| !is_toolchains(function.name);
    let allocator = facts
        .functions
        .iter()
        .filter(own)
        .find(|f| is_allocator(facts, f) && !is_c(f.name))?;
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
    match facts
        .functions
        .iter()
        .filter(own)
        .find(|f| is_release(facts, f))
    {
        Some(release) => {
            reasons.push(format!(
                "{} releases a block, by its name",
                name(release.name)
            ));
            found(Family::AllocFree, Confidence::Strong, reasons)
        }
        None => {
            reasons.push("no export releases a block, by its name".into());
            found(Family::AllocFree, Confidence::Fair, reasons)
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
        return found(Family::StaticBuffer, Confidence::Strong, reasons);
    }
    if body_analysis::can_grow(facts.guest, first.index) {
        reasons.push(
            "it can make memory grow, like a function that allocates its buffer on the first call"
                .into(),
        );
    }
    found(Family::StaticBuffer, Confidence::Fair, reasons)
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
    found(
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
    if *global.ty != facts.address || is_toolchains(global.name) {
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

/// Recognises a function that takes a size and returns where to write.
pub(super) fn module_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let getter = facts.functions.iter().find(|f| is_sized_getter(facts, f))?;
    let reason = format!(
        "{} takes one number and returns one, a pointer by its name",
        name(getter.name)
    );
    found(Family::ModuleBuffer, Confidence::Fair, vec![reason])
}

/// Recognises such a function by its type alone.
pub(super) fn nameless_module_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let reason = format!(
        "{} is the only function that takes anything: one number, perhaps a size, and it \
         returns another, perhaps where to write as many bytes",
        name(only_sized(facts)?.name)
    );
    found(Family::ModuleBuffer, Confidence::Weak, vec![reason])
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
    (taking.next().is_none() && others > 1 && !has_way_in).then_some(only)
}

/// Recognises functions that take addresses where nothing returns any.
pub(super) fn host_placed(facts: &Facts<'_>) -> Option<Recognised> {
    let takes_two = |f: &&Function<'_>| {
        let wide =
            f.ty.params
                .iter()
                .take_while(|ty| **ty == facts.address)
                .count();
        wide >= 2 && !is_toolchains(f.name) && !is_release(facts, f)
    };
    let has_memory = facts
        .guest
        .memories()
        .iter()
        .any(|memory| !memory.exported_as.is_empty());
    let takers: Vec<&str> = facts
        .functions
        .iter()
        .filter(takes_two)
        .map(|f| f.name)
        .collect();
    if !has_memory || takers.is_empty() {
        return None;
    }
    let verb = if takers.len() == 1 { "takes" } else { "take" };
    let reasons = vec![
        format!(
            "{} {verb} two numbers or more, perhaps a pointer and a length",
            names(takers)
        ),
        "memory is exported, and nothing returns addresses in it".into(),
    ];
    found(Family::HostPlaced, Confidence::Weak, reasons)
}
