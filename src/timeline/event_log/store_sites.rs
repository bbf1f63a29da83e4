//! The instructions of a guest that write memory, by the numbers the journal knows them by.

use std::sync::{Arc, OnceLock};

use crate::timeline::Writer;

const WIDE: u8 = 16;
const OTHER: u8 = 8;

/// What an instruction does to memory, and so how its slot in the journal is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteKind {
    /// Stores the low `width` bytes of the slot's value: 1, 2, 4 or 8.
    Store {
        width: u8,
    },
    /// Stores 16 bytes; they follow in a slot of their own.
    Wide,
    Fill,
    /// Copies within the memory.
    Copy,
    /// Copies from another memory; the bytes are told separately.
    CopyFrom,
    /// Copies from a data segment, whose bytes these are.
    Init {
        bytes: Arc<[u8]>,
    },
    Grow,
}

/// One instruction that writes memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteShape {
    /// Added to a slot's address operand; 0 for all but stores.
    pub immediate: u64,
    pub kind: SiteKind,
}

impl SiteShape {
    fn is_plain(&self) -> bool {
        matches!(self.kind, SiteKind::Store { .. } | SiteKind::Wide)
    }
}

/// All instructions of a guest that write memory. Site number n is the n-th of them, counted from
/// 1. Shared by all steps of a session; what is said about a site later holds for what it wrote
/// earlier.
#[derive(Debug, Default)]
pub struct SiteTable {
    shapes: Vec<SiteShape>,
    /// By site number, what an entry's value takes in bytes.
    widths: Vec<u8>,
    names: Vec<OnceLock<Writer>>,
    has_wide: bool,
    has_plain_stores_only: bool,
}

impl SiteTable {
    pub fn new(shapes: Vec<SiteShape>) -> Self {
        let names = shapes.iter().map(|_| OnceLock::new()).collect();
        let width = |shape: &SiteShape| match shape.kind {
            SiteKind::Store {
                width: width @ (1 | 2 | 4),
            } => width,
            SiteKind::Wide => WIDE,
            _ => OTHER,
        };
        let widths = std::iter::once(OTHER)
            .chain(shapes.iter().map(width))
            .collect();
        let has_wide = shapes.iter().any(|shape| shape.kind == SiteKind::Wide);
        let has_plain_stores_only = shapes.iter().all(|shape| shape.is_plain());
        SiteTable {
            shapes,
            widths,
            names,
            has_wide,
            has_plain_stores_only,
        }
    }

    /// Who writes at a site: the guest, no more being known, until it is named.
    pub fn writer(&self, site: u32) -> Writer {
        index(site)
            .and_then(|i| self.names.get(i)?.get().cloned())
            .unwrap_or_else(Writer::guest)
    }

    /// Says who writes at a site. The first word stays; one about a site that does not exist is not
    /// heard.
    pub fn name(&self, site: u32, writer: Writer) {
        if let Some(name) = index(site).and_then(|i| self.names.get(i)) {
            let _ = name.set(writer);
        }
    }

    pub fn is_named(&self, site: u32) -> bool {
        index(site)
            .and_then(|i| self.names.get(i))
            .is_some_and(|name| name.get().is_some())
    }

    pub(super) fn shape(&self, site: u32) -> Option<&SiteShape> {
        self.shapes.get(index(site)?)
    }

    pub(super) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// What the value of an entry takes, in bytes: 1, 2, 4, 8 or 16.
    #[inline]
    pub(super) fn width(&self, site: u32) -> u8 {
        self.widths.get(site as usize).copied().unwrap_or(OTHER)
    }

    /// Whether the site's slot has its value in a slot of its own behind it.
    #[inline]
    pub(super) fn is_wide(&self, site: u32) -> bool {
        self.width(site) == WIDE
    }

    /// Whether an entry of this site is one store, and all there is of it.
    #[inline]
    pub(super) fn is_plain(&self, site: u32) -> bool {
        self.shape(site).is_some_and(SiteShape::is_plain)
    }

    /// Whether any slot has its value in one behind it.
    pub(super) fn has_wide(&self) -> bool {
        self.has_wide
    }

    /// Whether each slot of this guest is a store and takes nothing beside itself.
    pub(super) fn has_plain_stores_only(&self) -> bool {
        self.has_plain_stores_only
    }
}

fn index(site: u32) -> Option<usize> {
    usize::try_from(site.checked_sub(1)?).ok()
}
