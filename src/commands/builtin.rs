//! The sessions and lessons that ship inside the program.

/// A session with all its files.
pub struct BuiltIn {
    /// Its name in the list of sessions.
    pub name: &'static str,
    pub description: &'static str,
    /// Name and text of the steps file.
    pub steps: (&'static str, &'static str),
    pub files: &'static [(&'static str, &'static [u8])],
}

macro_rules! guest {
    ($path:literal) => {
        include_bytes!(concat!("../../guest/", $path))
    };
}

macro_rules! steps {
    ($path:literal) => {
        include_str!(concat!("../../guest/", $path))
    };
}

/// The sessions; the first is the default one.
pub const SESSIONS: &[BuiltIn] = &[
    BuiltIn {
        name: "wasm_is_cool",
        description: "the protocol: fetch the pointer, write, call, fetch it again, read",
        steps: ("wasm_is_cool.steps", steps!("wasm_is_cool.steps")),
        files: &[("wasm_is_cool.wat", guest!("wasm_is_cool.wat"))],
    },
    BuiltIn {
        name: "rust",
        description: "the same guest written in Rust: its first call grows memory",
        steps: ("wasm_is_cool.steps", steps!("rust/wasm_is_cool.steps")),
        files: &[("wasm_is_cool.wasm", guest!("rust/wasm_is_cool.wasm"))],
    },
    BuiltIn {
        name: "c_contract",
        description: "the same exports with C's contract: the NUL counts, -1 when the text is too \
                      long",
        steps: ("c_contract.steps", steps!("c_contract.steps")),
        files: &[("c_contract.wat", guest!("c_contract.wat"))],
    },
    BuiltIn {
        name: "c_overrun",
        description: "99 bytes for C's buffer: nothing traps, and the neighbour is overwritten",
        steps: ("c_overrun.steps", steps!("c_overrun.steps")),
        files: &[("c_contract.wat", guest!("c_contract.wat"))],
    },
    BuiltIn {
        name: "growing",
        description: "a call that moves the buffer: why the pointer is fetched again",
        steps: ("growing.steps", steps!("examples/growing.steps")),
        files: &[("growing.wat", guest!("examples/growing.wat"))],
    },
    BuiltIn {
        name: "alloc",
        description: "the guest exports alloc and free: the host asks for each buffer",
        steps: ("alloc.steps", steps!("examples/alloc.steps")),
        files: &[("alloc.wat", guest!("examples/alloc.wat"))],
    },
    BuiltIn {
        name: "in_place",
        description: "the guest keeps its memory and lets the host change it in place",
        steps: ("in_place.steps", steps!("examples/in_place.steps")),
        files: &[("in_place.wat", guest!("examples/in_place.wat"))],
    },
    BuiltIn {
        name: "callback",
        description: "the guest calls the host: imports described by actions",
        steps: ("callback.steps", steps!("examples/callback.steps")),
        files: &[("callback.wat", guest!("examples/callback.wat"))],
    },
    BuiltIn {
        name: "hello_wasi",
        description: "a program for WASI: it prints, reads --stdin and exits",
        steps: ("hello_wasi.steps", steps!("examples/hello_wasi.steps")),
        files: &[("hello_wasi.wat", guest!("examples/hello_wasi.wat"))],
    },
];

