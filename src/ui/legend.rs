//! The meaning of each mark on the screen, shown after the keys in the help.

use ratatui::style::Style;

use crate::app::{Action, App};
use crate::timeline::PartKind;

use super::byte_category::Category;
use super::theme::{Theme, Tone};

/// A mark, its style, and its meaning.
pub type Mark = (String, Style, String);

/// Returns the marks: those of steps, of memory, and of the map.
pub fn marks(app: &App, theme: &Theme) -> Vec<Mark> {
    let mut marks = pane_marks(app, theme);
    marks.extend(map_marks(theme));
    marks
}

/// Returns the marks of steps and of memory.
pub fn pane_marks(app: &App, theme: &Theme) -> Vec<Mark> {
    let mut marks = step_marks(theme);
    marks.extend(change_marks(app, theme));
    marks.extend(memory_marks(theme));
    marks
}

fn mark(mark: impl ToString, style: Style, meaning: &str) -> Mark {
    (mark.to_string(), style, meaning.to_owned())
}

fn step_marks(theme: &Theme) -> Vec<Mark> {
    let g = &theme.glyphs;
    let (good, bad) = (theme.tone(Tone::Good), theme.tone(Tone::Bad));
    let (warning, note) = (theme.tone(Tone::Warning), theme.tone(Tone::Note));
    let finding = "a warning or an error, and the bytes it is about";
    vec![
        mark(g.ok, good, "a step that ended well"),
        mark(g.failed, bad, "a step that failed, or whose call trapped"),
        mark(g.cancelled, warning, "a step that was cancelled"),
        mark(g.pending, theme.pending(), "a step that has not run"),
        mark(g.finding, warning, finding),
        mark(g.note, note, "a step with a note"),
    ]
}

fn change_marks(app: &App, theme: &Theme) -> Vec<Mark> {
    let g = &theme.glyphs;
    let cumulative = g.key(app.keys.key_of(Action::Cumulative));
    let changed = (format!("{} 20", g.changed), theme.changed());
    let earlier = format!("changed earlier in this step, or since the start ({cumulative})");
    let reload = g.key(app.keys.key_of(Action::Reload));
    let differs = format!("a step or a byte that differs from the run before ({reload})");
    let before = (g.pointer_before, theme.pointer_before());
    vec![
        mark(changed.0, changed.1, "changed by this step or store"),
        mark("20", theme.changed_earlier(), &earlier),
        mark(
            g.field_earlier,
            theme.faint(),
            "a field that changed since the start",
        ),
        mark(g.pointer, theme.pointer(), "a pointer points here"),
        mark(before.0, before.1, "it pointed here before this step"),
        mark(g.differs, theme.differs(), &differs),
    ]
}

fn memory_marks(theme: &Theme) -> Vec<Mark> {
    let g = &theme.glyphs;
    let region = format!("{}{}{}", g.region_bar, g.region_start, g.region_end);
    let released = format!("{} 20", g.released_bar);
    let dead = theme.dead(theme.released());
    let segment = theme.part(PartKind::Segment, false);
    let stack = theme.part(PartKind::Stack, false);
    let control = theme.byte(Category::Control);
    let old_end = "memory ended here before this step: views of it are dead";
    vec![
        mark(region, theme.region(), "a region or block"),
        mark(released, dead, "a block that was released"),
        mark(g.field, theme.faint(), "the first byte of a field"),
        mark(
            g.padding,
            theme.faint(),
            "padding, which belongs to no field",
        ),
        mark(g.data_bar, segment, "static data, a data segment"),
        mark(g.bar, stack, "the shadow stack"),
        mark(g.rule, theme.old_end(), old_end),
        mark(g.squeezed, theme.faint(), "rows equal to the one above"),
        mark(g.nul, theme.byte(Category::Nul), "a zero byte"),
        mark(g.control, control, "another control character"),
        mark(
            g.non_ascii,
            theme.byte(Category::NonAscii),
            "a byte past ASCII",
        ),
    ]
}

fn map_marks(theme: &Theme) -> Vec<Mark> {
    let g = &theme.glyphs;
    let (text, change) = (theme.text(), theme.change_mark());
    let window = theme.text().add_modifier(theme.map_window());
    let old_end = "map: memory ended here before this step";
    vec![
        mark(g.map_changed, change, "map: written by this step"),
        mark(g.map_earlier, text, "map: written since the start"),
        mark(g.map_at_start, theme.faint(), "map: written at the start"),
        mark("dsh", text, "map: data, stack, heap"),
        mark(
            g.map_stack_pointer,
            theme.part(PartKind::Stack, false),
            "map: the stack pointer, below the stack's end",
        ),
        mark(
            "rbx",
            theme.region(),
            "map: a region, a block, a released one",
        ),
        mark(
            g.map_nothing,
            window,
            "map: the rows shown, the cursor reversed",
        ),
        mark(g.map_old_end, theme.old_end(), old_end),
        mark(g.map_grown, change, "map: pages this step added"),
    ]
}
