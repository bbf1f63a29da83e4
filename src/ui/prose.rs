//! An author's prose in lines: headings, emphasis, code and lists, as far as a terminal has them.

use ratatui::style::Style;

use crate::prose::{Kind, Paragraph, PieceStyle};
use crate::safe;
use crate::text::Wrap;

use super::text::{self, Line};
use super::theme::Theme;

/// Returns a paragraph in lines of at most `columns` columns; list items are indented.
pub fn paragraph(paragraph: &Paragraph, columns: u16, theme: &Theme) -> Vec<Line> {
    let (first, rest) = match paragraph.kind {
        Kind::Item { depth, begins } => {
            let indent = "  ".repeat(usize::from(depth));
            (
                format!("{indent}{} ", if begins { '-' } else { ' ' }),
                format!("{indent}  "),
            )
        }
        Kind::Text | Kind::Heading(_) => (String::new(), String::new()),
    };
    let pieces = paragraph.pieces.iter().map(|piece| {
        let style = match (paragraph.kind, piece.style) {
            (Kind::Heading(_), _) | (_, PieceStyle::Strong) => theme.strong(),
            (_, PieceStyle::Plain) => theme.text(),
            (_, PieceStyle::Emphasis) => theme.emphasis(),
            (_, PieceStyle::Code) => theme.code(),
        };
        (safe::plain(&piece.text), style)
    });
    let width = columns.saturating_sub(text::width(&rest));
    let mut indent = first;
    let lines = wrap(&pieces.collect::<Vec<_>>(), width)
        .into_iter()
        .map(|mut line| {
            let indent = std::mem::replace(&mut indent, rest.clone());
            if !indent.is_empty() {
                line.insert(0, (indent, theme.text()));
            }
            line
        });
    lines.collect()
}

/// Returns text in one style in lines. Line breaks are kept, and an empty line has no run.
pub fn plain(text: &str, columns: u16, style: Style) -> Vec<Line> {
    let runs = |line: String| {
        if line.is_empty() {
            Line::new()
        } else {
            vec![(line, style)]
        }
    };
    text::wrap(text, columns).into_iter().map(runs).collect()
}

/// Wraps runs into lines of at most `columns` columns, between words where that is possible.
pub fn wrap(runs: &[(String, Style)], columns: u16) -> Vec<Line> {
    Wrap::to(columns.into()).runs(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prose::Piece;

    fn lines(kind: Kind, pieces: &[(&str, PieceStyle)], columns: u16) -> Vec<String> {
        let pieces = pieces
            .iter()
            .map(|(text, style)| Piece {
                text: (*text).into(),
                style: *style,
            })
            .collect();
        let lines = paragraph(
            &Paragraph {
                kind,
                is_joined: false,
                pieces,
            },
            columns,
            &Theme::dark(),
        );
        lines
            .into_iter()
            .map(|line| line.into_iter().map(|(text, _)| text).collect())
            .collect()
    }

    #[test]
    fn a_word_of_two_styles_stays_together() {
        let pieces = [
            ("ask ", PieceStyle::Plain),
            ("malloc", PieceStyle::Code),
            (", then write", PieceStyle::Plain),
        ];
        assert_eq!(
            lines(Kind::Text, &pieces, 11),
            ["ask malloc,", "then write"]
        );
        assert_eq!(
            lines(Kind::Text, &pieces, 10),
            ["ask", "malloc,", "then write"]
        );
        assert_eq!(
            lines(Kind::Text, &pieces, 4),
            ["ask", "mall", "oc,", "then", "writ", "e"]
        );
    }

    #[test]
    fn items_are_indented_below_their_mark() {
        let pieces = [("one two three", PieceStyle::Plain)];
        assert_eq!(
            lines(
                Kind::Item {
                    depth: 1,
                    begins: true
                },
                &pieces,
                12
            ),
            ["  - one two", "    three"]
        );
        assert_eq!(
            lines(
                Kind::Item {
                    depth: 0,
                    begins: false
                },
                &pieces,
                40
            ),
            ["  one two three"]
        );
    }

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        assert_eq!(
            lines(Kind::Text, &[("a\u{1b}[2Jb", PieceStyle::Code)], 40),
            ["a\\u{1b}[2Jb"]
        );
    }
}
