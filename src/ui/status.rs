//! The status line: what runs, what is typed, or the keys that apply now. Also the notice above it.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::execution::reload::ReloadState;
use crate::app::navigation::address_names;
use crate::app::panes::event_text;
use crate::app::{Action, App, Overlay, SessionState, status_keys};
use crate::protocol::Progress;
use crate::safe;

use super::text::{self, Pen};
use super::theme::{Theme, Tone};

/// The most rows of a notice.
const NOTICE_ROWS: usize = 3;

/// Draws the status line.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, theme: &Theme) {
    if let Overlay::Search { input } = &app.overlay {
        let hint = match input.value().trim_start().strip_prefix('@') {
            Some(begun) => names_hint(app, begun, area.width / 2, theme),
            None => "text, hex bytes or @address   enter finds  esc closes".to_owned(),
        };
        line(frame, area, input, "/", &hint, theme);
        return;
    }
    if let Overlay::Save { input, .. } = &app.overlay {
        line(
            frame,
            area,
            input,
            "save as",
            ".svg .html .md .json .txt  esc closes",
            theme,
        );
        return;
    }
    if let Overlay::Answer { input, error } = &app.overlay {
        answer(frame, area, input, error.as_deref(), theme);
        return;
    }
    let buffer = frame.buffer_mut();
    let mut left = draw_reload(buffer, area, app, theme);
    if matches!(app.overlay, Overlay::None)
        && app.count.is_none()
        && draw_running(buffer, left, app, theme)
    {
        return;
    }
    if let Some(count) = app.count {
        let (step, store) = (
            app.keys.key_of(Action::Last),
            app.keys.key_of(Action::Unfold),
        );
        let typed = format!(
            "{count} then {} step, {} store",
            theme.glyphs.key(step),
            theme.glyphs.key(store)
        );
        Pen::at(buffer, left, 1, 0).put(&typed, theme.strong());
        left = right_of(left, &typed);
    }
    keys(buffer, left, &status_keys(app), theme);
}

/// Returns the part of a line after a text at its column 1, and a space.
fn right_of(area: Rect, text: &str) -> Rect {
    let used = text::width(text).saturating_add(2).min(area.width);
    Rect {
        x: area.x + used,
        width: area.width - used,
        ..area
    }
}

/// Draws that files of the session have changed, or what became of loading them again. Returns the
/// rest of the line.
fn draw_reload(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) -> Rect {
    if !matches!(app.overlay, Overlay::None) {
        return area;
    }
    let key = theme.glyphs.key(app.keys.key_of(Action::Reload));
    let (forms, style) = match (app.reload.state, &app.reload.changed) {
        (ReloadState::Loading, _) => {
            let dots = if theme.glyphs.is_ascii() {
                "..."
            } else {
                "…"
            };
            let done = app
                .compiling
                .map(|compiling| format!(" {}", compiling.in_words()))
                .unwrap_or_default();
            let forms = [
                format!("loading again {dots}{done}"),
                format!("loading {dots}"),
            ];
            (forms, theme.strong())
        }
        (_, Some(changed)) => {
            let changed = safe::plain(changed);
            let forms = [
                format!("{changed}: {key} runs it again"),
                format!("changed: {key}"),
            ];
            (forms, theme.tone(Tone::Warning))
        }
        (ReloadState::Failed, None) => {
            let forms = [
                format!("not loaded: {key} tries again"),
                format!("not loaded: {key}"),
            ];
            (forms, theme.tone(Tone::Bad))
        }
        (ReloadState::Idle, None) => return area,
    };
    // What runs, and the keys for help and for leaving, need columns too.
    let columns = area.width.saturating_sub(24);
    let text = text::first_that_fits(&forms, columns, theme.glyphs.cut);
    Pen::at(buffer, area, 1, 0).put(&text, style);
    right_of(area, &text)
}

/// Draws the notice above the status line, over as many rows as it needs.
pub fn notice(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let Some(notice) = &app.notice else { return };
    let style = if notice.is_error {
        theme.tone(Tone::Bad)
    } else {
        theme.strong()
    };
    // An arrow in a notice is the name of a key.
    let text = theme.glyphs.key(&safe::plain(&notice.text));
    let mut lines = text::wrap(&text, area.width.saturating_sub(2));
    lines.truncate(NOTICE_ROWS);
    let rows = u16::try_from(lines.len()).unwrap_or(0).min(area.y);
    let area = Rect {
        y: area.y - rows,
        height: rows,
        ..area
    };
    for (row, line) in (0..rows).zip(&lines) {
        Pen::at(buffer, area, 0, row).clear();
        Pen::at(buffer, area, 1, row).put(line, style);
    }
}

