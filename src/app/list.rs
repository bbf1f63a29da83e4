//! The lines of the steps pane: the steps, and below the one shown, where it is unfolded, a window
//! of its events around the one shown. Costs what is shown: a step of ten million events is not
//! walked.

use super::layout::{Layout, content, first_step, step_count};
use super::{App, unfold};
use crate::timeline::{Attempt, StepRecord};

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListLine {
    Step(usize),
    /// Only so many of all the stores were recorded one by one.
    Recorded {
        stores: u64,
        all: u64,
    },
    /// How the rest was.
    Difference,
    /// So many events before the next line.
    Above(usize),
    /// An event of the step shown, counted from 1; whether nothing of the step follows it.
    Event {
        number: usize,
        is_last: bool,
    },
    /// So many events after the line before.
    Below(usize),
    /// The store that trapped.
    Attempt(Attempt),
}

/// The lines in a pane of so many rows, the event or step shown among them.
pub fn lines(app: &App, rows: u16) -> Vec<ListLine> {
    let (count, shown) = (step_count(app), app.moment.step);
    let rows = usize::from(rows);
    let inside = match app.record().filter(|_| app.is_unfolded()) {
        Some(step) => inside(
            step,
            app.position().unwrap_or(0),
            rows.saturating_sub(count.min((rows / 3).max(3))),
        ),
        None => Vec::new(),
    };
    let at = app.position().unwrap_or(0);
    let here = inside
        .iter()
        .position(|line| matches!(line, ListLine::Event { number, .. } if *number == at));
    let current = shown + here.map_or(0, |index| index + 1);
    let all = count + inside.len();
    let first = first_step(all, current, u16::try_from(rows).unwrap_or(u16::MAX));
    let line = |index: usize| match index.checked_sub(shown + 1) {
        None => ListLine::Step(index),
        Some(below) => inside
            .get(below)
            .cloned()
            .unwrap_or(ListLine::Step(index.saturating_sub(inside.len()))),
    };
    (first..all.min(first.saturating_add(rows)))
        .map(line)
        .collect()
}

/// How many events the list shows now.
pub fn event_rows(app: &App) -> usize {
    let rows = Layout::of(app.size, app.pane)
        .steps
        .map_or(0, |area| content(area).height);
    lines(app, rows)
        .iter()
        .filter(|line| matches!(line, ListLine::Event { .. }))
        .count()
}

/// What stands below a step in about `room` lines, `at` of its events having happened.
fn inside(step: &StepRecord, at: usize, room: usize) -> Vec<ListLine> {
    let len = step.events.len();
    let mut lines = Vec::new();
    if step.stores_recorded < step.stores {
        lines.push(ListLine::Recorded {
            stores: step.stores_recorded,
            all: step.stores,
        });
        lines.push(ListLine::Difference);
    }
    let attempt = unfold::attempted_store(step);
    let room = room
        .saturating_sub(lines.len() + usize::from(attempt.is_some()))
        .max(1);
    let current = at.saturating_sub(1);
    let first = first_step(len, current, u16::try_from(room).unwrap_or(u16::MAX));
    let end = len.min(first.saturating_add(room));
    for index in first..end {
        lines.push(match index {
            _ if room >= 3 && index == first && first > 0 => ListLine::Above(first + 1),
            _ if room >= 3 && index + 1 == end && end < len => ListLine::Below(len - index),
            _ => ListLine::Event {
                number: index + 1,
                is_last: index + 1 == len && attempt.is_none(),
            },
        });
    }
    lines.extend(attempt.map(ListLine::Attempt));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::apps::app;
    use crate::timeline::Moment;

    /// The lines in short: a step's number, `.n` for an event, `^n` and `vn` for those left out.
    fn told(app: &App, rows: u16) -> String {
        let told = lines(app, rows).into_iter().map(|line| match line {
            ListLine::Step(step) => step.to_string(),
            ListLine::Event { number, is_last } => {
                format!(".{number}{}", if is_last { "]" } else { "" })
            }
            ListLine::Above(count) => format!("^{count}"),
            ListLine::Below(count) => format!("v{count}"),
            other => format!("{other:?}"),
        });
        told.collect::<Vec<_>>().join(" ")
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
            let shown = told(&app, rows);
            assert_eq!(shown, expected, "{event} in {rows}");
        }
        app.unfolded = false;
        app.moment = Moment::end_of(4);
        assert_eq!(told(&app, 30), "0 1 2 3 4 5 6 7");
    }
}
