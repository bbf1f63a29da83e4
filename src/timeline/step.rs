//! One step as it was recorded.

use std::sync::Arc;

use crate::source::Place;
use crate::value::Value;

use super::{Changes, EventLog, Facts, Finding, FindingKind, Image, Recording, Settled, Writer};

/// What sort of statement a step was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    Instantiate,
    Call,
    Write,
    Read,
    Grow,
    Global,
    Set,
    Region,
    Block,
    Release,
    Expect,
    Ask,
    Let,
}

impl StepKind {
    /// The word used in JSON.
    pub fn word(self) -> &'static str {
        match self {
            StepKind::Instantiate => "instantiate",
            StepKind::Call => "call",
            StepKind::Write => "write",
            StepKind::Read => "read",
            StepKind::Grow => "grow",
            StepKind::Global => "global",
            StepKind::Set => "set",
            StepKind::Region => "region",
            StepKind::Block => "block",
            StepKind::Release => "release",
            StepKind::Expect => "expect",
            StepKind::Ask => "ask",
            StepKind::Let => "let",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Failed,
    Trapped,
    Cancelled,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::Trapped => "trapped",
            Outcome::Cancelled => "cancelled",
        }
    }
}

/// Bytes from `start`, `len` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: u64,
    pub len: u64,
}

impl Span {
    /// One past the last byte.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }

    pub fn contains(&self, address: u64) -> bool {
        (self.start..self.end()).contains(&address)
    }
}

/// A name given to a value by a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    pub name: String,
    pub value: Value,
}

/// A variable that the script uses as an address, with its value at the end of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Pointer {
    pub name: String,
    pub address: u64,
    /// Its value before this step, where this step changed it.
    pub moved_from: Option<u64>,
    /// This step fetched it, to the same value or another.
    pub fetched: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    pub export: String,
    pub args: Vec<Value>,
    /// Empty where the call did not return.
    pub results: Vec<Value>,
}

/// One call of a host function by the guest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImportCall {
    /// `module.name`.
    pub name: String,
    pub args: Vec<Value>,
    pub results: Vec<Value>,
    /// What its `reads` actions saw.
    pub saw: Vec<Value>,
    /// The name of the error that the results are, where it has one: `EBADF`.
    pub meaning: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanKind {
    Region,
    Block,
}

/// A span the script named.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedSpan {
    pub name: String,
    pub kind: SpanKind,
    pub span: Span,
    /// A block that was given back.
    pub released: bool,
}

/// What a step did to the named spans.
#[derive(Debug, Clone, PartialEq)]
pub enum Naming {
    Named(NamedSpan),
    Released(String),
}

/// A prediction asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    pub question: String,
}

/// The answer to an earlier step's question: the value, or why it could not be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub asked_in: usize,
    pub value: Result<Value, String>,
}

/// A function that was running when the guest trapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFrame {
    pub function: Arc<str>,
    /// Of the instruction it was at in the module as given, in bytes from its start.
    pub offset: Option<u64>,
    /// `file:line`.
    pub source: Option<Arc<str>>,
}

/// The store or load that went out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub is_store: bool,
    /// The effective address: the operand and the instruction's offset added, up to 2^33.
    pub address: u64,
    /// In bytes.
    pub len: u64,
    /// Where memory ended then, in bytes.
    pub memory_end: u64,
}

impl Attempt {
    /// How many bytes past the end of memory the access would have reached.
    pub fn past_end(&self) -> u64 {
        self.address
            .saturating_add(self.len)
            .saturating_sub(self.memory_end)
    }

    /// `store of 4 bytes at 0xfffe goes 2 bytes past the end of memory at 0x10000`
    pub fn told(&self) -> String {
        let what = if self.is_store { "store" } else { "load" };
        format!(
            "{what} of {} at {:#x} {}",
            counted(self.len),
            self.address,
            self.reach()
        )
    }

