//! What each action does: the one match over all of them. The parts of the work live with their
//! concepts: time, view, search, inputs, copy.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::{Input, InputRequest};

use super::dialogs::{inputs, lessons, save};
use super::execution::{advance, branches};
use super::input::key as keys;
use super::navigation::{address_names, findings, search, time, viewport};
use super::panes::{hex_copy, step_list};
use super::prompt::{self, completion};
use super::{Action, App, Effect, Engine, Overlay, Pane};
use crate::safe;

/// The most characters a line being typed may have.
pub(super) const LONGEST_LINE: usize = 65536;
/// Steps and lines of a list that a page is.
const PAGE_LINES: usize = 10;

/// Takes a key: through the table, or as a character for the line being typed.
pub fn key(app: &mut App, event: KeyEvent) -> Effect {
    if event.kind == KeyEventKind::Release {
        return Effect::None;
    }
    if let Some(action) = app.keys.lookup(app.context(), event) {
        return update(app, action);
    }
    if event.modifiers.contains(KeyModifiers::ALT)
        && matches!(
            app.overlay,
            Overlay::None | Overlay::Help { .. } | Overlay::Sessions { .. } | Overlay::Guest { .. }
        )
    {
        return escape_then(app, event);
    }
    app.notice = None;
    app.forget_count();
    if let Some(c) = keys::typed(event).filter(|c| !safe::is_unsafe(*c)) {
        edit(app, InputRequest::InsertChar(c));
    }
    Effect::None
}

/// An escape typed right before another key arrives as that key with alt: where this means nothing,
/// it was two keys.
fn escape_then(app: &mut App, event: KeyEvent) -> Effect {
    match key(app, KeyCode::Esc.into()) {
        Effect::None => key(
            app,
            KeyEvent {
                modifiers: event.modifiers - KeyModifiers::ALT,
                ..event
            },
        ),
        effect => effect,
    }
}

/// Does what an action says. The only place where the person's wishes change the state.
pub fn update(app: &mut App, action: Action) -> Effect {
    app.notice = None;
    let seen = viewport::Seen::of(app);
    let effect = match app.overlay {
        Overlay::None => normal(app, action),
        _ => overlaid(app, action),
    };
    if !matches!(action, Action::Digit(_)) {
        app.forget_count();
    }
    viewport::settle(app);
    seen.keep(app);
    effect
}

fn normal(app: &mut App, action: Action) -> Effect {
    match action {
        Action::Next => return advance::next(app),
        Action::Back => advance::back(app),
        Action::Unfold => {
            let number = take_count(app);
            time::toggle(app, number);
        }
        Action::First => advance::first(app),
        Action::Last => return last(app),
        Action::Start if time::to_end(app, false) => {}
        Action::Start => advance::first(app),
        Action::End if time::to_end(app, true) => {}
        Action::End => return last(app),
        Action::NextTouch => time::next_touch(app),
        Action::PreviousTouch => time::previous_touch(app),
        Action::WhoWrote => time::who_wrote(app),
        Action::Digit(digit) => type_digit(app, digit),
        Action::NextPane => app.pane = pane_after(app.pane, 1),
        Action::PreviousPane => app.pane = pane_after(app.pane, Pane::ALL.len() - 1),
        Action::Down => scroll(app, app.pane, 1),
        Action::Up => scroll(app, app.pane, -1),
        Action::PageDown => page(app, 1),
        Action::PageUp => page(app, -1),
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
        Action::OpenSearch => {
            app.overlay = Overlay::Search {
                input: Input::default(),
            }
        }
        Action::FindNext => search::find_next(app),
        Action::FindPrevious => search::find_previous(app),
        Action::EditInputs => inputs::open(app),
        Action::ChooseSession => open_sessions(app),
        Action::Answer => lessons::open(app),
        Action::Hint => lessons::hint(app),
        Action::NextLesson => return lessons::next_lesson(app),
        Action::OpenPrompt => prompt::open(app),
        Action::SwapBranch => branches::swap(app),
        Action::Overview => app.overlay = Overlay::Guest { scroll: 0 },
        Action::Escape => return escape(app),
        Action::Save => save::open(app),
        Action::CopyRow => return copied(app, hex_copy::row(app)),
        Action::CopyView => return copied(app, hex_copy::view(app)),
        Action::Cumulative => toggle_cumulative(app),
        Action::Mouse => return toggle_mouse(app),
        Action::Help => app.overlay = Overlay::Help { scroll: 0 },
        Action::Quit => return Effect::Quit { keep_frame: false },
        Action::QuitKeepFrame => return Effect::Quit { keep_frame: true },
        Action::Interrupt | Action::Suspend | Action::Redraw => return anywhere(app, action),
        Action::Close | Action::Confirm | Action::CompleteName | Action::Edit(_) => {}
        Action::Complete | Action::CompleteBack | Action::Older | Action::Newer => {}
    }
    Effect::None
}

