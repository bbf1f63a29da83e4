//! Performs actions: the one match over all of them. What an action does is a function of the room
//! that owns it.

use super::course;
use super::dialogs::{inputs, lessons, save, session_list, types};
use super::execution::{advance, branches, cancel, reload, switch};
use super::navigation::scroll::{self, PAGE_LINES};
use super::navigation::{address_names, fields, findings, focus, search, time, viewport};
use super::panes::hex_copy;
use super::prompt::{self, history, line_editor, tab_key};
use super::{Action, App, Effect, Overlay, Pane};

/// Performs an action of the person. Returns what the program must do.
pub fn update(app: &mut App, action: Action) -> Vec<Effect> {
    app.notice = None;
    let anchor = viewport::Anchor::of(app);
    let mut effects: Vec<Effect> = match app.overlay {
        Overlay::None => perform(app, action).into_iter().collect(),
        _ if action == Action::Confirm => confirm(app),
        _ => perform_in_overlay(app, action).into_iter().collect(),
    };
    if !matches!(action, Action::Digit(_)) {
        app.forget_count();
    }
    viewport::restore_invariants(app);
    anchor.restore(app);
    fields::restore(app);
    effects.extend(course::note_progress(app));
    if effects.is_empty() {
        effects.extend(reload::reload_if_at_rest(app));
    }
    effects
}

/// Takes the terminal's new size, in columns and rows.
pub fn resize(app: &mut App, size: (u16, u16)) {
    let anchor = viewport::Anchor::of(app);
    app.size = size;
    viewport::restore_invariants(app);
    anchor.restore(app);
    fields::restore(app);
}

/// Performs an action where nothing is open over the panes.
fn perform(app: &mut App, action: Action) -> Option<Effect> {
    match action {
        Action::Next => return advance::next(app),
        Action::Enter => fields::open(app),
        Action::Back => time::back(app),
        Action::Unfold => unfold(app),
        Action::First => time::first(app),
        Action::Last => return last(app),
        Action::Start => time::start(app),
        Action::End if time::last_event(app) => {}
        Action::End => return last(app),
        Action::NextTouch => time::next_write(app),
        Action::PreviousTouch => time::previous_write(app),
        Action::WhoWrote => time::last_write(app),
        Action::Digit(digit) => focus::type_digit(app, digit),
        Action::NextPane => focus::next_pane(app),
        Action::PreviousPane => focus::previous_pane(app),
        Action::Down => scroll::scroll(app, app.pane, 1),
        Action::Up => scroll::scroll(app, app.pane, -1),
        Action::PageDown => scroll::scroll_page(app, 1),
        Action::PageUp => scroll::scroll_page(app, -1),
        Action::ByteLeft => viewport::move_cursor(app, -1),
        Action::ByteRight => viewport::move_cursor(app, 1),
        Action::RowUp => viewport::move_rows(app, -1),
        Action::RowDown => viewport::move_rows(app, 1),
        Action::NextChange => viewport::next_change(app),
        Action::PreviousChange => viewport::previous_change(app),
        Action::FollowPointer => viewport::follow_pointer(app),
        Action::Focus => viewport::show_focus(app),
        Action::NextFinding => findings::next(app),
        Action::PreviousFinding => findings::previous(app),
        Action::Blamed => findings::blamed(app),
        Action::OpenSearch => search::open(app),
        Action::FindNext => search::find_next(app),
        Action::FindPrevious => search::find_previous(app),
        Action::Reload => return reload::reload(app),
        Action::EditInputs => inputs::open(app),
        Action::ChooseSession => session_list::open(app),
        Action::Answer => lessons::open(app, ""),
        Action::Hint => lessons::hint(app),
        Action::NextLesson => return lessons::next_lesson(app),
        Action::Types => types::open(app),
        Action::OpenPrompt => prompt::open(app),
        Action::SwapBranch => branches::swap(app),
        Action::Escape => return escape(app),
        Action::Save => save::open(app),
        Action::CopyRow => return copy(app, hex_copy::row(app)),
        Action::CopyView => return copy(app, hex_copy::view(app)),
        Action::Cumulative => toggle_cumulative(app),
        Action::JavaScript => toggle_javascript(app),
        Action::Mouse => return toggle_mouse(app),
        Action::Overview | Action::Help | Action::Glossary => open_text(app, action),
        Action::Quit => return Some(Effect::Quit { keep_frame: false }),
        Action::QuitKeepFrame => return Some(Effect::Quit { keep_frame: true }),
        Action::Interrupt | Action::Suspend | Action::Redraw => {
            return perform_anywhere(app, action);
        }
        Action::Close | Action::Confirm | Action::CompleteName | Action::Edit(_) => {}
        Action::RemoveView => {}
        Action::Complete | Action::CompleteBack | Action::Older | Action::Newer => {}
    }
    None
}

