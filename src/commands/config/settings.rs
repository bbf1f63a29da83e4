//! The settings of the configuration, besides keys: each is the default of an option.

use clap::{Arg, CommandFactory};

use crate::cli::{self, Cli};

/// One line of the configuration.
pub struct Setting {
    /// Its table; empty at the top level.
    pub table: &'static str,
    pub name: &'static str,
    /// The name of the option in the types of the command line.
    pub option: &'static str,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// One of the values of the option.
    Choice,
    Bool,
    /// The opposite of the option.
    Opposite,
    /// Text or a number for the option's parser.
    Amount(fn(&str) -> Result<(), String>),
}

pub const LIMITS: &str = "limits";
pub const KEYS: &str = "keys";

pub const SETTINGS: &[Setting] = &[
    Setting {
        table: "",
        name: "theme",
        option: "theme",
        kind: Kind::Choice,
    },
    Setting {
        table: "",
        name: "color",
        option: "color",
        kind: Kind::Choice,
    },
    Setting {
        table: "",
        name: "ascii",
        option: "ascii",
        kind: Kind::Bool,
    },
    Setting {
        table: "",
        name: "mouse",
        option: "no_mouse",
        kind: Kind::Opposite,
    },
    Setting {
        table: "",
        name: "cache",
        option: "no_cache",
        kind: Kind::Opposite,
    },
    Setting {
        table: LIMITS,
        name: "max-memory",
        option: "max_memory",
        kind: Kind::Amount(is_size),
    },
    Setting {
        table: LIMITS,
        name: "max-time",
        option: "max_time",
        kind: Kind::Amount(is_time),
    },
    Setting {
        table: LIMITS,
        name: "max-stores",
        option: "max_stores",
        kind: Kind::Amount(is_count),
    },
    Setting {
        table: LIMITS,
        name: "max-history",
        option: "max_history",
        kind: Kind::Amount(is_max_history),
    },
];

fn is_size(text: &str) -> Result<(), String> {
    cli::parse_size(text).map(drop)
}

fn is_time(text: &str) -> Result<(), String> {
    cli::parse_time(text).map(drop)
}

fn is_count(text: &str) -> Result<(), String> {
    cli::parse_count(text).map(drop)
}

fn is_max_history(text: &str) -> Result<(), String> {
    cli::parse_max_history(text).map(drop)
}

impl Setting {
    /// Returns the help of the option.
    pub fn help(&self) -> String {
        match self.kind {
            // The options are `--no-mouse` and `--no-cache`, so their help describes the opposite.
            Kind::Opposite if self.option == "no_cache" => {
                "Keep compiled modules for the next start; false compiles each module anew".into()
            }
            Kind::Opposite => "Take the mouse, so that it scrolls and chooses; false leaves it to \
                               the terminal to select text"
                .into(),
            _ => self.arg(|arg| arg.get_help().map(ToString::to_string).unwrap_or_default()),
        }
    }

    /// Returns the possible values.
    pub fn values(&self) -> Vec<String> {
        self.arg(|arg| {
            arg.get_possible_values()
                .iter()
                .map(|value| value.get_name().to_string())
                .collect()
        })
    }

    /// Returns the default of the option.
    pub fn built_in(&self) -> String {
        let text = |arg: &Arg| {
            arg.get_default_values()
                .first()
                .map(|text| text.to_string_lossy().into_owned())
        };
        self.arg(|arg| text(arg).unwrap_or_default())
    }

    fn arg<T: Default>(&self, of: impl Fn(&Arg) -> T) -> T {
        Cli::command()
            .get_arguments()
            .find(|arg| arg.get_id() == self.option)
            .map(of)
            .unwrap_or_default()
    }
}
