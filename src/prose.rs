//! The prose that an author writes around the steps of a Markdown session, with the markup that a
//! terminal can show.
//!
//! A leaf, so that script and timeline speak of the same prose and need not name each other.

use std::collections::BTreeMap;

/// All prose of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Document {
    /// The first heading of level 1, as plain text.
    pub title: Option<String>,
    /// The prose of step 0: what comes before a first block without a step.
    pub opening: Prose,
    /// The prose before each step that has some, by the number of the step.
    pub steps: BTreeMap<usize, Prose>,
    /// The prose after the last block.
    pub closing: Prose,
}

impl Document {
    /// Returns the prose before a step; that of step 0 is the opening.
    pub fn of_step(&self, step: usize) -> Option<&Prose> {
        let prose = match step {
            0 => Some(&self.opening),
            step => self.steps.get(&step),
        };
        prose.filter(|prose| !prose.is_empty())
    }

    /// Returns whether there is no prose at all; a title is not prose.
    pub fn is_empty(&self) -> bool {
        self.opening.is_empty()
            && self.closing.is_empty()
            && self.steps.values().all(Prose::is_empty)
    }
}

/// Some paragraphs, and hints that are not shown with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Prose {
    /// The paragraphs, in order.
    pub paragraphs: Vec<Paragraph>,
    /// The paragraphs that begin with `Hint:`, without it. A reader asks for them one by one.
    pub hints: Vec<Paragraph>,
    /// The replies to wrong answers: the paragraphs that begin with `If ANSWER:`.
    pub replies: Vec<Reply>,
}

/// What is shown to a person who gives a certain wrong answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// The answer, as the author wrote it.
    pub answer: String,
    /// The paragraph without `If ANSWER:`.
    pub paragraph: Paragraph,
}

impl Prose {
    /// Returns whether there are neither paragraphs nor hints nor replies.
    pub fn is_empty(&self) -> bool {
        self.paragraphs.is_empty() && self.hints.is_empty() && self.replies.is_empty()
    }

    /// Returns the paragraphs without markup, separated by blank lines; the items of a list are
    /// separated by line breaks.
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

/// The kind of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Running text.
    Text,
    /// A heading of a level from 1 to 6.
    Heading(u8),
    /// A paragraph in a list.
    Item {
        /// The number of lists around the paragraph's own.
        depth: u8,
        /// Whether the paragraph is the first one of its item.
        begins: bool,
    },
}

/// A paragraph in runs of one style.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Paragraph {
    /// The kind of the paragraph.
    pub kind: Kind,
    /// Whether no blank line separates it from the paragraph before.
    pub is_joined: bool,
    /// The runs of text, in order.
    pub pieces: Vec<Piece>,
}

impl Paragraph {
    /// Returns the text without styles.
    pub fn plain(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| piece.text.as_str())
            .collect()
    }
}

/// A run of text in one style.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Piece {
    /// The text as the author wrote it: not safe to print.
    pub text: String,
    /// The style of the text.
    pub style: PieceStyle,
}

/// The style of a run of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PieceStyle {
    /// No markup.
    Plain,
    /// A code span.
    Code,
    /// Emphasis, as in `*text*`.
    Emphasis,
    /// Strong emphasis, as in `**text**`.
    Strong,
}

/// The beginning that makes a paragraph a hint.
const HINT: &str = "Hint:";

/// Returns a paragraph without its `Hint:`, and `None` for a paragraph that does not begin so.
pub(crate) fn hint(paragraph: &Paragraph) -> Option<Paragraph> {
    let begins = paragraph.kind == Kind::Text && paragraph.plain().starts_with(HINT);
    begins.then(|| without_beginning(paragraph, HINT.len()))
}

/// The beginning that makes a paragraph a reply, and the most bytes of the answer in it.
const REPLY: &str = "If ";
const MAX_REPLY_ANSWER: usize = 80;

/// Returns the reply to a wrong answer that a paragraph is: `If ANSWER: …`; `None` for any other
/// paragraph.
pub(crate) fn reply(paragraph: &Paragraph) -> Option<Reply> {
    if paragraph.kind != Kind::Text {
        return None;
    }
    let plain = paragraph.plain();
    let (answer, _) = plain.strip_prefix(REPLY)?.split_once(": ")?;
    if answer.trim().is_empty() || answer.len() > MAX_REPLY_ANSWER {
        return None;
    }
    Some(Reply {
        answer: answer.trim().to_owned(),
        paragraph: without_beginning(paragraph, REPLY.len() + answer.len() + 1),
    })
}

/// Returns a paragraph without its first `skip` bytes and the blanks after them.
fn without_beginning(paragraph: &Paragraph, mut skip: usize) -> Paragraph {
    let mut pieces = Vec::new();
    // The beginning may have another style than the rest, as in `**Hint:** look again`.
    for piece in &paragraph.pieces {
        let skipped = skip.min(piece.text.len());
        skip -= skipped;
        let mut text = piece.text.get(skipped..).unwrap_or_default();
        if pieces.is_empty() {
            text = text.trim_start();
        }
        if !text.is_empty() {
            pieces.push(Piece {
                text: text.to_owned(),
                style: piece.style,
            });
        }
    }
    Paragraph {
        kind: Kind::Text,
        is_joined: false,
        pieces,
    }
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
    fn a_hint_loses_its_beginning_whatever_its_style() {
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

    #[test]
    fn a_reply_names_the_answer_that_it_is_for() {
        let found = |text: &str| {
            let found = reply(&paragraph(&[
                (text.split('|').next().unwrap(), PieceStyle::Plain),
                (text.split('|').nth(1).unwrap_or_default(), PieceStyle::Code),
            ]))?;
            Some((found.answer.clone(), found.paragraph.plain()))
        };
        let is = |text: &str, answer: &str, rest: &str| {
            assert_eq!(
                found(text),
                Some((answer.to_owned(), rest.to_owned())),
                "{text}"
            );
        };
        is("If 65536: That is the |size", "65536", "That is the size");
        is("If |65536: code", "65536", "code");
        is("If a b: x: y", "a b", "x: y");
        assert_eq!(found("If you like, go on."), None);
        assert_eq!(found("If : nothing"), None);
        assert_eq!(found("Not If 1: x"), None);
        assert_eq!(found(&format!("If {}: x", "a".repeat(81))), None);
    }
}
