//! What the findings of a step are judged by.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::causes::History;
use crate::timeline::{
    AllocatorFacts, Checks, CodeReach, Finding, FindingKind, LayoutFacts, LiveBlocks, Severity,
    Span, StepRecord,
};

/// The state of the checks over all steps so far.
#[derive(Default)]
pub(super) struct Judging {
    checks: Checks,
    /// The last step that an `expect finding` can refer to, with its kinds of finding.
    last_findings: (usize, Vec<FindingKind>),
    /// For each export that was called, whether it is known to set no global.
    pub preserves_globals: BTreeMap<String, bool>,
    /// For each export that was called, what it can run and set.
    pub reach: BTreeMap<String, Arc<CodeReach>>,
    /// The events of the steps so far.
    pub history: History,
}

impl Judging {
    /// Starts with the layout of the guest's memory, the addresses that its exports may be, and the
    /// functions of its allocator.
    pub fn new(layout: &[LayoutFacts], constants: Vec<u64>, allocator: &AllocatorFacts) -> Self {
        Judging {
            checks: Checks::new(layout, constants, allocator),
            ..Judging::default()
        }
    }

    /// Returns the findings of the checks for a step.
    pub fn judge(&mut self, record: &StepRecord) -> Vec<Finding> {
        self.history.record(record);
        self.checks.check_step(record)
    }

    /// Returns the bytes of a region or block that is not released.
    pub fn span_of(&self, name: &str) -> Option<Span> {
        self.checks.span_of(name)
    }

    /// Returns the blocks of the guest's allocator after the last step, if all are known.
    pub fn live_blocks(&mut self) -> Option<Arc<LiveBlocks>> {
        self.checks.live_blocks()
    }

    /// Makes the findings of a step the ones that `expect finding` refers to. A step that claims a
    /// finding does not replace them.
    pub fn remember_findings(&mut self, record: &StepRecord) {
        if record.claims.is_empty() {
            let kinds = record.findings.iter().map(|finding| finding.kind);
            self.last_findings = (record.index, kinds.collect());
        }
    }

    /// Returns the step that an `expect finding` refers to, with its kinds of finding.
    pub fn last_findings(&self) -> (usize, &[FindingKind]) {
        (self.last_findings.0, &self.last_findings.1)
    }

    /// Returns whether the last step has the finding `kind`, and as an error.
    pub fn has_error(&self, kind: &str) -> bool {
        let is_error =
            |found: &FindingKind| found.as_str() == kind && found.severity() == Severity::Error;
        self.last_findings.1.iter().any(is_error)
    }
}
