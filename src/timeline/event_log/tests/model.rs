//! What happens to a memory, done plainly beside a recording of it.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::journal_abi::{SiteKind, Slot, StoreSite};
use crate::timeline::event_log::*;
use crate::timeline::{Image, PAGE, StepKind, StepRecord, Timeline, Writer};

pub(super) const WIDE: u32 = 5;

pub(in crate::timeline::event_log) const FILL: u32 = 6;

pub(super) const COPY: u32 = 7;

pub(super) const COPY_FROM: u32 = 8;

pub(super) const INIT: u32 = 9;

pub(super) const GROW: u32 = 10;

/// Like the store of 4 bytes, with an immediate.
pub(super) const FAR: u32 = 11;

pub(super) const IMMEDIATE: u64 = 0x1_0000;

/// Sites 1 to 4 store 1, 2, 4 and 8 bytes.
pub(in crate::timeline::event_log) fn sites() -> Arc<SiteTable> {
    let segment: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let store = |width| SiteKind::Store { width };
    let bulk = [
        SiteKind::Vector,
        SiteKind::Fill,
        SiteKind::Copy,
        SiteKind::CopyFrom,
        SiteKind::Init { segment: 0 },
    ];
    let kinds = [1, 2, 4, 8]
        .map(store)
        .into_iter()
        .chain(bulk)
        .chain([SiteKind::Grow]);
    let mut sites: Vec<_> = kinds.map(|kind| site(kind, 0)).collect();
    sites.push(site(store(4), IMMEDIATE));
    Arc::new(SiteTable::new(sites).with_segments(|_| Some(&segment)))
}

pub(in crate::timeline::event_log) fn site(kind: SiteKind, immediate: u64) -> StoreSite {
    StoreSite {
        function: 0,
        offset: 0,
        immediate,
        kind,
    }
}

pub(in crate::timeline::event_log) fn slot(site: u32, address: u32, value: u64) -> Vec<u8> {
    let slot = Slot {
        site,
        address,
        value,
    };
    slot.encode().into()
}

pub(super) fn wide_slots(address: u32, value: [u8; 16]) -> Vec<u8> {
    let mut pair = slot(WIDE, address, 0);
    pair.extend(value);
    pair
}

/// One thing that happens, appended to a recording and done to plain bytes.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Store {
        site: u32,
        at: Index,
        value: u64,
    },
    Wide {
        at: Index,
        value: [u8; 16],
    },
    /// A loop over an array.
    Loop {
        sites: Vec<u32>,
        at: Index,
        stride: u32,
        rows: u32,
    },
    Fill {
        at: Index,
        len: u64,
        byte: u8,
    },
    Copy {
        from: Index,
        to: Index,
        len: u64,
    },
    CopyFrom {
        at: Index,
        bytes: Vec<u8>,
    },
    Init {
        at: Index,
        from: u64,
        len: u64,
    },
    Grow {
        pages: u32,
        is_refused: bool,
    },
    HostGrow,
    Host {
        at: Index,
        bytes: Vec<u8>,
    },
    Import {
        at: Index,
        bytes: Vec<u8>,
    },
    Difference {
        at: Index,
        bytes: Vec<u8>,
    },
    /// Nothing, but that all before it is settled.
    Ahead,
}

/// What ought to come out: each event with its bytes before.
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    pub(super) events: Vec<Event>,
    pub(super) sites: Arc<SiteTable>,
}

impl Plain {
    pub(super) fn at(&self, index: &Index, len: u64) -> u64 {
        index.index(self.bytes.len() - len as usize + 1) as u64
    }

    pub(super) fn pages(&self) -> u64 {
        self.bytes.len() as u64 / PAGE
    }

    pub(super) fn write(&mut self, start: u64, after: &[u8], writer: Writer, is_difference: bool) {
        let mut from = 0;
        while from < after.len() {
            let at = start + from as u64;
            let to = match after.len() as u64 > PAGE {
                true => after.len().min(from + (PAGE - at % PAGE) as usize),
                false => after.len(),
            };
            let target = &mut self.bytes[at as usize..at as usize + to - from];
            let before = Arc::from(&*target);
            target.copy_from_slice(&after[from..to]);
            let after = Arc::from(&after[from..to]);
            self.events.push(Event::Write(Write {
                start: at,
                before,
                after,
                writer: writer.clone(),
                is_difference,
            }));
            from = to;
        }
    }

