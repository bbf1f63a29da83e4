//! The kinds of finding, and how severe each is.
//!
//! A leaf, so that the steps language and the timeline speak of the same kinds.

use std::fmt;

use serde::{Serialize, Serializer};

/// What is wrong, or worth knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// The host went for bytes past the end of memory.
    OutOfBounds,
    /// The guest trapped.
    Trap,
    /// A pointer was used that a later fetch shows to have moved, or that points into a released
    /// block.
    StalePointer,
    /// A pointer was used after a call without being fetched again.
    PointerNotRefetched,
    /// A write went on past the end of a region or block.
    Overrun,
    /// A length reaches past the region that it is used with.
    LengthPastRegion,
    /// The host passed the length of a text in characters, not in bytes.
    LengthInCharacters,
    /// The host read with the address and the length the other way around.
    AddressAndLengthSwapped,
    /// Bytes that were read as UTF-8 are not.
    InvalidUtf8,
    /// Bytes of a released block were used.
    UseAfterRelease,
    /// A block was released twice.
    DoubleRelease,
    /// A block was released with another size or alignment than it was allocated with.
    MismatchedRelease,
    /// An address was released that is not the start of a block.
    InvalidRelease,
    /// An allocator returned bytes of a block that was not released.
    AllocatedTwice,
    /// An allocator returned 0, and that was used as an address.
    NullBlockUsed,
    /// A block was still in use at the end.
    Leak,
    /// A block overlaps another one.
    Overlap,
    /// A pointer was multiplied or divided, and the result used as an address.
    ScaledPointer,
    /// The guest handed out the bytes of a block that was not released.
    HandedOutAgain,
    /// The guest's stack pointer is not where it was before a call.
    StackNotRestored,
    /// The guest's stack went below its lowest address.
    StackOverflow,
    /// The host used bytes below the stack pointer, in a frame that has ended.
    DanglingStackPointer,
    /// A call returned an address in its own frame.
    StackAddressReturned,
    /// A write hit data or the stack by an address that the guest did not give.
    StrayWrite,
    /// The host wrote to the part of the stack that the guest has not used yet.
    UnusedStackWrite,
    /// The host wrote data where a record of a view has padding.
    PaddingWritten,
    /// Memory grew, so views of it and lengths that the host holds are out of date.
    MemoryGrew,
    /// A recorded host wrote into a view that growth had detached.
    DetachedView,
    /// `memory.grow` returned -1 because of `--max-memory` or the maximum of the module.
    GrowthRefused,
    /// The guest called an import that has no definition.
    ImportUndefined,
    /// The replay of a recording of a host differs from the recording.
    Diverged,
    /// A limit of the session was reached.
    Limit,
    /// A recorded memory differs from the live one: a fault of this program.
    Unattributed,
}

