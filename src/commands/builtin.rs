//! The sessions that ship inside the program.

/// A session with all its files.
pub struct BuiltIn {
    /// What `p` calls it.
    pub name: &'static str,
    pub description: &'static str,
    /// The steps file's name and text.
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

/// The first is the default session.
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
        description: "the same exports with C's contract: the NUL counts, -1 when the text is too long",
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
