//! Random sessions that use an allocator correctly, on guests with allocators of several kinds. No
//! session has an error or a warning.

use std::sync::LazyLock;

use crate::guest::Guest;
use crate::session::compiled::CompiledGuests;
use crate::timeline::{Severity, StepRecord, Timeline};

use super::sessions;

/// The part that the guests in text share.
const COMMON: &str = include_str!("allocators/common.wat");

/// The guests that all sessions of this process compiled.
static COMPILED: LazyLock<CompiledGuests> = LazyLock::new(CompiledGuests::default);

/// The most blocks that the host has at a time.
const MAX_BLOCKS: usize = 12;
/// The largest size of a block, in bytes.
const MAX_SIZE: u32 = 200;
/// The most parts of an arena that are used before it is released. All fit into 4096 bytes.
const MAX_ARENA_PARTS: usize = 16;

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
        let mut generator = Generator {
            guest: self,
            choose,
            steps: String::new(),
            blocks: Vec::new(),
            arena: Vec::new(),
            names: 0,
        };
        generator.add_import();
        for _ in 0..8 + generator.choose(24) {
            generator.add_step();
        }
        generator.end();
        generator.steps
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

/// A block that the host owns.
#[derive(Debug)]
struct Block {
    /// The variable with its address.
    pointer: String,
    size: u32,
    /// Its name, if the script gave it one.
    name: Option<String>,
}

struct Generator<'a> {
    guest: &'a AllocatorGuest,
    choose: &'a mut dyn FnMut(u32) -> u32,
    steps: String,
    blocks: Vec<Block>,
    /// The parts of the arena that are in use.
    arena: Vec<Block>,
    names: u32,
}