    /// `goes 2 bytes past the end of memory at 0x10000`
    pub fn reach(&self) -> String {
        let end = self.memory_end;
        match (self.address.checked_sub(end), self.past_end()) {
            (Some(0), _) => format!("begins where memory ends, at {end:#x}"),
            (Some(past), _) => format!(
                "begins {} past the end of memory at {end:#x}",
                counted(past)
            ),
            (None, 0) if self.is_misaligned() => format!("is not at a multiple of {}", self.len),
            (None, 0) => format!("lies within memory, which ends at {end:#x}"),
            (None, past) => format!("goes {} past the end of memory at {end:#x}", counted(past)),
        }
    }

    /// Whether the address is no multiple of the width, which atomic accesses must not be.
    pub fn is_misaligned(&self) -> bool {
        self.address
            .checked_rem(self.len)
            .is_some_and(|rest| rest != 0)
    }
}

fn counted(bytes: u64) -> String {
    format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" })
}

/// How the guest trapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// What the engine calls it: `unreachable`, `out of bounds memory access`.
    pub kind: String,
    /// Innermost first; a bounded number of them.
    pub chain: Vec<CallFrame>,
    /// How many frames there were in all.
    pub depth: usize,
    /// The access that trapped, where it was one of memory.
    pub attempt: Option<Attempt>,
}

/// Everything recorded about one step.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// 0 is instantiation.
    pub index: usize,
    /// In the steps file, counted from 1.
    pub line: Option<u32>,
    pub kind: StepKind,
    /// As written.
    pub text: String,
    /// The prose before it in a Markdown session.
    pub narration: Option<String>,
    pub outcome: Outcome,
    /// Why the outcome is not ok; safe to print; may have several lines.
    pub error: Option<String>,
    pub bindings: Vec<Binding>,
    pub call: Option<CallRecord>,
    /// The first calls of imports; a bounded number.
    pub imports_called: Vec<ImportCall>,
    /// How many calls of imports there were in all.
    pub imports_called_total: u64,
    /// What the guest printed, the first part of it: each byte that is not UTF-8 as `\xNN`.
    pub output: Option<String>,
    /// How many bytes it printed in all.
    pub output_bytes: u64,
    /// How many of them are in `output`.
    pub output_kept: u64,
    /// The code that the guest exited with, where it did.
    pub exit_code: Option<i32>,
    /// Memory's size before and after, in 64 KiB pages.
    pub pages_before: u64,
    pub pages_after: u64,
    /// What the step does while it runs; empty once it is settled.
    pub recording: Recording,
    pub events: EventLog,
    /// Memory at the end of the step.
    pub memory: Image,
    /// Maximal runs of bytes that differ across the step and share one last writer, by address.
    pub changes: Changes,
    /// How many single stores the guest made, where that was counted.
    pub stores: u64,
    /// How many of them are in `events` one by one.
    pub stores_recorded: u64,
    /// The bytes that matter in this step: where it wrote or read, or where the pointer is.
    pub focus: Option<Span>,
    /// All variables the script uses as addresses, as they stand after the step.
    pub pointers: Vec<Pointer>,
    pub naming: Option<Naming>,
    pub ask: Option<Ask>,
    pub answers: Vec<Answer>,
    pub findings: Vec<Finding>,
    /// How the guest trapped, where it did.
    pub trap: Option<Trap>,
    /// Where the instructions that this step is the first to name stand in text, by their offset in
    /// the module.
    pub places: Vec<(u64, Arc<Place>)>,
    /// Findings of earlier steps that this step expects: (step, kind).
    pub claims: Vec<(usize, FindingKind)>,
    /// What findings are judged by beside memory.
    pub facts: Facts,
}

/// A run of bytes that differ across a step and share one last writer.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub start: u64,
    pub before: Vec<u8>,
    pub after: Vec<u8>,
    pub writer: Writer,
}

