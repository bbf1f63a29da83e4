//! What is worth marking on a byte: that it changed, that a pointer shows to it, the span it lies in, that it was found.
//! Made once for a frame and a range of addresses; each question is then a short search.

use super::{App, view};
use crate::timeline::{Image, NamedSpan, StepRecord};

/// How recently a byte changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    No,
    /// It differs from the start, but not by this step. Only told where marks are cumulative.
    EarlierStep,
    ThisStep,
}

/// A pointer that shows to a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointerMark {
    pub name: String,
    pub address: u64,
    /// Where it pointed before this step moved it.
    pub is_old: bool,
    /// This step fetched it.
    pub fetched: bool,
}

/// The marks of a range of addresses at the moment shown.
#[derive(Debug, Clone)]
pub struct Marks<'a> {
    record: Option<&'a StepRecord>,
    /// Memory at the start and now, where marks are cumulative.
    since_start: Option<(Image, Image)>,
    pointers: Vec<PointerMark>,
    spans: Vec<NamedSpan>,
    /// Where hits begin, in order, and how long each is.
    found: Vec<u64>,
    found_len: u64,
    cursor: u64,
}

/// Squeezed rows can make a screen's range as large as memory: hits are looked for in its first part only.
const MOST_SEARCHED: u64 = 1 << 20;

impl<'a> Marks<'a> {
    /// The marks of `from..to`. Hits of the search are looked for in that range alone.
    pub fn of(app: &'a App, from: u64, to: u64) -> Self {
        let memory = app.memory();
        let needle = app.search.as_ref().map_or(&[][..], |s| &s.needle);
        Marks {
            record: app.record(),
            found: hits(&memory, needle, from, to),
            found_len: needle.len() as u64,
            since_start: app.cumulative.then(|| (view::start_image(app), memory)),
            pointers: app.record().map(pointers).unwrap_or_default(),
            spans: app.timeline.spans_at(app.moment.step),
            cursor: app.cursor,
        }
    }

    pub fn changed(&self, address: u64) -> Changed {
        if self.record.is_some_and(|r| r.changed(address)) {
            return Changed::ThisStep;
        }
        match &self.since_start {
            Some((start, now)) if start.byte(address).unwrap_or(0) != now.byte(address).unwrap_or(0) => {
                Changed::EarlierStep
            }
            _ => Changed::No,
        }
    }

    /// The pointers that show to this byte, old places included.
    pub fn pointers(&self, address: u64) -> impl Iterator<Item = &PointerMark> {
        self.pointers.iter().filter(move |p| p.address == address)
    }

    /// The pointers that show into `from..to`: for the margin of a row.
    pub fn pointers_in(&self, from: u64, to: u64) -> impl Iterator<Item = &PointerMark> {
        self.pointers.iter().filter(move |p| (from..to).contains(&p.address))
    }

    /// The named span the byte lies in: one in use rather than a released one, and the smallest of those.
    pub fn span(&self, address: u64) -> Option<&NamedSpan> {
        self.spans.iter().filter(|s| s.span.contains(address)).min_by_key(|s| (s.released, s.span.len))
    }

    /// Whether the byte is part of something the search found.
    pub fn is_found(&self, address: u64) -> bool {
        let after = self.found.partition_point(|start| *start <= address);
        let nearest = after.checked_sub(1).and_then(|i| self.found.get(i));
        nearest.is_some_and(|start| address - start < self.found_len)
    }

    pub fn is_cursor(&self, address: u64) -> bool {
        address == self.cursor
    }
}

fn pointers(record: &StepRecord) -> Vec<PointerMark> {
    let mark = |name: &str, address, is_old, fetched| PointerMark { name: name.to_owned(), address, is_old, fetched };
    record
        .pointers
        .iter()
        .flat_map(|p| {
            let old = p.moved_from.filter(|old| *old != p.address).map(|old| mark(&p.name, old, true, false));
            std::iter::once(mark(&p.name, p.address, false, p.fetched)).chain(old)
        })
        .collect()
}

/// Where the needle begins so that it reaches into `from..to`.
fn hits(memory: &Image, needle: &[u8], from: u64, to: u64) -> Vec<u64> {
    let Some(reach) = (needle.len() as u64).checked_sub(1) else { return Vec::new() };
    let start = from.saturating_sub(reach);
    let to = to.min(memory.len()).min(start.saturating_add(MOST_SEARCHED));
    if start >= to {
        return Vec::new();
    }
    let bytes = memory.read(start, to.saturating_add(reach).min(memory.len()) - start);
    let windows = (start..).zip(bytes.windows(needle.len()));
    windows.filter(|(_, window)| *window == needle).map(|(at, _)| at).collect()
}
