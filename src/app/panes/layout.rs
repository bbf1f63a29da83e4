//! The rectangles of the panes at each size of the terminal. Pure geometry: `ui` draws into it, and
//! clicks are looked up in it.
//!
//! Wide, from 120 x 24, and from 160 columns with the memory panes side by side where rows of 16
//! bytes fit twice:
//! ```text
//! header                                 header
//! steps        │ before                  steps           │ before            │ after
//!              │ after                                   │                   │
//!              │ source    │ inspector                   │                   │
//! happened                               happened          │ inspector         │ source
//! map                                    map
//! status                                 status
//! ```
//! Wide but below 160 columns and 32 rows: the inspector is beside what happened, and the source
//! takes its place while it has the focus. The guest and the fields take the source's place while
//! they have the focus. Medium, from 80 x 12: one pane in the lower slot, the one that has the focus; below 18
//! rows memory is shown after the step only. A slot below memory grows while a pane in it has the
//! focus. Small, from 40 x 12: one pane at a time under a line of tabs. Tiny: one line.
//!
//! Every pane's rectangle begins with its title line; `content` is what is below it. Columns left
//! of a pane that are not the screen's edge hold a separator.

use ratatui::layout::Rect;

use super::row_format::RowFormat;
use crate::app::{App, Pane};
use crate::timeline::Span;

/// The smallest size that shows more than one line, in columns and rows.
pub(crate) const MIN_SIZE: (u16, u16) = (40, 12);

const WIDE: (u16, u16) = (120, 24);
const MEDIUM: (u16, u16) = (80, 12);
/// Columns from which three panes are side by side at the bottom.
const THREE_BELOW: u16 = 160;
/// Rows from which the source is beside the inspector, below memory, on a narrower screen.
const TALL: u16 = 32;
/// Rows that the lower slot grows to while it has the focus, on a screen of at least twice as many.
const LOWER_IN_FOCUS: u16 = 12;
/// The least and the most columns of the list of steps, where it is beside memory.
const STEPS: (u16, u16) = (28, 44);

/// A class of screens with the same arrangement of panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Wide,
    Medium,
    Small,
    Tiny,
}

impl Class {
    /// Returns the class of a screen of `columns` and `rows`.
    pub fn of((columns, rows): (u16, u16)) -> Self {
        let fits = |least: (u16, u16)| columns >= least.0 && rows >= least.1;
        match () {
            () if fits(WIDE) => Class::Wide,
            () if fits(MEDIUM) => Class::Medium,
            () if fits(MIN_SIZE) => Class::Small,
            () => Class::Tiny,
        }
    }
}

/// The rectangles of one screen; `None` for what is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub(crate) class: Class,
    pub(crate) header: Rect,
    /// The names of the panes, where only one is shown.
    pub(crate) tabs: Option<Rect>,
    pub(crate) steps: Option<Rect>,
    pub(crate) before: Option<Rect>,
    pub(crate) after: Option<Rect>,
    pub(crate) happened: Option<Rect>,
    pub(crate) inspector: Option<Rect>,
    pub(crate) source: Option<Rect>,
    pub(crate) guest: Option<Rect>,
    pub(crate) fields: Option<Rect>,
    pub(crate) map: Option<Rect>,
    pub(crate) status: Rect,
    /// One column wide each.
    pub(crate) separators: Vec<Rect>,
}

impl Layout {
    /// Returns the layout of a screen of `size` columns and rows, with the focus on `pane`.
    pub(crate) fn of(size: (u16, u16), pane: Pane) -> Self {
        let class = Class::of(size);
        let (columns, rows) = size;
        let mut layout = Layout {
            class,
            header: Rect::new(0, 0, columns, rows.min(1)),
            tabs: None,
            steps: None,
            before: None,
            after: None,
            happened: None,
            inspector: None,
            source: None,
            guest: None,
            fields: None,
            map: None,
            status: Rect::new(0, rows.saturating_sub(1), columns, rows.min(1)),
            separators: Vec::new(),
        };
        match class {
            Class::Wide if columns < THREE_BELOW && rows >= TALL => {
                layout.place_tall(columns, rows, pane);
            }
            Class::Wide => layout.place_wide(columns, rows, pane),
            Class::Medium => layout.place_medium(columns, rows, pane),
            Class::Small => layout.place_small(columns, rows, pane),
            Class::Tiny => {}
        }
        layout
    }

