//! The arguments of questions about a run: `who`, `memory` and `query`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AppearanceArgs, SessionArgs};

#[derive(Debug, Args)]
pub struct WhoArgs {
    /// The bytes, as expressions of the steps language: an address such as 0x400, ptr or ptr + 4, and
    /// a length such as 0x400..16; or a field such as shapes[2].name. Without a length, one byte, or all
    /// of the field
    #[arg(value_name = "ADDRESS[..LENGTH]")]
    pub range: String,

    /// A .steps or .md session, a .wasm or .wat module, a recording of a host, or - for standard
    /// input; without it, the default session
    pub file: Option<PathBuf>,

    /// Print the next write after --at instead; without --at, the first of all
    #[arg(long, conflicts_with_all = ["previous", "all"])]
    pub next: bool,

    /// Print the write before --at instead
    #[arg(long, conflicts_with = "all")]
    pub previous: bool,

    /// List all runs of bytes and all earlier writes, and not only the first 32 runs with 8 each
    #[arg(long)]
    pub all: bool,

    /// What to print
    #[arg(long, value_enum, default_value_t = WhoFormat::Text)]
    pub format: WhoFormat,

    #[command(flatten)]
    pub session: SessionArgs,

    #[command(flatten)]
    pub appearance: AppearanceArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhoFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct MemoryArgs {
    /// The address of the first byte, as an expression of the steps language such as 0x400 or ptr + 4,
    /// or a field such as shapes[2].name
    pub address: String,

    /// The number of bytes, as an expression too; at most 1 MiB, but for --format raw
    pub length: String,

    /// A .steps or .md session, a .wasm or .wat module, a recording of a host, or - for standard
    /// input; without it, the default session
    pub file: Option<PathBuf>,

    /// What to print
    #[arg(long, value_enum, default_value_t = MemoryFormat::Text)]
    pub format: MemoryFormat,

    /// The type at ADDRESS, such as Point or '[Point; 4]', for --format fields
    #[arg(long = "as", value_name = "TYPE")]
    pub data_type: Option<String>,

    #[command(flatten)]
    pub session: SessionArgs,

    #[command(flatten)]
    pub appearance: AppearanceArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MemoryFormat {
    /// Rows of a hex dump
    Text,
    /// The bytes and nothing else
    Raw,
    /// A JSON document
    Json,
    /// The fields of the views there, or of the type of --as, a line each
    Fields,
}

#[derive(Debug, Args)]
pub struct QueryArgs {
    /// A .steps or .md session, a .wasm or .wat module, or a recording of a host; without it, the
    /// default session
    pub file: Option<PathBuf>,

    #[command(flatten)]
    pub session: SessionArgs,
}
