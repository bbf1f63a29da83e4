//! Pointers that the host multiplied or divided, as if they were indices into a typed array.

use super::blocks::Blocks;
use super::ledger::Ledger;
use super::phrases::the_bytes;
use crate::timeline::{Finding, FindingKind, Use, UseKind};

/// Checks an address. Finds nothing if the pointer is not the start of a named span, or if the
/// address is within another one.
pub(super) fn check(blocks: &Blocks, ledger: &Ledger, used: &Use) -> Option<Finding> {
    let scaled = used.scaled.as_ref()?;
    let start = used.span.start;
    if blocks.live().any(|held| held.span.contains(start)) || ledger.live_around(start).is_some() {
        return None;
    }
    let named = blocks
        .live()
        .find(|held| held.span.start == scaled.address)
        .map(|held| (held.label(), held.span));
    let allocated = || {
        let block = ledger.of_host_at(scaled.address)?;
        Some(("the block".to_owned(), block.span))
    };
    let (label, span) = named.or_else(allocated)?;
    let what = match used.how {
        UseKind::Read => "the host read",
        UseKind::Write => "the host wrote",
        UseKind::Named => "the script named",
        UseKind::Passed => return None,
    };
    let message = format!(
        "{what} {}, outside of {}, {}: {}",
        the_bytes(used.span),
        label,
        the_bytes(span),
        scaled.describe()
    );
    Some(
        Finding::new(FindingKind::ScaledPointer, message)
            .about(used.span)
            .about(span),
    )
}
