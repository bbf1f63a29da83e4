//! Performs actions: the one match over all of them. What an action does is a function of the room
//! that owns it.

use super::dialogs::{inputs, lessons, save, session_list};
use super::execution::{advance, branches, cancel, switch};
use super::navigation::scroll::{self, PAGE_LINES};
use super::navigation::{address_names, findings, focus, search, time, viewport};
use super::panes::hex_copy;
use super::prompt::{self, completion, line_editor};
use super::{Action, App, Effect, Engine, Overlay, Pane};

/// Performs an action of the person.
pub fn update(app: &mut App, action: Action) -> Effect {
    app.notice = None;
    let anchor = viewport::Anchor::of(app);
    let effect = match app.overlay {
        Overlay::None => perform(app, action),
        _ => perform_in_overlay(app, action),
    };
    if !matches!(action, Action::Digit(_)) {
        app.forget_count();
    }
    viewport::restore_invariants(app);
    anchor.restore(app);
    effect
}

/// Takes the terminal's new size, in columns and rows.
pub fn resize(app: &mut App, size: (u16, u16)) -> Effect {
    let anchor = viewport::Anchor::of(app);
    app.size = size;
    viewport::restore_invariants(app);
    anchor.restore(app);
    Effect::None
}

/// Performs an action where nothing is open over the panes.
fn perform(app: &mut App, action: Action) -> Effect {
    match action {
        Action::Next => return advance::next(app),
        Action::Back => time::back(app),
        Action::Unfold => {
            let number = focus::take_count(app);
            time::toggle_unfolded(app, number);
        }
        Action::First => time::first(app),
        Action::Last => return last(app),
        Action::Start if time::first_event(app) => {}
        Action::Start => time::first(app),
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
        Action::EditInputs => inputs::open(app),
        Action::ChooseSession => session_list::open(app),
        Action::Answer => lessons::open(app),
        Action::Hint => lessons::hint(app),
        Action::NextLesson => return lessons::next_lesson(app),
        Action::OpenPrompt => prompt::open(app),
        Action::SwapBranch => branches::swap(app),
        Action::Overview => app.overlay = Overlay::Guest { scroll: 0 },
        Action::Escape => return escape(app),
        Action::Save => save::open(app),
        Action::CopyRow => return copy(app, hex_copy::row(app)),
        Action::CopyView => return copy(app, hex_copy::view(app)),
        Action::Cumulative => toggle_cumulative(app),
        Action::Mouse => return toggle_mouse(app),
        Action::Help => app.overlay = Overlay::Help { scroll: 0 },
        Action::Quit => return Effect::Quit { keep_frame: false },
        Action::QuitKeepFrame => return Effect::Quit { keep_frame: true },
        Action::Interrupt | Action::Suspend | Action::Redraw => {
            return perform_anywhere(app, action);
        }
        Action::Close | Action::Confirm | Action::CompleteName | Action::Edit(_) => {}
        Action::Complete | Action::CompleteBack | Action::Older | Action::Newer => {}
    }
    Effect::None
}

/// Performs an action where something is open over the panes; others than its own are ignored.
fn perform_in_overlay(app: &mut App, action: Action) -> Effect {
    match action {
        Action::Close => app.overlay = Overlay::None,
        Action::Confirm => return confirm(app),
        Action::Hint => lessons::hint(app),
        Action::Edit(request) => line_editor::edit(app, request),
        Action::OpenPrompt => prompt::open(app),
        Action::Complete => completion::complete(app, true),
        Action::CompleteBack => completion::complete(app, false),
        Action::Older => prompt::recall(app, true),
        Action::Newer => prompt::recall(app, false),
        Action::Interrupt if matches!(app.overlay, Overlay::Prompt(_)) && !app.is_running() => {
            app.overlay = Overlay::None
        }
        Action::CompleteName => address_names::complete(app),
        Action::Down => move_line(app, 1),
        Action::Up => move_line(app, -1),
        Action::PageDown => move_line(app, isize::from(PAGE_LINES)),
        Action::PageUp => move_line(app, -isize::from(PAGE_LINES)),
        Action::First => move_line(app, isize::MIN),
        Action::Last => move_line(app, isize::MAX),
        other => return perform_anywhere(app, other),
    }
    Effect::None
}

