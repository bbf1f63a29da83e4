//! The colours and glyphs of the screen by their meaning. Nothing else in `ui` names a colour.
//!
//! Three rules hold in every theme. No background is set, so that the terminal's own is seen. Colour
//! is never the only mark of anything. Red and green alone never make a difference. Changed bytes are
//! yellow or orange, pointers cyan or blue.

use ratatui::style::{Color, Modifier, Style};

use crate::timeline::PartKind;

use super::byte_category::Category;
use super::glyphs::Glyphs;

/// How bad an outcome or a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Note,
    Warning,
    Bad,
}

/// Styles by meaning, and the glyphs that go with them.
#[derive(Debug, Clone)]
pub struct Theme {
    pub(crate) glyphs: Glyphs,
    changed: Option<Color>,
    pointer: Option<Color>,
    region: Option<Color>,
    stack: Option<Color>,
    data: Option<Color>,
    whitespace: Option<Color>,
    control: Option<Color>,
    non_ascii: Option<Color>,
    good: Option<Color>,
    bad: Option<Color>,
}

impl Theme {
    /// Returns the theme for a dark terminal, in the terminal's own 16 colours.
    pub fn dark() -> Self {
        Theme {
            glyphs: Glyphs::unicode(),
            changed: Some(Color::Yellow),
            pointer: Some(Color::Cyan),
            region: Some(Color::Blue),
            stack: Some(Color::Magenta),
            data: Some(Color::Green),
            whitespace: Some(Color::Green),
            control: Some(Color::Magenta),
            non_ascii: Some(Color::LightBlue),
            good: Some(Color::Cyan),
            bad: Some(Color::LightRed),
        }
    }

    /// Returns the theme for a light terminal, in the terminal's own 16 colours.
    pub fn light() -> Self {
        Theme {
            pointer: Some(Color::Blue),
            good: Some(Color::Blue),
            bad: Some(Color::Red),
            ..Theme::dark()
        }
    }

    /// Returns the theme without colours: bold, underline, reverse and dim carry everything.
    pub fn mono() -> Self {
        Theme {
            glyphs: Glyphs::unicode(),
            changed: None,
            pointer: None,
            region: None,
            stack: None,
            data: None,
            whitespace: None,
            control: None,
            non_ascii: None,
            good: None,
            bad: None,
        }
    }

    /// Returns [`Theme::dark`] with an orange and a blue that are distinct for people who confuse red
    /// and green, for terminals with 24-bit colour.
    pub fn dark_true_color() -> Self {
        Theme {
            changed: Some(rgb(0xe69f00)),
            pointer: Some(rgb(0x56b4e9)),
            good: Some(rgb(0x56b4e9)),
            ..Theme::dark()
        }
    }

    /// Returns [`Theme::light`] with the same pair, darker.
    pub fn light_true_color() -> Self {
        Theme {
            changed: Some(rgb(0xb45f00)),
            pointer: Some(rgb(0x0072b2)),
            good: Some(rgb(0x0072b2)),
            ..Theme::light()
        }
    }

    /// Returns the theme with ASCII glyphs.
    pub fn with_ascii(self) -> Self {
        Theme {
            glyphs: Glyphs::ascii(),
            ..self
        }
    }

    pub(crate) fn text(&self) -> Style {
        Style::new()
    }

