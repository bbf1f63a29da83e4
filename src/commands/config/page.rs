//! Prints the configuration in force as a file with comments.

use std::fmt::Write as _;

use linmem::app::Keymap;
use linmem::safe;

use super::Config;
use super::settings::{KEYS, Kind, LIMITS, SETTINGS, Setting};

/// The note for a value that the file sets.
const FROM_FILE: &str = "   # from the file";

/// Columns of a comment.
const WIDTH: usize = 100;

/// Returns the whole file. Read back, it sets what is in force. Default keys are comments, so that a
/// file made from this page has the new defaults of later versions.
pub(super) fn page(config: &Config) -> String {
    let mut out = String::from(
        "# linmem's configuration as it is in force, apart from the command line, which wins over \
         it.\n",
    );
    let file = config
        .path
        .as_ref()
        .map(|path| safe::plain(&path.to_string_lossy()));
    let _ = match (&file, config.is_read) {
        (Some(file), true) => writeln!(out, "# Read from {file}."),
        (Some(file), false) => writeln!(
            out,
            "# These are the built-in values. To change some, save this as {file}"
        ),
        (None, _) => writeln!(
            out,
            "# These are the built-in values. This system names no folder for the file: use \
             --config PATH."
        ),
    };
    out.push_str(
        "# Only the screen reads it there; every other command reads a file only where --config \
         PATH names it.\n",
    );
    for setting in SETTINGS.iter().filter(|setting| setting.table.is_empty()) {
        line(&mut out, config, setting);
    }
    let _ = write!(out, "\n# What the guest may have and take.\n[{LIMITS}]\n");
    for setting in SETTINGS.iter().filter(|setting| setting.table == LIMITS) {
        line(&mut out, config, setting);
    }
    let _ = write!(
        out,
        "\n# Keys of the screen: a character, or space, enter, tab, ctrl-x, alt-x, shift-tab, \
         PgUp, left …\n"
    );
    out.push_str(
        "# A list replaces all keys of the action; an empty one removes them. Those shown as \
         comments are built in.\n",
    );
    let _ = writeln!(out, "[{KEYS}]");
    keys(&mut out, &config.keys);
    out
}

fn line(out: &mut String, config: &Config, setting: &Setting) {
    let set = config
        .defaults
        .iter()
        .find(|(option, _)| *option == setting.option)
        .map(|(_, value)| value.clone());
    let from = if set.is_some() { FROM_FILE } else { "" };
    let value = set.unwrap_or_else(|| setting.built_in());
    let words = match setting.kind {
        Kind::Choice => format!("; one of {}", setting.values().join(", ")),
        _ => String::new(),
    };
    out.push('\n');
    comment(out, &format!("{}{words}.", setting.help()));
    let value = match setting.kind {
        Kind::Bool => value,
        Kind::Opposite => (value != "true").to_string(),
        Kind::Choice | Kind::Amount(_) => quoted(&value),
    };
    let _ = writeln!(out, "{} = {value}{from}", setting.name);
}

fn keys(out: &mut String, keymap: &Keymap) {
    for bound in keymap
        .bindings()
        .iter()
        .filter(|bound| bound.binding.can_be_chosen())
    {
        out.push('\n');
        comment(out, &bound.description(keymap));
        let keys: Vec<String> = bound.keys.iter().map(|key| quoted(key)).collect();
        let (mark, from) = if bound.is_chosen {
            ("", FROM_FILE)
        } else {
            ("# ", "")
        };
        let _ = writeln!(
            out,
            "{mark}{} = [{}]{from}",
            bound.binding.slug(),
            keys.join(", ")
        );
    }
}

fn comment(out: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let wide = word.chars().count() + 1;
        if column == 0 || column + wide > WIDTH {
            out.push_str(if column == 0 { "#" } else { "\n#" });
            column = 1;
        }
        out.push(' ');
        out.push_str(word);
        column += wide;
    }
    out.push('\n');
}

/// Returns a text as a TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