    pub(super) fn guest(&mut self, site: u32, start: u64, after: &[u8]) {
        let writer = self.sites.writer(site);
        self.write(start, after, writer, false);
    }

    pub(super) fn grow(&mut self, pages: u64, by: Writer) {
        let before = self.pages();
        self.bytes.resize(((before + pages) * PAGE) as usize, 0);
        self.events.push(Event::Growth(Growth {
            before,
            after: before + pages,
            by,
        }));
    }

    pub(super) fn act(&mut self, op: &Op, recording: &mut Recording) {
        let import = Writer::Import {
            module: "env".into(),
            name: "f".into(),
        };
        match op {
            Op::Store { site, at, value } => {
                let len = [1, 2, 4, 8, 4][if *site == FAR { 4 } else { *site as usize - 1 }];
                let immediate = if *site == FAR {
                    IMMEDIATE.min(self.bytes.len() as u64 - len)
                } else {
                    0
                };
                let start = self.at(at, len).max(immediate);
                let is_far = *site == FAR && immediate == IMMEDIATE;
                let site = if *site == FAR && !is_far { 3 } else { *site };
                let operand = if is_far { start - IMMEDIATE } else { start };
                recording.push_slots(&slot(site, operand as u32, *value));
                self.guest(site, start, &value.to_le_bytes()[..len as usize]);
            }
            Op::Wide { at, value } => {
                let start = self.at(at, 16);
                recording.push_slots(&wide_slots(start as u32, *value));
                self.guest(WIDE, start, value);
            }
            Op::Loop {
                sites,
                at,
                stride,
                rows,
            } => {
                let start = self.at(at, 40_000);
                let mut all = Vec::new();
                for row in 0..*rows {
                    for (column, site) in (0u64..).zip(sites) {
                        let at = start + u64::from(row * stride) + column;
                        let value: [u8; 16] = std::array::from_fn(|i| {
                            (row as u8).wrapping_mul(7) ^ (column as u8 + i as u8)
                        });
                        let low = u64::from_le_bytes(*value.first_chunk().unwrap());
                        match *site {
                            WIDE => all.extend(wide_slots(at as u32, value)),
                            site => all.extend(slot(site, at as u32, low)),
                        }
                        self.guest(*site, at, &value[..1 << (site - 1)]);
                    }
                }
                recording.push_slots(&all);
            }
            Op::Fill { at, len, byte } => {
                let len = (*len).min(self.bytes.len() as u64);
                let start = self.at(at, len);
                recording.push_slots(&slot(FILL, start as u32, len | u64::from(*byte) << 32));
                self.guest(FILL, start, &vec![*byte; len as usize]);
            }
            Op::Copy { from, to, len } => {
                let len = (*len).min(self.bytes.len() as u64);
                let (from, to) = (self.at(from, len), self.at(to, len));
                recording.push_slots(&slot(COPY, to as u32, len | from << 32));
                let bytes = self.bytes[from as usize..(from + len) as usize].to_vec();
                self.guest(COPY, to, &bytes);
            }
            Op::CopyFrom { at, bytes } => {
                let start = self.at(at, bytes.len() as u64);
                recording.push_slots(&slot(COPY_FROM, start as u32, bytes.len() as u64));
                recording.push_copied(bytes);
                self.guest(COPY_FROM, start, bytes);
            }
            Op::Init { at, from, len } => {
                let len = (*len).min(self.bytes.len() as u64);
                let start = self.at(at, len);
                recording.push_slots(&slot(INIT, start as u32, len | from << 32));
                let bytes: Vec<u8> = (*from..from + len).map(|i| i as u8).collect();
                self.guest(INIT, start, &bytes);
            }
            Op::Grow { pages, is_refused } => {
                let old = if *is_refused {
                    u64::from(u32::MAX)
                } else {
                    self.pages()
                };
                recording.push_slots(&slot(GROW, *pages, old));
                if !is_refused && *pages > 0 {
                    self.grow(u64::from(*pages), Writer::guest());
                }
            }
            Op::HostGrow => {
                recording.push_growth(self.pages(), self.pages() + 1, Writer::Host);
                self.grow(1, Writer::Host);
            }
            Op::Host { at, bytes } => {
                let start = self.at(at, bytes.len() as u64);
                recording.push_write(start, bytes, Writer::Host);
                self.write(start, bytes, Writer::Host, false);
            }
            Op::Import { at, bytes } => {
                let start = self.at(at, bytes.len() as u64);
                recording.push_write(start, bytes, import.clone());
                self.write(start, bytes, import, false);
            }
            Op::Difference { at, bytes } => {
                let start = self.at(at, bytes.len() as u64);
                recording.push_difference(start, bytes, Writer::guest());
                self.write(start, bytes, Writer::guest(), true);
            }
            Op::Ahead => recording.settle_so_far(),
        }
    }
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let at = any::<Index>;
    let bytes = || prop::collection::vec(any::<u8>(), 1..40);
    let len = || prop_oneof![4 => 0..300u64, 1 => 4000..9000u64, 1 => 60_000..100_000u64];
    prop_oneof![
        12 => (prop_oneof![1..5u32, Just(FAR)], at(), any::<u64>()).prop_map(|(site, at, value)| Op::Store { site, at, value }),
        3 => (at(), any::<[u8; 16]>()).prop_map(|(at, value)| Op::Wide { at, value }),
        1 => (prop::collection::vec(1..=WIDE, 1..4), at(), 0..64u32, 1..600u32)
            .prop_map(|(sites, at, stride, rows)| Op::Loop { sites, at, stride, rows }),
        2 => (at(), len(), any::<u8>()).prop_map(|(at, len, byte)| Op::Fill { at, len, byte }),
        3 => (at(), at(), len()).prop_map(|(from, to, len)| Op::Copy { from, to, len }),
        1 => (at(), bytes()).prop_map(|(at, bytes)| Op::CopyFrom { at, bytes }),
        1 => (at(), 0..200u64, 0..90_000u64).prop_map(|(at, from, len)| Op::Init { at, from, len }),
        1 => (0..3u32, any::<bool>()).prop_map(|(pages, is_refused)| Op::Grow { pages, is_refused }),
        1 => Just(Op::HostGrow),
        2 => (at(), bytes()).prop_map(|(at, bytes)| Op::Host { at, bytes }),
        1 => (at(), bytes()).prop_map(|(at, bytes)| Op::Import { at, bytes }),
        1 => (at(), bytes()).prop_map(|(at, bytes)| Op::Difference { at, bytes }),
        2 => Just(Op::Ahead),
    ]
}

