//! What the JSON formats have in common: how documents are laid out, and values, bytes and writers
//! in them.

mod terminal_safe;
mod values;

use std::cell::Cell;
use std::io;

use serde::ser::{Serialize, Serializer};

use crate::timeline::Writer;

pub(in crate::report) use terminal_safe::TerminalSafe;
pub(in crate::report) use values::{Hex, Plain};

/// Writes any document the way the trace is written.
pub(in crate::report) fn print_value(
    document: &impl Serialize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    print(document, &Cell::new(false), out)
}

pub(in crate::report) fn print(
    document: &impl Serialize,
    one_line: &Cell<bool>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut out, TerminalSafe::new(one_line));
    document.serialize(&mut serializer)?;
    io::Write::write_all(&mut out, b"\n")?;
    io::Write::flush(&mut out)
}

#[derive(serde::Serialize)]
pub(in crate::report) struct WriterOut<'a> {
    by: &'static str,
    function: Option<&'a str>,
    offset: Option<u64>,
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<Dotted<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u32>,
}

/// `module.name`.
struct Dotted<'a>(&'a str, &'a str);

impl Serialize for Dotted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.{}", self.0, self.1))
    }
}

impl<'a> From<&'a Writer> for WriterOut<'a> {
    fn from(writer: &'a Writer) -> Self {
        let by = writer.word();
        let nobody = WriterOut {
            by,
            function: None,
            offset: None,
            source: None,
            import: None,
            segment: None,
        };
        match writer {
            Writer::Host => nobody,
            Writer::Data { segment } => WriterOut {
                segment: Some(*segment),
                ..nobody
            },
            Writer::Import { module, name } => WriterOut {
                import: Some(Dotted(module, name)),
                ..nobody
            },
            Writer::Guest {
                function,
                offset,
                source,
            } => WriterOut {
                function: function.as_deref(),
                offset: *offset,
                source: source.as_deref(),
                ..nobody
            },
        }
    }
}