impl FindingKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [FindingKind; 33] = [
        FindingKind::OutOfBounds,
        FindingKind::Trap,
        FindingKind::StalePointer,
        FindingKind::PointerNotRefetched,
        FindingKind::Overrun,
        FindingKind::LengthPastRegion,
        FindingKind::LengthInCharacters,
        FindingKind::AddressAndLengthSwapped,
        FindingKind::InvalidUtf8,
        FindingKind::UseAfterRelease,
        FindingKind::DoubleRelease,
        FindingKind::MismatchedRelease,
        FindingKind::InvalidRelease,
        FindingKind::AllocatedTwice,
        FindingKind::NullBlockUsed,
        FindingKind::Leak,
        FindingKind::Overlap,
        FindingKind::ScaledPointer,
        FindingKind::HandedOutAgain,
        FindingKind::StackNotRestored,
        FindingKind::StackOverflow,
        FindingKind::DanglingStackPointer,
        FindingKind::StackAddressReturned,
        FindingKind::StrayWrite,
        FindingKind::UnusedStackWrite,
        FindingKind::PaddingWritten,
        FindingKind::MemoryGrew,
        FindingKind::DetachedView,
        FindingKind::GrowthRefused,
        FindingKind::ImportUndefined,
        FindingKind::Diverged,
        FindingKind::Limit,
        FindingKind::Unattributed,
    ];

    /// Returns the name that scripts and JSON use: `out-of-bounds`.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingKind::OutOfBounds => "out-of-bounds",
            FindingKind::Trap => "trap",
            FindingKind::StalePointer => "stale-pointer",
            FindingKind::PointerNotRefetched => "pointer-not-refetched",
            FindingKind::Overrun => "overrun",
            FindingKind::LengthPastRegion => "length-past-region",
            FindingKind::LengthInCharacters => "length-in-characters",
            FindingKind::AddressAndLengthSwapped => "address-and-length-swapped",
            FindingKind::InvalidUtf8 => "invalid-utf8",
            FindingKind::UseAfterRelease => "use-after-release",
            FindingKind::DoubleRelease => "double-release",
            FindingKind::MismatchedRelease => "mismatched-release",
            FindingKind::InvalidRelease => "invalid-release",
            FindingKind::AllocatedTwice => "allocated-twice",
            FindingKind::NullBlockUsed => "null-block-used",
            FindingKind::Leak => "leak",
            FindingKind::Overlap => "overlap",
            FindingKind::ScaledPointer => "scaled-pointer",
            FindingKind::HandedOutAgain => "handed-out-again",
            FindingKind::StackNotRestored => "stack-not-restored",
            FindingKind::StackOverflow => "stack-overflow",
            FindingKind::DanglingStackPointer => "dangling-stack-pointer",
            FindingKind::StackAddressReturned => "stack-address-returned",
            FindingKind::StrayWrite => "stray-write",
            FindingKind::UnusedStackWrite => "unused-stack-write",
            FindingKind::PaddingWritten => "padding-written",
            FindingKind::MemoryGrew => "memory-grew",
            FindingKind::DetachedView => "detached-view",
            FindingKind::GrowthRefused => "growth-refused",
            FindingKind::ImportUndefined => "import-undefined",
            FindingKind::Diverged => "diverged",
            FindingKind::Limit => "limit",
            FindingKind::Unattributed => "unattributed",
        }
    }

    /// Returns the kind of this name, and `None` if there is none.
    pub(crate) fn from_name(name: &str) -> Option<FindingKind> {
        FindingKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }

    /// Returns how severe a finding of this kind is.
    pub(crate) fn severity(self) -> Severity {
        match self {
            FindingKind::StalePointer
            | FindingKind::Overrun
            | FindingKind::LengthPastRegion
            | FindingKind::LengthInCharacters
            | FindingKind::AddressAndLengthSwapped
            | FindingKind::Leak
            | FindingKind::Overlap
            | FindingKind::ScaledPointer
            | FindingKind::StackNotRestored
            | FindingKind::DanglingStackPointer
            | FindingKind::StrayWrite
            | FindingKind::PaddingWritten
            | FindingKind::DetachedView
            | FindingKind::GrowthRefused => Severity::Warning,
            FindingKind::PointerNotRefetched
            | FindingKind::HandedOutAgain
            | FindingKind::StackAddressReturned
            | FindingKind::UnusedStackWrite
            | FindingKind::MemoryGrew => Severity::Note,
            FindingKind::OutOfBounds
            | FindingKind::Trap
            | FindingKind::InvalidUtf8
            | FindingKind::UseAfterRelease
            | FindingKind::DoubleRelease
            | FindingKind::StackOverflow
            | FindingKind::MismatchedRelease
            | FindingKind::InvalidRelease
            | FindingKind::AllocatedTwice
            | FindingKind::NullBlockUsed
            | FindingKind::ImportUndefined
            | FindingKind::Diverged
            | FindingKind::Limit
            | FindingKind::Unattributed => Severity::Error,
        }
    }
}

/// Serializes as its name.
impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How severe a finding is; the least severe is the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Probably a mistake, though the run went on.
    Warning,
    /// A mistake: the run counts as failed.
    Error,
}

impl Severity {
    /// Returns `note`, `warning` or `error`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in FindingKind::ALL {
            assert_eq!(FindingKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!(FindingKind::from_name("surprise"), None);
    }
}
