//! What is wrong in a step, or worth knowing, as data.

use super::Span;
pub use crate::finding_kind::{FindingKind, Severity};

/// A finding of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was found.
    pub kind: FindingKind,
    /// One or two sentences, safe to print.
    pub message: String,
    /// The first byte concerned.
    pub address: Option<u64>,
    /// The bytes concerned, if there are any: first those that were written or read, then those to
    /// which they belong or with which they are compared.
    pub spans: Vec<Span>,
    /// The step to blame, if it is not the one that has the finding.
    pub blamed: Option<usize>,
    /// Whether an `expect finding` expects it. Then it is no problem.
    pub claimed: bool,
}

impl Finding {
    /// Creates a finding with a message only.
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

    /// Returns the finding with an address.
    pub fn at(self, address: u64) -> Self {
        Finding {
            address: Some(address),
            ..self
        }
    }

    /// Returns the finding with more bytes that it concerns. The first of all is its address.
    pub fn about(self, span: Span) -> Self {
        let mut spans = self.spans;
        spans.push(span);
        Finding {
            address: self.address.or(Some(span.start)),
            spans,
            ..self
        }
    }

    /// Returns the finding with a step to blame.
    pub(crate) fn blaming(self, step: usize) -> Self {
        Finding {
            blamed: Some(step),
            ..self
        }
    }

    /// Returns the bytes that were written or read. If only an address is known, that is one byte.
    pub(crate) fn primary_span(&self) -> Option<Span> {
        self.spans
            .first()
            .copied()
            .or(self.address.map(|start| Span { start, len: 1 }))
    }

    /// Returns how serious the finding is.
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}
