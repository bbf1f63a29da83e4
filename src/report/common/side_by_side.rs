//! Rows of two memories around a byte where they differ: what differs stands in brackets on both
//! sides.

use std::io;

use super::hex_dump::{Labels, WIDTH, row_of};
use crate::text::TextWriter;
use crate::timeline::{Row, Timeline};

/// Draws the row of `address` on both sides, `A` and `B`, and the rows beside it; a row that is
/// equal stands once.
pub(in crate::report) fn both_sides(
    paper: &mut TextWriter,
    timelines: [&Timeline; 2],
    step: usize,
    address: u64,
) -> io::Result<()> {
    let [Some(a), Some(b)] = timelines.map(|timeline| timeline.step(step)) else {
        return Ok(());
    };
    let ours = Labels {
        before: b.memory.clone(),
        ..Labels::new(timelines[0], a)
    };
    let theirs = Labels {
        before: a.memory.clone(),
        ..Labels::new(timelines[1], b)
    };
    let end = a.memory.len().max(b.memory.len());
    let first = row_of(address).saturating_sub(WIDTH);
    let rows = (0..3)
        .filter_map(|i| first.checked_add(i * WIDTH))
        .filter(|at| *at < end);
    for at in rows {
        let row = |pen: &Labels| Row {
            address: at,
            bytes: (0..WIDTH)
                .map(|i| at.checked_add(i).and_then(|at| pen.after.byte(at)))
                .collect(),
        };
        let (mine, other) = (row(&ours), row(&theirs));
        if mine == other {
            paper.line(&ours.row(paper, ' ', &mine))?;
        } else {
            paper.line(&ours.row(paper, 'A', &mine))?;
            paper.line(&theirs.row(paper, 'B', &other))?;
        }
    }
    Ok(())
}
