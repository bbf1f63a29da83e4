//! Memory that a guest did not get because of `--max-memory`: what it does then may not be what it
//! does elsewhere. A guest that meets the end of what its own module allows is left to itself.

use crate::text::count;
use crate::timeline::{Finding, FindingKind, PAGE, Refused};
use crate::wasm_types::memory_size;

use super::Session;
use super::open::memory_facts;

/// Pages that any 32-bit memory may have.
const ALL_PAGES: u64 = 1 << 16;

impl Session {
    /// What keeps memory from having so many pages: what its module says, or else `--max-memory`.
    pub(super) fn growth_limit(&self, pages: u64) -> Option<String> {
        let (own, limit) = (self.own_maximum()?, self.limits.max_memory / PAGE);
        if pages > own {
            return Some(format!("it may have at most {}", memory_size(own)));
        }
        (pages > limit).then(|| format!("--max-memory allows at most {}", memory_size(limit)))
    }

    /// In pages, as the module or the script says.
    fn own_maximum(&self) -> Option<u64> {
        let index = *self.memory_index.as_ref().ok()?;
        Some(
            memory_facts(&self.script, &self.guest, index)?
                .max
                .unwrap_or(ALL_PAGES),
        )
    }

    /// The finding about the first growth that the limit alone refused.
    pub(super) fn refusal(&self, refused: &[Refused]) -> Option<Finding> {
        let own = self.own_maximum()?;
        let limit = self.limits.max_memory / PAGE;
        let wanted = |refused: &Refused| refused.pages.saturating_add(refused.by);
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
        let index = site
            .checked_sub(1)
            .and_then(|index| usize::try_from(index).ok());
        match index.and_then(|index| self.rewritten.journal.sites.get(index)) {
            Some(site) => self.guest.function_name(site.function),
            None => "the guest".into(),
        }
    }
}
