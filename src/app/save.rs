//! Saving the moment shown: a file's name is asked for, and its ending says what is saved. The file
//! itself is written by whoever wires the program.

use tui_input::Input;

use super::{App, Effect, Overlay};
use crate::safe;

/// The endings of names that can be saved, with what each is.
pub const ENDINGS: [(&str, &str); 5] = [
    ("svg", "a picture"),
    ("html", "a page"),
    ("md", "a report"),
    ("json", "the trace"),
    ("txt", "the transcript"),
];

/// Characters of a session's title that go into the name that is offered.
const STEM: usize = 40;

/// Why a file was not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A file of this name is there; nobody has asked to replace it.
    Taken(String),
    /// A sentence, safe to print.
    Failed(String),
}

/// The ending of a name, where it is one of [`ENDINGS`].
pub fn ending(name: &str) -> Option<&'static str> {
    let (stem, last) = name.rsplit_once('.')?;
    let is_name = !stem.is_empty() && !stem.ends_with(['/', '\\']);
    ENDINGS
        .iter()
        .map(|(ending, _)| *ending)
        .find(|ending| is_name && ending.eq_ignore_ascii_case(last))
}

pub(super) fn open(app: &mut App) {
    if app.record().is_none() {
        app.say("There is nothing to save before the first step has run.");
        return;
    }
    app.overlay = Overlay::Save {
        input: Input::new(offered(app)),
        taken: None,
    };
}

/// `wasm_is_cool-4.7.svg`: the session, the step, and the store inside it.
fn offered(app: &App) -> String {
    let title = &app.timeline.title;
    let stem = [".steps", ".md", ".wasm", ".wat"]
        .iter()
        .find_map(|ending| title.strip_suffix(ending))
        .unwrap_or(title);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            c
        } else {
            '-'
        }
    };
    let stem: String = stem.chars().take(STEM).map(plain).collect();
    let stem = Some(stem.trim_matches('-'))
        .filter(|stem| !stem.is_empty())
        .unwrap_or("session");
    match app.position() {
        Some(event) => format!("{stem}-{}.{event}.svg", app.moment.step),
        None => format!("{stem}-{}.svg", app.moment.step),
    }
}

/// Asks for the file to be written, unless its name says nothing.
pub(super) fn confirm(app: &mut App) -> Effect {
    let Overlay::Save { input, taken } = &app.overlay else {
        return Effect::None;
    };
    let path = input.value().trim().to_owned();
    if path.is_empty() {
        app.overlay = Overlay::None;
        return Effect::None;
    }
    if ending(&path).is_none() {
        let endings: Vec<String> = ENDINGS
            .iter()
            .map(|(ending, what)| format!(".{ending} for {what}"))
            .collect();
        app.complain(format!(
            "The name's ending says what is saved: {}.",
            endings.join(", ")
        ));
        return Effect::None;
    }
    let replace = taken.as_deref() == Some(path.as_str());
    Effect::Save { path, replace }
}

/// Takes the news of a file that was to be saved.
pub(super) fn saved(app: &mut App, result: Result<String, Refused>) {
    match result {
        Ok(path) => {
            app.overlay = Overlay::None;
            app.say(format!("Saved {}.", safe::cut(&path, 200)));
        }
        Err(Refused::Taken(path)) => {
            app.complain(format!(
                "{} exists already: enter replaces it, or type another name.",
                safe::cut(&path, 200)
            ));
            if let Overlay::Save { taken, .. } = &mut app.overlay {
                *taken = Some(path);
            }
        }
        Err(Refused::Failed(why)) => app.complain(safe::cut(&why, 300)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Action, Message, receive, update};
    use crate::testing::apps::app;

    #[test]
    fn the_ending_of_a_name_says_what_is_saved() {
        assert_eq!(ending("a.svg"), Some("svg"));
        assert_eq!(ending("x/y.z.HTML"), Some("html"));
        for bad in ["svg", ".svg", "a.png", "a/.md", "a.", ""] {
            assert_eq!(ending(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_asked_for_again() {
        let mut app = app((80, 24), 4);
        assert_eq!(update(&mut app, Action::Save), Effect::None);
        let Effect::Save {
            path,
            replace: false,
        } = update(&mut app, Action::Confirm)
        else {
            panic!("{:?}", app.overlay)
        };
        assert_eq!(ending(&path), Some("svg"), "{path}");
        receive(&mut app, Message::Saved(Err(Refused::Taken(path.clone()))));
        assert!(
            app.notice
                .as_ref()
                .unwrap()
                .text
                .contains("enter replaces it")
        );
        assert_eq!(
            update(&mut app, Action::Confirm),
            Effect::Save {
                path: path.clone(),
                replace: true
            }
        );
        receive(&mut app, Message::Saved(Ok(path.clone())));
        assert!(matches!(app.overlay, Overlay::None));
        assert_eq!(app.notice.as_ref().unwrap().text, format!("Saved {path}."));
    }

    #[test]
    fn another_name_is_asked_about_again() {
        let mut app = app((80, 24), 4);
        app.overlay = Overlay::Save {
            input: Input::new("b.svg".into()),
            taken: Some("a.svg".into()),
        };
        assert_eq!(
            update(&mut app, Action::Confirm),
            Effect::Save {
                path: "b.svg".into(),
                replace: false
            }
        );
        app.overlay = Overlay::Save {
            input: Input::new("b.png".into()),
            taken: None,
        };
        assert_eq!(update(&mut app, Action::Confirm), Effect::None);
        assert!(
            app.notice
                .as_ref()
                .unwrap()
                .text
                .contains(".svg for a picture")
        );
        assert!(
            matches!(app.overlay, Overlay::Save { .. }),
            "the name can be mended"
        );
    }
}