    fn place_wide(&mut self, columns: u16, rows: u16, pane: Pane) {
        let body = self.take_map(columns, rows);
        let (upper, lower) =
            split_below(body, lower_rows(body, (body.height / 3).clamp(5, 11), pane));
        let side_by_side = columns >= two_panes_of(16);
        let memory = self.place_steps(upper, if side_by_side { 2 } else { 1 });
        if side_by_side {
            let (before, after) = self.split_beside(memory, memory.width.saturating_sub(1) / 2);
            self.before = Some(before);
            self.after = Some(after);
        } else {
            self.place_stacked(memory);
        }
        if columns >= THREE_BELOW {
            let (happened, rest) = self.split_beside(lower, lower.width.saturating_mul(2) / 5);
            let columns = match pane {
                Pane::Fields => rest.width.saturating_mul(2) / 5,
                _ => rest.width / 2,
            };
            let (inspector, source) = self.split_beside(rest, columns);
            self.happened = Some(happened);
            self.inspector = Some(inspector);
            self.place_source(source, pane);
            return;
        }
        let (happened, right) = self.split_beside(lower, lower.width / 2);
        self.happened = Some(happened);
        match pane {
            Pane::Source | Pane::Guest | Pane::Fields => self.place_source(right, pane),
            _ => self.inspector = Some(right),
        }
    }

    fn place_tall(&mut self, columns: u16, rows: u16, pane: Pane) {
        let body = self.take_map(columns, rows);
        let in_focus = |is_there: bool, rows: u16| {
            if is_there {
                rows.max(LOWER_IN_FOCUS)
            } else {
                rows
            }
        };
        let (upper, lower) = split_below(
            body,
            in_focus(pane == Pane::Happened, (body.height / 6).clamp(5, 8)),
        );
        self.happened = Some(lower);
        let right = self.place_steps(upper, 1);
        let is_beside = matches!(pane, Pane::Inspector | Pane::Source | Pane::Guest);
        let beside = match pane {
            Pane::Fields => right.height / 2,
            _ => in_focus(is_beside, (body.height / 4).clamp(8, 11)),
        };
        let (memory, beside) = split_below(right, beside);
        self.place_stacked(memory);
        let columns = match pane {
            Pane::Fields => beside.width.saturating_mul(3) / 5,
            _ => beside.width / 2,
        };
        let (source, inspector) = self.split_beside(beside, columns);
        self.place_source(source, pane);
        self.inspector = Some(inspector);
    }

    /// Places the source, or the guest or the fields while they have the focus.
    fn place_source(&mut self, area: Rect, pane: Pane) {
        match pane {
            Pane::Guest => self.guest = Some(area),
            Pane::Fields => self.fields = Some(area),
            _ => self.source = Some(area),
        }
    }

    fn place_medium(&mut self, columns: u16, rows: u16, pane: Pane) {
        let body = self.take_map(columns, rows);
        let (upper, lower) = split_below(
            body,
            lower_rows(body, (body.height.saturating_mul(2) / 7).clamp(4, 8), pane),
        );
        let memory = self.place_steps(upper, 1);
        if rows >= 18 {
            self.place_stacked(memory);
        } else {
            self.after = Some(memory);
        }
        match pane {
            Pane::Inspector => self.inspector = Some(lower),
            Pane::Source | Pane::Guest | Pane::Fields => self.place_source(lower, pane),
            Pane::Steps | Pane::Memory | Pane::Happened => self.happened = Some(lower),
        }
    }

    fn place_small(&mut self, columns: u16, rows: u16, pane: Pane) {
        let mut body = if rows >= 16 {
            self.take_map(columns, rows)
        } else {
            Rect::new(0, 1, columns, rows.saturating_sub(2))
        };
        self.tabs = Some(Rect { height: 1, ..body });
        body = Rect {
            y: body.y + 1,
            height: body.height.saturating_sub(1),
            ..body
        };
        match pane {
            Pane::Steps => self.steps = Some(body),
            Pane::Memory if body.height >= 14 => self.place_stacked(body),
            Pane::Memory => self.after = Some(body),
            Pane::Happened => self.happened = Some(body),
            Pane::Inspector => self.inspector = Some(body),
            Pane::Source | Pane::Guest | Pane::Fields => self.place_source(body, pane),
        }
    }

