//! Ways to hand bytes over that people build by hand, known by the shapes of names and types.

use super::facts::{Facts, Function, name, names};
use super::{Confidence, Family, Recognised, body_analysis, naming};

fn found(family: Family, confidence: Confidence, reasons: Vec<String>) -> Option<Recognised> {
    Some(Recognised {
        family,
        confidence,
        reasons,
    })
}

/// Whether a name is one that toolchains use for their own.
fn is_toolchains(name: &str) -> bool {
    name.starts_with("__") || name.starts_with("cabi_")
}

/// Whether a function hands out blocks: `alloc(size)`, `allocate(size, align)`.
pub(super) fn is_allocator(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    naming::allocates(&function.words)
        && (facts.has_shape(function, 1, 1) || facts.has_shape(function, 2, 1))
}

pub(super) fn is_reallocator(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    naming::reallocates(&function.words) && (2..=4).any(|count| facts.has_shape(function, count, 1))
}

/// Whether a function takes a block back: `free(pointer)`, `dealloc(pointer, size)`,
/// `dealloc(pointer, size, align)`.
pub(super) fn is_release(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    naming::releases(&function.words) && (1..=3).any(|count| facts.has_shape(function, count, 0))
}

/// Whether a function answers where a buffer lies, by its name and type.
pub(super) fn is_getter(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    facts.has_shape(function, 0, 1)
        && naming::is_pointer(&function.words)
        && !is_toolchains(function.name)
}

/// Whether a function is told a size and answers where so much may be put, by its name and type.
pub(super) fn is_sized_getter(facts: &Facts<'_>, function: &Function<'_>) -> bool {
    let words = &function.words;
    let named = naming::reserves(words) || naming::is_pointer(words);
    facts.has_shape(function, 1, 1)
        && named
        && !naming::allocates(words)
        && !is_toolchains(function.name)
}

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
            "{} takes one number, a size by its name, and answers one, a pointer",
            name(allocator.name)
        ),
        _ => {
            format!(
                "{} takes two numbers, a size and an alignment by its name, and answers one",
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
                "{} takes one back, by its name",
                name(release.name)
            ));
            found(Family::AllocFree, Confidence::Strong, reasons)
        }
        None => {
            reasons.push("no export takes a block back, by its name".into());
            found(Family::AllocFree, Confidence::Fair, reasons)
        }
    }
}

pub(super) fn static_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let getters: Vec<&Function<'_>> = facts
        .functions
        .iter()
        .filter(|f| is_getter(facts, f))
        .collect();
    let (first, more) = getters.split_first()?;
    let mut reasons = vec![format!(
        "{} takes nothing and answers one number, a pointer by its name",
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
            "it can make memory grow, as one does that makes its buffer when first asked".into(),
        );
    }
    found(Family::StaticBuffer, Confidence::Fair, reasons)
}

pub(super) fn exported_globals(facts: &Facts<'_>) -> Option<Recognised> {
    let pointers: Vec<_> = facts
        .globals
        .iter()
        .filter_map(|global| Some((global, points(facts, global)?)))
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
            "{} says by its name how long a buffer is",
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

/// Whether a global holds a buffer's address, and what says so besides its name.
pub(super) fn points(facts: &Facts<'_>, global: &super::facts::Global<'_>) -> Option<String> {
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
        // Of a constant that is no place in memory the name promises too much.
        (true, None, _) if facts.constant(global.index).is_none() => Some(String::new()),
        _ => None,
    }
}

pub(super) fn module_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let getter = facts.functions.iter().find(|f| is_sized_getter(facts, f))?;
    let reason = format!(
        "{} takes one number and answers one, a pointer by its name",
        name(getter.name)
    );
    found(Family::ModuleBuffer, Confidence::Fair, vec![reason])
}

/// Where no name says so.
pub(super) fn nameless_module_buffer(facts: &Facts<'_>) -> Option<Recognised> {
    let reason = format!(
        "{} is the only function that takes anything: one number, perhaps a size, for which it \
         answers another, perhaps where to put as much",
        name(only_sized(facts)?.name)
    );
    found(Family::ModuleBuffer, Confidence::Weak, vec![reason])
}

/// The one function of a guest that takes anything at all, where it takes a number and answers one,
/// and where no other way in is seen.
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
            .any(|global| points(facts, global).is_some());
    (taking.next().is_none() && others > 1 && !has_way_in).then_some(only)
}

/// Where nothing hands out addresses, yet functions want some.
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
        "memory is exported, and nothing hands out addresses in it".into(),
    ];
    found(Family::HostPlaced, Confidence::Weak, reasons)
}
