//! The names that `@` takes for an address: pointers, spans that the script named, and parts of the
//! module.

use crate::app::{App, Overlay};
use crate::safe;
use crate::text;
use crate::timeline::PartKind;

/// The most names that a message lists.
const MAX_LISTED: usize = 12;

impl App {
    /// Returns the names that `@` takes at the moment shown, each with its address; those of the
    /// script come first, and win over equal ones of the module.
    pub(crate) fn names(&self) -> Vec<(String, u64)> {
        let pointers = self
            .record()
            .map(|record| record.pointers.as_slice())
            .unwrap_or_default();
        let mut names: Vec<(String, u64)> = pointers
            .iter()
            .map(|p| (p.name.clone(), p.address))
            .collect();
        let parts = self.timeline.parts_at(self.moment, self.memory().len());
        let (scripts, modules): (Vec<_>, Vec<_>) = parts
            .into_iter()
            .partition(|part| part.kind.is_named_by_script());
        names.extend(scripts.into_iter().map(|part| (part.name, part.span.start)));
        names.extend(modules.into_iter().map(|part| match part.kind {
            // A stack grows down from its end: what it holds is there.
            PartKind::Stack => (part.name, part.span.end().saturating_sub(1)),
            _ => (part.name, part.span.start),
        }));
        let mut known = std::collections::HashSet::new();
        names.retain(|(name, _)| known.insert(name.clone()));
        names
    }
}

/// No address has this name: a sentence that suggests the nearest name and lists the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownName(String);

/// Returns the address of a name.
///
/// # Errors
/// There is no such name.
pub(in crate::app) fn find(app: &App, name: &str) -> Result<u64, UnknownName> {
    let names = app.names();
    match names.iter().find(|(known, _)| known == name) {
        Some((_, address)) => Ok(*address),
        None => Err(UnknownName(unknown(name, &names))),
    }
}

fn unknown(name: &str, names: &[(String, u64)]) -> String {
    let called = safe::cut(name, 40);
    if names.is_empty() {
        return format!("Nothing is called {called} here: this step knows no names.");
    }
    let meant = text::nearest(name, names.iter().map(|(known, _)| known.as_str()))
        .map(|known| format!(" Did you mean {}?", safe::cut(known, 40)))
        .unwrap_or_default();
    format!(
        "Nothing is called {called} here.{meant} The names are {}.",
        listed(names.iter().map(|(name, _)| name))
    )
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let all: Vec<&String> = names.collect();
    let more = if all.len() > MAX_LISTED {
        format!(" and {} more", all.len() - MAX_LISTED)
    } else {
        String::new()
    };
    let shown: Vec<String> = all
        .iter()
        .take(MAX_LISTED)
        .map(|name| safe::cut(name, 40))
        .collect();
    shown.join(", ") + &more
}

/// Returns the names that begin with what was typed after `@`.
pub(crate) fn that_begin_with(app: &App, typed: &str) -> Vec<String> {
    let names = app.names().into_iter().map(|(name, _)| name);
    names.filter(|name| name.starts_with(typed)).collect()
}

/// Completes the name being typed as far as all matching names agree, and lists them where there are
/// several.
pub(in crate::app) fn complete(app: &mut App) {
    let Overlay::Search { input } = &app.overlay else {
        return;
    };
    let typed = input.value().to_owned();
    let Some(begun) = typed.trim_start().strip_prefix('@') else {
        app.notify("Tab completes a name after @; @ alone lists all names.");
        return;
    };
    let fitting = that_begin_with(app, begun);
    let Some(common) =
        shared_start(&fitting).filter(|common| !common.is_empty() || fitting.len() > 1)
    else {
        let why = unknown(begun, &app.names());
        app.notify_error(why);
        return;
    };
    if fitting.len() > 1 {
        app.notify(listed(fitting.iter()));
    }
    if !common.chars().any(safe::is_unsafe)
        && let Overlay::Search { input } = &mut app.overlay
    {
        *input = tui_input::Input::new(format!("@{common}"));
    }
}

/// Returns what all of some names begin with; `None` without any name.
pub(in crate::app) fn shared_start(names: &[String]) -> Option<String> {
    let (first, rest) = names.split_first()?;
    let is_shared = |end: &usize| {
        rest.iter()
            .all(|name| first.get(..*end).is_some_and(|part| name.starts_with(part)))
    };
    let ends = first.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(is_shared).last().unwrap_or(0);
    first.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_share_whole_characters() {
        let shared = |names: [&str; 2]| shared_start(&names.map(str::to_owned)).unwrap();
        assert_eq!(shared(["add_one", "add_two"]), "add_");
        assert_eq!(shared(["é1", "ê"]), "");
        assert_eq!(shared_start(&[]), None);
    }
}