impl Change {
    pub fn span(&self) -> Span {
        Span {
            start: self.start,
            len: self.after.len() as u64,
        }
    }
}

impl StepRecord {
    /// Returns the store that trapped, where a store did.
    pub fn attempted_store(&self) -> Option<Attempt> {
        let attempt = self.trap.as_ref()?.attempt;
        attempt.filter(|attempt| attempt.is_store)
    }

    /// Returns whether the step has something to unfold: events, or a store that trapped.
    pub fn can_unfold(&self) -> bool {
        !self.events.is_empty() || self.attempted_store().is_some()
    }

    /// A step of which nothing is known yet but what it is. Memory and pages are those it starts
    /// from.
    pub fn begin(index: usize, kind: StepKind, text: String, memory: Image) -> Self {
        let pages = memory.pages();
        StepRecord {
            index,
            line: None,
            kind,
            text,
            narration: None,
            outcome: Outcome::Ok,
            error: None,
            bindings: Vec::new(),
            call: None,
            imports_called: Vec::new(),
            imports_called_total: 0,
            output: None,
            output_bytes: 0,
            output_kept: 0,
            exit_code: None,
            pages_before: pages,
            pages_after: pages,
            recording: Recording::default(),
            events: EventLog::default(),
            memory,
            changes: Changes::default(),
            stores: 0,
            stores_recorded: 0,
            focus: None,
            pointers: Vec::new(),
            naming: None,
            ask: None,
            answers: Vec::new(),
            findings: Vec::new(),
            trap: None,
            places: Vec::new(),
            claims: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// Whether the step did not end in ok, and a later `expect finding` says that this was meant.
    pub fn is_claimed(&self) -> bool {
        self.outcome != Outcome::Ok && self.findings.iter().any(|f| f.claimed)
    }

    /// Whether the byte at `address` differs across this step.
    pub fn changed(&self, address: u64) -> bool {
        self.changes.holds(address)
    }

    /// Settles what was recorded, over memory before the step: fills `events`, `memory`, `changes`
    /// and the counts of stores, and gives the sites that wrote. Memory that became larger without
    /// an event is taken to have been so from the start.
    pub fn settle(&mut self, before: &Image) -> Vec<u32> {
        let mut before = before.clone();
        if !self.recording.has_growth() {
            before.grow(self.memory.len());
        }
        let settled = std::mem::take(&mut self.recording).settle(&before);
        self.take_settled(settled)
    }

    /// Takes over what a recording came to. Counts of stores that were told to be higher stay.
    pub fn take_settled(&mut self, settled: Settled) -> Vec<u32> {
        self.recording = Recording::default();
        (self.events, self.memory, self.changes) =
            (settled.events, settled.memory, settled.changes);
        self.stores = self.stores.max(settled.stores);
        self.stores_recorded = self.stores_recorded.max(settled.recorded);
        settled.sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_is_told_with_how_far_past_the_end_it_went() {
        let told = |address, len| {
            Attempt {
                is_store: true,
                address,
                len,
                memory_end: 0x10000,
            }
            .reach()
        };
        assert_eq!(told(0x10000, 4), "begins where memory ends, at 0x10000");
        assert_eq!(
            told(0x10010, 1),
            "begins 16 bytes past the end of memory at 0x10000"
        );
        assert_eq!(
            told(0xfffd, 4),
            "goes 1 byte past the end of memory at 0x10000"
        );
        assert_eq!(
            told((1 << 33) - 1, 8),
            "begins 8589869055 bytes past the end of memory at 0x10000"
        );
        assert_eq!(told(0x102, 4), "is not at a multiple of 4");
        let load = Attempt {
            is_store: false,
            address: 0xfffe,
            len: 8,
            memory_end: 0x10000,
        };
        assert_eq!(
            load.told(),
            "load of 8 bytes at 0xfffe goes 6 bytes past the end of memory at 0x10000"
        );
    }
}