/// Draws what runs. Returns whether something does.
fn draw_running(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) -> bool {
    let dots = if theme.glyphs.is_ascii() {
        "..."
    } else {
        "…"
    };
    let mut pen = Pen::at(buffer, area, 1, 0);
    match &app.session {
        SessionState::Opening { .. } | SessionState::Restarting { .. } => {
            match app.compiling {
                Some(compiling) => {
                    let done = compiling.in_words();
                    pen.put(
                        &format!("compiling the guest {dots} {done}"),
                        theme.strong(),
                    );
                }
                None => {
                    pen.put(&format!("opening the guest {dots}"), theme.strong());
                }
            }
            let key = theme.glyphs.key(app.keys.key_of(Action::Quit));
            pen.put("   ", theme.text())
                .put(&key, theme.key())
                .put(" quits", theme.text());
        }
        SessionState::Running {
            step,
            cancelling: true,
            ..
        } => {
            pen.put(
                &format!("cancelling step {step} {dots}"),
                theme.tone(Tone::Warning),
            );
        }
        SessionState::Running { step, progress, .. } => {
            pen.put(&format!("step {step} is running {dots} "), theme.strong());
            put_progress(&mut pen, *progress, app, theme);
        }
        SessionState::Replaying {
            cancelling: true, ..
        } => {
            pen.put(&format!("cancelling {dots}"), theme.tone(Tone::Warning));
        }
        SessionState::Replaying {
            done,
            steps,
            progress,
            ..
        } => {
            pen.put(
                &format!("running again what ran before {dots} {done} of {steps} "),
                theme.strong(),
            );
            let time = Progress {
                stores: 0,
                ..*progress
            };
            put_progress(&mut pen, time, app, theme);
        }
        SessionState::Ready | SessionState::Ended | SessionState::Broken(_) => return false,
    }
    true
}

/// Writes how far a step or a replay has come, and the key that cancels it.
fn put_progress(pen: &mut Pen, progress: Progress, app: &App, theme: &Theme) {
    if progress.seconds > 0 {
        pen.put(&format!("{} s ", progress.seconds), theme.faint());
    }
    if progress.stores > 0 {
        let stores = event_text::thousands(progress.stores);
        pen.put(&format!("{stores} stores so far "), theme.faint());
    }
    let key = theme.glyphs.key(app.keys.key_of(Action::Escape));
    pen.put("  ", theme.text())
        .put(&key, theme.key())
        .put(" cancels", theme.text());
}

/// Draws as many keys as fit. On a narrow line the last two, help and quit, are drawn before the
/// others.
fn keys(buffer: &mut Buffer, area: Rect, keys: &[(&str, &str)], theme: &Theme) {
    let glyphs = &theme.glyphs;
    let name = |key: &str| glyphs.key(key);
    let width_of = |(key, what): &(&str, &str)| text::width(&name(key)) + text::width(what) + 3;
    let tail: u16 = keys.iter().rev().take(2).map(width_of).sum();
    let mut room = area.width.saturating_sub(tail);
    let body = keys.len().saturating_sub(2);
    let mut pen = Pen::at(buffer, area, 1, 0);
    for (index, key) in keys.iter().enumerate() {
        if index < body {
            let Some(left) = room.checked_sub(width_of(key)) else {
                room = 0;
                continue;
            };
            room = left;
        }
        pen.put(&name(key.0), theme.key())
            .put(" ", theme.text())
            .put(key.1, theme.text())
            .put("  ", theme.text());
    }
}

/// Returns the names that begin with what was typed, cut to `columns`.
fn names_hint(app: &App, begun: &str, columns: u16, theme: &Theme) -> String {
    let fitting = address_names::that_begin_with(app, begun);
    let Some(first) = fitting.first() else {
        return "an address, or a name   tab lists".to_owned();
    };
    let is_whole = fitting.len() == 1 && first == begun;
    let names: Vec<String> = fitting.iter().map(|name| safe::plain(name)).collect();
    let hint = if is_whole {
        "enter goes there".to_owned()
    } else {
        format!("tab completes: {}", names.join(" "))
    };
    text::fit(&hint, columns, theme.glyphs.cut)
}

/// Draws the line for an answer and, above it, why the last one could not be evaluated.
fn answer(
    frame: &mut Frame,
    area: Rect,
    input: &tui_input::Input,
    error: Option<&str>,
    theme: &Theme,
) {
    line(
        frame,
        area,
        input,
        "?",
        "enter answers  tab hint  esc closes",
        theme,
    );
    if let Some(error) = error.filter(|_| area.y > 0) {
        let above = Rect {
            y: area.y - 1,
            ..area
        };
        let error = text::fit(
            &safe::plain(error),
            area.width.saturating_sub(2),
            theme.glyphs.cut,
        );
        Pen::at(frame.buffer_mut(), above, 0, 0).clear();
        Pen::at(frame.buffer_mut(), above, 1, 0).put(&error, theme.tone(Tone::Bad));
    }
}

/// Draws a line being typed between a prompt and a hint.
fn line(
    frame: &mut Frame,
    area: Rect,
    input: &tui_input::Input,
    prompt: &str,
    hint: &str,
    theme: &Theme,
) {
    // The hint is left out where the field would be too narrow.
    let beside = area.width.saturating_sub(text::width(hint) + 3);
    let field = Rect {
        width: if beside >= 24 { beside } else { area.width },
        ..area
    };
    let buffer = frame.buffer_mut();
    Pen::at(buffer, area, 1, 0).put(prompt, theme.key());
    let used = text::width(prompt).saturating_add(2).min(field.width);
    let input_area = Rect {
        x: field.x.saturating_add(used),
        width: field.width.saturating_sub(used),
        ..field
    };
    super::input_line::draw(frame, input_area, input, true, theme);
    let hint_area = Rect {
        x: field.right(),
        width: area.width.saturating_sub(field.width),
        ..area
    };
    Pen::at(frame.buffer_mut(), hint_area, 1, 0).put(hint, theme.faint());
}
