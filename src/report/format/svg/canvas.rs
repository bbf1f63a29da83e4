//! Marks on a grid of character cells, written as SVG.

use std::fmt::Write as _;
use std::io;

use crate::text::{self, escape};

/// The width and height of a cell, and the edge around the grid, in pixels.
const CELL: f64 = 8.4;
const LINE: f64 = 21.0;
const EDGE: f64 = 24.0;

const STYLE: &str = "\
text{font:14px ui-monospace,'SF Mono','Cascadia Mono','DejaVu Sans \
                     Mono',Menlo,Consolas,monospace;fill:#1d1f24}.ground{fill:#fbfaf8;stroke:#\
                     dcd9d2}.rule{stroke:#dcd9d2}.strong{font-weight:700}.faint{fill:#757a82}.\
                     pointer{fill:#005f96;font-weight:700}.changed{fill:#9c4f00;font-weight:700;\
                     text-decoration:underline}.mark{fill:#ffe9cc}.now{fill:none;stroke:#9c4f00;\
                     stroke-width:1.5}.named{fill:#e8f2f9}.other{fill:#e6dcf5}.found{fill:none;stroke:#b3261e;stroke-width:2.5}.warning{fill:#9c4f00}.bad{fill:#b3261e;\
                     font-weight:700}@media \
                     (prefers-color-scheme:dark){text{fill:#e6e4df}.ground{fill:#16181c;stroke:#\
                     363a42}.rule{stroke:#363a42}.faint{fill:#989ca4}.pointer{fill:#6fc1ef}.\
                     changed{fill:#f2b03d}.mark{fill:#47350f}.now{stroke:#f2b03d}.named{fill:#\
                     1f2e3a}.other{fill:#382c4a}.found{stroke:#ff8f87}.warning{fill:#f2b03d}.bad{fill:#ff8f87}}";

/// A grid that is drawn on from top to bottom. Columns and lines are counted from 0.
pub(super) struct Canvas {
    columns: usize,
    ascii: bool,
    marks: String,
    /// The position of the next line, in lines from the top.
    line: f64,
}

impl Canvas {
    /// Creates an empty canvas. With `ascii` characters outside ASCII are replaced.
    pub(super) fn new(columns: usize, ascii: bool) -> Self {
        Canvas {
            columns,
            ascii,
            marks: String::new(),
            line: 0.0,
        }
    }

    /// Returns a text in the characters that the canvas allows.
    pub(super) fn allowed(&self, text: &str) -> String {
        match self.ascii {
            true => escape::ascii(text),
            false => text.to_string(),
        }
    }

    /// Returns a text in the characters that the canvas allows, cut to at most `columns` columns.
    pub(super) fn fit(&self, text: &str, columns: usize) -> String {
        let mark = if self.ascii { '~' } else { '…' };
        text::fit(&self.allowed(text), columns, mark)
    }

    /// Moves the next line down by a number of lines.
    pub(super) fn down(&mut self, lines: f64) {
        self.line += lines;
    }

    /// Returns the baseline of the next line, in pixels.
    fn baseline(&self) -> f64 {
        EDGE + LINE * (self.line + 0.75)
    }

    /// Draws a text from `column` on. Blanks around it are not drawn.
    pub(super) fn text(&mut self, column: usize, class: &str, text: &str) {
        let text = self.allowed(text);
        let blanks = text.len() - text.trim_start().len();
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let class = match class.is_empty() {
            true => String::new(),
            false => format!(" class=\"{class}\""),
        };
        let (x, y) = (EDGE + CELL * (column + blanks) as f64, self.baseline());
        let length = CELL * text::width(text) as f64;
        let text = escape::xml(text);
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.marks,
            "<text{class} x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\">{text}</text>"
        );
    }

    /// Draws a box under the columns from `from` to before `to`.
    pub(super) fn draw_box(&mut self, from: usize, to: usize, class: &str) {
        let (x, width) = (
            EDGE + CELL * from as f64 - 3.0,
            CELL * (to - from) as f64 + 6.0,
        );
        let (y, height) = (self.baseline() - LINE * 0.72, LINE - 1.0);
        let _ = writeln!(
            self.marks,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"3\"/>"
        );
    }

    /// Draws a rule across the canvas.
    pub(super) fn rule(&mut self) {
        let (y, to) = (EDGE + LINE * self.line, EDGE + CELL * self.columns as f64);
        let _ = writeln!(
            self.marks,
            "<path class=\"rule\" d=\"M{EDGE} {y:.1}H{to:.1}\"/>"
        );
    }

    /// Writes the canvas down to the next line. `title` is safe to print.
    pub(super) fn write(&self, title: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let width = 2.0 * EDGE + CELL * self.columns as f64;
        let height = 2.0 * EDGE + LINE * self.line;
        let title = escape::xml(&self.allowed(title));
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" \
             xml:space=\"preserve\">"
        )?;
        writeln!(out, "<title>{title}</title>\n<style>{STYLE}</style>")?;
        let (inner_width, inner_height) = (width - 1.0, height - 1.0);
        writeln!(
            out,
            "<rect class=\"ground\" x=\".5\" y=\".5\" width=\"{inner_width:.0}\" \
             height=\"{inner_height:.0}\" rx=\"10\"/>"
        )?;
        out.write_all(self.marks.as_bytes())?;
        writeln!(out, "</svg>")
    }
}