/// What happened over a memory that is not all zero, plainly and as it is settled.
pub(super) fn both(ops: &[Op], is_zero: bool) -> (Image, Plain, Settled) {
    let bytes: Vec<u8> = (0..PAGE)
        .map(|i| {
            if is_zero || (8192..20480).contains(&i) {
                0
            } else {
                (i / 7) as u8
            }
        })
        .collect();
    let before = Image::from_bytes(&bytes);
    let sites = sites();
    let mut recording = Recording::over(before.clone(), Arc::clone(&sites));
    let mut plain = Plain {
        bytes,
        events: Vec::new(),
        sites,
    };
    ops.iter().for_each(|op| plain.act(op, &mut recording));
    let settled = recording.settle(&before);
    (before, plain, settled)
}

pub(super) fn timeline(before: &Image, settled: &Settled) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.push(StepRecord::begin(
        0,
        StepKind::Instantiate,
        String::new(),
        before.clone(),
    ));
    let mut step = StepRecord::begin(1, StepKind::Call, String::new(), before.clone());
    step.set_effects(settled);
    timeline.push(step);
    timeline
}

/// The bytes that differ, each with its last writer, as runs.
pub(super) fn changes(before: &Image, plain: &Plain) -> Vec<(u64, u64, u32, Writer)> {
    let mut last: Vec<Option<usize>> = vec![None; plain.bytes.len()];
    for (index, event) in plain.events.iter().enumerate() {
        if let Event::Write(write) = event {
            last[write.start as usize..write.end() as usize].fill(Some(index));
        }
    }
    let writer = |index: usize| match &plain.events[index] {
        Event::Write(write) => write.writer.clone(),
        Event::Growth(_) => panic!("only writes have an index"),
    };
    let mut runs: Vec<(u64, u64, u32, Writer)> = Vec::new();
    for (at, byte) in plain.bytes.iter().enumerate() {
        if before.byte(at as u64).unwrap_or(0) == *byte {
            continue;
        }
        let by = writer(last[at].unwrap());
        match runs.last_mut() {
            Some((start, len, _, known)) if *start + *len == at as u64 && *known == by => *len += 1,
            _ => runs.push((at as u64, 1, 0, by)),
        }
    }
    runs
}
