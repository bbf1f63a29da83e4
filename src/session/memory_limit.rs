//! Growth that was refused because of `--max-memory`: what a guest does then may not be what it
//! does elsewhere. A guest that reaches the maximum of its own module is not reported.

use crate::text::count;
use crate::timeline::{Finding, FindingKind, PAGE, RefusedGrowth};
use crate::wasm_types::memory_size;

use super::Session;
use super::open::memory_facts;

/// The largest size of a 32-bit memory, in pages.
const ALL_PAGES: u64 = 1 << 16;

impl Session {
    /// Returns what keeps memory from having this many pages: the maximum of its module, or else
    /// `--max-memory`.
    pub(super) fn growth_limit(&self, pages: u64) -> Option<String> {
        let (own, limit) = (self.own_maximum()?, self.limits.max_memory / PAGE);
        if pages > own {
            return Some(format!("it may have at most {}", memory_size(own)));
        }
        (pages > limit).then(|| format!("--max-memory allows at most {}", memory_size(limit)))
    }

    /// Returns the maximum of the module or the script, in pages.
    fn own_maximum(&self) -> Option<u64> {
        let index = *self.memory_index.as_ref().ok()?;
        Some(
            memory_facts(&self.script, &self.guest, index)?
                .max
                .unwrap_or(ALL_PAGES),
        )
    }

    /// Returns the finding for the first growth that only `--max-memory` refused.
    pub(super) fn refused_growth(&self, refused: &[RefusedGrowth]) -> Option<Finding> {
        let own = self.own_maximum()?;
        let limit = self.limits.max_memory / PAGE;
        let wanted = |refused: &RefusedGrowth| refused.pages.saturating_add(refused.by);
        let first = refused
            .iter()
            .find(|refused| (limit.saturating_add(1)..=own).contains(&wanted(refused)))?;
        let message = format!(
            "{} asked for {} than the {}, and memory.grow answered -1 because of \
             --max-memory: the module itself allows {}; --max-memory {}KiB would grant it",
            self.function_of(first.site),
            count(first.by, "more page"),
            memory_size(first.pages),
            memory_size(own),
            wanted(first).saturating_mul(PAGE >> 10),
        );
        Some(Finding::new(FindingKind::GrowthRefused, message))
    }

    fn function_of(&self, site: u32) -> String {
        match self.instrumented.journal.site(site) {
            Some(site) => self.guest.function_name(site.function),
            None => "the guest".into(),
        }
    }
}
