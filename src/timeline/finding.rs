//! Findings: what went wrong, or is worth knowing, as data.

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
    pub fn word(self) -> &'static str {
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
        f.write_str(self.word())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Note,
    Warning,
    Error,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

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
