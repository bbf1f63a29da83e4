//! What an author wrote around the steps of a Markdown session: prose with the little markup that a
//! terminal can show. A leaf, so that script and timeline need not know each other: plain data,
//! knows no other part of the program.

use std::collections::BTreeMap;

/// All prose of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The first heading of the first level, as plain text.
    pub title: Option<String>,
    /// What introduces step 0: the prose before a first block that holds no step.
    pub opening: Prose,
    /// The prose before each step that has some, by the step's number.
    pub steps: BTreeMap<usize, Prose>,
    /// What stands below the last block.
    pub closing: Prose,
}

impl Document {
    /// The prose before a step; that of step 0 is the opening.
    pub fn of_step(&self, step: usize) -> Option<&Prose> {
        let prose = if step == 0 {
            Some(&self.opening)
        } else {
            self.steps.get(&step)
        };
        prose.filter(|prose| !prose.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        self.opening.is_empty()
            && self.closing.is_empty()
            && self.steps.values().all(Prose::is_empty)
    }
}

/// Some paragraphs, and the hints that are not shown with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prose {
    pub paragraphs: Vec<Paragraph>,
    /// The paragraphs that begin with `Hint:`, without that word: shown when they are asked for,
    /// one after the other.
    pub hints: Vec<Paragraph>,
}

impl Prose {
    pub fn is_empty(&self) -> bool {
        self.paragraphs.is_empty() && self.hints.is_empty()
    }

    /// Without markup and hints: paragraphs separated by a blank line, items of a list by a line
    /// break.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for paragraph in &self.paragraphs {
            if !out.is_empty() {
                out.push_str(if paragraph.is_joined { "\n" } else { "\n\n" });
            }
            if let Kind::Item { depth, begins } = paragraph.kind {
                out.push_str(&"  ".repeat(usize::from(depth)));
                out.push_str(if begins { "- " } else { "  " });
            }
            out.push_str(&paragraph.plain());
        }
        out
    }
}

/// What a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Of a level from 1 to 6.
    Heading(u8),
    /// Of a list, so many lists deep, counted from 0; whether it begins an item or goes on in one.
    Item {
        depth: u8,
        begins: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Paragraph {
    pub kind: Kind,
    /// Follows the paragraph before it without a blank line.
    pub is_joined: bool,
    pub pieces: Vec<Piece>,
}

impl Paragraph {
    pub fn plain(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect()
    }
}

/// A run of text in one style.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub text: String,
    pub style: PieceStyle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceStyle {
    Plain,
    Code,
    Emphasis,
    Strong,
}

/// The word that makes a paragraph a hint.
const HINT: &str = "Hint:";

/// The paragraph without its `Hint:`, where it begins so.
pub fn hint(paragraph: &Paragraph) -> Option<Paragraph> {
    if paragraph.kind != Kind::Text || !paragraph.plain().starts_with(HINT) {
        return None;
    }
    let mut pieces = Vec::new();
    // The word may be set off from the rest, as in `**Hint:** look again`.
    let mut left = HINT.len();
    for piece in &paragraph.pieces {
        let text = piece
            .text
            .get(left.min(piece.text.len())..)
            .unwrap_or_default();
        left = left.saturating_sub(piece.text.len());
        let text = if pieces.is_empty() {
            text.trim_start()
        } else {
            text
        };
        if !text.is_empty() {
            pieces.push(Piece {
                text: text.to_owned(),
                style: piece.style,
            });
        }
    }
    Some(Paragraph {
        kind: Kind::Text,
        is_joined: false,
        pieces,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(pieces: &[(&str, PieceStyle)]) -> Paragraph {
        let pieces = pieces
            .iter()
            .map(|(text, style)| Piece {
                text: (*text).into(),
                style: *style,
            })
            .collect();
        Paragraph {
            kind: Kind::Text,
            is_joined: false,
            pieces,
        }
    }

    #[test]
    fn a_hint_loses_its_word_however_that_is_set_off() {
        let plain = |pieces: &[(&str, PieceStyle)]| hint(&paragraph(pieces)).map(|p| p.plain());
        assert_eq!(
            plain(&[
                ("Hint: count ", PieceStyle::Plain),
                ("bytes", PieceStyle::Emphasis)
            ])
            .unwrap(),
            "count bytes"
        );
        assert_eq!(
            plain(&[("Hint:", PieceStyle::Strong), (" count", PieceStyle::Plain)]).unwrap(),
            "count"
        );
        assert_eq!(
            plain(&[("Hi", PieceStyle::Strong), ("nt: count", PieceStyle::Plain)]).unwrap(),
            "count"
        );
        assert_eq!(plain(&[("Hint:", PieceStyle::Plain)]).unwrap(), "");
        assert_eq!(plain(&[("A Hint: no", PieceStyle::Plain)]), None);
    }
}
