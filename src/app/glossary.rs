//! The words of the screen for a person who learns them, as one table. The help has the keys, and
//! `ui` adds the marks that are on the screen.

use std::fmt::Write as _;

/// A word and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The word.
    pub name: &'static str,
    /// Its meaning, in sentences.
    pub meaning: &'static str,
}

const fn term(name: &'static str, meaning: &'static str) -> Term {
    Term { name, meaning }
}

/// All terms: first the two programs, then memory, then a run.
pub const TERMS: &[Term] = &[
    term(
        "host",
        "The program that runs a module and calls its exports: a browser, a server, or here \
         linmem, as the script directs it.",
    ),
    term(
        "guest",
        "The module that runs in the host. It sees its own memory and what the host passes to \
         it, and nothing else of the host.",
    ),
    term(
        "module",
        "A unit of WebAssembly code, such as a .wasm file. It defines functions, memories, \
         globals and tables. It does nothing until it is instantiated.",
    ),
    term(
        "instance",
        "A module that has been instantiated: its imports are supplied, its memory exists, and \
         its data segments are copied into it. Each instance has its own state. In a run, this \
         is step 0.",
    ),
    term(
        "export",
        "A function, memory, global or table of the guest with a name by which the host can use \
         it.",
    ),
    term(
        "import",
        "A function, memory, global or table that the guest needs and the host supplies. By a \
         function that it imports, the guest calls the host.",
    ),
    term(
        "ABI",
        "Application binary interface: a convention for passing what is more than a number, such \
         as a text as an address and a length. WebAssembly itself passes only numbers and \
         references.",
    ),
    term(
        "linear memory",
        "The byte array of a guest, from address 0 on. The guest and the host read and write the \
         same bytes. A memory can grow, and it never shrinks.",
    ),
    term(
        "page",
        "64 KiB of linear memory, which is 65536 bytes. Memory grows by whole pages.",
    ),
    term(
        "address",
        "The number of a byte: an index into linear memory, counted from 0. To WebAssembly a \
         pointer is only such a number.",
    ),
    term(
        "offset",
        "A distance in bytes. A load or store adds its own constant offset to the address that \
         it is given.",
    ),
    term(
        "segment",
        "A data segment: bytes in the module that are copied into memory. An active one is \
         copied when the module is instantiated, such as the texts of a program.",
    ),
    term(
        "region",
        "A span with a name that the script gives, by `region`. linmem reports a write that \
         begins in it and goes past its end.",
    ),
    term(
        "block",
        "A span with an owner: an allocator has given it out, and it must not be used after it \
         was released.",
    ),
    term(
        "step",
        "One statement of the script that ran, such as a call, a write or a read; or \
         instantiation, which is step 0.",
    ),
    term(
        "store",
        "A write to memory by an instruction of the guest, such as i32.store. A step is unfolded \
         into its stores.",
    ),
    term(
        "load",
        "A read of memory by an instruction of the guest, such as i32.load. It changes nothing.",
    ),
    term(
        "trap",
        "The immediate end of a call by an error, such as an access outside memory. What was \
         written before stays written.",
    ),
    term(
        "finding",
        "Something wrong in a step, or worth knowing, which linmem derives from the recording: \
         an error, a warning or a note.",
    ),
];

/// Returns the table as Markdown, for the documentation.
pub fn markdown_table() -> String {
    let mut table = String::from("| word | meaning |\n| --- | --- |\n");
    for Term { name, meaning } in TERMS {
        // Writing to a text never fails.
        let _ = writeln!(table, "| {name} | {meaning} |");
    }
    table
}
