//! What each mark on the screen means, shown below the keys in the help.

use ratatui::style::Style;

use super::theme::{Category, Theme};

/// A mark, how it is drawn, and what it says.
pub fn marks(theme: &Theme) -> Vec<(String, Style, &'static str)> {
    let g = &theme.glyphs;
    vec![
        (format!("{} 20", g.changed), theme.changed(), "changed by this step or store"),
        ("20".into(), theme.changed_earlier(), "changed earlier in this step, or since the start (c)"),
        (g.pointer.to_string(), theme.pointer(), "a pointer points here"),
        (g.pointer_before.to_string(), theme.pointer_before(), "it pointed here before this step"),
        (format!("{}{}{}", g.region_bar, g.region_start, g.region_end), theme.region(), "a region or block"),
        (g.squeezed.to_string(), theme.faint(), "rows equal to the one above"),
        (g.nul.to_string(), theme.byte(Category::Nul), "a zero byte"),
        (g.control.to_string(), theme.byte(Category::Control), "another control character"),
        (g.non_ascii.to_string(), theme.byte(Category::NonAscii), "a byte past ASCII"),
        (g.map_changed.to_string(), theme.change_mark(), "map: written by this step"),
        (g.map_earlier.to_string(), theme.text(), "map: written before"),
        (g.map_grown.to_string(), theme.change_mark(), "map: pages this step added"),
    ]
}
