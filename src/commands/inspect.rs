//! `linmem inspect`: describes a module without running it, or lists the core modules of a
//! component.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use linmem::guest::Described;
use linmem::inspect;

use crate::cli::{DescriptionArgs, InspectArgs, InspectFormat};

use super::input_file;
use super::load::core_module;
use super::theme::wants_color;

pub fn inspect(args: &InspectArgs) -> Result<ExitCode> {
    let _notice = input_file::notice_of_wait(&args.module);
    let module = core_module(&args.module, args.core);
    let options = options(&args.output);
    let mut out = BufWriter::new(io::stdout().lock());
    match Described::load(&module)? {
        Described::Component(component) => {
            inspect::write_component(&component, &options, &mut out)?;
        }
        Described::Module(guest) => inspect::write(&guest, &options, &mut out)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns how a description is printed on standard output.
pub fn options(args: &DescriptionArgs) -> inspect::Options {
    inspect::Options {
        format: match args.format {
            InspectFormat::Text => inspect::Format::Text,
            InspectFormat::Json => inspect::Format::Json,
        },
        color: wants_color(args.color, io::stdout().is_terminal()),
        ascii: args.ascii,
    }
}
