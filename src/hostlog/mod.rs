//! Recordings of real hosts in the format `linmem.host/1`, which docs/hostlog.md describes: their
//! types, the reader, and the recorders for JavaScript and Python. Runs nothing.

mod error;
mod fields;
mod reader;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::source::HostPlace;
use crate::value::Value;

pub use error::{ReadError, ReadProblem};
pub use reader::{Limits, read};

/// The value of `format` in the first line.
pub const FORMAT: &str = "linmem.host/1";

/// The start of the first line of every recording.
pub const FIRST_BYTES: &[u8] = b"{\"format\":\"linmem.host/";

/// The recorder for JavaScript hosts: one file that is both a module and a classic script.
pub const JAVASCRIPT_RECORDER: &str = include_str!("recorder.js");

/// The recorder for Python hosts that use the package `wasmtime`: one file, which Python loads before
/// the host if it is named `sitecustomize.py`.
pub const PYTHON_RECORDER: &str = include_str!("recorder.py");

/// A value that crossed the border.
#[derive(Debug, Clone, PartialEq)]
pub enum Crossed {
    /// A number or null.
    Value(Value),
    /// An object of the host, by its number.
    Object(u32),
    /// A function, by its number.
    Function(u32),
}

/// An import, a memory of it or a global of it: the names of its module and its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImportPath {
    /// The name of the module.
    pub module: String,
    /// Its own name.
    pub name: String,
}

/// Where a function can be found in its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionPlace {
    /// An export.
    Export(String),
    /// An import.
    Import(ImportPath),
    /// A place in a table of the recording.
    Table {
        /// The number of the table.
        table: u32,
        /// The index in it.
        index: u32,
    },
}

/// A function that crossings name by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The instance that exports or imports it.
    pub instance: u32,
    /// Where it is.
    pub place: FunctionPlace,
}

/// What the host gave to an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The import.
    pub import: ImportPath,
    /// What it is.
    pub what: GivenItem,
}

/// A memory, a table or the value of a global that the host gave to an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenItem {
    /// A memory.
    Memory {
        /// Its number.
        memory: u32,
        /// Its size at that time, in 64 KiB pages.
        pages: u64,
    },
    /// A table.
    Table {
        /// Its number.
        table: u32,
        /// The number of its elements at that time; `None` where the recorder did not note it.
        size: Option<u64>,
    },
    /// The value of a global.
    Global(Crossed),
}

/// An instance of a module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Instance {
    /// The number of its module.
    pub module: u32,
    /// What it imports besides functions.
    pub given: Vec<Given>,
    /// The exported memories: name and number.
    pub memories: Vec<(String, u32)>,
    /// The exported tables: name and number.
    pub tables: Vec<(String, u32)>,
    /// How many calls crossed its border, in both directions.
    pub crossings: u64,
}

impl Instance {
    /// Returns whether the instance has a memory that others can use.
    fn has_memory(&self) -> bool {
        let is_memory = |given: &Given| matches!(given.what, GivenItem::Memory { .. });
        !self.memories.is_empty() || self.given.iter().any(is_memory)
    }
}

/// Why a call did not return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thrown {
    /// What was thrown.
    pub kind: ThrownKind,
    /// Its message.
    pub message: String,
}

/// What was thrown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThrownKind {
    /// A trap of the guest.
    Trap,
    /// An exception of the guest.
    Exception,
    /// An exception of the host.
    Host,
}

/// A global of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobalPlace {
    /// An exported one.
    Export(String),
    /// An imported one.
    Import(ImportPath),
}

