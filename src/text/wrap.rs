//! Paragraphs broken into lines.

use unicode_width::UnicodeWidthChar;

use super::width;

/// A line in runs of one style each, from left to right.
pub type Line<S> = Vec<(String, S)>;

/// How a paragraph is broken into lines: between words, and within a word that is wider than a
/// line.
///
/// White space between words becomes one blank, unless [`Wrap::keeping_blanks`] is set.
#[derive(Debug, Clone, Copy)]
pub struct Wrap {
    columns: usize,
    hang: usize,
    keeps_blanks: bool,
    keeps_words: bool,
}

impl Wrap {
    /// Breaks text into lines of at most `columns` columns, and of at least one.
    pub fn to(columns: usize) -> Self {
        Wrap {
            columns: columns.max(1),
            hang: 0,
            keeps_blanks: false,
            keeps_words: false,
        }
    }

    /// Indents the lines after the first by `columns` blanks.
    pub fn hanging(self, columns: usize) -> Self {
        Wrap {
            hang: columns,
            ..self
        }
    }

    /// Keeps blanks before the first word, and several blanks between two words of a line.
    pub fn keeping_blanks(self) -> Self {
        Wrap {
            keeps_blanks: true,
            ..self
        }
    }

    /// Leaves words whole: one that is wider than a line gets a line of its own.
    pub fn keeping_words(self) -> Self {
        Wrap {
            keeps_words: true,
            ..self
        }
    }

    /// Returns the lines of one paragraph; none where it has no word.
    pub fn paragraph(self, text: &str) -> Vec<String> {
        self.runs(&[(text, ())])
            .into_iter()
            .map(|line| line.into_iter().map(|(text, ())| text).collect())
            .collect()
    }

    /// Returns the lines of several paragraphs, each on lines of its own; a paragraph without words
    /// is an empty line.
    pub fn paragraphs(self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let before = lines.len();
            lines.extend(self.paragraph(paragraph));
            if lines.len() == before {
                lines.push(String::new());
            }
        }
        lines
    }

    /// Returns the lines of one paragraph of several styles.
    ///
    /// A blank between two words has their style where it is the same, else the default one.
    pub fn runs<T: AsRef<str>, S: Copy + Default + PartialEq>(
        self,
        runs: &[(T, S)],
    ) -> Vec<Line<S>> {
        let mut lines = Vec::new();
        let mut line = Line::new();
        let (mut used, mut is_empty) = (0, true);
        for StyledWord { blanks, pieces } in self.words(runs) {
            let wide: usize = pieces.iter().map(|(text, _)| width(text)).sum();
            if !is_empty && used + blanks + wide > self.columns {
                lines.push(self.next_line(&mut line));
                (used, is_empty) = (self.hang, true);
            } else if blanks > 0 {
                let style = match (line.last(), pieces.first()) {
                    (Some((_, left)), Some((_, right))) if left == right => *left,
                    _ => S::default(),
                };
                push(&mut line, &" ".repeat(blanks), style);
                used += blanks;
            }
            for (text, style) in &pieces {
                for c in text.chars() {
                    let wide = c.width().unwrap_or(0);
                    if !self.keeps_words && !is_empty && used + wide > self.columns {
                        lines.push(self.next_line(&mut line));
                        used = self.hang;
                    }
                    push(&mut line, c.encode_utf8(&mut [0; 4]), *style);
                    (used, is_empty) = (used + wide, false);
                }
            }
        }
        if !is_empty {
            lines.push(line);
        }
        lines
    }

    /// Ends a line and begins the next one.
    fn next_line<S: Copy + Default + PartialEq>(self, line: &mut Line<S>) -> Line<S> {
        let mut next = Line::new();
        if self.hang > 0 {
            push(&mut next, &" ".repeat(self.hang), S::default());
        }
        std::mem::replace(line, next)
    }

    /// Cuts runs into words. A word may have several styles: a comma after code belongs to it.
    fn words<T: AsRef<str>, S: Copy + PartialEq>(self, runs: &[(T, S)]) -> Vec<StyledWord<S>> {
        let mut words: Vec<StyledWord<S>> = Vec::new();
        let mut blanks = 0;
        let mut is_new = true;
        for (text, style) in runs {
            for c in text.as_ref().chars() {
                let is_blank = match self.keeps_blanks {
                    true => c == ' ',
                    false => c.is_whitespace(),
                };
                if is_blank {
                    blanks += 1;
                    is_new = true;
                    continue;
                }
                if is_new {
                    words.push(StyledWord {
                        blanks: match self.keeps_blanks {
                            true => blanks,
                            false => usize::from(!words.is_empty()),
                        },
                        pieces: Line::new(),
                    });
                    (blanks, is_new) = (0, false);
                }
                if let Some(word) = words.last_mut() {
                    push(&mut word.pieces, c.encode_utf8(&mut [0; 4]), *style);
                }
            }
        }
        words
    }
}

/// A word, and the blanks before it.
struct StyledWord<S> {
    blanks: usize,
    pieces: Line<S>,
}

/// Adds text to the last run of a line, or begins a run where the style differs.
fn push<S: PartialEq>(line: &mut Line<S>, text: &str, style: S) {
    match line.last_mut().filter(|(_, last)| *last == style) {
        Some((last, _)) => last.push_str(text),
        None => line.push((text.to_owned(), style)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_within_long_ones() {
        let wrap = |text: &str, columns: usize| Wrap::to(columns).paragraphs(text);
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 5), ["abcde", "fgh", "ij"]);
        assert_eq!(wrap("abcdef ij", 5), ["abcde", "f ij"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(wrap("日本", 1).concat(), "日本");
        assert_eq!(wrap("一二三 四", 6), ["一二三", "四"]);
        assert!(Wrap::to(4).paragraph(" \n ").is_empty());
    }

    #[test]
    fn words_can_be_kept_whole() {
        assert_eq!(
            Wrap::to(4)
                .keeping_words()
                .paragraph("incomprehensible to all"),
            ["incomprehensible", "to", "all"]
        );
    }

    #[test]
    fn lines_after_the_first_can_hang() {
        let wrap = Wrap::to(20).hanging(2);
        assert_eq!(
            wrap.paragraph("one two three four five six"),
            ["one two three four", "  five six"]
        );
        assert_eq!(
            wrap.paragraph(&"x".repeat(45)),
            [
                "x".repeat(20),
                format!("  {}", "x".repeat(18)),
                format!("  {}", "x".repeat(7))
            ]
        );
    }

    #[test]
    fn blanks_can_be_kept() {
        let wrap = Wrap::to(20).keeping_blanks();
        assert_eq!(wrap.paragraph("  a   b"), ["  a   b"]);
        assert_eq!(
            wrap.paragraph("one  two  three  four"),
            ["one  two  three", "four"]
        );
        assert!(wrap.paragraph("   ").is_empty());
    }

    #[test]
    fn a_blank_between_two_styles_has_none() {
        let lines = Wrap::to(20).runs(&[("a b", 1), (" c", 2), (",", 0)]);
        let expected: [(String, i32); 4] = [
            ("a b".into(), 1),
            (" ".into(), 0),
            ("c".into(), 2),
            (",".into(), 0),
        ];
        assert_eq!(lines, [expected.to_vec()]);
    }
}
