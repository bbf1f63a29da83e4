//! Keys and pasted text, as the terminal reports them, become actions and edits.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::InputRequest;

use super::key;
use crate::app::course;
use crate::app::dialogs::lessons;
use crate::app::prompt::{self, line_editor};
use crate::app::update::update;
use crate::app::{Action, App, Context, Effect, Overlay, Pane};
use crate::safe;

/// Takes a key: performs the action bound to it, or types its character. Returns what the program
/// must do.
pub fn key(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    if let Some(typed) = answer_begun(app, event) {
        app.notice = None;
        lessons::open(app, &typed);
        return Vec::new();
    }
    if has_fields_in_focus(app)
        && let Some(action) = app.keys.lookup(Context::Fields, event)
    {
        return update(app, action);
    }
    if let Some(action) = app.keys.lookup(app.context(), event) {
        return update(app, action);
    }
    if event.modifiers.contains(KeyModifiers::ALT)
        && matches!(
            app.overlay,
            Overlay::None
                | Overlay::Help { .. }
                | Overlay::Sessions { .. }
                | Overlay::Types { .. }
                | Overlay::Guest { .. }
        )
    {
        return escape_then(app, event);
    }
    app.notice = None;
    app.forget_count();
    if let Some(c) = key::typed(event).filter(|c| !safe::is_unsafe(*c)) {
        line_editor::edit(app, InputRequest::InsertChar(c));
    }
    Vec::new()
}

/// Returns whether the keys of the fields have their meaning.
pub(super) fn has_fields_in_focus(app: &App) -> bool {
    app.context() == Context::Normal && app.pane == Pane::Fields
}

/// Returns what a key at an open question begins an answer with. Enter begins it with nothing. Keys
/// that scroll, help, or have to do with the question or the session keep their meaning.
fn answer_begun(app: &App, event: KeyEvent) -> Option<String> {
    let is_here = app.context() == Context::Normal && app.count.is_none();
    if !is_here || course::open_question(app).is_none() {
        return None;
    }
    let bound = app.keys.bound(Context::Normal, event);
    if bound.is_some_and(|bound| bound.is_chosen) {
        return None;
    }
    let action = bound.map(|bound| bound.binding.action);
    if event.code == KeyCode::Enter {
        return Some(String::new());
    }
    let c = key::typed(event).filter(|c| !safe::is_unsafe(*c))?;
    let is_answer = c.is_ascii_digit()
        || matches!(c, '-' | '"' | '(')
        || (c.is_alphabetic() && action.is_none_or(is_replaced_by_answer));
    is_answer.then(|| c.to_string())
}

/// Returns whether a letter with this action begins an answer at an open question: those that move
/// through time or memory have other keys too.
fn is_replaced_by_answer(action: Action) -> bool {
    matches!(
        action,
        Action::Next
            | Action::Back
            | Action::Unfold
            | Action::First
            | Action::WhoWrote
            | Action::NextFinding
            | Action::PreviousFinding
            | Action::Blamed
            | Action::FollowPointer
            | Action::Types
            | Action::JavaScript
            | Action::Focus
            | Action::FindNext
            | Action::FindPrevious
            | Action::CopyRow
            | Action::CopyView
            | Action::Cumulative
    )
}

/// Takes a key with alt as an escape and that key. Terminals report an escape pressed right before
/// another key as alt and the key.
fn escape_then(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    let effects = key(app, KeyCode::Esc.into());
    if !effects.is_empty() {
        return effects;
    }
    let modifiers = event.modifiers - KeyModifiers::ALT;
    key(app, KeyEvent { modifiers, ..event })
}

/// Inserts pasted text into the line being typed, without line breaks and control characters.
pub fn paste(app: &mut App, text: &str) {
    app.notice = None;
    app.forget_count();
    if matches!(app.overlay, Overlay::Prompt(_)) {
        prompt::paste(app, text);
    } else if !line_editor::insert(app, &on_one_line(text)) {
        let key = |action| app.keys.key_of(action);
        let (step, find, edit) = (
            key(Action::OpenPrompt),
            key(Action::OpenSearch),
            key(Action::EditInputs),
        );
        let advice = format!(
            "press {step} to type a step, {find} to find something, or {edit} to edit the inputs"
        );
        app.notify(format!("There is no line to paste into: {advice}."));
    }
}

fn on_one_line(text: &str) -> String {
    text.trim_end_matches(['\r', '\n'])
        .replace("\r\n", " ")
        .chars()
        .map(|c| {
            if matches!(c, '\n' | '\r' | '\t') {
                ' '
            } else {
                c
            }
        })
        .filter(|c| !safe::is_unsafe(*c))
        .collect()
}
