//! The tables of all bindings. Adding a key is adding an entry to one of them.
//!
//! The status line shows the entries in this order as far as there is room.

mod editing;
mod overlays;
mod panes;

use std::sync::LazyLock;

use tui_input::InputRequest;

use super::{Binding, Context, Group};
use crate::app::Action;

pub(super) const NORMAL: &[Context] = &[Context::Normal];
const EVERYWHERE: &[Context] = &Context::ALL;
const LISTS: &[Context] = &[
    Context::Help,
    Context::Inputs,
    Context::Sessions,
    Context::Guest,
    Context::Types,
    Context::Glossary,
];
const SCROLLED: &[Context] = &[
    Context::Help,
    Context::Sessions,
    Context::Guest,
    Context::Types,
    Context::Glossary,
];
const TYPING: &[Context] = &[
    Context::Search,
    Context::Save,
    Context::Inputs,
    Context::Answer,
    Context::Prompt,
];
const FIELDS: &[Context] = &[Context::Fields];
const PROMPT: &[Context] = &[Context::Prompt];
const ANSWERING: &[Context] = &[Context::Answer];

/// Every key of the program.
pub static BINDINGS: LazyLock<Vec<Binding>> =
    LazyLock::new(|| [panes::BINDINGS, overlays::BINDINGS, editing::BINDINGS].concat());

/// Returns a binding without a description, which the status line does not show.
const fn binding(
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    group: Group,
    contexts: &'static [Context],
) -> Binding {
    Binding {
        keys,
        action,
        name,
        description: "",
        group,
        contexts,
        status: None,
    }
}

/// Returns a binding for where nothing is open over the panes.
const fn normal(
    keys: &'static [&'static str],
    action: Action,
    name: &'static str,
    group: Group,
) -> Binding {
    binding(keys, action, name, group, NORMAL)
}

/// Returns a binding that edits the line being typed.
const fn edit(keys: &'static [&'static str], request: InputRequest, name: &'static str) -> Binding {
    binding(keys, Action::Edit(request), name, Group::Typing, TYPING)
}

impl Binding {
    /// Shows the binding in the status line.
    const fn status(mut self, key: &'static str, label: &'static str) -> Self {
        self.status = Some((key, label));
        self
    }

    const fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }
}
