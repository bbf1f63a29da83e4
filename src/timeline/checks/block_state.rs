//! A region or block that is named, with its history.

use super::phrases::name;
use crate::timeline::{Span, SpanKind};

/// A region or block with its history.
#[derive(Debug, Clone)]
pub(super) struct BlockState {
    pub name: String,
    pub kind: SpanKind,
    pub span: Span,
    /// The step that named it.
    pub step: usize,
    /// The step that released it.
    pub released: Option<usize>,
    /// Whether it was released and its bytes were not allocated again since.
    pub is_watched: bool,
    /// The last call before its release that got its address.
    pub releasing_call: Option<usize>,
    /// Whether the guest allocated its bytes again although it was not released.
    pub is_reallocated: bool,
    /// Whether a call ended it by making it larger or smaller in place. One `release` may follow.
    pub is_resized: bool,
    /// Whether the guest's allocator released it, by its calls. One `release` may follow.
    pub is_released_by_call: bool,
}

impl BlockState {
    /// Returns whether nothing ended it.
    pub fn is_live(&self) -> bool {
        self.released.is_none() && !self.is_reallocated && !self.is_released_by_call
    }

    /// Returns its kind and name: `region buffer`.
    pub fn label(&self) -> String {
        let kind = match self.kind {
            SpanKind::Region => "region",
            SpanKind::Block => "block",
        };
        format!("{kind} {}", name(&self.name))
    }
}
