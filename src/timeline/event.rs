//! What happened to memory inside a step, in order: writes with their writers, and growth.

use std::sync::Arc;

use super::image::{Image, PAGE};

/// Who wrote a byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Writer {
    /// An active data segment, when the module was instantiated.
    Data { segment: u32 },
    /// The host, in the step that carries the write.
    Host,
    /// A host function that the guest called.
    Import { module: Arc<str>, name: Arc<str> },
    /// The guest's own code.
    Guest {
        /// Name section, export, or `func[12]`; `None` where only a difference of memory is known.
        function: Option<Arc<str>>,
        /// Of the storing instruction in the module as given, in bytes from its start.
        offset: Option<u64>,
        /// `file:line`.
        source: Option<Arc<str>>,
    },
}

impl Writer {
    /// The guest, no more being known than that.
    pub fn guest() -> Self {
        Writer::Guest {
            function: None,
            offset: None,
            source: None,
        }
    }

    /// `guest`, `host`, `import` or `data`.
    pub fn word(&self) -> &'static str {
        match self {
            Writer::Data { .. } => "data",
            Writer::Host => "host",
            Writer::Import { .. } => "import",
            Writer::Guest { .. } => "guest",
        }
    }
}

/// Bytes that one writer put into memory at one go.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub start: u64,
    pub before: Arc<[u8]>,
    /// As long as `before`.
    pub after: Arc<[u8]>,
    pub writer: Writer,
    /// Known only as a difference of memory across a longer stretch: the bytes are exact, but
    /// single stores in it, and stores of equal bytes, are not told apart.
    pub is_difference: bool,
}

impl Write {
    /// One past the last byte.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.after.len() as u64)
    }

    pub fn covers(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }
}

/// Memory became larger; the new pages are zero. Sizes in 64 KiB pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    pub before: u64,
    pub after: u64,
    pub by: Writer,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Write(Write),
    Growth(Growth),
}

impl Event {
    /// Brings an image from just before the event to just after it.
    pub fn apply(&self, image: &mut Image) {
        match self {
            Event::Write(write) => image.write(write.start, &write.after),
            Event::Growth(growth) => image.grow(growth.after.saturating_mul(PAGE)),
        }
    }
}
