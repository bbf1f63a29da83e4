//! Colours and glyphs of what is shown, from the command line and the environment.

use std::io::IsTerminal;

use linmem::ui::Theme;

use crate::cli::{AppearanceArgs, ColorWhen, ThemeName};

/// Returns the theme for standard output.
pub fn of(appearance: &AppearanceArgs) -> Theme {
    with_color(
        appearance,
        wants_color(appearance.color, std::io::stdout().is_terminal()),
    )
}

/// Returns the theme with or without colours.
pub fn with_color(appearance: &AppearanceArgs, has_color: bool) -> Theme {
    let theme = match appearance.theme {
        _ if !has_color => Theme::mono(),
        ThemeName::Dark => Theme::dark(),
        ThemeName::Light => Theme::light(),
        ThemeName::Mono => Theme::mono(),
    };
    if appearance.ascii {
        theme.with_ascii()
    } else {
        theme
    }
}

/// Returns whether output is coloured; `is_terminal` is whether it goes to a terminal.
pub fn wants_color(when: ColorWhen, is_terminal: bool) -> bool {
    let asked_not_to = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => is_terminal && !asked_not_to && !is_dumb,
    }
}

/// Returns what begins bold text and what ends it; nothing where output is not coloured.
pub fn bold(when: ColorWhen, is_terminal: bool) -> [&'static str; 2] {
    match wants_color(when, is_terminal) {
        true => ["\x1b[1m", "\x1b[0m"],
        false => ["", ""],
    }
}