/// Performs an action that means the same everywhere.
fn perform_anywhere(app: &mut App, action: Action) -> Effect {
    match action {
        Action::Interrupt if cancel::can_cancel(app) => cancel::cancel(app),
        Action::Interrupt => Effect::Quit { keep_frame: false },
        Action::Suspend => Effect::Suspend,
        Action::Redraw => Effect::Redraw,
        _ => Effect::None,
    }
}

fn confirm(app: &mut App) -> Effect {
    match &app.overlay {
        Overlay::Search { .. } => {
            search::confirm(app);
            Effect::None
        }
        Overlay::Inputs { .. } => inputs::confirm(app),
        Overlay::Save { .. } => save::confirm(app),
        Overlay::Answer { .. } => lessons::confirm(app),
        Overlay::Sessions { chosen } => {
            let chosen = *chosen;
            switch::open_session(app, chosen)
        }
        Overlay::Prompt(_) => prompt::confirm(app),
        Overlay::None | Overlay::Help { .. } | Overlay::Guest { .. } => Effect::None,
    }
}

/// Moves the selection of the overlay's list by `lines`, or scrolls its text.
fn move_line(app: &mut App, lines: isize) {
    let choices = app.choices();
    match &mut app.overlay {
        Overlay::Help { scroll } | Overlay::Guest { scroll } => {
            *scroll = u16::try_from(usize::from(*scroll).saturating_add_signed(lines))
                .unwrap_or(u16::MAX);
        }
        Overlay::Inputs { fields, chosen } => *chosen = wrap_around(*chosen, lines, fields.len()),
        Overlay::Sessions { chosen } => {
            *chosen = chosen
                .saturating_add_signed(lines)
                .min(choices.saturating_sub(1));
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

/// Goes to the step whose number was typed, else to the last one.
fn last(app: &mut App) -> Effect {
    match focus::take_count(app) {
        Some(step) => advance::go_to(app, usize::try_from(step).unwrap_or(usize::MAX)),
        None => advance::last(app),
    }
}

/// Cancels what runs; else closes the message of a session that did not open, and ends a search.
fn escape(app: &mut App) -> Effect {
    app.forget_count();
    if app.is_running() {
        return cancel::cancel(app);
    }
    if let Engine::Broken(_) = app.engine
        && !app.timeline.planned.is_empty()
    {
        // The message has been read; what was recorded before can be looked at.
        app.engine = Engine::Ended;
    }
    app.search = None;
    Effect::None
}

fn toggle_cumulative(app: &mut App) {
    app.cumulative = !app.cumulative;
    app.say(if app.cumulative {
        "Marked: every byte that differs from the start."
    } else {
        "Marked: the bytes this step changed."
    });
}

fn toggle_mouse(app: &mut App) -> Effect {
    app.mouse = !app.mouse;
    match app.mouse {
        true => {
            let key = app.keys.key_of(Action::Mouse);
            app.say(format!(
                "The mouse works here; {key} gives it back to the terminal."
            ));
        }
        false => app.say("The terminal has the mouse again, and selects text with it."),
    }
    Effect::CaptureMouse(app.mouse)
}

/// Puts rows of the hex dump on the clipboard.
fn copy(app: &mut App, rows: Vec<String>) -> Effect {
    match rows.len() {
        0 => {
            app.say("There is no memory to copy yet.");
            return Effect::None;
        }
        1 => app.say("Copied the row under the cursor."),
        n => app.say(format!("Copied {n} rows.")),
    }
    Effect::Copy(rows.join("\n"))
}
