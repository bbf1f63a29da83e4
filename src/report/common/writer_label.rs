//! Who wrote, in words: `guest $add_wasm_is_cool, wasm_is_cool.wat:25`. Everything given back is
//! safe to print.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use crate::safe;
use crate::text::TextWriter;
use crate::timeline::{StepRecord, Writer};

/// Characters of a name or a path that are shown before it is cut.
const NAME: usize = 120;

/// Runs of changed bytes that are looked at: what a step costs to tell must not follow how much it
/// changed.
const RUNS: usize = 20_000;

/// Places that are told apart of one step's changes before the rest is summed up.
const PLACES: usize = 4;

/// Adds who wrote to a line.
pub(in crate::report) fn push(line: &mut String, writer: &Writer) {
    // Writing to a text cannot fail.
    let _ = match writer {
        Writer::Host => write!(line, "host"),
        Writer::Data { segment } => write!(line, "data segment {segment}"),
        Writer::Import { module, name } => {
            write!(
                line,
                "import {}.{}",
                safe::cut(module, NAME),
                safe::cut(name, NAME)
            )
        }
        Writer::Guest {
            function,
            offset,
            source,
        } => {
            line.push_str("guest");
            if let Some(function) = function {
                line.push(' ');
                push_function(line, function);
            }
            push_place(line, source.as_deref(), *offset);
            Ok(())
        }
    };
}

/// Adds a function's name as the text format writes it: `$name`, but `func[12]` for one without.
pub(in crate::report) fn push_function(line: &mut String, name: &str) {
    if !name.starts_with("func[") && !name.starts_with('$') {
        line.push('$');
    }
    line.push_str(&safe::cut(name, NAME));
}

/// Adds `, file:line`, or `, @0x1f` by the instruction's offset in the module where the source is
/// not known.
pub(in crate::report) fn push_place(line: &mut String, source: Option<&str>, offset: Option<u64>) {
    match (source, offset) {
        (Some(source), _) => {
            line.push_str(", ");
            line.push_str(&safe::cut(source, NAME));
        }
        (None, Some(offset)) => {
            let _ = write!(line, ", @{offset:#x}");
        }
        (None, None) => {}
    }
}

/// Says which places in the guest changed what a step changed, those first that changed most. Says
/// nothing where none is known.
pub(in crate::report) fn of_changes(
    paper: &mut TextWriter,
    record: &StepRecord,
    indent: usize,
) -> io::Result<()> {
    let mut lines: HashMap<String, u64> = HashMap::new();
    let mut line = String::new();
    let mut runs = record.changes.iter();
    for change in runs.by_ref().take(RUNS) {
        if matches!(&change.writer, Writer::Guest { function, offset, .. } if function.is_some() || offset.is_some())
        {
            line.clear();
            push(&mut line, &change.writer);
            match lines.get_mut(&line) {
                Some(bytes) => *bytes += change.span().len,
                None => drop(lines.insert(line.clone(), change.span().len)),
            }
        }
    }
    let is_all = runs.next().is_none();
    let mut lines: Vec<(String, u64)> = lines.into_iter().collect();
    lines.sort_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
    let (told, rest) = lines.split_at(lines.len().min(PLACES));
    match told {
        [(line, _)] if is_all => paper.line(&format!("{:indent$}changed by {line}", ""))?,
        _ => {
            for (line, bytes) in told {
                paper.line(&format!(
                    "{:indent$}{} changed by {line}",
                    "",
                    counted(*bytes)
                ))?;
            }
        }
    }
    let hidden: u64 = rest.iter().map(|(_, bytes)| bytes).sum();
    match rest.len() {
        0 => {}
        1 => paper.line(&format!(
            "{:indent$}… and {} by 1 more place",
            "",
            counted(hidden)
        ))?,
        n => paper.line(&format!(
            "{:indent$}… and {} by {n} more places",
            "",
            counted(hidden)
        ))?,
    }
    match is_all || told.is_empty() {
        true => Ok(()),
        false => paper.line(&format!(
            "{:indent$}… counting the first {RUNS} runs of changed bytes",
            ""
        )),
    }
}

/// `1 byte`, `12 bytes`.
pub(in crate::report) fn counted(bytes: u64) -> String {
    format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_in_words() {
        let words = |writer: Writer| {
            let mut line = String::new();
            push(&mut line, &writer);
            line
        };
        let guest = |function: Option<&str>, offset, source: Option<&str>| {
            words(Writer::Guest {
                function: function.map(Into::into),
                offset,
                source: source.map(Into::into),
            })
        };
        assert_eq!(
            guest(Some("copy"), Some(171), Some("a.wat:25")),
            "guest $copy, a.wat:25"
        );
        assert_eq!(
            guest(Some("func[12]"), Some(171), None),
            "guest func[12], @0xab"
        );
        assert_eq!(guest(None, None, None), "guest");
        assert_eq!(guest(Some("\x1b[2J"), None, None), "guest $\\u{1b}[2J");
        assert_eq!(
            words(Writer::Import {
                module: "env".into(),
                name: "f".into()
            }),
            "import env.f"
        );
        assert_eq!(words(Writer::Data { segment: 3 }), "data segment 3");
        assert_eq!(words(Writer::Host), "host");
    }
}