    /// Secondary text: offsets, rules, hints.
    pub(crate) fn faint(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(crate) fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Inline code in prose.
    pub(crate) fn code(&self) -> Style {
        if self.pointer.is_some() {
            fg(self.text(), self.pointer)
        } else {
            self.strong()
        }
    }

    /// Emphasis in prose.
    pub(crate) fn emphasis(&self) -> Style {
        self.text().add_modifier(Modifier::ITALIC)
    }

    /// A pane's title.
    pub(crate) fn title(&self, focused: bool) -> Style {
        if focused { self.strong() } else { self.text() }
    }

    /// The lines between panes.
    pub(crate) fn rule(&self, focused: bool) -> Style {
        if focused { self.text() } else { self.faint() }
    }

    /// The step that is shown.
    pub(crate) fn current(&self) -> Style {
        self.strong()
    }

    /// A step that has not run.
    pub(crate) fn pending(&self) -> Style {
        self.faint()
    }

    /// A key a person can press.
    pub fn key(&self) -> Style {
        fg(self.strong(), self.pointer)
    }

    /// A byte by its kind.
    pub(crate) fn byte(&self, category: Category) -> Style {
        match category {
            Category::Nul => self.faint(),
            Category::Printable => self.text(),
            Category::Whitespace => fg(self.text(), self.whitespace),
            Category::Control => fg(self.text(), self.control),
            Category::NonAscii => fg(self.text(), self.non_ascii),
        }
    }

    /// Changed by the step that is shown.
    pub(crate) fn changed(&self) -> Style {
        fg(self.strong(), self.changed).add_modifier(Modifier::UNDERLINED)
    }

    /// About to be changed by the step that is shown.
    pub(crate) fn about_to_change(&self) -> Style {
        fg(self.text(), self.changed).add_modifier(Modifier::UNDERLINED)
    }

    /// Changed since the start, by an earlier step.
    pub(crate) fn changed_earlier(&self) -> Style {
        self.faint().add_modifier(Modifier::UNDERLINED)
    }

    /// The mark of a changed row, or of a changed part of the map.
    pub(crate) fn change_mark(&self) -> Style {
        fg(self.strong(), self.changed)
    }

    pub(crate) fn pointer(&self) -> Style {
        fg(self.strong(), self.pointer)
    }

    /// Where a pointer was before it moved.
    pub(crate) fn pointer_before(&self) -> Style {
        fg(self.faint(), self.pointer)
    }

    /// The marks of a named region or block.
    pub(crate) fn region(&self) -> Style {
        fg(self.text(), self.region)
    }

    /// A released block.
    pub(crate) fn released(&self) -> Style {
        fg(self.faint(), self.region)
    }

    /// A named part of memory.
    pub(crate) fn part(&self, kind: PartKind, released: bool) -> Style {
        match kind {
            PartKind::Region | PartKind::Block if released => self.released(),
            PartKind::Region | PartKind::Block => self.region(),
            PartKind::Stack => fg(self.text(), self.stack),
            PartKind::Data | PartKind::Segment => fg(self.text(), self.data),
            PartKind::Heap => self.faint(),
        }
    }

    /// A byte of a released block, added to its other style.
    pub(crate) fn dead(&self, style: Style) -> Style {
        style.add_modifier(Modifier::DIM | Modifier::CROSSED_OUT)
    }

    /// Where memory ended before it grew.
    pub(crate) fn old_end(&self) -> Style {
        fg(self.strong(), self.changed)
    }

    /// Added to the part of the map that the memory panes show.
    pub(crate) fn map_window(&self) -> Modifier {
        Modifier::UNDERLINED
    }

    /// Added to the byte under the cursor.
    pub(crate) fn cursor(&self) -> Modifier {
        Modifier::REVERSED
    }

    /// Added to bytes that the search found.
    pub(crate) fn found(&self) -> Modifier {
        Modifier::REVERSED.union(Modifier::BOLD)
    }

    /// A byte that a finding is about, added to its other style, and the mark before the first one.
    pub(crate) fn found_in(&self, style: Style, tone: Tone) -> Style {
        style.patch(self.tone(tone)).remove_modifier(Modifier::DIM)
    }

    /// A chosen line of a list.
    pub(crate) fn chosen(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(crate) fn tone(&self, tone: Tone) -> Style {
        match tone {
            Tone::Good => fg(self.text(), self.good),
            Tone::Note => fg(self.text(), self.pointer),
            Tone::Warning => fg(self.strong(), self.changed),
            Tone::Bad => fg(self.strong(), self.bad),
        }
    }
}

fn rgb(value: u32) -> Color {
    Color::from_u32(value)
}

fn fg(style: Style, color: Option<Color>) -> Style {
    match color {
        Some(color) => style.fg(color),
        None => style,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_every_style_is_distinct() {
        let theme = Theme::mono();
        let distinct = [
            theme.text(),
            theme.faint(),
            theme.changed(),
            theme.about_to_change(),
            theme.changed_earlier(),
        ];
        for (i, a) in distinct.iter().enumerate() {
            assert!(
                distinct.iter().skip(i + 1).all(|b| a != b),
                "{a:?} means two things"
            );
            assert_eq!(a.fg.or(a.bg), None);
        }
    }

    #[test]
    fn the_kinds_of_byte_are_those_of_hexyl() {
        assert_eq!(Category::of(0), Category::Nul);
        assert_eq!(Category::of(b' '), Category::Whitespace);
        assert_eq!(Category::of(b'~'), Category::Printable);
        assert_eq!(Category::of(0x7f), Category::Control);
        assert_eq!(Category::of(0x80), Category::NonAscii);
    }
}
