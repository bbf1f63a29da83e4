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
        description: "text is bytes: UTF-8 lengths, NUL, UTF-16",
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
        description: "fields, return areas, (pointer, length) pairs, packed i64",
        steps: ("10-structs.md", steps!("lessons/10-structs.md")),
        files: &[("10-structs.wat", guest!("lessons/10-structs.wat"))],
    },
    BuiltIn {
        name: "toolchains",
        description: "what wasm-bindgen and the canonical ABI do for you",
        steps: ("11-toolchains.md", steps!("lessons/11-toolchains.md")),
        files: &[("11-toolchains.wat", guest!("lessons/11-toolchains.wat"))],
    },
];
