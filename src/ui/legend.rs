//! The meaning of each mark on the screen, shown after the keys in the help.

use ratatui::style::Style;

use crate::app::{Action, App};
use crate::timeline::PartKind;

use super::theme::{Category, Theme, Tone};

/// Returns the marks, each with its style and meaning.
pub fn marks(app: &App, theme: &Theme) -> Vec<(String, Style, String)> {
    let g = &theme.glyphs;
    let cumulative = theme.glyphs.key(app.keys.key_of(Action::Cumulative));
    let earlier = format!("changed earlier in this step, or since the start ({cumulative})");
    let marks = [
        (
            g.ok.to_string(),
            theme.tone(Tone::Good),
            "a step that ended well",
        ),
        (
            g.failed.to_string(),
            theme.tone(Tone::Bad),
            "a step that failed, or whose call trapped",
        ),
        (
            g.cancelled.to_string(),
            theme.tone(Tone::Warning),
            "a step that was cancelled",
        ),
        (
            g.pending.to_string(),
            theme.pending(),
            "a step that has not run",
        ),
        (
            g.finding.to_string(),
            theme.tone(Tone::Warning),
            "a warning or an error, and the bytes it is about",
        ),
        (
            g.note.to_string(),
            theme.tone(Tone::Note),
            "a step with a note",
        ),
        (
            format!("{} 20", g.changed),
            theme.changed(),
            "changed by this step or store",
        ),
        ("20".into(), theme.changed_earlier(), earlier.as_str()),
        (
            g.pointer.to_string(),
            theme.pointer(),
            "a pointer points here",
        ),
        (
            g.pointer_before.to_string(),
            theme.pointer_before(),
            "it pointed here before this step",
        ),
        (
            format!("{}{}{}", g.region_bar, g.region_start, g.region_end),
            theme.region(),
            "a region or block",
        ),
        (
            format!("{} 20", g.released_bar),
            theme.dead(theme.released()),
            "a block that was released",
        ),
        (
            g.data_bar.to_string(),
            theme.part(PartKind::Segment, false),
            "static data, a data segment",
        ),
        (
            g.bar.to_string(),
            theme.part(PartKind::Stack, false),
            "the shadow stack",
        ),
        (
            g.rule.to_string(),
            theme.old_end(),
            "memory ended here before this step: views of it are dead",
        ),
        (
            g.squeezed.to_string(),
            theme.faint(),
            "rows equal to the one above",
        ),
        (g.nul.to_string(), theme.byte(Category::Nul), "a zero byte"),
        (
            g.control.to_string(),
            theme.byte(Category::CancelHandle),
            "another control character",
        ),
        (
            g.non_ascii.to_string(),
            theme.byte(Category::NonAscii),
            "a byte past ASCII",
        ),
        (
            g.map_changed.to_string(),
            theme.change_mark(),
            "map: written by this step",
        ),
        (
            g.map_earlier.to_string(),
            theme.text(),
            "map: written since the start",
        ),
        (
            g.map_at_start.to_string(),
            theme.faint(),
            "map: written at the start",
        ),
        ("dsh".into(), theme.text(), "map: data, stack, heap"),
        (
            "rbx".into(),
            theme.region(),
            "map: a region, a block, a released one",
        ),
        (
            g.map_nothing.to_string(),
            theme.text().add_modifier(theme.map_window()),
            "map: the rows shown, the cursor reversed",
        ),
        (
            g.map_old_end.to_string(),
            theme.old_end(),
            "map: memory ended here before this step",
        ),
        (
            g.map_grown.to_string(),
            theme.change_mark(),
            "map: pages this step added",
        ),
    ];
    marks
        .into_iter()
        .map(|(mark, style, what)| (mark, style, what.to_owned()))
        .collect()
}
