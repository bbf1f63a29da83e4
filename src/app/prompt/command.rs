//! Commands of the line of `:` about the session as a whole; any other line is a statement of the
//! steps language.

use super::state::Mistake;
use crate::safe;

/// A command about the session as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Save {
        path: String,
        replace: bool,
    },
    /// `view ADDRESS as TYPE`: both as written.
    View {
        address: String,
        ty: String,
    },
    Help,
    Guest,
    Quit,
}

/// The commands, as they are completed.
pub(super) const COMMANDS: [&str; 5] = ["save", "save!", "help", "guest", "q"];

/// Splits `ADDRESS as TYPE`; `NAME = ADDRESS as TYPE` is a statement, whose view belongs to a step.
fn view(rest: &str) -> Option<Command> {
    let (address, ty) = rest.split_once(" as ")?;
    let is_statement = address.contains('=');
    (!is_statement).then(|| Command::View {
        address: address.trim().to_owned(),
        ty: ty.trim().to_owned(),
    })
}

/// Parses a command; `None` where the line is a statement. A colon before the line makes it a
/// command whatever follows.
pub(super) fn parse(line: &str) -> Option<Result<Command, Mistake>> {
    let trimmed = line.trim();
    let (bare, has_colon) = match trimmed.strip_prefix(':') {
        Some(rest) => (rest.trim_start(), true),
        None => (trimmed, false),
    };
    let (first, rest) = bare.split_once(char::is_whitespace).unwrap_or((bare, ""));
    let rest = rest.trim();
    // A variable may have the name of a command.
    if !has_colon && (rest.starts_with('=') || rest.starts_with(',')) {
        return None;
    }
    let save = |replace| Command::Save {
        path: rest.to_owned(),
        replace,
    };
    if first == "view" {
        return match view(rest) {
            Some(command) => Some(Ok(command)),
            None if !has_colon => None,
            None => {
                let message = "`view` needs an address and a type: view ptr as u32".to_owned();
                Some(Err(Mistake::whole(line, message)))
            }
        };
    }
    let command = match first {
        "save" => save(false),
        "save!" => save(true),
        "help" => Command::Help,
        "guest" => Command::Guest,
        "q" | "quit" => Command::Quit,
        _ if !has_colon => return None,
        _ => return Some(Err(unknown(line, first))),
    };
    if !rest.is_empty() && !matches!(command, Command::Save { .. }) {
        let message = format!("`{first}` takes nothing after it");
        return has_colon.then(|| Err(Mistake::whole(line, message)));
    }
    Some(Ok(command))
}

fn unknown(line: &str, first: &str) -> Mistake {
    let message = format!("there is no command `{}`", safe::cut(first, 40));
    let help = "the commands are save FILE, save! FILE, view ADDRESS as TYPE, help, guest and q; anything else is a step";
    Mistake {
        help: Some(help.to_owned()),
        ..Mistake::whole(line, message)
    }
}

/// Returns what a command does, as a hint while it is typed.
pub(super) fn hint(command: &Command) -> &'static str {
    match command {
        Command::Save { path, .. } if path.is_empty() => {
            "save FILE writes these steps as a steps file"
        }
        Command::Save { replace: false, .. } => "enter writes these steps to a new file",
        Command::Save { replace: true, .. } => "enter writes these steps and replaces the file",
        Command::View { .. } => "enter shows memory as this type at every moment; no step runs",
        Command::Help => "enter shows all keys",
        Command::Guest => "enter shows what the guest exports and imports",
        Command::Quit => "enter leaves the program",
    }
}
