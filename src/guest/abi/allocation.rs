//! The convention of the functions with which a host allocates and releases blocks, as data.

/// How a host allocates blocks, and releases them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allocation {
    /// The convention of the allocator.
    pub kind: AllocatorKind,
    /// The index of the allocator among all exports.
    pub allocator: usize,
    /// The index of the function that releases a block.
    pub release: Option<usize>,
}

/// The convention of an allocator: what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AllocatorKind {
    /// A size, and an alignment in later versions of wasm-bindgen.
    Bindgen,
    /// A size: AssemblyScript's `__new(size, id)`.
    New,
    /// AssemblyScript's `__alloc(size, id)`, `__retain` and `__release`, before 0.18.
    Retain,
    /// C's `malloc(size)`.
    Malloc,
    /// The old block, its size, an alignment and the new size.
    Realloc,
    /// A size, and perhaps an alignment, by its name.
    Named,
    /// A size: the code is that of a known allocator.
    ByCode,
}

impl Allocation {
    /// Returns the arguments with which the allocator makes a block of `size` bytes, where it has
    /// `params` parameters.
    pub fn arguments(self, params: usize, size: &str) -> String {
        match self.kind {
            AllocatorKind::Realloc => format!("0, 0, 1, {size}"),
            AllocatorKind::New => format!("{size}, 2"),
            AllocatorKind::Retain => format!("{size}, 1"),
            _ if params == 2 => format!("{size}, 1"),
            _ => size.into(),
        }
    }

    /// Returns whether the host owns the blocks and releases them itself. Blocks for wasm-bindgen
    /// and for the component model belong to the guest from the call on.
    pub fn is_owned_by_host(self) -> bool {
        matches!(
            self.kind,
            AllocatorKind::Malloc | AllocatorKind::Named | AllocatorKind::ByCode
        )
    }
}
