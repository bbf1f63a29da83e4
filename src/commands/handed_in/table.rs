//! The lines that were handed in, as text, JSON and CSV.

use std::io::{self, Write};

use linmem::{safe, text};
use serde_json::{Value, json};

use crate::cli::AnswersFormat;

use super::Row;
use super::line::Outcome;

/// Characters of a name and of an answer that are shown before it is cut.
const CUT: usize = 60;

/// Writes the rows.
pub(super) fn write(rows: &[Row], format: AnswersFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        AnswersFormat::Text => write_text(rows, out),
        AnswersFormat::Json => write_json(rows, out),
        AnswersFormat::Csv => write_csv(rows, out),
    }
}

const HEADINGS: [&str; 7] = [
    "name", "lesson", "right", "missed", "skipped", "open", "tries",
];

/// Returns the cells of a row, which are safe to print.
fn cells(row: &Row) -> [String; 7] {
    let line = &row.handed_in;
    [
        safe::cut(&line.learner, CUT),
        safe::cut(&line.lesson, CUT),
        line.count(Outcome::Right).to_string(),
        line.count(Outcome::Missed).to_string(),
        line.count(Outcome::Skipped).to_string(),
        line.count(Outcome::Open).to_string(),
        line.tries().to_string(),
    ]
}

/// Writes a table, and a line for each problem.
fn write_text(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let headings = HEADINGS.map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(headings)
        .chain(rows.iter().map(cells))
        .collect();
    let widths: Vec<usize> = (0..HEADINGS.len())
        .map(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| text::width(cell)).max().unwrap_or(0)
        })
        .collect();
    let problems = std::iter::once("").chain(
        rows.iter()
            .map(|row| row.problem.map_or("", |problem| problem.as_str())),
    );
    for (line, problem) in lines.iter().zip(problems) {
        let mut written = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let blanks = " ".repeat(width.saturating_sub(text::width(cell)));
            // Names are at the left of their columns, and numbers at the right.
            match column {
                0 | 1 => written.push_str(&format!("{cell}{blanks}  ")),
                _ => written.push_str(&format!("{blanks}{cell}  ")),
            }
        }
        written.push_str(problem);
        writeln!(out, "{}", written.trim_end())?;
    }
    let bad = rows.iter().filter(|row| row.problem.is_some());
    for row in bad.clone() {
        let problem = row.problem.map_or("", |problem| problem.message());
        writeln!(out, "\n{}:{}: {problem}", row.file, row.number)?;
    }
    let lines = text::count(rows.len() as u64, "line");
    match bad.count() {
        0 => writeln!(out, "\n{lines}"),
        bad => writeln!(out, "\n{lines}, {bad} with a problem"),
    }
}

fn write_json(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<Value> = rows
        .iter()
        .map(|row| {
            let line = &row.handed_in;
            let questions = line.questions.iter().map(|question| {
                json!({
                    "step": question.step, "outcome": question.outcome.as_str(),
                    "typed": question.typed,
                })
            });
            json!({
                "file": row.file, "line": row.number, "name": line.learner, "lesson": line.lesson,
                "hash": line.hash, "right": line.count(Outcome::Right),
                "missed": line.count(Outcome::Missed), "skipped": line.count(Outcome::Skipped),
                "open": line.count(Outcome::Open), "tries": line.tries(),
                "problem": row.problem.map(|problem| problem.as_str()),
                "questions": questions.collect::<Vec<_>>(),
            })
        })
        .collect();
    let whole = json!({"format": "linmem.answers-table/1", "lines": lines});
    safe::json::write_pretty(&whole, &mut *out)?;
    writeln!(out)
}

fn write_csv(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "file,line,{},problem\r\n", HEADINGS.join(","))?;
    for row in rows {
        let mut all = vec![row.file.clone(), row.number.to_string()];
        all.extend(cells(row));
        all.push(row.problem.map_or("", |p| p.as_str()).to_owned());
        let fields: Vec<String> = all.iter().map(|cell| field(cell)).collect();
        write!(out, "{}\r\n", fields.join(","))?;
    }
    Ok(())
}

/// Returns a field of CSV (<https://www.rfc-editor.org/rfc/rfc4180>). A spreadsheet takes a text
/// that begins with one of four signs as a formula, so that an apostrophe comes before it.
fn field(cell: &str) -> String {
    let is_formula = cell.trim_start().starts_with(['=', '+', '-', '@']);
    let cell = match is_formula {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    };
    match cell.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_and_is_no_formula() {
        assert_eq!(field("Ada, \"L\""), "\"Ada, \"\"L\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
        assert_eq!(field(" @SUM(A1)"), "' @SUM(A1)");
        assert_eq!(field("Ada"), "Ada");
    }
}