/// Performs an action where something is open over the panes; others than its own are ignored.
fn perform_in_overlay(app: &mut App, action: Action) -> Option<Effect> {
    match action {
        Action::Close => app.overlay = Overlay::None,
        Action::Hint => lessons::hint(app),
        Action::RemoveView => types::remove(app),
        Action::Edit(request) => line_editor::edit(app, request),
        Action::OpenPrompt => prompt::open(app),
        Action::Complete => tab_key::complete(app, true),
        Action::CompleteBack => tab_key::complete(app, false),
        Action::Older => history::recall(app, true),
        Action::Newer => history::recall(app, false),
        Action::Interrupt
            if matches!(app.overlay, Overlay::Prompt(_)) && !app.session.is_running() =>
        {
            app.overlay = Overlay::None;
        }
        Action::CompleteName => address_names::complete(app),
        Action::Down => move_line(app, 1),
        Action::Up => move_line(app, -1),
        Action::PageDown if matches!(app.overlay, Overlay::Types { .. }) => {
            types::scroll(app, PAGE_LINES);
        }
        Action::PageUp if matches!(app.overlay, Overlay::Types { .. }) => {
            types::scroll(app, -PAGE_LINES);
        }
        Action::PageDown => move_line(app, isize::from(PAGE_LINES)),
        Action::PageUp => move_line(app, -isize::from(PAGE_LINES)),
        Action::First => move_line(app, isize::MIN),
        Action::Last => move_line(app, isize::MAX),
        other => return perform_anywhere(app, other),
    }
    None
}

/// Performs an action that means the same everywhere.
fn perform_anywhere(app: &mut App, action: Action) -> Option<Effect> {
    match action {
        Action::Interrupt if app.session.can_cancel() => cancel::cancel(app),
        Action::Interrupt => Some(Effect::Quit { keep_frame: false }),
        Action::Suspend => Some(Effect::Suspend),
        Action::Redraw => Some(Effect::Redraw),
        _ => None,
    }
}

/// Does what the overlay is open for.
fn confirm(app: &mut App) -> Vec<Effect> {
    let effect = match &app.overlay {
        Overlay::Prompt(_) => return prompt::confirm(app),
        Overlay::Search { .. } => {
            search::confirm(app);
            None
        }
        Overlay::Inputs { .. } => inputs::confirm(app),
        Overlay::Save { .. } => save::confirm(app),
        Overlay::Answer { .. } => lessons::confirm(app),
        Overlay::Types { .. } => {
            types::confirm(app);
            None
        }
        Overlay::Sessions { chosen } => {
            let chosen = *chosen;
            switch::open_session(app, chosen)
        }
        Overlay::None | Overlay::Help { .. } | Overlay::Guest { .. } | Overlay::Glossary { .. } => {
            None
        }
    };
    effect.into_iter().collect()
}

