//! The line being typed, in whichever overlay has one.

use tui_input::{Input, InputRequest};

use crate::app::{App, Overlay};

/// The most characters that a line may have.
const MAX_LINE: usize = 65536;

/// Applies an edit to the line being typed; does nothing where there is none.
pub(in crate::app) fn edit(app: &mut App, request: InputRequest) {
    let Some(input) = line_being_typed(app) else {
        return;
    };
    let grows = matches!(request, InputRequest::InsertChar(_) | InputRequest::Yank);
    if !(grows && input.value().chars().count() >= MAX_LINE) {
        input.handle(request);
    }
    super::feedback::refresh(app);
}

/// Inserts `text` at the cursor of the line being typed. Returns whether there is one.
pub(in crate::app) fn insert(app: &mut App, text: &str) -> bool {
    let Some(input) = line_being_typed(app) else {
        return false;
    };
    insert_into(input, text);
    true
}

/// Inserts `text` at the cursor, as much of it as the longest line allows.
pub(super) fn insert_into(input: &mut Input, text: &str) {
    let space = MAX_LINE.saturating_sub(input.value().chars().count());
    let at = input.cursor();
    let inserted: String = text.chars().take(space).collect();
    let mut value: String = input.value().chars().take(at).collect();
    value.push_str(&inserted);
    value.extend(input.value().chars().skip(at));
    *input = Input::new(value).with_cursor(at.saturating_add(inserted.chars().count()));
}

fn line_being_typed(app: &mut App) -> Option<&mut Input> {
    match &mut app.overlay {
        Overlay::Search { input } | Overlay::Save { input, .. } => Some(input),
        Overlay::Answer { input, error } => {
            *error = None;
            Some(input)
        }
        Overlay::Inputs { fields, chosen } => fields.get_mut(*chosen).map(|field| {
            field.error = None;
            &mut field.input
        }),
        Overlay::Prompt(prompt) => Some(&mut prompt.input),
        _ => None,
    }
}
