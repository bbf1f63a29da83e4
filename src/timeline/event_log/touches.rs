//! Which leaves the events touch, in the order of the events; and from that, which events touch
//! each leaf.

use std::sync::{Mutex, OnceLock, PoisonError};

/// A flag of an item: another touch of the same event.
const SAME_EVENT: u32 = 1 << 31;
/// A flag of an item: as many events as the next item has touch this leaf and no other.
const REPEATED: u32 = 1 << 30;
/// The value in place of a leaf where an event touches none.
const NO_LEAF: u32 = REPEATED - 1;

/// The indices of leaves in the order of the events that touch them: at least one item for each
/// event, or for several that are alike.
#[derive(Debug)]
pub(super) struct TouchStream {
    items: Vec<u32>,
    /// How many touches there are.
    touches: usize,
}

impl TouchStream {
    pub(super) fn with_capacity(events: usize) -> Self {
        TouchStream {
            items: Vec::with_capacity(events),
            touches: 0,
        }
    }

    /// Appends an event that touches no leaf.
    pub(super) fn push_none(&mut self) {
        self.items.push(NO_LEAF);
    }

    /// Appends a touch of a leaf: the first of a new event, or another of the last one.
    pub(super) fn push_part(&mut self, leaf: u32, is_first: bool) {
        self.touches += 1;
        self.items
            .push(if is_first { leaf } else { leaf | SAME_EVENT });
    }

    /// Appends events that each touch this leaf and no other.
    #[inline]
    pub(super) fn push_many(&mut self, leaf: u32, events: u32) {
        self.touches += events as usize;
        match events {
            1 => self.items.push(leaf),
            _ => self.items.extend([leaf | REPEATED, events]),
        }
    }

    /// Returns how much memory the stream takes, in bytes.
    pub(super) fn allocated_bytes(&self) -> usize {
        self.items.capacity() * size_of::<u32>()
    }

    /// Returns how many touches there are.
    pub(super) fn touches(&self) -> usize {
        self.touches
    }

    /// Returns the events that touch each leaf, leaf after leaf. `starts` has for each leaf where
    /// its events begin among all `total` touches.
    fn sort(&self, mut starts: Vec<usize>, total: usize) -> Vec<u32> {
        let mut touches = vec![0; total];
        let mut event = 0;
        let mut items = self.items.iter();
        while let Some(item) = items.next() {
            let next = starts.get_mut((item & NO_LEAF) as usize);
            if item & REPEATED != 0 {
                let count = items.next().copied().unwrap_or(0);
                if let Some(next) = next {
                    let here = touches
                        .get_mut(*next..*next + count as usize)
                        .unwrap_or_default();
                    here.iter_mut()
                        .zip(event..)
                        .for_each(|(touch, event)| *touch = event);
                    *next += here.len();
                }
                event += count;
                continue;
            }
            event -= u32::from(item & SAME_EVENT != 0);
            if let Some(next) = next {
                if let Some(touch) = touches.get_mut(*next) {
                    *touch = event;
                }
                *next += 1;
            }
            event += 1;
        }
        touches
    }
}

/// The events that touch each leaf, leaf after leaf. They are sorted when they are first read: a
/// transcript of a step does not need them.
#[derive(Debug, Default)]
pub(super) struct Touches {
    sorted: OnceLock<Vec<u32>>,
    unsorted: Mutex<Option<Unsorted>>,
    /// How much memory they take, sorted or not, in bytes.
    allocated_bytes: usize,
}

#[derive(Debug)]
struct Unsorted {
    stream: TouchStream,
    starts: Vec<usize>,
    total: usize,
}

impl Touches {
    /// Creates the `total` touches of a stream. `starts` has for each leaf where its own begin.
    pub(super) fn new(mut stream: TouchStream, starts: Vec<usize>, total: usize) -> Self {
        stream.items.shrink_to_fit();
        let unsorted = stream.items.len() * size_of::<u32>() + starts.len() * size_of::<usize>();
        Touches {
            sorted: OnceLock::new(),
            allocated_bytes: unsorted.max(total * size_of::<u32>()),
            unsorted: Mutex::new(Some(Unsorted {
                stream,
                starts,
                total,
            })),
        }
    }

    /// Returns the touches. The first call sorts them.
    #[inline]
    pub(super) fn sorted(&self) -> &[u32] {
        self.sorted.get_or_init(|| {
            let mut unsorted = self.unsorted.lock().unwrap_or_else(PoisonError::into_inner);
            let unsorted = unsorted.take();
            unsorted.map_or_else(Vec::new, |unsorted| {
                unsorted.stream.sort(unsorted.starts, unsorted.total)
            })
        })
    }

    pub(super) fn allocated_bytes(&self) -> usize {
        self.allocated_bytes
    }
}
