//! Growth that was refused because of `--max-memory`, or of the maximum that the module declares. A
//! guest that ignores the answer uses memory that it does not have.

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

    /// Returns the finding for the first growth that was refused by `--max-memory` or by the maximum
    /// that the module declares.
    pub(super) fn refused_growth(&self, refused: &[RefusedGrowth]) -> Option<Finding> {
        let own = self.own_maximum()?;
        let limit = self.limits.max_memory / PAGE;
        let wanted = |refused: &RefusedGrowth| refused.pages.saturating_add(refused.by);
        let by_limit =
            |refused: &&RefusedGrowth| (limit.saturating_add(1)..=own).contains(&wanted(refused));
        let by_module = |refused: &&RefusedGrowth| own < ALL_PAGES && wanted(refused) > own;
        let by_limit = refused.iter().find(by_limit).map(|first| {
            let reason = format!(
                "--max-memory: the module itself allows {}; --max-memory {}KiB would grant it",
                memory_size(own),
                wanted(first).saturating_mul(PAGE >> 10),
            );
            (first, reason)
        });
        let by_module = || {
            refused.iter().find(by_module).map(|first| {
                let reason = format!(
                    "the maximum that the module itself declares, {}: no host can grant more",
                    memory_size(own)
                );
                (first, reason)
            })
        };
        let (first, reason) = by_limit.or_else(by_module)?;
        let message = format!(
            "{} asked for {} than the {}, and memory.grow answered -1 because of {reason}",
            self.function_of(first.site),
            count(first.by, "more page"),
            memory_size(first.pages),
        );
        Some(Finding::new(FindingKind::GrowthRefused, message))
    }

    fn function_of(&self, site: u32) -> String {
        match self.compiled.instrumented.journal.site(site) {
            Some(site) => self.guest.function_name(site.function),
            None => "the guest".into(),
        }
    }
}