/// What lies over the panes takes its own keys and lets the rest go.
fn overlaid(app: &mut App, action: Action) -> Effect {
    match action {
        Action::Close => app.overlay = Overlay::None,
        Action::Confirm => return confirm(app),
        Action::Hint => lessons::hint(app),
        Action::Edit(request) => edit(app, request),
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
        Action::PageDown => move_line(app, PAGE_LINES as isize),
        Action::PageUp => move_line(app, -(PAGE_LINES as isize)),
        Action::First => move_line(app, isize::MIN),
        Action::Last => move_line(app, isize::MAX),
        other => return anywhere(app, other),
    }
    Effect::None
}

fn anywhere(app: &mut App, action: Action) -> Effect {
    match action {
        Action::Interrupt if can_cancel(app) => cancel(app),
        Action::Interrupt => Effect::Quit { keep_frame: false },
        Action::Suspend => Effect::Suspend,
        Action::Redraw => Effect::Redraw,
        _ => Effect::None,
    }
}

/// Whether something runs that was not told to stop yet.
fn can_cancel(app: &App) -> bool {
    matches!(
        app.engine,
        Engine::Running {
            cancelling: false,
            ..
        } | Engine::Replaying {
            cancelling: false,
            ..
        }
    )
}

/// Puts pasted text into the line being typed: one line, without characters that a terminal would
/// act on.
pub fn paste(app: &mut App, text: &str) -> Effect {
    app.notice = None;
    app.forget_count();
    if matches!(app.overlay, Overlay::Prompt(_)) {
        prompt::paste(app, text);
        return Effect::None;
    }
    let line: String = text
        .trim_end_matches(['\r', '\n'])
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
        .collect();
    match line_being_typed(app) {
        Some(input) => {
            let room = LONGEST_LINE.saturating_sub(input.value().chars().count());
            let at = input.cursor();
            let pasted: String = line.chars().take(room).collect();
            let mut value: String = input.value().chars().take(at).collect();
            value.push_str(&pasted);
            value.extend(input.value().chars().skip(at));
            *input = Input::new(value).with_cursor(at.saturating_add(pasted.chars().count()));
        }
        None => {
            let key = |action| app.keys.key_of(action);
            let (step, find, edit) = (
                key(Action::OpenPrompt),
                key(Action::OpenSearch),
                key(Action::EditInputs),
            );
            let advice = format!(
                "press {step} to type a step, {find} to find something, or {edit} to edit the \
                 inputs"
            );
            app.say(format!("There is no line to paste into: {advice}."));
        }
    }
    Effect::None
}

/// Takes the terminal's new size, in columns and rows.
pub fn resize(app: &mut App, size: (u16, u16)) -> Effect {
    let seen = viewport::Seen::of(app);
    app.size = size;
    viewport::settle(app);
    seen.keep(app);
    Effect::None
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

fn edit(app: &mut App, request: InputRequest) {
    let Some(input) = line_being_typed(app) else {
        return;
    };
    let grows = matches!(request, InputRequest::InsertChar(_) | InputRequest::Yank);
    if !(grows && input.value().chars().count() >= LONGEST_LINE) {
        input.handle(request);
    }
    prompt::look(app);
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
            open_session(app, chosen)
        }
        Overlay::Prompt(_) => prompt::confirm(app),
        Overlay::None | Overlay::Help { .. } | Overlay::Guest { .. } => Effect::None,
    }
}

fn open_sessions(app: &mut App) {
    if app.sessions.is_empty() && app.course.lessons.is_empty() {
        app.say("There is no other session to choose.");
    } else {
        let chosen = app
            .course
            .open
            .map_or(0, |lesson| app.sessions.len().saturating_add(lesson));
        app.overlay = Overlay::Sessions { chosen };
    }
}

/// Opens a session, or a lesson, counted on from them.
pub(super) fn open_session(app: &mut App, chosen: usize) -> Effect {
    let lesson = chosen.checked_sub(app.sessions.len());
    if lesson.is_some_and(|lesson| app.course.lessons.get(lesson).is_none()) {
        return Effect::None;
    }
    if app.is_running() {
        app.complain("A step is running: ctrl-c cancels it, then choose again.");
        return Effect::None;
    }
    app.overlay = Overlay::None;
    app.course.open = lesson;
    app.goal = None;
    app.before_restart = None;
    app.engine = Engine::Opening;
    Effect::Open(chosen)
}

