//! The arguments of commands about a module: `inspect`, `types` and `init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ColorWhen, parse_size};

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A .wasm or .wat module, or a component
    pub module: PathBuf,

    /// Take this core module of a component, by its number, counted from 0
    #[arg(long, value_name = "N")]
    pub core: Option<usize>,

    #[command(flatten)]
    pub output: DescriptionArgs,
}

/// How a description is printed.
#[derive(Debug, Args)]
pub struct DescriptionArgs {
    /// What to print
    #[arg(long, value_enum, default_value_t = InspectFormat::Text)]
    pub format: InspectFormat,

    /// When to use colour; NO_COLOR in the environment means never
    #[arg(long, value_enum, default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,

    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct TypesArgs {
    /// A .wasm module with debug information, or a .steps or .md file with types
    pub file: PathBuf,

    /// The type, such as Shape, or the end of its name with scopes
    pub name: Option<String>,

    /// List only names that contain this text
    #[arg(long, value_name = "TEXT", conflicts_with = "name")]
    pub filter: Option<String>,

    /// List all types, also numbers and pointers, and not only the first 100
    #[arg(long, conflicts_with = "name")]
    pub all: bool,

    /// Take this core module of a component, by its number, counted from 0
    #[arg(long, value_name = "N")]
    pub core: Option<usize>,

    #[command(flatten)]
    pub output: DescriptionArgs,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// A .wasm or .wat module, or a component
    pub module: PathBuf,

    /// Take this core module of a component, by its number, counted from 0
    #[arg(long, value_name = "N")]
    pub core: Option<usize>,

    /// Write to this file, which must not exist yet, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The most linear memory the guest may have while the draft is tried
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub max_memory: u64,
}