/// Moves the selection of the overlay's list by `lines`, or scrolls its text.
fn move_line(app: &mut App, lines: isize) {
    let choices = app.choices();
    let types = match app.overlay {
        Overlay::Types { .. } => app.type_lines().len(),
        _ => 0,
    };
    match &mut app.overlay {
        Overlay::Help { scroll } | Overlay::Guest { scroll } | Overlay::Glossary { scroll } => {
            *scroll = u16::try_from(usize::from(*scroll).saturating_add_signed(lines))
                .unwrap_or(u16::MAX);
        }
        Overlay::Inputs { fields, chosen } => *chosen = wrap_around(*chosen, lines, fields.len()),
        Overlay::Sessions { chosen } => {
            *chosen = chosen
                .saturating_add_signed(lines)
                .min(choices.saturating_sub(1));
        }
        Overlay::Types { chosen, scroll } => {
            *scroll = 0;
            *chosen = chosen
                .saturating_add_signed(lines)
                .min(types.saturating_sub(1));
        }
        Overlay::Answer { .. } => {
            let lines = i16::try_from(lines).unwrap_or(0);
            scroll::scroll(app, Pane::Happened, lines);
        }
        Overlay::None | Overlay::Search { .. } | Overlay::Save { .. } | Overlay::Prompt(_) => {}
    }
}

/// Returns the index after `at` in a ring of `len`, or the one before where `by` is negative.
fn wrap_around(at: usize, by: isize, len: usize) -> usize {
    if by < 0 {
        at.checked_sub(1).unwrap_or(len.saturating_sub(1))
    } else if at.saturating_add(1) < len {
        at + 1
    } else {
        0
    }
}

/// Opens the text that an action is about, at its beginning.
fn open_text(app: &mut App, action: Action) {
    let scroll = 0;
    app.overlay = match action {
        Action::Overview => Overlay::Guest { scroll },
        Action::Glossary => Overlay::Glossary { scroll },
        _ => Overlay::Help { scroll },
    };
}

/// Unfolds the step at the event whose number was typed, or before the first one; or folds it.
fn unfold(app: &mut App) {
    let number = focus::take_count(app);
    if number.is_none() && app.pane == Pane::Fields && !app.typed_parts().is_empty() {
        fields::fold(app);
    } else {
        time::toggle_unfolded(app, number);
    }
}

/// Goes to the step whose number was typed, else to the last one.
fn last(app: &mut App) -> Option<Effect> {
    match focus::take_count(app) {
        Some(step) => advance::go_to(app, usize::try_from(step).unwrap_or(usize::MAX)),
        None => advance::last(app),
    }
}

/// Cancels what runs; else closes the message of a session that did not open, and ends a search.
fn escape(app: &mut App) -> Option<Effect> {
    app.forget_count();
    if app.session.is_running() {
        return cancel::cancel(app);
    }
    if !app.timeline.planned.is_empty() {
        app.session.dismiss_failure();
    }
    app.search = None;
    None
}

fn toggle_cumulative(app: &mut App) {
    app.cumulative = !app.cumulative;
    app.notify(if app.cumulative {
        "Marked: every byte that differs from the start."
    } else {
        "Marked: the bytes this step changed."
    });
}

fn toggle_javascript(app: &mut App) {
    app.javascript = !app.javascript;
    app.scroll.happened = 0;
    app.notify(match app.javascript {
        true => "Each step is shown as JavaScript, too.",
        false => "The steps are shown without JavaScript.",
    });
}

fn toggle_mouse(app: &mut App) -> Option<Effect> {
    app.mouse = !app.mouse;
    match app.mouse {
        true => {
            let key = app.keys.key_of(Action::Mouse);
            app.notify(format!("The mouse is on; {key} turns it off."));
        }
        false => app.notify("The mouse is off: the terminal selects text with it."),
    }
    Some(Effect::CaptureMouse(app.mouse))
}

/// Puts rows of the hex dump on the clipboard.
fn copy(app: &mut App, rows: Vec<String>) -> Option<Effect> {
    match rows.len() {
        0 => {
            app.notify("There is no memory to copy yet.");
            return None;
        }
        1 => app.notify("Copied the row under the cursor."),
        n => app.notify(format!("Copied {n} rows.")),
    }
    Some(Effect::Copy(rows.join("\n")))
}
