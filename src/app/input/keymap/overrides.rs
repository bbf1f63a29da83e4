//! The keymap in force: the table with the keys that the configuration overrides.
//!
//! Only keys of the screen itself can be overridden. Keys that close a list, edit a line, or stop
//! the program are the same as in every terminal program.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

use super::table::NORMAL;
use super::{BINDINGS, Binding, Context, Group, key};
use crate::app::Action;
use crate::safe;

/// Every binding with its keys. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Keymap(Arc<[Bound]>);

/// A binding with the keys in force.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The binding of the table.
    pub binding: &'static Binding,
    /// As written for people; empty where the configuration removes them.
    pub keys: Vec<String>,
    events: Vec<KeyEvent>,
    /// Whether the keys come from the configuration.
    pub is_chosen: bool,
}

/// The keys that the configuration gives to an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// A [`Binding::slug`].
    pub action: String,
    /// The keys, as written in the configuration.
    pub keys: Vec<String>,
}

/// Why a [`Choice`] is refused. The messages are safe to print.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// No action has this name.
    #[error("there is no action `{0}` whose keys can be chosen")]
    NoAction(String),
    /// No key is written like this.
    #[error(
        "`{0}` is no key; write a character, or one such as space, enter, tab, ctrl-x, alt-x, \
         shift-tab, PgUp, left"
    )]
    NoKey(String),
    /// A key has two actions in one context.
    #[error("`{key}` would mean both {first} and {second}; choose another key for one of them")]
    Taken {
        /// The key.
        key: String,
        /// The name of the first action.
        first: String,
        /// The name of the second action.
        second: String,
    },
}

impl Binding {
    /// Returns the action's name in the configuration, such as `next-step`.
    pub fn slug(&self) -> String {
        let words: Vec<&str> = self
            .name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|w| !w.is_empty())
            .collect();
        words.join("-").to_ascii_lowercase()
    }

    /// Returns whether the configuration may override the keys.
    pub fn can_be_chosen(&self) -> bool {
        let is_of_the_screen = self.contexts == NORMAL || self.action == Action::OpenPrompt;
        is_of_the_screen && !matches!(self.action, Action::Digit(_))
    }
}

impl Bound {
    fn built_in(binding: &'static Binding) -> Bound {
        let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
        Bound {
            binding,
            events: keys.iter().filter_map(|key| key::parse(key)).collect(),
            keys,
            is_chosen: false,
        }
    }

