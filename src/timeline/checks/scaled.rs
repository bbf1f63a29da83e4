//! Pointers that the host multiplied or divided, as if they were indices into a typed array.

use super::blocks::Blocks;
use super::phrases::the_bytes;
use crate::timeline::{Finding, FindingKind, Use, UseKind};

/// Checks an address. Finds nothing if the pointer is not the start of a named span, or if the
/// address is within another one.
pub(super) fn check(blocks: &Blocks, used: &Use) -> Option<Finding> {
    let scaled = used.scaled.as_ref()?;
    if blocks
        .live()
        .any(|held| held.span.contains(used.span.start))
    {
        return None;
    }
    let held = blocks
        .live()
        .find(|held| held.span.start == scaled.address)?;
    let what = match used.how {
        UseKind::Read => "the host read",
        UseKind::Write => "the host wrote",
        UseKind::Named => "the script named",
        UseKind::Passed => return None,
    };
    let message = format!(
        "{what} {}, outside of {}, {}: {}",
        the_bytes(used.span),
        held.label(),
        the_bytes(held.span),
        scaled.describe()
    );
    Some(
        Finding::new(FindingKind::ScaledPointer, message)
            .about(used.span)
            .about(held.span),
    )
}