    /// Places the map above the status line, with a row for names on a tall screen. Returns what is
    /// left for the panes.
    fn take_map(&mut self, columns: u16, rows: u16) -> Rect {
        let height = if rows >= TALL && columns >= MEDIUM.0 {
            2
        } else {
            1
        };
        self.map = Some(Rect::new(
            0,
            rows.saturating_sub(height + 1),
            columns,
            height,
        ));
        Rect::new(0, 1, columns, rows.saturating_sub(height + 2))
    }

    /// Places the steps on the left. Returns what is left for `panes` memory panes side by side.
    fn place_steps(&mut self, area: Rect, panes: u16) -> Rect {
        let wanted = RowFormat::roomy_columns(row_width((area.width, u16::MAX)))
            .saturating_add(1)
            .saturating_mul(panes);
        let width = area.width.saturating_sub(wanted).clamp(STEPS.0, STEPS.1);
        let (steps, memory) = self.split_beside(area, width);
        self.steps = Some(steps);
        memory
    }

    fn place_stacked(&mut self, area: Rect) {
        let (before, after) = split_below(area, area.height.div_ceil(2));
        self.before = Some(before);
        self.after = Some(after);
    }

    /// Splits an area into two with a separator between them, the left one `width` columns wide.
    fn split_beside(&mut self, area: Rect, width: u16) -> (Rect, Rect) {
        let width = width.min(area.width.saturating_sub(1));
        let x = area.x.saturating_add(width);
        self.separators.push(Rect {
            x,
            width: 1,
            ..area
        });
        let right = Rect {
            x: x.saturating_add(1),
            width: area.width.saturating_sub(width + 1),
            ..area
        };
        (Rect { width, ..area }, right)
    }

    /// Returns the panes that are shown with their rectangles. Both memory panes are [`Pane::Memory`].
    pub(crate) fn panes(&self) -> impl Iterator<Item = (Pane, Rect)> {
        [
            (Pane::Steps, self.steps),
            (Pane::Memory, self.before),
            (Pane::Memory, self.after),
            (Pane::Happened, self.happened),
            (Pane::Inspector, self.inspector),
            (Pane::Source, self.source),
            (Pane::Guest, self.guest),
            (Pane::Fields, self.fields),
        ]
        .into_iter()
        .filter_map(|(pane, area)| area.map(|area| (pane, area)))
    }

    /// Returns how many lines a memory pane shows; `None` where none is shown.
    pub fn memory_rows(&self) -> Option<u16> {
        let panes = [self.before, self.after].into_iter().flatten();
        panes.map(|area| content(area).height).min()
    }
}

/// Returns the rows of the lower slot: `rows`, or more while a pane in it has the focus.
fn lower_rows(body: Rect, rows: u16, pane: Pane) -> u16 {
    match pane {
        Pane::Steps | Pane::Memory => rows,
        Pane::Happened | Pane::Inspector | Pane::Source | Pane::Guest => {
            rows.max((body.height / 2).min(LOWER_IN_FOCUS))
        }
        Pane::Fields => rows.max(body.height / 2),
    }
}