    /// Returns the description with the keys in force.
    pub fn description(&self, keymap: &Keymap) -> String {
        let mut out = String::new();
        let mut rest = self.binding.description;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            match after.split_once('}') {
                Some((name, tail)) if let Some(key) = keymap.key_named(name) => {
                    out.push_str(key);
                    rest = tail;
                }
                _ => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

impl Default for Keymap {
    fn default() -> Self {
        Keymap(BINDINGS.iter().map(Bound::built_in).collect())
    }
}

impl Keymap {
    /// Returns the table with the keys of `choices`.
    ///
    /// # Errors
    /// Returns each refused choice as its index in `choices` and the reason.
    pub fn with(choices: &[Choice]) -> Result<Keymap, Vec<(usize, KeyError)>> {
        let mut bound: Vec<Bound> = BINDINGS.iter().map(Bound::built_in).collect();
        let mut errors = Vec::new();
        for (at, choice) in choices.iter().enumerate() {
            let known = bound
                .iter_mut()
                .find(|b| b.binding.can_be_chosen() && b.binding.slug() == choice.action);
            let Some(known) = known else {
                errors.push((at, KeyError::NoAction(safe::cut(&choice.action, 60))));
                continue;
            };
            known.is_chosen = true;
            (known.keys, known.events) = (Vec::new(), Vec::new());
            for key in &choice.keys {
                match key::parse(key).filter(|_| !key.contains(safe::is_unsafe)) {
                    Some(event) => {
                        known.keys.push(key.clone());
                        known.events.push(event);
                    }
                    None => errors.push((at, KeyError::NoKey(safe::cut(key, 60)))),
                }
            }
        }
        for (at, choice) in choices.iter().enumerate() {
            errors.extend(
                conflicts(&bound, &choice.action)
                    .into_iter()
                    .map(|error| (at, error)),
            );
        }
        if errors.is_empty() {
            Ok(Keymap(bound.into()))
        } else {
            Err(errors)
        }
    }

    /// Returns the action of a key in a context; `None` for a key without one and for a release.
    pub(crate) fn lookup(&self, context: Context, event: KeyEvent) -> Option<Action> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        match (self.bound(context, event)?.binding.action, event.code) {
            (Action::Digit(_), KeyCode::Char(c)) => c
                .to_digit(10)
                .and_then(|d| u8::try_from(d).ok())
                .map(Action::Digit),
            (action, _) => Some(action),
        }
    }

    /// Returns whether the configuration chooses the keys of an action.
    pub(crate) fn is_chosen(&self, action: Action) -> bool {
        let mut bindings = self.0.iter();
        bindings.any(|bound| bound.is_chosen && bound.binding.action == action)
    }

    /// Returns the binding of a key in a context.
    pub(in crate::app) fn bound(&self, context: Context, event: KeyEvent) -> Option<&Bound> {
        let event = key::normal(event);
        self.0.iter().find(|bound| {
            bound.events.contains(&event) && bound.binding.contexts.contains(&context)
        })
    }

    /// Returns all bindings, in the table's order.
    pub fn bindings(&self) -> &[Bound] {
        &self.0
    }

    /// Returns the sections of the help in order: the heading, then keys and description of each
    /// binding that has keys.
    pub(crate) fn help(&self) -> Vec<(&'static str, Vec<(String, String)>)> {
        let of = |group: Group| {
            let with_keys = self
                .0
                .iter()
                .filter(|bound| bound.binding.group == group && !bound.keys.is_empty());
            with_keys
                .map(|bound| (bound.keys.join(" "), bound.description(self)))
                .collect()
        };
        Group::ALL
            .into_iter()
            .map(|group| (group.title(), of(group)))
            .collect()
    }

    /// Returns key and label of a binding in the status line. The key is the table's, or the first
    /// one of the configuration.
    pub(in crate::app) fn status_key<'a>(
        &'a self,
        bound: &'a Bound,
    ) -> Option<(&'a str, &'static str)> {
        let (key, label) = bound.binding.status?;
        let key = if bound.is_chosen {
            bound.keys.first()?.as_str()
        } else {
            key
        };
        Some((key, label))
    }

    /// Returns the key that messages name for an action: that of the status line, else the first
    /// one. Returns the action's name where no key is bound to it.
    pub(crate) fn key_of(&self, action: Action) -> &str {
        let is_it = |bound: &&Bound| {
            bound.binding.action == action && bound.binding.contexts.contains(&Context::Normal)
        };
        self.0
            .iter()
            .find(is_it)
            .map_or("", |bound| self.label_of(bound))
    }

    fn label_of<'a>(&'a self, bound: &'a Bound) -> &'a str {
        let shown = self.status_key(bound).map(|(key, _)| key);
        shown
            .or(bound.keys.first().map(String::as_str))
            .unwrap_or(bound.binding.name)
    }

    fn key_named<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|bound| bound.binding.name == name)
            .map(|bound| self.label_of(bound))
    }
}

