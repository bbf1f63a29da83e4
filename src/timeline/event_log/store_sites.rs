//! The store sites of a guest, by the numbers that its journal uses.

use std::sync::{Arc, OnceLock};

use crate::journal_abi::{SiteKind, StoreSite, site_index};
use crate::timeline::Writer;

/// The width of an entry that stores a vector, in bytes.
const VECTOR: u8 = 16;
/// The width of the value of an entry that is no store, in bytes.
const BULK: u8 = 8;

/// All store sites of a guest; site number n is the n-th of them, counted from 1.
///
/// All steps of a session share one table. A writer that is set once holds for everything the site
/// wrote, also in earlier steps.
#[derive(Debug, Default)]
pub struct SiteTable {
    sites: Vec<StoreSite>,
    /// The data segments that `memory.init` copies from, by index; empty for all others.
    segments: Vec<Arc<[u8]>>,
    /// By site number, the width of an entry's value in bytes.
    widths: Vec<u8>,
    writers: Vec<OnceLock<Writer>>,
    has_vectors: bool,
    has_plain_stores_only: bool,
}

impl SiteTable {
    /// Creates the table of these sites, without data segments.
    pub fn new(sites: Vec<StoreSite>) -> Self {
        let writers = sites.iter().map(|_| OnceLock::new()).collect();
        let width = |site: &StoreSite| match site.kind {
            SiteKind::Store {
                width: width @ (1 | 2 | 4),
            } => width,
            SiteKind::Vector => VECTOR,
            _ => BULK,
        };
        // No site has the number 0.
        let widths = std::iter::once(BULK)
            .chain(sites.iter().map(width))
            .collect();
        let has_vectors = sites.iter().any(|site| site.kind == SiteKind::Vector);
        let has_plain_stores_only = sites.iter().all(is_plain);
        SiteTable {
            sites,
            segments: Vec::new(),
            widths,
            writers,
            has_vectors,
            has_plain_stores_only,
        }
    }

    /// Adds the bytes of the data segments that the sites name. `bytes` returns those of a segment
    /// by its index.
    pub(crate) fn with_segments<'a>(mut self, bytes: impl Fn(u32) -> Option<&'a [u8]>) -> Self {
        for site in &self.sites {
            let SiteKind::Init { segment } = site.kind else {
                continue;
            };
            let index = segment as usize;
            if index >= self.segments.len() {
                self.segments.resize(index + 1, Arc::default());
            }
            if let Some(known) = self.segments.get_mut(index).filter(|s| s.is_empty())
                && let Some(bytes) = bytes(segment)
            {
                *known = bytes.into();
            }
        }
        self
    }

    /// Returns the writer of a site: the guest without details until
    /// [`set_writer`](SiteTable::set_writer) is called.
    pub(crate) fn writer(&self, site: u32) -> Writer {
        site_index(site)
            .and_then(|index| self.writers.get(index)?.get().cloned())
            .unwrap_or_else(Writer::guest)
    }

    /// Sets the writer of a site. Later calls and unknown sites are ignored.
    pub(crate) fn set_writer(&self, site: u32, writer: Writer) {
        if let Some(known) = site_index(site).and_then(|index| self.writers.get(index)) {
            let _ = known.set(writer);
        }
    }

    /// Returns whether [`set_writer`](SiteTable::set_writer) was called for a site.
    pub(crate) fn has_writer(&self, site: u32) -> bool {
        site_index(site)
            .and_then(|index| self.writers.get(index))
            .is_some_and(|writer| writer.get().is_some())
    }

    pub(super) fn get(&self, site: u32) -> Option<&StoreSite> {
        self.sites.get(site_index(site)?)
    }

    pub(super) fn len(&self) -> usize {
        self.sites.len()
    }

    /// Returns the bytes of a data segment that a site copies from.
    pub(super) fn segment(&self, index: u32) -> &[u8] {
        self.segments
            .get(index as usize)
            .map_or(&[], |bytes| &**bytes)
    }

    /// Returns the width of the value of a site's entries in bytes: 1, 2, 4, 8 or 16.
    #[inline]
    pub(super) fn width(&self, site: u32) -> u8 {
        self.widths.get(site as usize).copied().unwrap_or(BULK)
    }

    /// Returns whether a second slot follows each slot of the site.
    #[inline]
    pub(super) fn is_vector(&self, site: u32) -> bool {
        self.width(site) == VECTOR
    }

    /// Returns whether each entry of the site is one store and nothing else.
    #[inline]
    pub(super) fn is_plain(&self, site: u32) -> bool {
        self.get(site).is_some_and(is_plain)
    }

    /// Returns whether any site stores vectors.
    pub(super) fn has_vectors(&self) -> bool {
        self.has_vectors
    }

    /// Returns whether all sites are stores: no bulk operation, no growth.
    pub(super) fn has_plain_stores_only(&self) -> bool {
        self.has_plain_stores_only
    }
}

fn is_plain(site: &StoreSite) -> bool {
    matches!(site.kind, SiteKind::Store { .. } | SiteKind::Vector)
}
