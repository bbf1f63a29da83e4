//! The lines of the steps pane: the steps and, below the one shown if it is unfolded, a window of
//! its events and children around the row shown. The cost is that of what is shown, however many events there
//! are.

use super::inside_step::{InsideRow, InsideRows};
use super::layout::{Layout, content};
use crate::app::App;
use crate::app::course;
use crate::timeline::{Attempt, StepRecord};

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListLine {
    Step(usize),
    /// A step after an open question: what it does would give the answer away.
    Hidden(usize),
    /// How many of all stores were recorded one by one.
    Recorded {
        stores: u64,
        all: u64,
    },
    /// The other stores were recorded as a difference.
    Difference,
    /// A child of the step shown.
    Child {
        /// Its index.
        index: usize,
        /// How many of the children around it are open rows above.
        depth: usize,
        /// Whether nothing of the step follows it.
        is_last: bool,
    },
    /// The number of rows before the next line.
    Above(usize),
    /// An event of the step shown.
    Event {
        /// Counted from 1.
        number: usize,
        /// How many children around it are open.
        depth: usize,
        /// Whether nothing of the step follows it.
        is_last: bool,
    },
    /// The number of rows after the previous line.
    Below(usize),
    /// The store that trapped.
    Attempt(Attempt),
}

/// Returns the lines of a pane of `rows` rows, with the event or step shown among them.
pub(crate) fn lines(app: &App, rows: u16) -> Vec<ListLine> {
    let (count, shown) = (step_count(app), app.moment.step);
    let rows = usize::from(rows);
    let events = match app.record().filter(|_| app.is_unfolded()) {
        Some(step) => inside_lines(app, step, rows.saturating_sub(count.min((rows / 3).max(3)))),
        None => Vec::new(),
    };
    let row = app.row_here();
    let here = row.and_then(|row| events.iter().position(|line| line.row() == Some(row)));
    let current = shown + here.map_or(0, |index| index + 1);
    let all = count + events.len();
    let first = first_step(all, current, u16::try_from(rows).unwrap_or(u16::MAX));
    let open = course::first_open(app);
    let step = |index: usize| match open.is_some_and(|open| index > open) {
        true => ListLine::Hidden(index),
        false => ListLine::Step(index),
    };
    let line = |index: usize| match index.checked_sub(shown + 1) {
        None => step(index),
        Some(below) => events
            .get(below)
            .cloned()
            .unwrap_or_else(|| step(index.saturating_sub(events.len()))),
    };
    (first..all.min(first.saturating_add(rows)))
        .map(line)
        .collect()
}

/// Returns the index of the first of `count` lines on a screen of `rows`, so that line `shown` is in
/// the middle where possible.
pub(crate) fn first_step(count: usize, shown: usize, rows: u16) -> usize {
    let rows = usize::from(rows);
    shown
        .saturating_sub(rows / 2)
        .min(count.saturating_sub(rows))
}

/// Returns how many steps the list has: planned ones, and ones that have run.
pub(crate) fn step_count(app: &App) -> usize {
    app.timeline.planned.len().max(app.timeline.steps().len())
}

/// Returns how many events the list shows now.
pub(crate) fn event_rows(app: &App) -> usize {
    let rows = Layout::of(app.size, app.pane)
        .steps
        .map_or(0, |area| content(area).height);
    lines(app, rows)
        .iter()
        .filter(|line| line.row().is_some())
        .count()
}

impl ListLine {
    /// Returns the row of the step shown that the line is.
    pub(crate) fn row(&self) -> Option<InsideRow> {
        match self {
            ListLine::Event { number, .. } => Some(InsideRow::Event(*number)),
            ListLine::Child { index, .. } => Some(InsideRow::Child(*index)),
            _ => None,
        }
    }
}

