//! What is wrong in a step, or worth knowing, as data.

use std::fmt;

use super::Span;

/// The kinds of finding, in the words scripts and JSON use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingKind {
    OutOfBounds,
    Trap,
    StalePointer,
    PointerNotRefetched,
    Overrun,
    LengthPastRegion,
    InvalidUtf8,
    UseAfterRelease,
    DoubleRelease,
    Leak,
    Overlap,
    MemoryGrew,
    GrowthRefused,
    ImportUndefined,
    Limit,
    Unattributed,
}

impl FindingKind {
    pub const ALL: [FindingKind; 16] = [
        FindingKind::OutOfBounds,
        FindingKind::Trap,
        FindingKind::StalePointer,
        FindingKind::PointerNotRefetched,
        FindingKind::Overrun,
        FindingKind::LengthPastRegion,
        FindingKind::InvalidUtf8,
        FindingKind::UseAfterRelease,
        FindingKind::DoubleRelease,
        FindingKind::Leak,
        FindingKind::Overlap,
        FindingKind::MemoryGrew,
        FindingKind::GrowthRefused,
        FindingKind::ImportUndefined,
        FindingKind::Limit,
        FindingKind::Unattributed,
    ];

    /// The word for it: `out-of-bounds`.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingKind::OutOfBounds => "out-of-bounds",
            FindingKind::Trap => "trap",
            FindingKind::StalePointer => "stale-pointer",
            FindingKind::PointerNotRefetched => "pointer-not-refetched",
            FindingKind::Overrun => "overrun",
            FindingKind::LengthPastRegion => "length-past-region",
            FindingKind::InvalidUtf8 => "invalid-utf8",
            FindingKind::UseAfterRelease => "use-after-release",
            FindingKind::DoubleRelease => "double-release",
            FindingKind::Leak => "leak",
            FindingKind::Overlap => "overlap",
            FindingKind::MemoryGrew => "memory-grew",
            FindingKind::GrowthRefused => "growth-refused",
            FindingKind::ImportUndefined => "import-undefined",
            FindingKind::Limit => "limit",
            FindingKind::Unattributed => "unattributed",
        }
    }

    pub fn severity(self) -> Severity {
        match self {
            FindingKind::StalePointer
            | FindingKind::Overrun
            | FindingKind::LengthPastRegion
            | FindingKind::Leak
            | FindingKind::Overlap
            | FindingKind::GrowthRefused => Severity::Warning,
            FindingKind::PointerNotRefetched | FindingKind::MemoryGrew => Severity::Note,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

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
    pub fn blaming(self, step: usize) -> Self {
        Finding {
            blamed: Some(step),
            ..self
        }
    }

    /// Returns the bytes that were written or read. If only an address is known, that is one byte.
    pub fn primary_span(&self) -> Option<Span> {
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
