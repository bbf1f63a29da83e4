//! `linmem who`: the last writer of each byte of a range, and the writers before it.

use std::process::ExitCode;

use anyhow::Result;
use linmem::answers::{self, Direction, Range};
use linmem::report;

use crate::cli::{WhoArgs, WhoFormat};

use super::answers::{about_run, print, refused};

pub fn who(args: &WhoArgs) -> Result<ExitCode> {
    let (address, length) = answers::split_range(&args.range);
    let range = Range {
        address: address.to_owned(),
        length: length.map(str::to_owned),
        at: args.session.at.clone(),
    };
    let format = match args.format {
        WhoFormat::Text => report::Format::Text,
        WhoFormat::Json => report::Format::Json,
    };
    let direction = match (args.next, args.previous) {
        (true, _) => Some(Direction::Next),
        (_, true) => Some(Direction::Previous),
        _ => None,
    };
    about_run(
        args.file.as_deref(),
        &args.session,
        |timeline| match direction {
            Some(direction) => {
                let found = answers::find_touch(timeline, &range, direction).map_err(refused)?;
                print(format, &args.appearance, |options, out| {
                    report::write_touch(&found, options, out)
                })
            }
            None => {
                let writers = answers::writers(timeline, &range, args.all).map_err(refused)?;
                print(format, &args.appearance, |options, out| {
                    report::write_writers(&writers, options, out)
                })
            }
        },
    )
}
