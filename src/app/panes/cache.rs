//! What frames and keys need of the moment shown, computed once when the moment or the cursor
//! changes: memory just before and at the moment, the writers of the byte under the cursor, the
//! map, and the narration of the step.
//!
//! An entry that belongs to another moment is not used: where a test changes the app directly, the
//! answers are computed again.

use std::sync::Arc;

use super::layout::Layout;
use super::memory_map::{MemoryMap, cells_in};
use super::previous_run::{self, PreviousMemory};
use super::typed_parts::{self, TypedPart};
use crate::app::App;
use crate::timeline::{Event, Image, Moment, Outcome, Write, describe_step, effect};

/// The most writers of one byte that are listed, the last one included.
pub(crate) const MAX_WRITERS: usize = 24;

/// The cache. Each part has a field that states what it was computed from.
#[derive(Debug, Clone, Default)]
pub(crate) struct ViewCache {
    key: Option<Key>,
    before: Image,
    at: Image,
    typed_parts: Vec<TypedPart>,
    /// That of the run before.
    previous: Option<PreviousMemory>,
    narration: String,
    /// The step, and how many steps had run: a later one may answer its question.
    narration_of: Option<(usize, usize)>,
    /// The latest first.
    writers: Vec<(Moment, Write)>,
    /// The address.
    writers_of: Option<u64>,
    map: Arc<MemoryMap>,
    /// The number of cells.
    map_of: Option<u16>,
}

/// What memory and the rest were computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    moment: Moment,
    is_unfolded: bool,
    /// Steps that had run.
    ran: usize,
    /// The child whose row is shown, and the beginning of the part that the row is in.
    child: Option<usize>,
    part: Moment,
}

impl Key {
    fn now(app: &App) -> Self {
        Key {
            moment: app.moment,
            is_unfolded: app.is_unfolded(),
            ran: app.timeline.steps().len(),
            child: app.child_here().map(|(index, _)| index),
            part: app.begin_of_part(),
        }
    }
}

impl App {
    /// Returns memory at the moment shown.
    pub(crate) fn memory(&self) -> Image {
        if self.is_current() {
            self.cache.at.clone()
        } else {
            self.timeline.memory_at(self.moment)
        }
    }

    /// Returns memory just before the event or the child shown or, where the step is folded, before
    /// the step.
    pub(crate) fn memory_before(&self) -> Image {
        if self.is_current() {
            self.cache.before.clone()
        } else {
            before(self)
        }
    }

    /// Returns memory as the guest started with it: after step 0, or before it while it is shown.
    pub(crate) fn memory_at_start(&self) -> Image {
        match self.moment.step {
            0 => Image::default(),
            _ => self.timeline.memory_after(0),
        }
    }

    /// Returns memory of the run before at the moment shown, where one is kept that ran the step.
    pub(crate) fn memory_of_previous_run(&self) -> Option<PreviousMemory> {
        if self.is_current() {
            self.cache.previous.clone()
        } else {
            previous_run::memory(self, &self.timeline.memory_at(self.moment))
        }
    }

    /// Returns the parts of memory that the script gave a type, at the moment shown.
    pub(super) fn typed_parts_of_script(&self) -> Vec<TypedPart> {
        if self.is_current() {
            self.cache.typed_parts.clone()
        } else {
            typed_parts::of_script(self, &self.memory())
        }
    }

    /// Returns the writes to the byte under the cursor up to the moment shown, the latest first, at
    /// most [`MAX_WRITERS`].
    pub(crate) fn writers(&self) -> Vec<(Moment, Write)> {
        if self.is_current() && self.cache.writers_of == Some(self.cursor) {
            return self.cache.writers.clone();
        }
        writers(self)
    }

    /// Returns what the step shown did, in one or two sentences, without an error that a trap
    /// describes better.
    pub(crate) fn narration(&self) -> String {
        if self.cache.narration_of == Some(self.narration_key()) {
            self.cache.narration.clone()
        } else {
            narration(self)
        }
    }

