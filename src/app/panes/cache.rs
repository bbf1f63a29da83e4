//! What a frame and a key need of the moment shown, worked out once when the moment or the cursor
//! changes and not again for each frame: memory just before and at the moment, who wrote the byte
//! under the cursor, and the step's narration. Where the state was changed behind its back, as
//! tests do, the answers are worked out anew.

use std::sync::Arc;

use super::layout::Layout;
use super::memory_map::{Strip, cells_in};
use crate::app::App;
use crate::timeline::{Event, Image, Moment, Outcome, Write, effect, narrate};

/// The most writers of one byte that are kept, the last one included.
pub const MAX_WRITERS: usize = 24;

/// What is kept for the moment shown.
#[derive(Debug, Clone, Default)]
pub struct ViewCache {
    of: Option<Of>,
    before: Image,
    at: Image,
    narration: String,
    /// The step it tells of, and how many had run: a later one may answer its question.
    narration_of: Option<(usize, usize)>,
    /// Of the byte at `writers_of`, latest first.
    writers: Vec<(Moment, Write)>,
    writers_of: Option<u64>,
    map: Arc<Strip>,
    /// The cells it has, where it is that of the moment.
    map_of: Option<u16>,
}

/// What the rest was worked out from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Of {
    moment: Moment,
    is_unfolded: bool,
    /// Steps that had run.
    ran: usize,
}

impl Of {
    fn now(app: &App) -> Self {
        Of {
            moment: app.moment,
            is_unfolded: app.is_unfolded(),
            ran: app.timeline.steps().len(),
        }
    }
}

impl App {
    /// Memory at the moment shown.
    pub fn memory(&self) -> Image {
        if self.is_known() {
            self.shown.at.clone()
        } else {
            self.timeline.memory_at(self.moment)
        }
    }

    /// Memory just before the event shown; where the step is folded, before the step.
    pub fn memory_before(&self) -> Image {
        if self.is_known() {
            self.shown.before.clone()
        } else {
            before(self)
        }
    }

    /// The writes to the byte under the cursor up to the moment shown, latest first, at most
    /// [`MAX_WRITERS`].
    pub fn writers(&self) -> Vec<(Moment, Write)> {
        if self.is_known() && self.shown.writers_of == Some(self.cursor) {
            return self.shown.writers.clone();
        }
        writers(self)
    }

    /// What the step shown did, in one or two sentences; the error it ended in is left out where a
    /// trap tells more.
    pub fn narration(&self) -> String {
        if self.shown.narration_of == Some(self.told()) {
            self.shown.narration.clone()
        } else {
            narration(self)
        }
    }

    /// Returns the map of memory at the moment shown, in `cells` cells.
    pub fn strip(&self, cells: u16) -> Arc<Strip> {
        if self.is_known() && self.shown.map_of == Some(cells) {
            Arc::clone(&self.shown.map)
        } else {
            Arc::new(Strip::of(self, cells))
        }
    }

    /// Returns the number of cells of the map on the screen; 0 where there is none.
    pub(in crate::app) fn map_cells(&self) -> u16 {
        Layout::of(self.size, self.pane)
            .map
            .map_or(0, |area| cells_in(area.width))
    }

    fn told(&self) -> (usize, usize) {
        (self.moment.step, self.timeline.steps().len())
    }

    /// How many events of the step shown have happened at the moment shown; `None` where the step
    /// is folded or has none.
    pub fn position(&self) -> Option<usize> {
        let len = self.record().map_or(0, |r| r.events.len());
        (len > 0 && self.is_unfolded()).then(|| self.moment.event.min(len))
    }

    /// The event that has just happened, in an unfolded step; before the first, none has.
    pub fn event(&self) -> Option<Event> {
        self.record()?.events.get(self.position()?.checked_sub(1)?)
    }

    /// Whether steps are shown with their events: by the person's wish, or because the moment lies
    /// within a step.
    pub fn is_unfolded(&self) -> bool {
        self.unfolded
            || self
                .record()
                .is_some_and(|r| self.moment.event < r.events.len())
    }

    fn is_known(&self) -> bool {
        self.shown.of == Some(Of::now(self))
    }

    /// Works out again what the moment asks for, where it changed.
    pub(in crate::app) fn refresh_moment(&mut self) {
        if !self.is_known() {
            self.shown.before = before(self);
            self.shown.at = self.timeline.memory_at(self.moment);
            self.shown.writers_of = None;
            self.shown.map_of = None;
            self.shown.of = Some(Of::now(self));
        }
    }

    /// Works out again what the moment and the cursor ask for, as far as they changed.
    pub(in crate::app) fn refresh(&mut self) {
        self.refresh_moment();
        if self.shown.narration_of != Some(self.told()) {
            self.shown.narration = narration(self);
            self.shown.narration_of = Some(self.told());
        }
        let cells = self.map_cells();
        if self.shown.map_of != Some(cells) {
            self.shown.map = Arc::new(Strip::of(self, cells));
            self.shown.map_of = Some(cells);
        }
        if self.shown.writers_of != Some(self.cursor) {
            if self.shown.writers_of.is_some() {
                // Another byte has another source: what was scrolled was the old one's.
                self.scroll.source = 0;
            }
            self.shown.writers = writers(self);
            self.shown.writers_of = Some(self.cursor);
        }
    }

    /// Forgets everything, for a timeline that took another one's place.
    pub(in crate::app) fn clear_cache(&mut self) {
        self.shown = ViewCache::default();
    }
}

fn before(app: &App) -> Image {
    let step = app.moment.step;
    match app.position() {
        Some(at) => app.timeline.memory_at(Moment {
            step,
            event: at.saturating_sub(1),
        }),
        None => app.timeline.memory_before(step),
    }
}

fn narration(app: &App) -> String {
    let is_told_by_trap = app
        .record()
        .is_some_and(|r| r.outcome == Outcome::Trapped && r.trap.is_some());
    let tell = if is_told_by_trap { effect } else { narrate };
    tell(&app.timeline, app.moment.step)
}

fn writers(app: &App) -> Vec<(Moment, Write)> {
    app.timeline
        .writes_to(app.cursor, app.moment)
        .take(MAX_WRITERS)
        .collect()
}
