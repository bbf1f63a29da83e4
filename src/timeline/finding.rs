//! Findings: what went wrong, or is worth knowing, as data.

use super::Span;
pub use crate::finding_kind::{FindingKind, Severity};

/// One finding of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub kind: FindingKind,
    /// One or two sentences, safe to print.
    pub message: String,
    /// The first byte concerned.
    pub address: Option<u64>,
    /// The bytes concerned, where there are any: first the ones that were hit or read, then what
    /// they belong to or are compared with.
    pub spans: Vec<Span>,
    /// The step to blame, where it is not the one that carries the finding.
    pub blamed: Option<usize>,
    /// An `expect finding` says it was meant to happen: it no longer counts as a problem.
    pub claimed: bool,
}

impl Finding {
    pub fn new(kind: FindingKind, message: impl Into<String>) -> Self {
        Finding {
            kind,
            message: message.into(),
            address: None,
            spans: Vec::new(),
            blamed: None,
            claimed: false,
        }
    }

    pub fn at(self, address: u64) -> Self {
        Finding {
            address: Some(address),
            ..self
        }
    }

    /// Concerns these bytes; the first of them is its address.
    pub fn about(self, span: Span) -> Self {
        let mut spans = self.spans;
        spans.push(span);
        Finding {
            address: self.address.or(Some(span.start)),
            spans,
            ..self
        }
    }

    pub fn blaming(self, step: usize) -> Self {
        Finding {
            blamed: Some(step),
            ..self
        }
    }

    /// The bytes that were hit or read; of a finding that is told of a place only, its first byte.
    pub fn place(&self) -> Option<Span> {
        self.spans
            .first()
            .copied()
            .or(self.address.map(|start| Span { start, len: 1 }))
    }

    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}
