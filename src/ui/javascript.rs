//! The step shown as the JavaScript of a host that does the same.

use crate::app::App;
use crate::safe;
use crate::timeline::describe_view;

use super::step_prose::push;
use super::text::Line;
use super::theme::Theme;

/// Returns the code of the step shown, and whether a view of memory is still valid; nothing unless the
/// person has asked for it.
pub(super) fn lines(app: &App, columns: u16, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let step = app.moment.step;
    let planned = app.timeline.planned.get(step);
    let Some(code) = planned.map(|planned| planned.javascript.as_str()) else {
        return lines;
    };
    if !app.javascript || code.is_empty() {
        return lines;
    }
    push(&mut lines, "In JavaScript:", columns, theme.strong());
    for line in code.lines() {
        push(&mut lines, &safe::plain(line), columns, theme.text());
    }
    if let Some(view) = describe_view(&app.timeline, step) {
        push(&mut lines, &view, columns, theme.faint());
    }
    lines.push(Line::new());
    lines
}