/// What happened at one line of a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A memory was seen, or seen to have another size.
    Memory {
        /// The number of the memory.
        memory: u32,
        /// Its size in 64 KiB pages.
        pages: u64,
        /// Whether threads can share it.
        is_shared: bool,
    },
    /// Bytes of memory that changed since they were last compared.
    Changed {
        /// The number of the memory.
        memory: u32,
        /// The changed spans: address and bytes.
        writes: Vec<(u64, Vec<u8>)>,
        /// The entry at which they were last compared, where that is not the last one.
        since: Option<u64>,
        /// Whether all of memory is known after this.
        is_full: bool,
    },
    /// Spans as the guest left them: what it has written there is known.
    Left {
        /// The number of the memory.
        memory: u32,
        /// The spans: address and length in bytes.
        spans: Vec<(u64, u64)>,
    },
    /// A method of the host wrote to a span. Its bytes are among those that changed.
    Wrote {
        /// The number of the memory.
        memory: u32,
        /// The first address.
        address: u64,
        /// The length in bytes.
        length: u64,
        /// Where in the host.
        at: Option<Arc<HostPlace>>,
    },
    /// The host wrote with a method into a view that growth of the memory had detached. Nothing of it
    /// reached memory.
    Detached {
        /// The number of the memory.
        memory: u32,
        /// The name of the method.
        method: String,
        /// Where in the host.
        at: Option<Arc<HostPlace>>,
    },
    /// The host grew a memory.
    Grow {
        /// The number of the memory.
        memory: u32,
        /// By how many pages.
        by: u64,
        /// Where in the host.
        at: Option<Arc<HostPlace>>,
    },
    /// An instance begins to be created.
    Instance(u32),
    /// An instance is created.
    Created(u32),
    /// The host calls a guest.
    Call {
        /// The number of the function.
        function: u32,
        /// The arguments.
        args: Vec<Crossed>,
        /// Where in the host.
        at: Option<Arc<HostPlace>>,
    },
    /// A guest returns to the host.
    Return(Vec<Crossed>),
    /// A call of a guest did not return.
    Throw(Thrown),
    /// A guest calls the host.
    Import {
        /// The number of the function.
        function: u32,
        /// The arguments.
        args: Vec<Crossed>,
    },
    /// The host returns to the guest.
    Answer(Vec<Crossed>),
    /// A function of the host did not return.
    Fail(Thrown),
    /// The host set a global.
    SetGlobal {
        /// The instance.
        instance: u32,
        /// The global.
        global: GlobalPlace,
        /// The value.
        value: Crossed,
        /// Where in the host.
        at: Option<Arc<HostPlace>>,
    },
    /// The host set an element of a table.
    SetTable {
        /// The number of the table.
        table: u32,
        /// The index.
        index: u32,
        /// The element: a function, an object, or null, also for a function that is not recorded.
        element: Crossed,
        /// Where in the host.
        at: Option<Arc<HostPlace>>,
    },
    /// The host grew a table.
    GrowTable {
        /// The number of the table.
        table: u32,
        /// The number of its elements before.
        before: u64,
        /// By how many elements.
        by: u64,
        /// What the new elements are.
        element: Crossed,
        /// Where in the host.
        at: Option<Arc<HostPlace>>,
    },
    /// The recording ended.
    End {
        /// Why.
        reason: String,
        /// The exit status of the host, where it is known.
        status: Option<u32>,
    },
}

/// An event and the line that it is from, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The line in the file.
    pub line: u64,
    /// What happened.
    pub event: Event,
}

/// A recording, read and checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostLog {
    /// What wrote it.
    pub recorder: String,
    /// The modules as the host gave them to its engine.
    pub modules: Vec<Vec<u8>>,
    /// The instances.
    pub instances: Vec<Instance>,
    /// The functions that crossings name.
    pub functions: Vec<Function>,
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// Whether the last line was cut, because the host was ended while it was written.
    pub is_cut: bool,
}

impl HostLog {
    /// Returns how many calls crossed the border, in both directions.
    pub fn crossings(&self) -> u64 {
        self.instances.iter().map(|one| one.crossings).sum()
    }

    /// Returns the instance with the most crossings, the first of them if several have that many.
    pub fn busiest_instance(&self) -> Option<u32> {
        let weight = |one: &Instance| (one.has_memory(), one.crossings);
        let most = self.instances.iter().map(weight).max()?;
        let index = self.instances.iter().position(|one| weight(one) == most)?;
        u32::try_from(index).ok()
    }
}
