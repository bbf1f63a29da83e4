//! Allocators: correct sessions have no error and no warning, and the near misses are found.

use linmem::timeline::{Severity, Status};

use super::harness::{findings, run};

const GUEST: &str = include_str!("allocators.wat");

const IMPORT: &str = "import env.fill(at, n) writes at, repeat(\"i\", n)\n";

/// The ways in which the stack is known: an export, the name section, or only a function that moves
/// it.
fn guests() -> [String; 3] {
    let exported = GUEST.replace("(;EXPORT;)", "(export \"__stack_pointer\")");
    [
        exported,
        GUEST.into(),
        GUEST.replace("$__stack_pointer", "$g"),
    ]
}

/// The same guests, with names that leave open which functions allocate and release blocks.
fn guests_with_unknown_allocator() -> [String; 3] {
    guests().map(|guest| {
        let guest = guest.replace("$malloc", "$get").replace("$free", "$put");
        ["malloc", "calloc", "realloc", "free"]
            .iter()
            .fold(guest, |guest, name| {
                guest.replace(&format!("\"{name}\""), &format!("\"{name}_slot\""))
            })
    })
}

/// Asserts that each guest has exactly the `expected` findings, and returns their messages.
#[track_caller]
fn assert_finds(steps: &str, expected: &[(usize, &str)]) -> Vec<String> {
    assert_finds_in(guests(), steps, expected)
}

#[track_caller]
fn assert_finds_in(guests: [String; 3], steps: &str, expected: &[(usize, &str)]) -> Vec<String> {
    let steps = format!("{IMPORT}{steps}");
    let mut messages = Vec::new();
    for guest in guests {
        let timeline = run(&guest, &steps);
        let found = findings(&timeline);
        let kinds: Vec<(usize, &str)> =
            found.iter().map(|(step, kind, _)| (*step, *kind)).collect();
        assert_eq!(timeline.status(), Status::Ok, "{steps}\n{found:?}");
        assert_eq!(kinds, expected, "{steps}\n{found:?}");
        messages = found.into_iter().map(|(_, _, message)| message).collect();
    }
    messages
}

#[test]
fn frames_in_a_released_block_of_the_stack_are_no_use_of_it() {
    let argument = "sp = call stackSave()\np = call stackAlloc(16)\nblock a = p, 16\n\
                    write p, \"abc\"\ncall stackRestore(sp)\nrelease a\n";
    assert_finds(&format!("{argument}n = call frame(4)"), &[]);
    // The import writes to the frame that the guest passed to it.
    assert_finds(&format!("{argument}n = call frame_import()"), &[]);
    // The host takes the bytes again.
    assert_finds(
        &format!("{argument}q = call stackAlloc(64)\nwrite q, repeat(\"x\", 64)"),
        &[],
    );
    let area = "r = call __wbindgen_add_to_stack_pointer(-16)\nblock area = r, 16\n\
                call split(r, 42)\nback = call __wbindgen_add_to_stack_pointer(16)\nrelease area\n";
    assert_finds(
        &format!(
            "{area}n = call frame(4)\nr2 = call __wbindgen_add_to_stack_pointer(-16)\nwrite r, \"x\""
        ),
        &[],
    );
    // An address that the stack allocator returned stays valid when it returns another one.
    assert_finds(
        "p = call stackAlloc(16)\ncall split(p, 1)\nwrite p, \"x\"\nq = call stackAlloc(16)\n\
         write p, \"y\"",
        &[],
    );
}

#[test]
fn a_stack_pointer_that_the_host_sets_gives_its_bytes_a_new_owner() {
    let steps = "sp = global __stack_pointer\nlet r = sp - 16\nset __stack_pointer = r\n\
                 block area = r, 16\ncall split(r, 42)\nset __stack_pointer = sp\nrelease area\n\
                 set __stack_pointer = r\ncall split(r, 77)\npair = read r as u32[2]\n";
    let timeline = run(&guests()[0], &format!("{IMPORT}{steps}"));
    assert_eq!(findings(&timeline), []);
}

