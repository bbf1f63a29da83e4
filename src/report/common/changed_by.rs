//! Which code of the guest changed the bytes that a step changed.

use std::collections::HashMap;
use std::io;

use crate::text::{TextWriter, count};
use crate::timeline::{StepRecord, Writer};

/// Places that have a line of their own; the others are summed up.
const PLACES: usize = 4;

/// Writes which places in the guest changed memory, those first that changed most bytes. Writes
/// nothing where no place is known.
pub(in crate::report) fn write(
    out: &mut TextWriter,
    record: &StepRecord,
    indent: usize,
) -> io::Result<()> {
    let mut bytes_by_label: HashMap<String, u64> = HashMap::new();
    for (writer, bytes) in record.changes.bytes_by_writer() {
        if is_known_place(&writer) {
            *bytes_by_label
                .entry(writer.label().to_string())
                .or_default() += bytes;
        }
    }
    let mut places: Vec<(String, u64)> = bytes_by_label.into_iter().collect();
    places.sort_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
    let (listed, rest) = places.split_at(places.len().min(PLACES));
    let mut line = |text: String| out.line(&format!("{:indent$}{text}", ""));
    match listed {
        [] => return Ok(()),
        [(label, _)] => line(format!("changed by {label}"))?,
        _ => {
            for (label, bytes) in listed {
                line(format!("{} changed by {label}", count(*bytes, "byte")))?;
            }
        }
    }
    if !rest.is_empty() {
        let bytes: u64 = rest.iter().map(|(_, bytes)| bytes).sum();
        line(format!(
            "… and {} by {}",
            count(bytes, "byte"),
            count(rest.len(), "more place")
        ))?;
    }
    Ok(())
}

/// Returns whether the writer is code of the guest that has a name or an offset.
fn is_known_place(writer: &Writer) -> bool {
    matches!(
        writer,
        Writer::Guest { function, offset, .. } if function.is_some() || offset.is_some()
    )
}
