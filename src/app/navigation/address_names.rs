//! The names that an address may be given by: pointers, what the script named, and what the module
//! tells.

use crate::app::{App, Overlay};
use crate::safe;
use crate::timeline::PartKind;

/// Names that are listed at most, where one is not known.
const LISTED: usize = 12;

/// How alike two names must be for one to be offered in the other's place.
const ALIKE: f64 = 0.7;

impl App {
    /// Every name that `@` takes at the moment shown, with the address it stands for; the script's
    /// first. Where two are the same, the first counts.
    pub fn names(&self) -> Vec<(String, u64)> {
        let pointers = self
            .record()
            .map(|record| record.pointers.as_slice())
            .unwrap_or_default();
        let mut names: Vec<(String, u64)> = pointers
            .iter()
            .map(|p| (p.name.clone(), p.address))
            .collect();
        let parts = self.timeline.parts_at(self.moment, self.memory().len());
        let (scripts, modules): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|part| part.kind.is_scripts());
        names.extend(scripts.into_iter().map(|part| (part.name, part.span.start)));
        names.extend(modules.into_iter().map(|part| match part.kind {
            // It grows down from its end: that is where something is to be seen.
            PartKind::Stack => (part.name, part.span.end().saturating_sub(1)),
            _ => (part.name, part.span.start),
        }));
        let mut known = std::collections::HashSet::new();
        names.retain(|(name, _)| known.insert(name.clone()));
        names
    }
}

/// The address a name stands for.
///
/// # Errors
/// It stands for none: the nearest name is offered, and the others are listed.
pub(in crate::app) fn find(app: &App, name: &str) -> Result<u64, String> {
    let names = app.names();
    match names.iter().find(|(known, _)| known == name) {
        Some((_, address)) => Ok(*address),
        None => Err(unknown(name, &names)),
    }
}

fn unknown(name: &str, names: &[(String, u64)]) -> String {
    let called = safe::cut(name, 40);
    if names.is_empty() {
        return format!("Nothing is called {called} here: this step knows no names.");
    }
    let likeness = |known: &str| strsim::jaro(name, known);
    let nearest = names
        .iter()
        .max_by(|a, b| likeness(&a.0).total_cmp(&likeness(&b.0)));
    let meant = nearest.filter(|(known, _)| likeness(known) >= ALIKE);
    let meant = meant
        .map(|(known, _)| format!(" Did you mean {}?", safe::cut(known, 40)))
        .unwrap_or_default();
    format!(
        "Nothing is called {called} here.{meant} The names are {}.",
        listed(names.iter().map(|(name, _)| name))
    )
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let all: Vec<&String> = names.collect();
    let more = if all.len() > LISTED {
        format!(" and {} more", all.len() - LISTED)
    } else {
        String::new()
    };
    let shown: Vec<String> = all
        .iter()
        .take(LISTED)
        .map(|name| safe::cut(name, 40))
        .collect();
    shown.join(", ") + &more
}

/// The names that go on what was typed after `@`.
pub fn that_begin_with(app: &App, typed: &str) -> Vec<String> {
    let names = app.names().into_iter().map(|(name, _)| name);
    names.filter(|name| name.starts_with(typed)).collect()
}

/// Goes on with the name being typed as far as that is the only way, and lists the names where
/// there are several.
pub(in crate::app) fn complete(app: &mut App) {
    let Overlay::Search { input } = &app.overlay else {
        return;
    };
    let typed = input.value().to_owned();
    let Some(begun) = typed.trim_start().strip_prefix('@') else {
        app.say("Tab completes a name behind @: @ alone lists them all.");
        return;
    };
    let fitting = that_begin_with(app, begun);
    let Some(common) = common(&fitting).filter(|common| !common.is_empty() || fitting.len() > 1)
    else {
        let why = unknown(begun, &app.names());
        app.complain(why);
        return;
    };
    if fitting.len() > 1 {
        app.say(listed(fitting.iter()));
    }
    if !common.chars().any(safe::is_unsafe)
        && let Overlay::Search { input } = &mut app.overlay
    {
        *input = tui_input::Input::new(format!("@{common}"));
    }
}

/// What all of some names begin with; `None` without any.
fn common(names: &[String]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    let is_shared = |end: &usize| {
        rest.iter()
            .all(|name| first.get(..*end).is_some_and(|part| name.starts_with(part)))
    };
    let ends = first.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(is_shared).last().unwrap_or(0);
    first.get(..end).map(str::to_owned)
}