impl Generator<'_> {
    fn choose(&mut self, below: u32) -> u32 {
        (self.choose)(below.max(1))
    }

    fn line(&mut self, line: &str) {
        self.steps.push_str(line);
        self.steps.push('\n');
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// Adds an import that returns a new block of the guest's allocator.
    fn add_import(&mut self) {
        let calls = self.guest.calls;
        let (allocate, release) = (calls.allocate("n"), calls.release("q", "n"));
        let before = match self.choose(4) {
            0 => "m = call work(2) ; ".to_string(),
            // A block that must be pinned would be released by the collector.
            1 if calls.is_shared => format!("q = call {allocate} ; call fill(q, n) ; "),
            1 => format!("q = call {allocate} ; writes q, repeat(\"q\", n) ; call {release} ; "),
            2 if !calls.is_shared => {
                format!("q = call make(n) ; m = call consume(q, n) ; q = call {allocate} ; ")
                    + &format!("call fill(q, n) ; call {release} ; ")
            }
            _ => String::new(),
        };
        self.line("import env.name(p, n) writes p, repeat(\"i\", n)");
        self.line(&format!(
            "import env.text(n) {before}p = call {allocate} ; writes p, repeat(\"t\", n) ; returns p"
        ));
    }

    fn add_step(&mut self) {
        match self.choose(18) {
            0..=3 => self.allocate(),
            4 | 5 => self.write(),
            6 | 7 => self.end_block(),
            8 => self.reallocate(),
            9 => self.receive(),
            10 => self.use_stack(),
            11 => {
                let (name, size) = (self.name("n"), 1 + self.choose(MAX_SIZE));
                self.line(&format!("{name} = call fetch({size})"));
            }
            12 => {
                let (name, rounds) = (self.name("n"), 1 + self.choose(6));
                self.line(&format!("{name} = call work({rounds})"));
            }
            13 => self.reset(),
            16 => {
                let (name, size) = (self.name("n"), 1 + self.choose(MAX_SIZE));
                self.line(&format!("{name} = call ask({size})"));
            }
            14 | 15 => self.use_arena(),
            _ => {
                if let Some(collect) = self.guest.calls.collect {
                    self.line(&format!("call {collect}"));
                }
            }
        }
    }

    /// Adds a block of the host, with a name or without one.
    fn own(&mut self, pointer: String, size: u32) {
        let name = match self.choose(2) {
            0 => None,
            _ => {
                let name = self.name("b");
                self.line(&format!("block {name} = {pointer}, {size}"));
                Some(name)
            }
        };
        self.blocks.push(Block {
            pointer,
            size,
            name,
        });
    }

    fn allocate(&mut self) {
        if self.blocks.len() >= MAX_BLOCKS {
            return self.end_block();
        }
        let (pointer, size) = (self.name("p"), 1 + self.choose(MAX_SIZE));
        let allocate = self.guest.calls.allocate(&size.to_string());
        self.line(&format!("{pointer} = call {allocate}"));
        self.pin(&pointer);
        self.own(pointer, size);
        if self.choose(2) == 0 {
            self.write();
        }
    }

    /// Adds a call that keeps a new block from being collected.
    fn pin(&mut self, pointer: &str) {
        if let Some(pin) = self.guest.calls.pin {
            let pinned = self.name("k");
            self.line(&format!("{pinned} = call {}", pin.replace("{p}", pointer)));
        }
    }

    /// Allocates a block by a function that returns one.
    fn receive(&mut self) {
        let (pointer, size) = (self.name("p"), 1 + self.choose(MAX_SIZE));
        self.line(&format!("{pointer} = call make({size})"));
        self.pin(&pointer);
        self.own(pointer, size);
    }

    fn any_block(&mut self) -> Option<usize> {
        let count = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        (count > 0).then(|| self.choose(count) as usize)
    }

    /// Uses a block.
    fn write(&mut self) {
        let Some(at) = self.any_block() else { return };
        let (pointer, size) = (self.blocks[at].pointer.clone(), self.blocks[at].size);
        self.use_span(&pointer, size);
    }

    /// Uses bytes: the host writes or reads them, or the guest fills them.
    fn use_span(&mut self, pointer: &str, size: u32) {
        match self.choose(3) {
            0 => self.line(&format!("write {pointer}, repeat(\"w\", {size})")),
            1 => {
                let name = self.name("x");
                self.line(&format!("{name} = read {pointer}, {size} as bytes"));
            }
            _ => self.line(&format!("call fill({pointer}, {size})")),
        }
    }

    /// Ends a block: the host releases it, or the guest takes it over.
    fn end_block(&mut self) {
        let Some(at) = self.any_block() else { return };
        let block = self.blocks.swap_remove(at);
        let Block { pointer, size, .. } = &block;
        let calls = self.guest.calls;
        let release = calls.release(pointer, &size.to_string());
        let is_passed = match self.choose(4) {
            0 => {
                let name = self.name("n");
                self.line(&format!("{name} = call consume({pointer}, {size})"));
                true
            }
            1 => {
                self.line(&format!("call hold({pointer}, {size})"));
                if !calls.is_shared {
                    // The guest does not release it yet, so only this line ends it for the host.
                    if let Some(name) = &block.name {
                        self.line(&format!("release {name}"));
                    }
                    return;
                }
                true
            }
            _ => false,
        };
        if !is_passed || calls.is_shared {
            self.line(&format!("call {release}"));
        }
        if let Some(null) = calls.release_of_null.filter(|_| self.choose(8) == 0) {
            self.line(&format!("call {null}"));
        }
        self.release_name(&block);
    }

    /// Writes the `release` line of a block. Not every script has one for each block, but only the
    /// calls of a closed allocator show that a block without one has ended.
    fn release_name(&mut self, block: &Block) {
        let is_left_out = self.guest.is_closed && self.choose(4) == 0;
        if let Some(name) = block.name.as_ref().filter(|_| !is_left_out) {
            self.line(&format!("release {name}"));
        }
    }

    fn reallocate(&mut self) {
        let Some(reallocate) = self.guest.calls.reallocate else {
            return;
        };
        let Some(at) = self.any_block() else { return };
        let block = self.blocks.swap_remove(at);
        let (pointer, size) = (self.name("p"), 1 + self.choose(MAX_SIZE));
        let call = reallocate
            .replace("{p}", &block.pointer)
            .replace("{n}", &block.size.to_string())
            .replace("{m}", &size.to_string());
        self.line(&format!("{pointer} = call {call}"));
        self.release_name(&block);
        self.own(pointer, size);
    }

    fn use_stack(&mut self) {
        if !self.guest.has_stack {
            return;
        }
        let (saved, pointer, size) = (self.name("s"), self.name("a"), 1 + self.choose(64));
        self.line(&format!("{saved} = call stackSave()"));
        self.line(&format!("{pointer} = call stackAlloc({size})"));
        self.line(&format!("write {pointer}, repeat(\"s\", {size})"));
        self.line(&format!("call fill({pointer}, {size})"));
        if self.choose(2) == 0 {
            self.allocate();
        }
        self.line(&format!("call stackRestore({saved})"));
    }

    fn reset(&mut self) {
        let Some(reset) = self.guest.reset else {
            return;
        };
        self.line(&format!("call {reset}()"));
        for block in std::mem::take(&mut self.blocks) {
            self.release_name(&block);
        }
    }

    /// Takes a part of the guest's arena and uses it, or releases the arena.
    fn use_arena(&mut self) {
        if !self.guest.has_arena {
            return;
        }
        if self.arena.len() >= MAX_ARENA_PARTS || self.choose(6) == 0 {
            return self.release_arena();
        }
        let (pointer, size) = (self.name("a"), 1 + self.choose(MAX_SIZE));
        self.line(&format!("{pointer} = call arena_take({size})"));
        self.own(pointer, size);
        // Only the arena as a whole is released.
        self.arena.extend(self.blocks.pop());
        for at in 0..self.arena.len() {
            if self.choose(3) == 0 {
                let (pointer, size) = (self.arena[at].pointer.clone(), self.arena[at].size);
                self.use_span(&pointer, size);
            }
        }
    }

    fn release_arena(&mut self) {
        if self.guest.has_arena {
            for block in std::mem::take(&mut self.arena) {
                if let Some(name) = &block.name {
                    self.line(&format!("release {name}"));
                }
            }
            self.line("call arena_reset()");
        }
    }

    /// Ends the blocks that have a name, so that none of them leaks, and some of the others.
    fn end(&mut self) {
        self.reset();
        self.release_arena();
        for block in std::mem::take(&mut self.blocks) {
            if block.name.is_some() || self.choose(2) == 0 {
                self.blocks.push(block);
                self.end_block();
            }
        }
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
