//! `linmem inspect`: describes a module without running it.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use linmem::guest::Guest;
use linmem::inspect;

use crate::cli::{InspectArgs, InspectFormat};

use super::input_file;
use super::theme::wants_color;

pub fn inspect(args: &InspectArgs) -> Result<ExitCode> {
    let _notice = input_file::notice_of_wait(&args.module);
    let guest = Guest::load_for_inspection(&args.module)?;
    let options = inspect::Options {
        format: match args.format {
            InspectFormat::Text => inspect::Format::Text,
            InspectFormat::Json => inspect::Format::Json,
        },
        color: wants_color(args.color, io::stdout().is_terminal()),
        ascii: args.ascii,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    inspect::write(&guest, &options, &mut out)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
