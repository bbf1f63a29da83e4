//! Random sessions that use an allocator correctly, on guests with allocators of several kinds. No
//! session has an error or a warning.

mod generator;

use std::sync::LazyLock;

use crate::guest::Guest;
use crate::session::compiled::CompiledGuests;
use crate::timeline::{Severity, StepRecord, Timeline};

use self::generator::Generator;
use super::sessions;

/// The part that the guests in text share.
const COMMON: &str = include_str!("allocators/common.wat");

/// The guests that all sessions of this process compiled.
static COMPILED: LazyLock<CompiledGuests> = LazyLock::new(CompiledGuests::default);

/// A guest with an allocator.
#[derive(Debug, Clone, Copy)]
pub struct AllocatorGuest {
    /// What its allocator is.
    pub name: &'static str,
    module: Module,
    calls: Calls,
    /// Whether it exports functions that move its stack pointer.
    has_stack: bool,
    /// Whether it exports `arena_take` and `arena_reset`.
    has_arena: bool,
    /// The export that releases all blocks.
    reset: Option<&'static str>,
    /// Whether all blocks are known.
    pub is_closed: bool,
}

#[derive(Debug, Clone, Copy)]
enum Module {
    /// The fields that are the allocator, in text. [`COMMON`] is added.
    Fields(&'static str),
    /// A module that `tests/allocators/build.sh` built.
    Binary(&'static [u8]),
}

/// The calls of an allocator. `{p}` is a block, `{n}` its size, and `{m}` a new size.
#[derive(Debug, Clone, Copy)]
struct Calls {
    allocate: &'static str,
    /// What keeps a new block from being collected.
    pin: Option<&'static str>,
    release: &'static str,
    /// A release that does nothing.
    release_of_null: Option<&'static str>,
    reallocate: Option<&'static str>,
    /// Whether a block that the guest was given is still the host's to release.
    is_shared: bool,
    /// What the host may call at any time.
    collect: Option<&'static str>,
}

const C: Calls = Calls {
    allocate: "malloc({n})",
    pin: None,
    release: "free({p})",
    release_of_null: Some("free(0)"),
    reallocate: Some("realloc({p}, {m})"),
    is_shared: false,
    collect: None,
};

const SIZED: Calls = Calls {
    allocate: "guest_alloc({n})",
    release: "guest_free({p}, {n})",
    release_of_null: None,
    reallocate: Some("guest_realloc({p}, {n}, {m})"),
    ..C
};

const ZIG: Calls = Calls {
    allocate: "alloc({n})",
    release: "free({p}, {n})",
    reallocate: Some("realloc({p}, {n}, {m})"),
    ..SIZED
};

const ARENA: Calls = Calls {
    allocate: "alloc({n})",
    reallocate: None,
    ..C
};

const HEAP: Calls = Calls {
    allocate: "alloc({n})",
    release: "dealloc({p})",
    release_of_null: None,
    ..C
};

const MANAGED: Calls = Calls {
    allocate: "__new({n}, 1)",
    pin: Some("__pin({p})"),
    release: "__unpin({p})",
    release_of_null: None,
    reallocate: None,
    is_shared: true,
    collect: Some("__collect()"),
};

const TEXT_GUEST: AllocatorGuest = AllocatorGuest {
    name: "",
    module: Module::Fields(""),
    calls: C,
    has_stack: true,
    has_arena: false,
    reset: None,
    is_closed: true,
};

const BUILT_GUEST: AllocatorGuest = AllocatorGuest {
    has_stack: false,
    has_arena: true,
    ..TEXT_GUEST
};

macro_rules! built {
    ($file:literal) => {
        Module::Binary(include_bytes!(concat!(
            "../../tests/allocators/",
            $file,
            ".wasm"
        )))
    };
}

/// All guests.
pub const GUESTS: [AllocatorGuest; 10] = [
    AllocatorGuest {
        name: "bump arena",
        module: Module::Fields(include_str!("allocators/bump_arena.wat")),
        calls: ARENA,
        reset: Some("reset"),
        is_closed: false,
        ..TEXT_GUEST
    },
    AllocatorGuest {
        name: "free list",
        module: Module::Fields(include_str!("allocators/free_list.wat")),
        calls: SIZED,
        ..TEXT_GUEST
    },
    AllocatorGuest {
        name: "boundary tags",
        module: Module::Fields(include_str!("allocators/boundary_tags.wat")),
        ..TEXT_GUEST
    },
    AllocatorGuest {
        name: "dlmalloc of wasi-libc",
        module: built!("c_dlmalloc"),
        has_stack: true,
        ..BUILT_GUEST
    },
    AllocatorGuest {
        name: "emmalloc",
        module: built!("c_emmalloc"),
        is_closed: false,
        has_stack: true,
        ..BUILT_GUEST
    },
    AllocatorGuest {
        name: "dlmalloc of Rust",
        module: built!("rust"),
        is_closed: false,
        calls: SIZED,
        ..BUILT_GUEST
    },
    AllocatorGuest {
        name: "Zig's allocator",
        module: built!("zig"),
        is_closed: false,
        calls: ZIG,
        ..BUILT_GUEST
    },
    AllocatorGuest {
        name: "AssemblyScript's TLSF allocator",
        module: built!("heap"),
        is_closed: false,
        calls: HEAP,
        ..BUILT_GUEST
    },
    AllocatorGuest {
        name: "AssemblyScript's stub allocator",
        module: built!("stub"),
        is_closed: false,
        calls: HEAP,
        ..BUILT_GUEST
    },
    AllocatorGuest {
        name: "AssemblyScript's collector",
        module: built!("managed"),
        is_closed: false,
        calls: MANAGED,
        has_arena: false,
        ..BUILT_GUEST
    },
];

impl AllocatorGuest {
    /// Returns the text of the module, if it is in text.
    pub fn text(&self) -> Option<String> {
        match self.module {
            Module::Fields(fields) => Some(with_common_fields(fields)),
            Module::Binary(_) => None,
        }
    }

    /// Loads the module.
    ///
    /// # Panics
    /// Panics with the error if it cannot be loaded.
    pub fn load(&self) -> Guest {
        match self.module {
            Module::Fields(fields) => sessions::guest(&with_common_fields(fields)),
            Module::Binary(bytes) => Guest::from_bytes("test.wasm", bytes)
                .unwrap_or_else(|error| panic!("{}: {error}", self.name)),
        }
    }

    /// Returns a session that uses the allocator correctly. `choose` returns a number below its
    /// argument, which is at least 1.
    pub fn correct_session(&self, choose: &mut dyn FnMut(u32) -> u32) -> String {
        Generator::new(self, choose).session()
    }
}

/// Returns the text of a module with the fields that are the allocator.
fn with_common_fields(fields: &str) -> String {
    format!("(module\n{COMMON}{fields})\n")
}

impl Calls {
    /// Returns the call that allocates a block of `size` bytes.
    fn allocate(&self, size: &str) -> String {
        self.allocate.replace("{n}", size)
    }

    /// Returns the call that releases a block.
    fn release(&self, pointer: &str, size: &str) -> String {
        self.release.replace("{p}", pointer).replace("{n}", size)
    }
}

/// Runs a correct session.
///
/// # Panics
/// Panics if the session has an error or a warning, or if it is not known which blocks are allocated
/// although the allocator is closed.
#[track_caller]
pub fn check(guest: &AllocatorGuest, steps: &str) {
    let timeline = run(guest, steps);
    let problems = problems(&timeline);
    assert!(
        problems.is_empty(),
        "{}: {}\n{steps}",
        guest.name,
        problems.join("\n")
    );
    let last = timeline.steps().last();
    let has_blocks = last.is_some_and(|record| record.live_blocks.is_some());
    assert_eq!(has_blocks, guest.is_closed, "{}\n{steps}", guest.name);
}

/// Runs a session.
///
/// # Panics
/// Panics with the errors where `steps` cannot be parsed.
#[track_caller]
pub fn run(guest: &AllocatorGuest, steps: &str) -> Timeline {
    let mut config = sessions::config(guest.load(), steps);
    config.compiled = COMPILED.clone();
    sessions::run(config)
}

/// Returns what is wrong in a run, apart from notes.
pub fn problems(timeline: &Timeline) -> Vec<String> {
    let failures = |record: &StepRecord| {
        let error = record.error.iter().cloned();
        let findings = record.findings.iter();
        let serious = findings.filter(|finding| finding.severity() > Severity::Note);
        let messages = serious.map(|finding| format!("{}: {}", finding.kind, finding.message));
        let index = record.index;
        error
            .chain(messages)
            .map(|message| format!("step {index}: {message}"))
            .collect::<Vec<_>>()
    };
    timeline.steps().iter().flat_map(failures).collect()
}
