//! Calls of the guest's allocator, and the blocks that they leave allocated, as data.

use std::sync::Arc;

use super::Span;
use crate::journal_abi::AllocatorFunction;

/// The functions of the guest's allocator whose calls are recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AllocatorFacts {
    /// The functions, each with its name, safe to print.
    pub functions: Vec<(AllocatorFunction, Arc<str>)>,
    /// Whether nothing else in the guest allocates or releases blocks in the same memory.
    pub is_closed: bool,
}

/// A call of a function of the allocator by something else: by the host, by an import, or by a
/// function of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AllocatorCall {
    /// The index of the function in [`AllocatorFacts::functions`].
    pub function: u32,
    /// The offset of the instruction that called it; 0 if that is not known.
    pub caller: u32,
    /// Whether the step is this call.
    pub is_by_host: bool,
    /// How many events of the step come before it.
    pub events_before: usize,
    /// The same for the end of the call; `None` if it did not return.
    pub events_at_return: Option<usize>,
    /// The address of the block that it was given; 0 for none.
    pub given: u32,
    /// The size of that block as the caller names it, in bytes.
    pub given_size: u32,
    /// The address that it returned; of a release the address that it was given.
    pub result: u32,
    /// The size of the new block, in bytes.
    pub size: u32,
    /// The alignment as the caller names it, in bytes; 0 if it names none.
    pub alignment: u32,
}

/// The blocks of the guest's allocator that are allocated at the end of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveBlocks {
    /// How many there are.
    pub count: u64,
    /// How many bytes they have together.
    pub bytes: u64,
    /// The first of them by address; a limited number.
    pub first: Vec<LiveBlock>,
}

/// A block that is allocated.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveBlock {
    /// Its bytes.
    pub span: Span,
    /// The step in which it was allocated.
    pub step: usize,
    /// How many stores of that step came before; the screen counts stores from 1.
    pub events_before: usize,
    /// Who allocated it, safe to print: `host`, `greet at guest.wat:28`.
    pub owner: Arc<str>,
    /// The name of the function that allocated it, safe to print.
    pub allocator: Arc<str>,
}