    /// Returns the map of memory at the moment shown, in `cells` cells.
    pub(crate) fn memory_map(&self, cells: u16) -> Arc<MemoryMap> {
        if self.is_current() && self.cache.map_of == Some(cells) {
            Arc::clone(&self.cache.map)
        } else {
            Arc::new(MemoryMap::of(self, cells))
        }
    }

    /// Returns the number of cells of the map on the screen; 0 where there is none.
    pub(in crate::app) fn map_cells(&self) -> u16 {
        Layout::of(self.size, self.pane)
            .map
            .map_or(0, |area| cells_in(area.width))
    }

    fn narration_key(&self) -> (usize, usize) {
        (self.moment.step, self.timeline.steps().len())
    }

    /// Returns how many events of the step shown have happened at the moment shown; `None` where the
    /// step is folded, or has neither events nor children.
    pub(crate) fn position(&self) -> Option<usize> {
        let record = self.record()?;
        let len = record.events.len();
        let has_rows = len > 0 || !record.children.is_empty();
        (has_rows && self.is_unfolded()).then(|| self.moment.event.min(len))
    }

    /// Returns the event that has just happened in an unfolded step; `None` on the row of a child that
    /// is more than one event.
    pub(crate) fn event(&self) -> Option<Event> {
        if let Some((_, child)) = self.child_here()
            && (child.events.len() != 1 || self.moment.event != child.events.end)
        {
            return None;
        }
        self.record()?.events.get(self.position()?.checked_sub(1)?)
    }

    /// Returns whether steps are shown with their events: they are unfolded, or the moment is
    /// within a step.
    pub(crate) fn is_unfolded(&self) -> bool {
        self.unfolded
            || self
                .record()
                .is_some_and(|r| self.moment.event < r.events.len())
    }

    /// Returns whether the cache belongs to the moment shown.
    fn is_current(&self) -> bool {
        self.cache.key == Some(Key::now(self))
    }

    /// Computes what depends on the moment again, where that changed.
    pub(in crate::app) fn refresh_moment(&mut self) {
        if !self.is_current() {
            self.cache.before = before(self);
            self.cache.at = self.timeline.memory_at(self.moment);
            self.cache.previous = previous_run::memory(self, &self.cache.at);
            self.cache.typed_parts = typed_parts::of_script(self, &self.cache.at);
            self.cache.writers_of = None;
            self.cache.map_of = None;
            self.cache.key = Some(Key::now(self));
        }
    }

    /// Computes what depends on moment and cursor again, where those changed.
    pub(in crate::app) fn refresh(&mut self) {
        self.refresh_moment();
        if self.cache.narration_of != Some(self.narration_key()) {
            self.cache.narration = narration(self);
            self.cache.narration_of = Some(self.narration_key());
        }
        let cells = self.map_cells();
        if self.cache.map_of != Some(cells) {
            self.cache.map = Arc::new(MemoryMap::of(self, cells));
            self.cache.map_of = Some(cells);
        }
        if self.cache.writers_of != Some(self.cursor) {
            if self.cache.writers_of.is_some() {
                // Another byte has another source, which begins unscrolled.
                self.scroll.source = 0;
            }
            self.cache.writers = writers(self);
            self.cache.writers_of = Some(self.cursor);
        }
    }

    /// Clears the cache, because another timeline is shown.
    pub(in crate::app) fn clear_cache(&mut self) {
        self.cache = ViewCache::default();
    }
}

fn before(app: &App) -> Image {
    let step = app.moment.step;
    if app.child_here().is_some() {
        return app.timeline.memory_at(app.begin_of_part());
    }
    match app.position() {
        Some(at) => app.timeline.memory_at(Moment {
            step,
            event: at.saturating_sub(1),
        }),
        None => app.timeline.memory_before(step),
    }
}

fn narration(app: &App) -> String {
    let has_trap = app
        .record()
        .is_some_and(|r| r.outcome == Outcome::Trapped && r.trap.is_some());
    let describe = if has_trap { effect } else { describe_step };
    describe(&app.timeline, app.moment.step)
}

fn writers(app: &App) -> Vec<(Moment, Write)> {
    app.timeline
        .writes_to(app.cursor, app.moment)
        .take(MAX_WRITERS)
        .collect()
}