#[test]
fn the_host_and_imports_are_suspect_in_a_released_block_of_the_stack() {
    let start = "sp = call stackSave()\np = call stackAlloc(16)\nblock a = p, 16\n\
                 call stackRestore(sp)\nrelease a\n";
    assert_finds(
        &format!("{start}write p, \"x\""),
        &[(6, "use-after-release")],
    );
    assert_finds(
        &format!("{start}x = read p as u32"),
        &[(6, "use-after-release")],
    );
    // The guest passed no address of its stack, so the import has it from elsewhere.
    let steps =
        format!("import env.fill(at, n) writes 0x3ff0, \"x\"\n{start}call call_import(0x9000, 1)");
    let timeline = run(&guests()[0], &steps);
    let found = findings(&timeline);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (6, "use-after-release"));
    // On the heap, the guest is suspect too.
    assert_finds(
        "p = call malloc(16)\nblock a = p, 16\ncall free(p)\nrelease a\ncall fill(p + 0, 4)",
        &[(5, "stale-pointer"), (5, "use-after-release")],
    );
}

#[test]
fn bytes_that_are_handed_out_again_are_no_overrun() {
    let assert_finds_unknown = |steps: &str, expected: &[(usize, &str)]| {
        assert_finds_in(guests_with_unknown_allocator(), steps, expected)
    };
    let start = "p = call calloc_slot(1, 16)\nblock a = p, 16\ncall free_slot(p)\n";
    let messages = assert_finds_unknown(
        &format!("{start}q = call calloc_slot(1, 16)"),
        &[(4, "handed-out-again")],
    );
    assert_eq!(
        messages[0],
        "calloc_slot returned 0x8008, the start of block a: it was handed out again though not \
         released. These bytes are no longer watched as a; write `release a` after the step that \
         frees it"
    );
    // The block is no longer watched, and may be released later.
    assert_finds_unknown(
        &format!("{start}q = call calloc_slot(1, 12)\ncall fill(q, 20)\nrelease a\nwrite q, \"x\""),
        &[(4, "handed-out-again")],
    );
    // A new block there makes the missing `release` visible.
    assert_finds_unknown(
        &format!("{start}q = call calloc_slot(1, 16)\nblock b = q, 16\nrelease b"),
        &[(4, "handed-out-again"), (5, "overlap")],
    );
    // The calls of a known allocator show that the block was released.
    let start = "p = call calloc(1, 16)\nblock a = p, 16\ncall free(p)\n";
    assert_finds(&format!("{start}q = call calloc(1, 16)"), &[]);
    assert_finds(
        &format!("{start}q = call calloc(1, 12)\ncall fill(q, 12)\nrelease a\nwrite q, \"x\""),
        &[],
    );
    // They also show that the new block is smaller.
    assert_finds(
        &format!("{start}q = call calloc(1, 12)\ncall fill(q, 20)\nrelease a\nwrite q, \"x\""),
        &[(5, "overrun")],
    );
    assert_finds(
        &format!("{start}q = call calloc(1, 16)\nblock b = q, 16\nrelease b"),
        &[],
    );
    // Calls that return their argument, or an address elsewhere, allocate nothing.
    assert_finds(
        "p = call calloc(1, 16)\nblock a = p, 16\nq = call fill_and_return(p, 17)\nrelease a",
        &[(3, "overrun")],
    );
    assert_finds(
        "p = call calloc(1, 16)\nblock a = p, 16\nq = call fill_and_return_other(p, 17)\nrelease a",
        &[(3, "overrun")],
    );
}

#[test]
fn a_block_that_was_resized_in_place_has_a_new_owner() {
    let start = "p = call malloc(16)\nblock a = p, 16\nq = call realloc(p, 64)\n";
    assert_finds(
        &format!("{start}release a\nwrite q, repeat(\"x\", 64)\ncall bytewise(q, 64)"),
        &[],
    );
    assert_finds(&format!("{start}call bytewise(q, 64)\nrelease a"), &[]);
    assert_finds(
        &format!("{start}block b = q, 64\nrelease a\nwrite q, \"x\"\nrelease b"),
        &[],
    );
    // It was released once by the call, and once by the script.
    assert_finds(
        &format!("{start}release a\nrelease a\nexpect finding double-release"),
        &[(5, "double-release")],
    );
    // The block has moved, and the old address is used.
    let moved = "p = call malloc(16)\nblock a = p, 16\nlast = call malloc(16)\n\
                 q = call realloc(p, 64)\nrelease a\n";
    assert_finds(&format!("{moved}write q, repeat(\"x\", 64)"), &[]);
    assert_finds(
        &format!("{moved}write p, \"x\""),
        &[(6, "use-after-release")],
    );
    assert_finds(
        &format!("{moved}call fill(p, 4)"),
        &[(6, "stale-pointer"), (6, "use-after-release")],
    );
}

