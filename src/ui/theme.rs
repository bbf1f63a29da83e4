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
    /// Returns the theme for a dark terminal. Of the terminal's own 16 colours only yellow has a
    /// sufficient contrast on all common palettes; the others are from the fixed part of the 256
    /// colours.
    pub fn dark() -> Self {
        Theme {
            glyphs: Glyphs::unicode(),
            changed: Some(Color::Yellow),
            pointer: Some(Color::Indexed(80)),
            region: Some(Color::Indexed(111)),
            stack: Some(Color::Indexed(177)),
            data: Some(Color::Indexed(114)),
            whitespace: Some(Color::Indexed(114)),
            control: Some(Color::Indexed(177)),
            non_ascii: Some(Color::Indexed(111)),
            good: Some(Color::Indexed(80)),
            bad: Some(Color::Indexed(210)),
        }
    }

    /// Returns the theme for a light terminal, in the fixed part of the 256 colours.
    pub fn light() -> Self {
        Theme {
            glyphs: Glyphs::unicode(),
            changed: Some(Color::Indexed(94)),
            pointer: Some(Color::Indexed(25)),
            region: Some(Color::Indexed(61)),
            stack: Some(Color::Indexed(90)),
            data: Some(Color::Indexed(22)),
            whitespace: Some(Color::Indexed(22)),
            control: Some(Color::Indexed(90)),
            non_ascii: Some(Color::Indexed(26)),
            good: Some(Color::Indexed(25)),
            bad: Some(Color::Indexed(124)),
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
            changed: Some(rgb(0xa05300)),
            pointer: Some(rgb(0x0067a3)),
            good: Some(rgb(0x0067a3)),
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

    /// The mark of what differs from the run before.
    pub(crate) fn differs(&self) -> Style {
        fg(self.strong(), self.non_ascii)
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

    /// A byte of padding, added to its other style.
    pub(crate) fn padding(&self, style: Style) -> Style {
        style.add_modifier(Modifier::DIM)
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

    /// A palette: its name, its background, and its yellow, the only one of the 16 colours in use.
    type Palette = (&'static str, u32, u32);

    const DARK: [Palette; 5] = [
        ("xterm", 0x000000, 0xcdcd00),
        ("Windows Terminal", 0x0c0c0c, 0xc19c00),
        ("VS Code", 0x1e1e1e, 0xe5e510),
        ("Tango", 0x2e3436, 0xc4a000),
        ("Solarized", 0x002b36, 0xb58900),
    ];
    const LIGHT: [Palette; 5] = [
        ("xterm", 0xffffff, 0xcdcd00),
        ("Windows Terminal", 0xffffff, 0xc19c00),
        ("VS Code", 0xffffff, 0x949800),
        ("Tango", 0xffffff, 0xc4a000),
        ("Solarized", 0xfdf6e3, 0xb58900),
    ];

    /// Returns a colour as red, green and blue.
    fn channels(color: Color, palette: Palette) -> [u32; 3] {
        let split = |rgb: u32| [rgb >> 16, rgb >> 8 & 0xff, rgb & 0xff];
        match color {
            Color::Yellow => split(palette.2),
            Color::Rgb(r, g, b) => [r, g, b].map(u32::from),
            // The cube of 6 x 6 x 6 colours is the same in every terminal.
            Color::Indexed(index @ 16..=231) => {
                let level = |n: u32| if n == 0 { 0 } else { 55 + 40 * n };
                let index = u32::from(index) - 16;
                [index / 36, index / 6 % 6, index % 6].map(level)
            }
            other => panic!("{other:?} is another colour in each terminal"),
        }
    }

    /// Returns the relative luminance (WCAG 2.2).
    fn luminance(channels: [u32; 3]) -> f64 {
        let linear = |channel: u32| match f64::from(channel) / 255.0 {
            c if c <= 0.04045 => c / 12.92,
            c => ((c + 0.055) / 1.055).powf(2.4),
        };
        let [r, g, b] = channels.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    #[test]
    fn every_colour_can_be_read_on_common_palettes() {
        let themes = [
            (Theme::dark(), DARK),
            (Theme::dark_true_color(), DARK),
            (Theme::light(), LIGHT),
            (Theme::light_true_color(), LIGHT),
        ];
        for (theme, palettes) in themes {
            let colors = [
                theme.changed,
                theme.pointer,
                theme.region,
                theme.stack,
                theme.data,
                theme.whitespace,
                theme.control,
                theme.non_ascii,
                theme.good,
                theme.bad,
            ];
            for palette in palettes {
                let (name, ground, _) = palette;
                let ground = luminance(channels(rgb(ground), palette));
                for color in colors.into_iter().flatten() {
                    let ink = luminance(channels(color, palette));
                    let ratio = (ink.max(ground) + 0.05) / (ink.min(ground) + 0.05);
                    assert!(ratio >= 4.5, "{color:?} on {name}: {ratio:.2}");
                }
            }
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