/// Returns the conflicts of an action of the configuration with the other bindings. Of two actions
/// of the configuration, the later one reports the conflict.
fn conflicts(bound: &[Bound], action: &str) -> Vec<KeyError> {
    let is_it = |b: &&Bound| b.binding.can_be_chosen() && b.binding.slug() == action;
    let Some(at) = bound.iter().position(|b| is_it(&b)) else {
        return Vec::new();
    };
    let Some(chosen) = bound.get(at) else {
        return Vec::new();
    };
    let meets = |b: &Bound| {
        b.binding
            .contexts
            .iter()
            .any(|context| chosen.binding.contexts.contains(context))
    };
    let others = bound
        .iter()
        .enumerate()
        .filter(|(other, b)| *other != at && meets(b) && (!b.is_chosen || *other < at));
    let others: Vec<&Bound> = others.map(|(_, b)| b).collect();
    let taken = chosen
        .keys
        .iter()
        .zip(&chosen.events)
        .filter_map(|(key, event)| {
            let other = others.iter().find(|b| b.events.contains(event))?;
            let (first, second) = (other.binding.slug(), action.to_string());
            Some(KeyError::Taken {
                key: key.clone(),
                first,
                second,
            })
        });
    taken.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn choice(action: &str, keys: &[&str]) -> Choice {
        Choice {
            action: action.into(),
            keys: keys.iter().map(ToString::to_string).collect(),
        }
    }

    fn press(keymap: &Keymap, key: &str) -> Option<Action> {
        keymap.lookup(Context::Normal, key::parse(key).unwrap())
    }

    #[test]
    fn chosen_keys_take_the_place_of_the_tables() {
        let keymap = Keymap::with(&[
            choice("quit", &["z", "ctrl-q"]),
            choice("who-wrote-this", &["q"]),
        ])
        .unwrap();
        assert_eq!(press(&keymap, "z"), Some(Action::Quit));
        assert_eq!(press(&keymap, "ctrl-q"), Some(Action::Quit));
        assert_eq!(press(&keymap, "q"), Some(Action::WhoWrote));
        assert_eq!(press(&keymap, "w"), None);
        assert_eq!(
            keymap.lookup(Context::Help, key::parse("q").unwrap()),
            Some(Action::Close),
            "lists keep theirs"
        );
        assert_eq!(keymap.key_of(Action::Quit), "z");
        let none = Keymap::with(&[choice("quit", &[])]).unwrap();
        assert_eq!(press(&none, "q"), None);
        assert!(
            none.help()
                .iter()
                .flat_map(|(_, rows)| rows)
                .all(|(_, what)| what != "Leaves the program.")
        );
    }

    #[test]
    fn the_key_that_types_a_step_can_be_chosen_and_holds_over_the_guest_too() {
        let keymap = Keymap::with(&[choice("type-a-step", &["t"])]).unwrap();
        let t = key::parse("t").unwrap();
        for context in [Context::Normal, Context::Guest] {
            assert_eq!(
                keymap.lookup(context, t),
                Some(Action::OpenPrompt),
                "{context:?}"
            );
        }
        assert_eq!(
            (press(&keymap, ":"), keymap.key_of(Action::OpenPrompt)),
            (None, "t")
        );
    }

    #[test]
    fn conflicts_name_both_actions() {
        let refused = |choices: &[Choice]| Keymap::with(choices).unwrap_err();
        let [(0, error)] = &refused(&[choice("quit", &["w"])])[..] else {
            panic!()
        };
        assert_eq!(
            error.to_string(),
            "`w` would mean both who-wrote-this and quit; choose another key for one of them"
        );
        let both = refused(&[choice("quit", &["z"]), choice("unfold", &["z"])]);
        let [(0, KeyError::Taken { first, second, .. })] = &both[..] else {
            panic!("{both:?}")
        };
        assert_eq!((first.as_str(), second.as_str()), ("unfold", "quit"));
        let fixed = refused(&[choice("quit", &["ctrl-c", "7"])]);
        assert_eq!(
            fixed.len(),
            2,
            "what cannot be chosen keeps its keys: {fixed:?}"
        );
        let guest = refused(&[choice("type-a-step", &["j"]), choice("down", &["U"])]);
        let [(0, KeyError::Taken { first, .. })] = &guest[..] else {
            panic!("{guest:?}")
        };
        assert_eq!(
            first, "next",
            "the overview of the guest is scrolled with j"
        );
        assert!(matches!(
            refused(&[choice("quit", &["hyper-x"])])[..],
            [(0, KeyError::NoKey(_))]
        ));
        assert!(matches!(
            refused(&[choice("quit", &["\u{1b}"])])[..],
            [(0, KeyError::NoKey(_))]
        ));
        assert!(matches!(
            refused(&[choice("leave", &["x"])])[..],
            [(0, KeyError::NoAction(_))]
        ));
        assert!(matches!(
            refused(&[choice("interrupt", &["x"])])[..],
            [(0, KeyError::NoAction(_))]
        ));
    }

    #[test]
    fn slugs_of_actions_are_unique() {
        let mut seen = HashSet::new();
        for binding in BINDINGS.iter().filter(|binding| binding.can_be_chosen()) {
            assert!(
                seen.insert(binding.slug()),
                "{} is there twice",
                binding.slug()
            );
        }
        assert!(seen.contains("quit-keep-screen") && seen.contains("next-step"));
    }

    #[test]
    fn descriptions_name_the_keys_in_force() {
        let help = |keymap: &Keymap| -> String {
            keymap
                .help()
                .iter()
                .flat_map(|(_, r)| r)
                .map(|(_, what)| format!("{what}\n"))
                .collect()
        };
        assert!(help(&Keymap::default()).contains("400o goes to store 400."));
        let other = Keymap::with(&[choice("unfold", &["u"]), choice("last-step", &["E"])]).unwrap();
        let text = help(&other);
        assert!(
            text.contains("400u goes to store 400.") && text.contains("12E goes to step 12"),
            "{text}"
        );
        assert!(
            !text.contains('{') && text.contains("before E are"),
            "{text}"
        );
    }
}
