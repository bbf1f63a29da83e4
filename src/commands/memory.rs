//! `linmem memory`: bytes of memory at a moment.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Result, bail};
use linmem::answers::{self, MAX_MEMORY, MemoryPart, Range};
use linmem::report;

use crate::cli::{MemoryArgs, MemoryFormat};

use super::answers::{about_run, about_session, print, refused};
use super::load;

/// How many bytes are written at once.
const CHUNK: u64 = 64 << 10;

pub fn memory(args: &MemoryArgs) -> Result<ExitCode> {
    let range = Range {
        address: args.address.clone(),
        length: Some(args.length.clone()),
        at: args.session.at.clone(),
    };
    let (format, most) = match args.format {
        MemoryFormat::Raw => (None, None),
        MemoryFormat::Text => (Some(report::Format::Text), Some(MAX_MEMORY)),
        MemoryFormat::Json => (Some(report::Format::Json), Some(MAX_MEMORY)),
        MemoryFormat::Fields => return fields(args, &range),
    };
    if args.data_type.is_some() {
        bail!("--as gives a type to the bytes, which only --format fields prints; add it");
    }
    if format.is_none() && io::stdout().is_terminal() {
        bail!(
            "standard output is a terminal, and raw bytes would act on it; send them to a file or \
             to another program"
        );
    }
    about_run(args.file.as_deref(), &args.session, |timeline| {
        let memory = answers::memory(timeline, &range, most).map_err(refused)?;
        match format {
            Some(format) => print(format, &args.appearance, |options, out| {
                report::write_memory(&memory, options, out)
            }),
            None => Ok(write_raw(&memory, &mut io::stdout().lock())?),
        }
    })
}

/// Prints the fields that have bytes of a range. The type of `--as` can be one that only the debug
/// information of the guest has.
fn fields(args: &MemoryArgs, range: &Range) -> Result<ExitCode> {
    let opening = load::opening(args.file.as_deref(), &args.session)?;
    let guest = opening.guest.clone();
    about_session(opening, |timeline| {
        let memory = answers::memory(timeline, range, Some(MAX_MEMORY)).map_err(refused)?;
        let ty = args
            .data_type
            .as_ref()
            .map(|written| answers::find_type(&timeline.types, written, &mut guest.debug_types()));
        let rows = answers::field_rows(&memory, ty.transpose()?.as_ref())?;
        print(report::Format::Text, &args.appearance, |options, out| {
            report::write_fields(&memory, &rows, options, out)
        })
    })
}

/// Writes the bytes, a part at a time.
fn write_raw(memory: &MemoryPart, out: &mut impl Write) -> io::Result<()> {
    let end = memory.span.end();
    let mut address = memory.span.start;
    while address < end {
        let length = CHUNK.min(end - address);
        out.write_all(&memory.image.read(address, length))?;
        address += length;
    }
    out.flush()
}
