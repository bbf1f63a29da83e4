//! What the JSON formats have in common: the layout of a document, and writers, values, findings and
//! lines of hosts in it.

use std::io;

use serde::Serialize;
use serde::ser::Serializer;

use crate::finding_kind::FindingKind;
use crate::safe;
use crate::source::HostPlace;
use crate::timeline::{Finding, HostLine, Span, Writer};
use crate::value::Value;

/// Writes a document, indented, with a line break at its end.
///
/// # Errors
/// Those of `out`.
pub(in crate::report) fn write_document(
    document: &impl Serialize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    safe::json::write_pretty(document, &mut out)?;
    io::Write::write_all(&mut out, b"\n")?;
    io::Write::flush(&mut out)
}

/// A writer of bytes.
#[derive(Serialize)]
pub(in crate::report) struct WriterData<'a> {
    by: &'static str,
    function: Option<&'a str>,
    offset: Option<u64>,
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<ImportName<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u32>,
}

/// The name of an import: `module.name`.
struct ImportName<'a>(&'a str, &'a str);

impl Serialize for ImportName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}.{}", self.0, self.1))
    }
}

impl<'a> From<&'a Writer> for WriterData<'a> {
    fn from(writer: &'a Writer) -> Self {
        let mut data = WriterData {
            by: writer.as_str(),
            function: None,
            offset: None,
            source: None,
            import: None,
            segment: None,
        };
        match writer {
            Writer::Host => {}
            Writer::Data { segment } => data.segment = Some(*segment),
            Writer::Import { module, name } => data.import = Some(ImportName(module, name)),
            Writer::Guest {
                function,
                offset,
                source,
            } => {
                data.function = function.as_deref();
                data.offset = *offset;
                data.source = source.as_deref();
            }
        }
        data
    }
}

/// A value with the name of its type.
#[derive(Serialize)]
pub(in crate::report) struct TypedValue<'a> {
    r#type: &'static str,
    value: &'a Value,
}

impl<'a> From<&'a Value> for TypedValue<'a> {
    fn from(value: &'a Value) -> Self {
        TypedValue {
            r#type: value.type_name(),
            value,
        }
    }
}

/// The line of a recorded host.
#[derive(Serialize)]
pub(in crate::report) struct HostData<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    function: Option<&'a str>,
    before: bool,
}

impl<'a> HostData<'a> {
    /// Returns the line of a step.
    pub(in crate::report) fn of(line: &'a HostLine) -> Self {
        HostData {
            before: line.is_before,
            ..HostData::at(&line.place)
        }
    }

    /// Returns a place.
    pub(in crate::report) fn at(place: &'a HostPlace) -> Self {
        HostData {
            file: &place.file,
            line: place.line,
            column: place.column,
            function: place.function.as_deref(),
            before: false,
        }
    }
}

/// A finding.
#[derive(Serialize)]
pub(in crate::report) struct FindingData<'a> {
    kind: FindingKind,
    severity: &'static str,
    message: &'a str,
    address: Option<u64>,
    spans: &'a [Span],
    step: Option<usize>,
    expected: bool,
}

impl<'a> From<&'a Finding> for FindingData<'a> {
    fn from(finding: &'a Finding) -> Self {
        FindingData {
            kind: finding.kind,
            severity: finding.severity().as_str(),
            message: &finding.message,
            address: finding.address,
            spans: &finding.spans,
            step: finding.blamed,
            expected: finding.claimed,
        }
    }
}