#[test]
fn the_guest_may_use_released_bytes_for_itself() {
    assert_finds(
        "p = call arena_alloc(16)\nblock a = p, 16\ncall arena_reset()\nrelease a\ncall arena_work(40)",
        &[],
    );
    assert_finds(
        "p = call malloc(16)\nblock a = p, 16\ncall free(p)\nrelease a\ncall work_on(16)",
        &[],
    );
}

/// A generator of random numbers (xorshift), the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Writes correct sessions. A live block is its number and its length.
struct Generator {
    random: Random,
    steps: String,
    next: usize,
    heap: Vec<(usize, u64)>,
    arena: Vec<(usize, u64)>,
    exports_stack_pointer: bool,
}

impl Generator {
    fn line(&mut self, line: &str) {
        self.steps.push_str(line);
        self.steps.push('\n');
    }

    /// Adds two lines in either order.
    fn either_order(&mut self, one: &str, other: &str) {
        match self.random.below(2) {
            0 => self.line(&format!("{one}\n{other}")),
            _ => self.line(&format!("{other}\n{one}")),
        }
    }

    fn name(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn length(&mut self) -> u64 {
        8 + self.random.below(60)
    }

    /// Uses the bytes of a block in one of the ways that its owner may.
    fn use_bytes(&mut self, id: usize, len: u64) {
        let line = match self.random.below(6) {
            0 => format!("write p{id}, repeat(\"h\", {len})"),
            1 => format!("call fill(p{id}, {len})"),
            2 => format!("call bytewise(p{id}, {len})"),
            3 => format!("x{id} = read p{id}, {len} as bytes"),
            4 => format!("call call_import(p{id}, {len})"),
            _ => format!("call split(p{id}, 42)"),
        };
        self.line(&line);
    }

    fn heap_step(&mut self) {
        let (id, len) = (self.name(), self.length());
        let chosen =
            (!self.heap.is_empty()).then(|| self.random.below(self.heap.len() as u64) as usize);
        match (self.random.below(8), chosen) {
            (0, Some(at)) => {
                let (old, _) = self.heap.remove(at);
                self.line(&format!("call free(p{old})\nrelease b{old}"));
            }
            (1, Some(at)) => {
                let (old, _) = self.heap.remove(at);
                self.line(&format!("release b{old}\ncall free(p{old})"));
            }
            (2, Some(at)) => {
                let (old, size) = self.heap.remove(at);
                self.line(&format!(
                    "n{id} = call consume(p{old}, {size})\nrelease b{old}"
                ));
            }
            (3, Some(at)) => {
                let (old, _) = self.heap.remove(at);
                self.resize(old, id, len);
                self.heap.push((id, len));
            }
            (4, Some(at)) => {
                let (old, size) = self.heap[at];
                self.use_bytes(old, size);
            }
            (5, _) => {
                let name = ["work", "work_on"][self.random.below(2) as usize];
                self.line(&format!("call {name}({len})"));
            }
            _ => {
                let call = [
                    format!("malloc({len})"),
                    format!("calloc({len}, 1)"),
                    format!("give({len})"),
                    format!("give_import({len})"),
                ];
                let call = &call[self.random.below(4) as usize];
                self.line(&format!("p{id} = call {call}"));
                if self.random.below(3) == 0 {
                    self.use_bytes(id, len);
                }
                self.line(&format!("block b{id} = p{id}, {len}"));
                self.use_bytes(id, len);
                self.heap.push((id, len));
            }
        }
    }

    /// Resizes block `old`, and names it `id` from then on.
    fn resize(&mut self, old: usize, id: usize, len: u64) {
        let call = format!("p{id} = call realloc(p{old}, {len})");
        let (release, block) = (
            format!("release b{old}"),
            format!("block b{id} = p{id}, {len}"),
        );
        match self.random.below(3) {
            0 => self.line(&format!("{release}\n{call}\n{block}")),
            1 => {
                self.line(&format!("{call}\n{release}"));
                self.use_bytes(id, len);
                self.line(&block);
            }
            _ => {
                self.line(&call);
                self.either_order(&release, &block);
            }
        }
        self.use_bytes(id, len);
    }

    fn arena_step(&mut self) {
        let (id, len) = (self.name(), self.length());
        match self.random.below(6) {
            0 => {
                let names: Vec<String> = self
                    .arena
                    .drain(..)
                    .map(|(id, _)| format!("release b{id}"))
                    .collect();
                self.either_order("call arena_reset()", &names.join("\n"));
            }
            1 => self.line(&format!("call arena_work({len})")),
            2 if !self.arena.is_empty() => {
                let at = self.random.below(self.arena.len() as u64) as usize;
                let (id, len) = self.arena[at];
                self.use_bytes(id, len);
            }
            choice => {
                let name = if choice == 3 {
                    "arena_line"
                } else {
                    "arena_alloc"
                };
                self.line(&format!(
                    "p{id} = call {name}({len})\nblock b{id} = p{id}, {len}"
                ));
                self.use_bytes(id, len);
                self.arena.push((id, len));
            }
        }
    }

    fn stack_step(&mut self, depth: u64) {
        let (id, len) = (self.name(), self.length());
        let (size, save, restore) = match self.random.below(3) {
            0 if self.exports_stack_pointer => (
                16,
                format!(
                    "s{id} = global __stack_pointer\nlet p{id} = s{id} - 16\n\
                     set __stack_pointer = p{id}"
                ),
                format!("set __stack_pointer = s{id}"),
            ),
            1 => (
                32,
                format!("p{id} = call __wbindgen_add_to_stack_pointer(-32)"),
                format!("s{id} = call __wbindgen_add_to_stack_pointer(32)"),
            ),
            _ => (
                len,
                format!("s{id} = call stackSave()\np{id} = call stackAlloc({len})"),
                format!("call stackRestore(s{id})"),
            ),
        };
        self.line(&format!("{save}\nblock b{id} = p{id}, {size}"));
        self.use_bytes(id, size);
        if depth < 2 && self.random.below(2) == 0 {
            self.stack_step(depth + 1);
        }
        self.line(&format!("f{id} = call frame({})", 1 + self.random.0 % 6));
        self.use_bytes(id, size);
        self.either_order(&restore, &format!("release b{id}"));
        if self.random.below(2) == 0 {
            self.line(&format!("f{id} = call frame_import()"));
        }
        self.line(&format!("f{id} = call frame({})", 1 + self.random.0 % 6));
    }

    fn session(seed: u64, exports_stack_pointer: bool) -> String {
        let mut generator = Generator {
            random: Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            steps: IMPORT.into(),
            next: 0,
            heap: Vec::new(),
            arena: Vec::new(),
            exports_stack_pointer,
        };
        for _ in 0..10 + generator.random.below(20) {
            // Most sessions use one allocator, so that another one excuses nothing.
            match (seed % 4, generator.random.below(3)) {
                (0, _) | (3, 0) => generator.heap_step(),
                (1, _) | (3, 1) => generator.arena_step(),
                _ => generator.stack_step(0),
            }
        }
        for (id, _) in std::mem::take(&mut generator.heap) {
            generator.line(&format!("call free(p{id})\nrelease b{id}"));
        }
        for (id, _) in std::mem::take(&mut generator.arena) {
            generator.line(&format!("release b{id}"));
        }
        generator.steps
    }
}

#[test]
fn random_correct_sessions_have_no_errors_and_no_warnings() {
    let guests = guests();
    for seed in 1..=240 {
        let which = (seed % 3) as usize;
        let steps = Generator::session(seed, which == 0);
        let timeline = run(&guests[which], &steps);
        assert_eq!(timeline.status(), Status::Ok, "seed {seed}\n{steps}");
        let wrong = timeline
            .steps()
            .iter()
            .flat_map(|step| &step.findings)
            .find(|finding| {
                finding.severity() != Severity::Note || finding.kind.as_str() == "handed-out-again"
            });
        assert!(wrong.is_none(), "seed {seed}: {wrong:?}\n{steps}");
    }
}
