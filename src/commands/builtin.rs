//! The sessions and lessons that ship inside the program.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::atomic_file;

/// A session with all its files.
pub struct BuiltIn {
    /// Its name in the list of sessions.
    pub name: &'static str,
    pub description: &'static str,
    /// Name and text of the steps file.
    pub steps: (&'static str, &'static str),
    pub files: &'static [(&'static str, &'static [u8])],
}

impl BuiltIn {
    /// Returns all files with their contents, the steps file last.
    fn all_files(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        let (steps, text) = self.steps;
        self.files.iter().copied().chain([(steps, text.as_bytes())])
    }

    /// Returns the first file that exists in a folder.
    pub fn existing_file(&self, folder: &Path) -> Option<PathBuf> {
        self.all_files()
            .map(|(file, _)| folder.join(file))
            .find(|path| path.symlink_metadata().is_ok())
    }

    /// Writes all files into a folder that exists, and returns their paths. Files that are there are
    /// replaced.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_into(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let write = |(file, contents): (&str, &[u8])| {
            let path = folder.join(file);
            atomic_file::write_file(&path, |out| Ok(out.write_all(contents)?))?;
            Ok(path)
        };
        self.all_files().map(write).collect()
    }
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

/// A session in a folder below `guest/`, with a guest of the same name.
macro_rules! with_own_guest {
    ($folder:literal, $file:literal, $ending:literal, $name:literal, $description:literal) => {
        BuiltIn {
            name: $name,
            description: $description,
            steps: (
                concat!($file, $ending),
                include_str!(concat!("../../guest/", $folder, "/", $file, $ending)),
            ),
            files: &[(
                concat!($file, ".wat"),
                include_bytes!(concat!("../../guest/", $folder, "/", $file, ".wat")),
            )],
        }
    };
}

pub(super) use with_own_guest;

macro_rules! lesson {
    ($file:literal, $name:literal, $description:literal) => {
        with_own_guest!("lessons", $file, ".md", $name, $description)
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
    lesson!(
        "01-bytes",
        "bytes",
        "memory is bytes: write, read, address, page"
    ),
    lesson!(
        "02-protocol",
        "protocol",
        "pointer, write, call, fetch the pointer again, read"
    ),
    lesson!(
        "03-strings",
        "strings",
        "text is bytes: UTF-8 lengths and NUL"
    ),
    lesson!(
        "04-numbers",
        "numbers",
        "little endian, widths, and signed numbers"
    ),
    lesson!(
        "05-moving",
        "moving",
        "memory grows, the buffer moves, the old pointer stays"
    ),
    lesson!(
        "06-ownership",
        "ownership",
        "alloc and free: who owns a block, and until when"
    ),
    lesson!(
        "07-in-place",
        "in-place",
        "no copies: the guest owns the memory, both work in it"
    ),
    lesson!(
        "08-overrun",
        "overrun",
        "one byte too many: nothing traps, and what was hit"
    ),
    lesson!(
        "09-out-of-bounds",
        "out-of-bounds",
        "the trap, and the address it went for"
    ),
    lesson!(
        "10-structs",
        "structs",
        "fields, return areas, pairs, packed i64"
    ),
    lesson!(
        "11-toolchains",
        "toolchains",
        "what wasm-bindgen does for you"
    ),
    lesson!(
        "12-growing",
        "growing",
        "memory grows: no byte moves, but views end"
    ),
    lesson!(
        "13-locals",
        "locals",
        "local variables are not in linear memory"
    ),
    lesson!(
        "14-imports",
        "imports",
        "what a function of the host may do with memory"
    ),
    lesson!(
        "15-rollback",
        "rollback",
        "a trap undoes nothing, and address 0 is an address"
    ),
    lesson!(
        "16-double-free",
        "double-free",
        "a block that is freed twice has two owners"
    ),
    lesson!(
        "17-isolation",
        "isolation",
        "an address is valid in one memory only"
    ),
    lesson!(
        "18-function-pointers",
        "function-pointers",
        "a function pointer is an index into a table"
    ),
    lesson!(
        "19-alignment",
        "alignment",
        "loads and stores work at any address"
    ),
    lesson!(
        "20-dead-frame",
        "dead-frame",
        "a pointer to a dead frame of the shadow stack"
    ),
    lesson!(
        "21-who-frees",
        "who-frees",
        "who frees a block that crosses the border"
    ),
    lesson!(
        "22-nul",
        "nul",
        "text that ends with a byte of 0, or does not"
    ),
    lesson!("23-results", "results", "several results in three ways"),
    lesson!("24-utf16", "utf16", "UTF-16: two bytes for most characters"),
    lesson!("25-leak", "leak", "a block that nothing can free any more"),
    lesson!(
        "26-canonical-abi",
        "canonical-abi",
        "texts as components pass them"
    ),
    BuiltIn {
        name: "real-host",
        description: "a recorded JavaScript host, and its wrong line",
        steps: ("27-real-host.md", steps!("lessons/27-real-host.md")),
        files: &[
            ("27-real-host.wat", guest!("lessons/27-real-host.wat")),
            ("guest.wasm", guest!("hosts/guest.wasm")),
            ("kept_view.mjs", guest!("hosts/kept_view.mjs")),
            ("kept_view.hostlog", guest!("hosts/kept_view.hostlog")),
            ("freed_twice.mjs", guest!("hosts/freed_twice.mjs")),
            ("freed_twice.hostlog", guest!("hosts/freed_twice.hostlog")),
        ],
    },
    lesson!(
        "28-padding",
        "padding",
        "holes between the fields of a struct"
    ),
    lesson!(
        "29-struct-result",
        "struct-result",
        "a struct as a result: the hidden parameter"
    ),
];
