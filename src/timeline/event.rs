//! What happened to memory in a step: writes and growths.

use std::fmt;
use std::sync::Arc;

use super::Span;
use super::image::{Image, PAGE};
use crate::safe;

/// Characters of a name or a path in a label before it is cut.
const LABEL_NAME: usize = 120;

/// Characters of a name in a sentence before it is cut.
const SENTENCE_NAME: usize = 60;

/// Who wrote a byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Writer {
    /// An active data segment, when the module was instantiated.
    Data {
        /// The number of the segment among all data segments of the module.
        segment: u32,
    },
    /// The host, in the step that carries the write.
    Host,
    /// A host function that the guest called.
    Import {
        /// The module that the import names.
        module: Arc<str>,
        /// The name of the import in that module.
        name: Arc<str>,
    },
    /// The guest's own code.
    Guest {
        /// The name from the name section or an export, else `func[12]`; `None` where only a
        /// difference of memory is known.
        function: Option<Arc<str>>,
        /// The offset of the storing instruction in the module as given, in bytes.
        offset: Option<u64>,
        /// The place in the source, as `file:line`.
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

    /// Returns the writer as a label, safe to print: `guest $copy, demo.wat:25`, `host`,
    /// `data segment 3`, `import env.log`.
    pub(crate) fn label(&self) -> WriterLabel<'_> {
        WriterLabel(self)
    }

    /// Returns the writer as the subject of a sentence, safe to print: `the guest`, `the host`,
    /// `data segment 3`, `the import env.log`.
    pub fn subject(&self) -> String {
        match self {
            Writer::Data { segment } => format!("data segment {segment}"),
            Writer::Host => "the host".into(),
            Writer::Import { module, name } => {
                let name = safe::cut(&format!("{module}.{name}"), SENTENCE_NAME);
                format!("the import {name}")
            }
            Writer::Guest { .. } => "the guest".into(),
        }
    }
}

/// Displays a [`Writer`] as a label.
pub(crate) struct WriterLabel<'a>(&'a Writer);

impl fmt::Display for WriterLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Writer::Host => f.write_str("host"),
            Writer::Data { segment } => write!(f, "data segment {segment}"),
            Writer::Import { module, name } => {
                let [module, name] = [module, name].map(|name| safe::cut(name, LABEL_NAME));
                write!(f, "import {module}.{name}")
            }
            Writer::Guest {
                function,
                offset,
                source,
            } => {
                f.write_str(if function.is_some() {
                    "guest "
                } else {
                    "guest"
                })?;
                let code = CodeLabel {
                    function: function.as_deref(),
                    source: source.as_deref(),
                    offset: *offset,
                };
                write!(f, "{code}")
            }
        }
    }
}

/// Displays a place in the guest's code, safe to print: `$copy, demo.wat:25`.
///
/// The offset of the instruction takes the place of an unknown source: `func[12], @0xab`.
#[derive(Debug, Clone, Copy)]
pub struct CodeLabel<'a> {
    /// The function's name, or `func[12]`.
    pub function: Option<&'a str>,
    /// The place in the source, as `file:line`.
    pub source: Option<&'a str>,
    /// The offset of the instruction in the module as given, in bytes.
    pub offset: Option<u64>,
}

impl fmt::Display for CodeLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = self.function {
            // The text format writes names with a dollar sign.
            let has_sign = function.starts_with("func[") || function.starts_with('$');
            f.write_str(if has_sign { "" } else { "$" })?;
            f.write_str(&safe::cut(function, LABEL_NAME))?;
        }
        match (self.source, self.offset) {
            (Some(source), _) => write!(f, ", {}", safe::cut(source, LABEL_NAME)),
            (None, Some(offset)) => write!(f, ", @{offset:#x}"),
            (None, None) => Ok(()),
        }
    }
}

/// Consecutive bytes that one writer put into memory at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// The address of the first byte.
    pub start: u64,
    /// The bytes before the write.
    pub before: Arc<[u8]>,
    /// The bytes after the write, as many as before.
    pub after: Arc<[u8]>,
    /// Who wrote.
    pub writer: Writer,
    /// Whether only a difference of memory across several stores is known. The bytes are exact, but
    /// the single stores, and stores of equal bytes, are unknown.
    pub is_difference: bool,
}

impl Write {
    /// Returns the bytes that were written.
    pub(crate) fn span(&self) -> Span {
        Span {
            start: self.start,
            len: self.after.len() as u64,
        }
    }

    /// Returns the address after the last byte.
    pub fn end(&self) -> u64 {
        self.span().end()
    }

    /// Returns whether the byte at `address` was written.
    pub fn covers(&self, address: u64) -> bool {
        self.span().contains(address)
    }
}

/// Growth of memory, in 64 KiB pages. The new pages are zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// The size before, in pages.
    pub before: u64,
    /// The size after, in pages.
    pub after: u64,
    /// Who grew memory.
    pub(crate) by: Writer,
}

/// One event inside a step.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_have_labels_and_are_subjects() {
        let guest = |function: Option<&str>, offset, source: Option<&str>| Writer::Guest {
            function: function.map(Into::into),
            offset,
            source: source.map(Into::into),
        };
        let import = Writer::Import {
            module: "env".into(),
            name: "f".into(),
        };
        let rows = [
            (
                guest(Some("copy"), Some(171), Some("a.wat:25")),
                "guest $copy, a.wat:25",
                "the guest",
            ),
            (
                guest(Some("func[12]"), Some(171), None),
                "guest func[12], @0xab",
                "the guest",
            ),
            (
                guest(Some("\x1b[2J"), None, None),
                "guest $\\u{1b}[2J",
                "the guest",
            ),
            (guest(None, Some(1), None), "guest, @0x1", "the guest"),
            (Writer::guest(), "guest", "the guest"),
            (import, "import env.f", "the import env.f"),
            (
                Writer::Data { segment: 3 },
                "data segment 3",
                "data segment 3",
            ),
            (Writer::Host, "host", "the host"),
        ];
        for (writer, label, subject) in rows {
            assert_eq!(writer.label().to_string(), label);
            assert_eq!(writer.subject(), subject);
        }
    }
}
