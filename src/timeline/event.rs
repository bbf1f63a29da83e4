//! What happened to memory in a step: writes and growths.

use std::sync::Arc;

use super::image::{Image, PAGE};

/// Who wrote a byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Writer {
    /// An active data segment, when the module was instantiated.
    Data {
        /// The index of the segment.
        segment: u32,
    },
    /// The host, in the step that has the write.
    Host,
    /// A host function that the guest called.
    Import {
        /// The name of its module.
        module: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
    /// The guest's own code.
    Guest {
        /// The name of the function; `None` if only a difference of memory is known.
        function: Option<Arc<str>>,
        /// The offset of the instruction, in bytes from the start of the module as given.
        offset: Option<u64>,
        /// The source of the instruction: `file:line`.
        source: Option<Arc<str>>,
    },
}

impl Writer {
    /// Returns the guest without details.
    pub fn guest() -> Self {
        Writer::Guest {
            function: None,
            offset: None,
            source: None,
        }
    }

    /// Returns the name in JSON: `guest`, `host`, `import` or `data`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Writer::Data { .. } => "data",
            Writer::Host => "host",
            Writer::Import { .. } => "import",
            Writer::Guest { .. } => "guest",
        }
    }
}

/// Bytes that one writer wrote at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// The address of the first byte.
    pub start: u64,
    /// The bytes before the write.
    pub before: Arc<[u8]>,
    /// The bytes after it; as many as before.
    pub after: Arc<[u8]>,
    /// Who wrote them.
    pub writer: Writer,
    /// Whether only the difference of memory across a longer stretch is known. The bytes are exact,
    /// but single stores, and stores of equal bytes, are not distinguished.
    pub is_difference: bool,
}

impl Write {
    /// Returns the address after the last byte.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.after.len() as u64)
    }

    /// Returns whether the byte at an address is written.
    pub fn covers(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }
}

/// A growth of memory. The new pages are zero. Sizes are in 64 KiB pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// The size before.
    pub before: u64,
    /// The size after.
    pub after: u64,
    /// Who made memory grow.
    pub by: Writer,
}

/// Something that happened to memory.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Bytes were written.
    Write(Write),
    /// Memory became larger.
    Growth(Growth),
}

impl Event {
    /// Applies the event to memory as it was just before.
    pub fn apply(&self, image: &mut Image) {
        match self {
            Event::Write(write) => image.write(write.start, &write.after),
            Event::Growth(growth) => image.grow(growth.after.saturating_mul(PAGE)),
        }
    }
}