/// The lessons in their order.
pub const LESSONS: &[BuiltIn] = &[
    BuiltIn {
        name: "bytes",
        description: "memory is bytes: write, read, address, page",
        steps: ("01-bytes.md", steps!("lessons/01-bytes.md")),
        files: &[("01-bytes.wat", guest!("lessons/01-bytes.wat"))],
    },
    BuiltIn {
        name: "protocol",
        description: "pointer, write, call, fetch the pointer again, read",
        steps: ("02-protocol.md", steps!("lessons/02-protocol.md")),
        files: &[("02-protocol.wat", guest!("lessons/02-protocol.wat"))],
    },
    BuiltIn {
        name: "strings",
        description: "text is bytes: UTF-8 lengths and NUL",
        steps: ("03-strings.md", steps!("lessons/03-strings.md")),
        files: &[("03-strings.wat", guest!("lessons/03-strings.wat"))],
    },
    BuiltIn {
        name: "numbers",
        description: "little endian, widths, and signed numbers",
        steps: ("04-numbers.md", steps!("lessons/04-numbers.md")),
        files: &[("04-numbers.wat", guest!("lessons/04-numbers.wat"))],
    },
    BuiltIn {
        name: "moving",
        description: "memory grows, the buffer moves, the old pointer stays",
        steps: ("05-moving.md", steps!("lessons/05-moving.md")),
        files: &[("05-moving.wat", guest!("lessons/05-moving.wat"))],
    },
    BuiltIn {
        name: "ownership",
        description: "alloc and free: who owns a block, and until when",
        steps: ("06-ownership.md", steps!("lessons/06-ownership.md")),
        files: &[("06-ownership.wat", guest!("lessons/06-ownership.wat"))],
    },
    BuiltIn {
        name: "in-place",
        description: "no copies: the guest owns the memory, both work in it",
        steps: ("07-in-place.md", steps!("lessons/07-in-place.md")),
        files: &[("07-in-place.wat", guest!("lessons/07-in-place.wat"))],
    },
    BuiltIn {
        name: "overrun",
        description: "one byte too many: nothing traps, and what was hit",
        steps: ("08-overrun.md", steps!("lessons/08-overrun.md")),
        files: &[("08-overrun.wat", guest!("lessons/08-overrun.wat"))],
    },
    BuiltIn {
        name: "out-of-bounds",
        description: "the trap, and the address it went for",
        steps: ("09-out-of-bounds.md", steps!("lessons/09-out-of-bounds.md")),
        files: &[(
            "09-out-of-bounds.wat",
            guest!("lessons/09-out-of-bounds.wat"),
        )],
    },
    BuiltIn {
        name: "structs",
        description: "fields, return areas, pairs, packed i64",
        steps: ("10-structs.md", steps!("lessons/10-structs.md")),
        files: &[("10-structs.wat", guest!("lessons/10-structs.wat"))],
    },
    BuiltIn {
        name: "toolchains",
        description: "what wasm-bindgen does for you",
        steps: ("11-toolchains.md", steps!("lessons/11-toolchains.md")),
        files: &[("11-toolchains.wat", guest!("lessons/11-toolchains.wat"))],
    },
    BuiltIn {
        name: "growing",
        description: "memory grows: no byte moves, but views end",
        steps: ("12-growing.md", steps!("lessons/12-growing.md")),
        files: &[("12-growing.wat", guest!("lessons/12-growing.wat"))],
    },
    BuiltIn {
        name: "locals",
        description: "local variables are not in linear memory",
        steps: ("13-locals.md", steps!("lessons/13-locals.md")),
        files: &[("13-locals.wat", guest!("lessons/13-locals.wat"))],
    },
    BuiltIn {
        name: "imports",
        description: "what a function of the host may do with memory",
        steps: ("14-imports.md", steps!("lessons/14-imports.md")),
        files: &[("14-imports.wat", guest!("lessons/14-imports.wat"))],
    },
    BuiltIn {
        name: "rollback",
        description: "a trap undoes nothing, and address 0 is an address",
        steps: ("15-rollback.md", steps!("lessons/15-rollback.md")),
        files: &[("15-rollback.wat", guest!("lessons/15-rollback.wat"))],
    },
    BuiltIn {
        name: "double-free",
        description: "a block that is freed twice has two owners",
        steps: ("16-double-free.md", steps!("lessons/16-double-free.md")),
        files: &[("16-double-free.wat", guest!("lessons/16-double-free.wat"))],
    },
    BuiltIn {
        name: "isolation",
        description: "an address is valid in one memory only",
        steps: ("17-isolation.md", steps!("lessons/17-isolation.md")),
        files: &[("17-isolation.wat", guest!("lessons/17-isolation.wat"))],
    },
    BuiltIn {
        name: "function-pointers",
        description: "a function pointer is an index into a table",
        steps: (
            "18-function-pointers.md",
            steps!("lessons/18-function-pointers.md"),
        ),
        files: &[(
            "18-function-pointers.wat",
            guest!("lessons/18-function-pointers.wat"),
        )],
    },
    BuiltIn {
        name: "alignment",
        description: "loads and stores work at any address",
        steps: ("19-alignment.md", steps!("lessons/19-alignment.md")),
        files: &[("19-alignment.wat", guest!("lessons/19-alignment.wat"))],
    },
    BuiltIn {
        name: "dead-frame",
        description: "a pointer to a dead frame of the shadow stack",
        steps: ("20-dead-frame.md", steps!("lessons/20-dead-frame.md")),
        files: &[("20-dead-frame.wat", guest!("lessons/20-dead-frame.wat"))],
    },
    BuiltIn {
        name: "who-frees",
        description: "who frees a block that crosses the border",
        steps: ("21-who-frees.md", steps!("lessons/21-who-frees.md")),
        files: &[("21-who-frees.wat", guest!("lessons/21-who-frees.wat"))],
    },
    BuiltIn {
        name: "nul",
        description: "text that ends with a byte of 0, or does not",
        steps: ("22-nul.md", steps!("lessons/22-nul.md")),
        files: &[("22-nul.wat", guest!("lessons/22-nul.wat"))],
    },
    BuiltIn {
        name: "results",
        description: "several results in three ways",
        steps: ("23-results.md", steps!("lessons/23-results.md")),
        files: &[("23-results.wat", guest!("lessons/23-results.wat"))],
    },
    BuiltIn {
        name: "utf16",
        description: "UTF-16: two bytes for most characters",
        steps: ("24-utf16.md", steps!("lessons/24-utf16.md")),
        files: &[("24-utf16.wat", guest!("lessons/24-utf16.wat"))],
    },
    BuiltIn {
        name: "leak",
        description: "a block that nothing can free any more",
        steps: ("25-leak.md", steps!("lessons/25-leak.md")),
        files: &[("25-leak.wat", guest!("lessons/25-leak.wat"))],
    },
    BuiltIn {
        name: "canonical-abi",
        description: "texts as components pass them",
        steps: ("26-canonical-abi.md", steps!("lessons/26-canonical-abi.md")),
        files: &[(
            "26-canonical-abi.wat",
            guest!("lessons/26-canonical-abi.wat"),
        )],
    },
];
