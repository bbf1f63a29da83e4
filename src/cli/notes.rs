//! The contents of the help and the manual page beyond commands and options. Both are made from the tables
//! here.

/// A table of the manual: its title, and rows of a term with its meaning.
pub struct Notes {
    pub title: &'static str,
    pub rows: &'static [(&'static str, &'static str)],
}

pub const EXIT_STATUS: Notes = Notes {
    title: "Exit status",
    rows: &[
        ("0", "all well; of who, memory and query: answered"),
        (
            "1",
            "a step ended in anything but ok, or an error was found that the session does not \
             expect, or two compared runs differ",
        ),
        ("2", "the command line, a file or a module cannot be used"),
        (
            "130",
            "ctrl-c interrupted it; 143 for SIGTERM, 129 for SIGHUP",
        ),
    ],
};

pub const FILES: Notes = Notes {
    title: "Files",
    rows: &[
        (
            "linmem/config.toml",
            "in the platform's folder for configuration, ~/.config on Linux: theme, keys and \
             limits of the screen; `linmem config` prints it",
        ),
        (
            "linmem/compiled",
            "in the platform's folder for caches, ~/.cache on Linux: compiled modules; `linmem cache` \
             prints their size",
        ),
        (
            "NAME.steps, NAME.md",
            "a session: what a host does to a guest, one statement a line; in Markdown, in blocks \
             marked steps",
        ),
    ],
};

pub const ENVIRONMENT: Notes = Notes {
    title: "Environment",
    rows: &[
        (
            "NO_COLOR",
            "where it is set and not empty, no colours, unless --color always is given",
        ),
        (
            "TERM",
            "where it is dumb, lines are printed instead of the screen, without colour",
        ),
        (
            "XDG_CONFIG_HOME",
            "where the folder with the configuration is looked for, instead of ~/.config",
        ),
        (
            "XDG_CACHE_HOME",
            "where the folder with compiled modules is, instead of ~/.cache",
        ),
    ],
};

pub const EXAMPLES: Notes = Notes {
    title: "Examples",
    rows: &[
        ("linmem", "steps through the default session"),
        ("linmem abi.steps", "steps through a session of your own"),
        (
            "linmem run abi.steps --set text=Hello --stores",
            "prints one run, with every store of each step",
        ),
        (
            "linmem test abi/*.steps --deny warnings --junit report.xml",
            "checks many sessions, in CI",
        ),
        (
            "linmem who ptr..16 abi.steps --at 4.7",
            "prints who wrote 16 bytes, as of a moment inside step 4",
        ),
        (
            "linmem diff abi.steps --module old.wasm --module new.wasm",
            "shows where two modules differ",
        ),
        (
            "linmem types guest.wasm Shape",
            "prints where the fields of a type are, from debug information",
        ),
        (
            "linmem config",
            "prints the configuration in force, as a file to start from",
        ),
        (
            "linmem completions bash > ~/.local/share/bash-completion/completions/linmem",
            "completes words in bash",
        ),
        ("linmem man | man -l -", "shows the manual page"),
    ],
};

/// In the order they are shown.
pub const ALL: [&Notes; 4] = [&EXIT_STATUS, &FILES, &ENVIRONMENT, &EXAMPLES];

/// For `-h`: the exit status in a few lines.
pub fn after_help() -> String {
    let rows: Vec<String> = EXIT_STATUS
        .rows
        .iter()
        .map(|(term, meaning)| format!("{term} {meaning}"))
        .collect();
    format!("{}: {}.", EXIT_STATUS.title, rows.join("; "))
}

/// For `--help`: all of it.
pub fn after_long_help() -> String {
    let tables = ALL.iter().map(|notes| {
        let rows: Vec<String> = notes
            .rows
            .iter()
            .map(|(term, meaning)| format!("  {term}\n          {meaning}"))
            .collect();
        format!("{}:\n{}", notes.title, rows.join("\n"))
    });
    tables.collect::<Vec<_>>().join("\n\n")
}
