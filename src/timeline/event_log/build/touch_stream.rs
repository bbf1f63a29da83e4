//! Which leaves the events touch, in the order of the events; and out of that, which events touch
//! each leaf.

/// In an entry: another touch of the same event.
const MORE: u32 = 1 << 31;
/// In an entry: so many events as the next entry says touch the same leaf and no other.
const MANY: u32 = 1 << 30;
/// In place of a leaf: the event touches none.
const NONE: u32 = MANY - 1;

/// Places of leaves, in order of the events that touch them: at least one entry for each event, or
/// for many.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    entries: Vec<u32>,
}

impl Stream {
    pub(super) fn with_capacity(events: usize) -> Self {
        Stream {
            entries: Vec::with_capacity(events),
        }
    }

    pub(super) fn push_none(&mut self) {
        self.entries.push(NONE);
    }

    /// An event touches a leaf, its first or one more.
    pub(super) fn push_part(&mut self, place: u32, is_first: bool) {
        self.entries
            .push(if is_first { place } else { place | MORE });
    }

    /// So many events each touch one leaf, the same.
    #[inline]
    pub(super) fn push_many(&mut self, place: u32, events: u32) {
        match events {
            1 => self.entries.push(place),
            _ => self.entries.extend([place | MANY, events]),
        }
    }

    /// The events that touch each leaf, from where its own start among all, by its place.
    pub(super) fn sort(&self, mut starts: Vec<usize>, total: usize) -> Vec<u32> {
        let mut touches = vec![0; total];
        let mut event = 0;
        let mut entries = self.entries.iter();
        while let Some(entry) = entries.next() {
            let next = starts.get_mut((entry & NONE) as usize);
            if entry & MANY != 0 {
                let count = entries.next().copied().unwrap_or(0);
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
            event -= u32::from(entry & MORE != 0);
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
