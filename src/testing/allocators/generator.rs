//! Makes sessions in which nothing is wrong.

use super::AllocatorGuest;

/// The most blocks that the host has at a time.
const MAX_BLOCKS: usize = 12;

/// The largest size of a block, in bytes.
const MAX_SIZE: u32 = 200;

/// The most parts of an arena that are used before it is released. All fit into 4096 bytes.
const MAX_ARENA_PARTS: usize = 16;

/// A block that the host owns.
#[derive(Debug)]
struct Block {
    /// The variable with its address.
    pointer: String,
    size: u32,
    /// Its name, if the script gave it one.
    name: Option<String>,
}

pub(super) struct Generator<'a> {
    guest: &'a AllocatorGuest,
    choose: &'a mut dyn FnMut(u32) -> u32,
    steps: String,
    blocks: Vec<Block>,
    /// The parts of the arena that are in use.
    arena: Vec<Block>,
    names: u32,
}

impl<'a> Generator<'a> {
    /// Returns a generator for a guest. `choose` returns a number below its argument.
    pub(super) fn new(guest: &'a AllocatorGuest, choose: &'a mut dyn FnMut(u32) -> u32) -> Self {
        Generator {
            guest,
            choose,
            steps: String::new(),
            blocks: Vec::new(),
            arena: Vec::new(),
            names: 0,
        }
    }

    /// Returns the steps of a session.
    pub(super) fn session(mut self) -> String {
        self.add_import();
        for _ in 0..8 + self.choose(24) {
            self.add_step();
        }
        self.end();
        self.steps
    }

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