/// Moves in the list of the overlay, or scrolls it.
fn move_line(app: &mut App, lines: isize) {
    let choices = app.choices();
    match &mut app.overlay {
        Overlay::Help { scroll } | Overlay::Guest { scroll } => {
            *scroll = u16::try_from(usize::from(*scroll).saturating_add_signed(lines))
                .unwrap_or(u16::MAX);
        }
        Overlay::Inputs { fields, chosen } => *chosen = around(*chosen, lines, fields.len()),
        Overlay::Sessions { chosen } => {
            *chosen = chosen
                .saturating_add_signed(lines)
                .min(choices.saturating_sub(1));
        }
        Overlay::Answer { .. } => {
            let lines = i16::try_from(lines).unwrap_or(0);
            scroll(app, Pane::Happened, lines);
        }
        Overlay::None | Overlay::Search { .. } | Overlay::Save { .. } | Overlay::Prompt(_) => {}
    }
}

/// One on or back in a ring of `len`.
fn around(at: usize, by: isize, len: usize) -> usize {
    if by < 0 {
        at.checked_sub(1).unwrap_or(len.saturating_sub(1))
    } else if at.saturating_add(1) < len {
        at + 1
    } else {
        0
    }
}

/// A digit goes to its pane at once, since nobody can know that `G` or `o` will follow; that then
/// takes it back.
fn type_digit(app: &mut App, digit: u8) {
    if app.count.is_none() {
        app.count_pane = Some(app.pane);
        if let Some(pane) = digit
            .checked_sub(1)
            .and_then(|i| Pane::ALL.get(usize::from(i)))
        {
            app.pane = *pane;
        }
    } else if let Some(pane) = app.count_pane {
        app.pane = pane;
    }
    app.count = Some(
        app.count
            .unwrap_or(0)
            .saturating_mul(10)
            .saturating_add(u32::from(digit)),
    );
}

fn last(app: &mut App) -> Effect {
    match take_count(app) {
        Some(step) => advance::go_to(app, usize::try_from(step).unwrap_or(usize::MAX)),
        None => advance::last(app),
    }
}

/// The number typed, which was no pane's then.
fn take_count(app: &mut App) -> Option<u32> {
    let count = app.count.take()?;
    app.pane = app.count_pane.take().unwrap_or(app.pane);
    Some(count)
}

fn pane_after(pane: Pane, by: usize) -> Pane {
    let at = Pane::ALL.iter().position(|p| *p == pane).unwrap_or(0);
    Pane::ALL
        .into_iter()
        .cycle()
        .nth(at.saturating_add(by))
        .unwrap_or(pane)
}

/// Goes by lines in one pane.
pub(super) fn scroll(app: &mut App, pane: Pane, lines: i16) {
    let move_by = |at: &mut u16| *at = at.saturating_add_signed(lines);
    match pane {
        Pane::Steps => advance::move_in_past(app, isize::from(lines)),
        Pane::Memory => viewport::move_rows(app, i64::from(lines)),
        Pane::Happened => move_by(&mut app.scroll.happened),
        Pane::Inspector => move_by(&mut app.scroll.inspector),
        Pane::Source => app.scroll.source = app.scroll.source.saturating_add(lines),
        Pane::Guest => move_by(&mut app.scroll.guest),
    }
}

fn page(app: &mut App, direction: i16) {
    match app.pane {
        Pane::Memory => viewport::move_page(app, i64::from(direction)),
        Pane::Steps if app.position().is_some() => {
            let rows = i16::try_from(step_list::event_rows(app))
                .unwrap_or(i16::MAX)
                .max(1);
            scroll(app, Pane::Steps, direction.saturating_mul(rows));
        }
        pane => scroll(app, pane, direction.saturating_mul(PAGE_LINES as i16)),
    }
}

fn escape(app: &mut App) -> Effect {
    app.forget_count();
    if app.is_running() {
        return cancel(app);
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

fn cancel(app: &mut App) -> Effect {
    app.goal = None;
    app.queue.clear();
    match &mut app.engine {
        Engine::Running { cancelling, .. } | Engine::Replaying { cancelling, .. }
            if !*cancelling =>
        {
            *cancelling = true;
            Effect::Cancel
        }
        Engine::Running { .. } | Engine::Replaying { .. } => {
            app.say("The step is being cancelled; ctrl-c leaves at once.");
            Effect::None
        }
        _ => Effect::None,
    }
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

fn copied(app: &mut App, rows: Vec<String>) -> Effect {
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
