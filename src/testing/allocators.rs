//! Random sessions that use an allocator correctly, on guests with allocators of several kinds. No
//! session has an error or a warning.

use crate::timeline::{Severity, StepRecord, Timeline};

use super::sessions;

const COMMON: &str = include_str!("allocators/common.wat");

/// The most blocks that the host has at a time.
const MAX_BLOCKS: usize = 12;
/// The largest size of a block, in bytes.
const MAX_SIZE: u32 = 200;

/// A guest with an allocator.
#[derive(Debug, Clone, Copy)]
pub struct AllocatorGuest {
    /// What its allocator is.
    pub name: &'static str,
    /// The fields of the module that are the allocator.
    fields: &'static str,
    allocate: &'static str,
    release: &'static str,
    /// Whether the release takes the size of the block.
    takes_size: bool,
    reallocate: Option<&'static str>,
    /// The export that releases all blocks.
    reset: Option<&'static str>,
    /// Whether all blocks are known.
    pub is_closed: bool,
}

/// All guests.
pub const GUESTS: [AllocatorGuest; 3] = [
    AllocatorGuest {
        name: "bump arena",
        fields: include_str!("allocators/bump_arena.wat"),
        allocate: "alloc",
        release: "free",
        takes_size: false,
        reallocate: None,
        reset: Some("reset"),
        is_closed: false,
    },
    AllocatorGuest {
        name: "free list",
        fields: include_str!("allocators/free_list.wat"),
        allocate: "guest_alloc",
        release: "guest_free",
        takes_size: true,
        reallocate: Some("guest_realloc"),
        reset: None,
        is_closed: true,
    },
    AllocatorGuest {
        name: "boundary tags",
        fields: include_str!("allocators/boundary_tags.wat"),
        allocate: "malloc",
        release: "free",
        takes_size: false,
        reallocate: Some("realloc"),
        reset: None,
        is_closed: true,
    },
];

impl AllocatorGuest {
    /// Returns the text of the module.
    pub fn text(&self) -> String {
        format!("(module\n{COMMON}{})\n", self.fields)
    }

    /// Returns a session that uses the allocator correctly. `choose` returns a number below its
    /// argument, which is at least 1.
    pub fn correct_session(&self, choose: &mut dyn FnMut(u32) -> u32) -> String {
        let mut generator = Generator {
            guest: self,
            choose,
            steps: format!(
                "import env.text(n) p = call {}(n) ; writes p, repeat(\"t\", n) ; returns p\n",
                self.allocate
            ),
            blocks: Vec::new(),
            names: 0,
        };
        for _ in 0..8 + generator.choose(24) {
            generator.add_step();
        }
        generator.end();
        generator.steps
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

    fn add_step(&mut self) {
        match self.choose(14) {
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
            _ => self.reset(),
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
        let allocate = self.guest.allocate;
        self.line(&format!("{pointer} = call {allocate}({size})"));
        self.own(pointer, size);
        if self.choose(2) == 0 {
            self.write();
        }
    }

    /// Allocates a block by a function that returns one.
    fn receive(&mut self) {
        let (pointer, size) = (self.name("p"), 1 + self.choose(MAX_SIZE));
        self.line(&format!("{pointer} = call make({size})"));
        self.own(pointer, size);
    }

    fn any_block(&mut self) -> Option<usize> {
        let count = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        (count > 0).then(|| self.choose(count) as usize)
    }

    /// Uses a block: the host writes or reads it, or the guest fills it.
    fn write(&mut self) {
        let Some(at) = self.any_block() else { return };
        let (pointer, size) = (self.blocks[at].pointer.clone(), self.blocks[at].size);
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
        match self.choose(4) {
            0 => {
                let name = self.name("n");
                self.line(&format!("{name} = call consume({pointer}, {size})"));
            }
            1 => {
                self.line(&format!("call hold({pointer}, {size})"));
                // The guest does not release it yet, so only this line ends it for the host.
                if let Some(name) = &block.name {
                    self.line(&format!("release {name}"));
                }
                return;
            }
            _ => {
                let args = match self.guest.takes_size {
                    true => format!("{pointer}, {size}"),
                    false => pointer.clone(),
                };
                let release = self.guest.release;
                self.line(&format!("call {release}({args})"));
                if !self.guest.takes_size && self.choose(8) == 0 {
                    self.line(&format!("call {release}(0)"));
                }
            }
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
        let Some(reallocate) = self.guest.reallocate else {
            return;
        };
        let Some(at) = self.any_block() else { return };
        let block = self.blocks.swap_remove(at);
        let (pointer, size) = (self.name("p"), 1 + self.choose(MAX_SIZE));
        let old = &block.pointer;
        let args = match self.guest.takes_size {
            true => format!("{old}, {}, {size}", block.size),
            false => format!("{old}, {size}"),
        };
        self.line(&format!("{pointer} = call {reallocate}({args})"));
        self.release_name(&block);
        self.own(pointer, size);
    }

    fn use_stack(&mut self) {
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

    /// Ends the blocks that have a name, so that none of them leaks, and some of the others.
    fn end(&mut self) {
        self.reset();
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
    let config = sessions::config(sessions::guest(&guest.text()), steps);
    let timeline = sessions::run(config);
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

/// Returns what is wrong in a run, apart from notes.
fn problems(timeline: &Timeline) -> Vec<String> {
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