/// Returns the lines below a step, about `rows` of them, around the row shown.
fn inside_lines(app: &App, step: &StepRecord, rows: usize) -> Vec<ListLine> {
    let inside = InsideRows::of(app);
    let len = inside.len();
    let mut lines = Vec::new();
    if step.stores_recorded < step.stores {
        lines.push(ListLine::Recorded {
            stores: step.stores_recorded,
            all: step.stores,
        });
        lines.push(ListLine::Difference);
    }
    let attempt = step.attempted_store();
    let rows = rows
        .saturating_sub(lines.len() + usize::from(attempt.is_some()))
        .max(1);
    let current = app.row_here().and_then(|row| inside.index_of(row));
    let first = first_step(
        len,
        current.unwrap_or(0),
        u16::try_from(rows).unwrap_or(u16::MAX),
    );
    let end = len.min(first.saturating_add(rows));
    for index in first..end {
        let is_last = index + 1 == len && attempt.is_none();
        let line = match inside.get(index) {
            _ if rows >= 3 && index == first && first > 0 => ListLine::Above(first + 1),
            _ if rows >= 3 && index + 1 == end && end < len => ListLine::Below(len - index),
            Some(InsideRow::Event(number)) => ListLine::Event {
                number,
                depth: depth_of_event(step, number),
                is_last,
            },
            Some(InsideRow::Child(index)) => ListLine::Child {
                index,
                depth: step.children.depth(index),
                is_last,
            },
            None => continue,
        };
        lines.push(line);
    }
    lines.extend(attempt.map(ListLine::Attempt));
    lines
}

/// Returns how many children an event that has a row is in; all of them are open.
fn depth_of_event(step: &StepRecord, number: usize) -> usize {
    let innermost = step.children.innermost(number);
    innermost.map_or(0, |child| step.children.depth(child) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::apps::app;
    use crate::timeline::Moment;

    /// The lines in short: a step's number, `.n` for an event, `^n` and `vn` for those left out.
    fn in_short(app: &App, rows: u16) -> String {
        let labels = lines(app, rows).into_iter().map(|line| match line {
            ListLine::Step(step) => step.to_string(),
            ListLine::Event {
                number, is_last, ..
            } => {
                format!(".{number}{}", if is_last { "]" } else { "" })
            }
            ListLine::Above(count) => format!("^{count}"),
            ListLine::Below(count) => format!("v{count}"),
            other => format!("{other:?}"),
        });
        labels.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_list_of_steps_keeps_the_shown_one_in_view() {
        assert_eq!(first_step(8, 7, 20), 0);
        assert_eq!(first_step(100, 0, 10), 0);
        assert_eq!(first_step(100, 50, 10), 45);
        assert_eq!(first_step(100, 99, 10), 90);
        assert_eq!(first_step(5, 900, 0), 5);
    }

    #[test]
    fn the_window_of_events_goes_with_the_one_shown() {
        let rows = [
            (
                0,
                30,
                "0 1 2 3 4 .1 .2 .3 .4 .5 .6 .7 .8 .9 .10 .11 .12 .13 .14] 5 6 7",
            ),
            (0, 15, "0 1 2 3 4 .1 .2 .3 .4 .5 .6 .7 .8 .9 v5"),
            (7, 15, "3 4 ^2 .3 .4 .5 .6 .7 .8 .9 .10 v4 5 6 7"),
            (14, 15, "3 4 ^5 .6 .7 .8 .9 .10 .11 .12 .13 .14] 5 6 7"),
            (7, 4, "3 4 .7 5"),
            (7, 1, ".7"),
            (7, 0, ""),
        ];
        let mut app = app((120, 40), 4);
        for (event, rows, expected) in rows {
            app.unfolded = true;
            app.moment = Moment { step: 4, event };
            let shown = in_short(&app, rows);
            assert_eq!(shown, expected, "{event} in {rows}");
        }
        app.unfolded = false;
        app.moment = Moment::end_of(4);
        assert_eq!(in_short(&app, 30), "0 1 2 3 4 5 6 7");
    }
}