/// Returns the part of a pane's rectangle below its title.
pub(crate) fn content(area: Rect) -> Rect {
    Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// Splits an area into two, the lower one `lower` rows high.
fn split_below(area: Rect, lower: u16) -> (Rect, Rect) {
    let lower = lower.min(area.height);
    let upper = area.height - lower;
    (
        Rect {
            height: upper,
            ..area
        },
        Rect {
            y: area.y.saturating_add(upper),
            height: lower,
            ..area
        },
    )
}

/// Returns the columns that two memory panes with rows of `bytes` bytes need beside the steps.
fn two_panes_of(bytes: u64) -> u16 {
    RowFormat::roomy_columns(bytes)
        .saturating_add(1)
        .saturating_mul(2)
        .saturating_add(STEPS.0)
}

/// Returns the bytes in a row of the memory panes: 8, 16 or 32.
pub(crate) fn row_width(size: (u16, u16)) -> u64 {
    let one_of_16 = RowFormat::roomy_columns(16)
        .saturating_add(1)
        .saturating_add(STEPS.0);
    match size.0 {
        columns if columns >= two_panes_of(32) => 32,
        columns if columns >= one_of_16 => 16,
        _ => 8,
    }
}

/// Returns how many lines a memory pane shows, or would show with the focus; 0 on a tiny screen.
pub fn memory_rows(app: &App) -> u16 {
    let rows = |pane| Layout::of(app.size, pane).memory_rows();
    rows(app.pane).or_else(|| rows(Pane::Memory)).unwrap_or(0)
}

/// Returns the bytes that the memory panes show, or would show with the focus.
pub(crate) fn window(app: &App) -> Span {
    window_of(app, memory_rows(app))
}

/// Returns the bytes that memory panes of `rows` lines show; at least one row.
pub(crate) fn window_of(app: &App, rows: u16) -> Span {
    Span {
        start: app.top,
        len: row_width(app.size).saturating_mul(u64::from(rows.max(1))),
    }
}

/// A pane's tab: its name, and the column where its key is.
type Tab = (Pane, &'static str, u16);

const TABS: [Tab; 7] = [
    (Pane::Steps, "steps", 1),
    (Pane::Memory, "memory", 10),
    (Pane::Happened, "what", 20),
    (Pane::Inspector, "byte", 28),
    (Pane::Source, "source", 36),
    (Pane::Guest, "guest", 46),
    (Pane::Fields, "fields", 55),
];

const NARROW_TABS: [Tab; 6] = [
    (Pane::Steps, "step", 0),
    (Pane::Memory, "mem", 7),
    (Pane::Happened, "what", 13),
    (Pane::Inspector, "byte", 20),
    (Pane::Source, "src", 27),
    (Pane::Guest, "guest", 33),
];

/// The tabs of a narrow line where memory has fields: no blank is between number and name.
const NARROWEST_TABS: [Tab; 7] = [
    (Pane::Steps, "step", 0),
    (Pane::Memory, "mem", 6),
    (Pane::Happened, "what", 11),
    (Pane::Inspector, "byte", 17),
    (Pane::Source, "src", 23),
    (Pane::Guest, "guest", 28),
    (Pane::Fields, "flds", 35),
];

/// Returns the tabs of a line of `columns` columns. Fields have one where `has_fields`.
pub(crate) fn tabs(columns: u16, has_fields: bool) -> &'static [Tab] {
    match has_fields {
        true if columns >= 64 => &TABS,
        true => &NARROWEST_TABS,
        false if columns >= 54 => TABS.split_last().map_or(&[], |(_, tabs)| tabs),
        false => &NARROW_TABS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_never_overlap_nor_leave_the_screen() {
        for columns in (0..400).step_by(7) {
            for rows in (0..70).step_by(3) {
                for pane in Pane::ALL {
                    let layout = Layout::of((columns, rows), pane);
                    let screen = Rect::new(0, 0, columns, rows);
                    let mut areas: Vec<Rect> = layout.panes().map(|(_, area)| area).collect();
                    areas.extend(layout.separators.iter().copied());
                    areas.extend(layout.tabs.iter().chain(&layout.map));
                    if layout.class != Class::Tiny {
                        areas.extend([layout.header, layout.status]);
                    }
                    for (i, a) in areas.iter().enumerate() {
                        assert_eq!(a.intersection(screen), *a, "{columns}x{rows} {pane:?}");
                        assert!(
                            areas.iter().skip(i + 1).all(|b| !a.intersects(*b)),
                            "{columns}x{rows} {pane:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_focused_pane_is_on_the_screen() {
        for size in [
            (40, 12),
            (60, 20),
            (80, 24),
            (119, 12),
            (120, 24),
            (159, 40),
            (200, 50),
            (400, 90),
        ] {
            for pane in Pane::ALL {
                assert!(
                    Layout::of(size, pane).panes().any(|(p, _)| p == pane),
                    "{size:?} {pane:?}"
                );
            }
        }
    }

    #[test]
    fn rows_hold_as_many_bytes_as_fit() {
        let widths = [40, 80, 113, 114, 120, 199, 200, 400].map(|columns| row_width((columns, 50)));
        assert_eq!(widths, [8, 8, 8, 16, 16, 16, 16, 32]);
        assert!(
            Layout::of((200, 50), Pane::Memory)
                .before
                .is_some_and(|area| area.width >= 85)
        );
        assert_eq!(
            Layout::of((199, 50), Pane::Memory)
                .before
                .map(|area| area.x),
            Some(45)
        );
    }
}
