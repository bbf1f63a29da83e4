//! The dialog that saves the moment shown: it asks for a file's name, whose ending decides the
//! format. The program around the app writes the file.

use tui_input::Input;

use crate::app::message::{NotSaved, SaveMoment, SaveMomentError, SavedMoment};
use crate::app::{App, Effect, Overlay};
use crate::safe;

/// The endings of names that can be saved, each with a description of its format.
pub(crate) const ENDINGS: [(&str, &str); 5] = [
    ("svg", "a picture"),
    ("html", "a page"),
    ("md", "a report"),
    ("json", "the trace"),
    ("txt", "the transcript"),
];

/// Characters of a session's title in the name that is suggested.
const STEM: usize = 40;

/// Returns the ending of a name, where it is one of `ENDINGS`.
pub fn ending(name: &str) -> Option<&'static str> {
    let (stem, last) = name.rsplit_once('.')?;
    let is_name = !stem.is_empty() && !stem.ends_with(['/', '\\']);
    ENDINGS
        .iter()
        .map(|(ending, _)| *ending)
        .find(|ending| is_name && ending.eq_ignore_ascii_case(last))
}

/// Opens the dialog with a suggested name.
pub(in crate::app) fn open(app: &mut App) {
    if app.record().is_none() {
        app.notify("There is nothing to save before the first step has run.");
        return;
    }
    app.overlay = Overlay::Save {
        input: Input::new(suggested_name(app)),
        taken: None,
    };
}

/// Returns a name such as `wasm_is_cool-4.7.svg`: the session, the step, and the event in it.
fn suggested_name(app: &App) -> String {
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

/// Requests the file. A name without a known ending stays open.
pub(in crate::app) fn confirm(app: &mut App) -> Option<Effect> {
    let Overlay::Save { input, taken } = &app.overlay else {
        return None;
    };
    let path = input.value().trim().to_owned();
    let replace = taken.as_deref() == Some(path.as_str());
    if path.is_empty() {
        app.overlay = Overlay::None;
        return None;
    }
    if ending(&path).is_none() {
        let endings: Vec<String> = ENDINGS
            .iter()
            .map(|(ending, what)| format!(".{ending} for {what}"))
            .collect();
        app.notify_error(format!(
            "The ending of the name decides the format: {}.",
            endings.join(", ")
        ));
        return None;
    }
    app.overlay = Overlay::None;
    Some(Effect::SaveMoment(Box::new(SaveMoment {
        path,
        replace,
        timeline: app.timeline.clone(),
        moment: app.moment,
    })))
}

/// Notifies where the moment was saved, or opens the dialog again with the name that was refused.
pub(in crate::app) fn on_saved(app: &mut App, result: Result<SavedMoment, SaveMomentError>) {
    let SaveMomentError { path, reason } = match result {
        Ok(saved) => {
            app.notify(format!("Saved {}.", safe::cut(&saved.path, 200)));
            return;
        }
        Err(error) => error,
    };
    let taken = match &reason {
        NotSaved::Exists => {
            app.notify_error(format!(
                "{} exists already: enter replaces it, or type another name.",
                safe::cut(&path, 200)
            ));
            Some(path.clone())
        }
        NotSaved::Failed(why) => {
            app.notify_error(safe::cut(why, 300));
            None
        }
    };
    if matches!(app.overlay, Overlay::None) {
        let input = Input::new(path);
        app.overlay = Overlay::Save { input, taken };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Action, Message, on_message, update};
    use crate::testing::apps;

    fn confirmed(app: &mut App) -> Option<(String, bool)> {
        match update(app, Action::Confirm).pop() {
            Some(Effect::SaveMoment(save)) => Some((save.path, save.replace)),
            _ => None,
        }
    }

    fn answer(app: &mut App, result: Result<SavedMoment, SaveMomentError>) {
        on_message(app, Message::MomentSaved(result));
    }

    fn notice(app: &App) -> &str {
        app.notice.as_ref().map_or("", |notice| &notice.text)
    }

    #[test]
    fn only_known_endings_are_endings() {
        assert_eq!(ending("a.svg"), Some("svg"));
        assert_eq!(ending("x/y.z.HTML"), Some("html"));
        for bad in ["svg", ".svg", "a.png", "a/.md", "a.", ""] {
            assert_eq!(ending(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_file_that_exists_is_replaced_only_when_confirmed_again() {
        let mut app = apps::app((80, 24), 4);
        assert!(update(&mut app, Action::Save).is_empty());
        let (path, replace) = confirmed(&mut app).unwrap();
        assert_eq!((ending(&path), replace), (Some("svg"), false), "{path}");
        let error = SaveMomentError {
            path: path.clone(),
            reason: NotSaved::Exists,
        };
        answer(&mut app, Err(error));
        assert!(notice(&app).contains("enter replaces it"));
        assert_eq!(confirmed(&mut app), Some((path.clone(), true)));
        answer(&mut app, Ok(SavedMoment { path: path.clone() }));
        assert!(matches!(app.overlay, Overlay::None));
        assert_eq!(notice(&app), format!("Saved {path}."));
    }

    #[test]
    fn a_name_that_failed_can_be_corrected() {
        let mut app = apps::app((80, 24), 4);
        update(&mut app, Action::Save);
        let (path, _) = confirmed(&mut app).unwrap();
        let error = SaveMomentError {
            path,
            reason: NotSaved::Failed("the disk is full".into()),
        };
        answer(&mut app, Err(error));
        assert_eq!(notice(&app), "the disk is full");
        let Overlay::Save { input, taken: None } = &app.overlay else {
            panic!("{:?}", app.overlay)
        };
        assert_eq!(ending(input.value()), Some("svg"));
    }

    #[test]
    fn another_name_is_not_replaced_at_once() {
        let mut app = apps::app((80, 24), 4);
        app.overlay = Overlay::Save {
            input: Input::new("b.svg".into()),
            taken: Some("a.svg".into()),
        };
        assert_eq!(confirmed(&mut app), Some(("b.svg".into(), false)));
        app.overlay = Overlay::Save {
            input: Input::new("b.png".into()),
            taken: None,
        };
        assert_eq!(confirmed(&mut app), None);
        assert!(notice(&app).contains(".svg for a picture"));
        assert!(
            matches!(app.overlay, Overlay::Save { .. }),
            "the name can be corrected"
        );
    }
}
