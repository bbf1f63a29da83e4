//! The record of one step.

use std::sync::Arc;

use serde::Serialize;

use crate::data_types::TypeRef;
use crate::source::{HostPlace, Place};
use crate::text::{self, count};
use crate::value::Value;

use super::{
    Changes, Children, EventLog, Facts, Finding, FindingKind, Image, LiveBlocks, Outcome, Settled,
    Span,
};

/// The kind of statement that a step was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// The guest is instantiated.
    Instantiate,
    /// An export is called.
    Call,
    /// The host writes to memory.
    Write,
    /// The host reads from memory.
    Read,
    /// The host makes memory grow.
    Grow,
    /// The host reads an exported global.
    Global,
    /// The host sets an exported global.
    Set,
    /// A host function is put into a table.
    Callback,
    /// The host sets an element of a table, or grows a table.
    Table,
    /// A region is named.
    Region,
    /// A region is named, with the type of its bytes.
    View,
    /// A block is named.
    Block,
    /// A block is released.
    Release,
    /// A condition, a trap or a finding is expected.
    Expect,
    /// The person is asked for a prediction.
    Ask,
    /// A variable is bound.
    Let,
}

impl StepKind {
    /// Returns the name in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            StepKind::Instantiate => "instantiate",
            StepKind::Call => "call",
            StepKind::Write => "write",
            StepKind::Read => "read",
            StepKind::Grow => "grow",
            StepKind::Global => "global",
            StepKind::Set => "set",
            StepKind::Callback => "callback",
            StepKind::Table => "table",
            StepKind::Region => "region",
            StepKind::View => "view",
            StepKind::Block => "block",
            StepKind::Release => "release",
            StepKind::Expect => "expect",
            StepKind::Ask => "ask",
            StepKind::Let => "let",
        }
    }
}

/// A variable that a step bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Binding {
    /// The name of the variable.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// A variable that the script uses as an address, with its value at the end of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pointer {
    /// The name of the variable.
    pub name: String,
    /// Its value.
    pub address: u64,
    /// Its value before this step, if this step changed it.
    pub moved_from: Option<u64>,
    /// Whether this step fetched it, even if to the same value.
    pub fetched: bool,
}

/// A call of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallRecord {
    /// The name of the export.
    pub export: String,
    /// The arguments.
    pub args: Vec<Value>,
    /// The results; empty if the call did not return.
    pub results: Vec<Value>,
}

/// A call of a host function by the guest.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ImportCall {
    /// The name of the import: `module.name`.
    pub name: String,
    /// The arguments.
    pub args: Vec<Value>,
    /// The results.
    pub results: Vec<Value>,
    /// What its `reads` actions read.
    pub saw: Vec<Value>,
    /// The calls of exports by its `call` actions, in order.
    pub calls: Vec<CallRecord>,
    /// The name of the error in the results, if there is one: `EBADF`.
    pub meaning: Option<&'static str>,
}

/// The kind of a named span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    /// A region: bytes with a name.
    Region,
    /// A block: bytes that are allocated and released.
    Block,
}

/// A span the script named.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedSpan {
    /// A region or a block.
    pub(crate) kind: SpanKind,
    /// The name that the script gave it.
    pub(crate) name: String,
    /// Its bytes.
    #[serde(flatten)]
    pub(crate) span: Span,
    /// Whether it is a block that was released.
    #[serde(skip)]
    pub(crate) released: bool,
    /// The type of its bytes, if the script gave it one.
    #[serde(skip)]
    pub(crate) data_type: Option<TypeRef>,
}

/// What a step did to the named spans.
#[derive(Debug, Clone, PartialEq)]
pub enum Naming {
    /// It named a span.
    Named(NamedSpan),
    /// It released the block of this name.
    Released(String),
}

/// A prediction that the person is asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ask {
    /// The question as written.
    pub question: String,
    /// The form of its answer.
    pub form: AnswerForm,
}

/// The form of an answer, as far as it is known before the answer is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnswerForm {
    /// The kind of value; `None` if that is not known.
    pub kind: Option<AnswerKind>,
    /// Whether the answer is written in hexadecimal, or is an address.
    pub is_hexadecimal: bool,
    /// The texts to choose from; the answer is the number of one, counted from 1. Empty without a
    /// choice.
    pub choices: Vec<String>,
}

/// The kind of value that answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// An integer or a float.
    Number,
    /// A text.
    Text,
    /// True or false.
    Truth,
    /// A list or bytes.
    Other,
}

/// The answer to the question of an earlier step.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The step that asked.
    pub asked_in: usize,
    /// The value, or why it is not known.
    pub value: Result<Value, String>,
}

/// A function that was running when the guest trapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFrame {
    /// The name of the function.
    pub function: Arc<str>,
    /// The offset of its current instruction, in bytes from the start of the module as given.
    pub offset: Option<u64>,
    /// The source of that instruction: `file:line`.
    pub source: Option<Arc<str>>,
}

/// A load or store that went out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// Whether it is a store.
    pub is_store: bool,
    /// The effective address: the sum of operand and immediate offset, up to 2^33.
    pub address: u64,
    /// The number of bytes.
    pub len: u64,
    /// The size of memory then, in bytes.
    pub memory_end: u64,
}

/// How far past the end of memory an address may be to have to do with the end, in bytes.
const FAR: u64 = 4096;

/// Returns whether an address is so far past the end of memory that the last bytes of memory do not
/// explain it.
pub(crate) fn is_far_outside(address: u64, memory_end: u64) -> bool {
    address > memory_end.saturating_add(FAR)
}

impl Attempt {
    /// Returns how many bytes past the end of memory the access would have reached.
    pub fn past_end(&self) -> u64 {
        self.address
            .saturating_add(self.len)
            .saturating_sub(self.memory_end)
    }

    /// Describes the access: `store of 4 bytes at 0xfffe goes 2 bytes past the end of memory at
    /// 0x10000`.
    pub(crate) fn describe(&self) -> String {
        let what = if self.is_store { "store" } else { "load" };
        let bytes = count(self.len, "byte");
        if let Some(below) = text::below_zero(self.address).filter(|_| self.past_end() > 0) {
            let (at, end) = (self.address, self.memory_end);
            return format!("{what} of {bytes} at {below} ({at:#x}): memory is 0x0..{end:#x}");
        }
        format!("{what} of {bytes} at {:#x} {}", self.address, self.reach())
    }

    /// Describes how far the access reaches: `goes 2 bytes past the end of memory at 0x10000`.
    pub(crate) fn reach(&self) -> String {
        let end = self.memory_end;
        match (self.address.checked_sub(end), self.past_end()) {
            (Some(0), _) => format!("begins where memory ends, at {end:#x}"),
            (Some(past), _) => format!(
                "begins {} past the end of memory at {end:#x}",
                count(past, "byte")
            ),
            (None, 0) if self.is_misaligned() => format!("is not at a multiple of {}", self.len),
            (None, 0) => format!("is within memory, which ends at {end:#x}"),
            (None, past) => format!(
                "goes {} past the end of memory at {end:#x}",
                count(past, "byte")
            ),
        }
    }

    /// Returns whether the address is not a multiple of the width, which that of an atomic access
    /// must be.
    pub(crate) fn is_misaligned(&self) -> bool {
        self.address
            .checked_rem(self.len)
            .is_some_and(|rest| rest != 0)
    }
}

/// How the guest trapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The name of the trap in the engine: `unreachable`, `out of bounds memory access`.
    pub kind: String,
    /// The functions that were running, innermost first; a limited number of them.
    pub chain: Vec<CallFrame>,
    /// How many functions were running.
    pub depth: usize,
    /// The access that trapped, if it was one to memory.
    pub attempt: Option<Attempt>,
    /// What may have led to the trap, safe to print: phrases without a full stop.
    pub reasons: Vec<String>,
}

/// The guest's stack pointer in a step, as an unsigned address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StackPointer {
    /// Before the step; `None` for instantiation.
    pub before: Option<u64>,
    /// After the step, also where the guest trapped.
    pub after: u64,
}

impl StackPointer {
    /// Returns the addresses before and after the step, if they differ.
    pub(crate) fn moved(&self) -> Option<(u64, u64)> {
        let before = self.before?;
        (before != self.after).then_some((before, self.after))
    }
}

/// The line of a recorded host that a step is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostLine {
    /// The place.
    pub place: Arc<HostPlace>,
    /// Whether the host did it at an unknown line before this one, after the crossing before.
    pub is_before: bool,
}

/// Everything that is recorded about a step.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// The number of the step; 0 is instantiation.
    pub index: usize,
    /// The line in the steps file, from 1.
    pub line: Option<u32>,
    /// What the step does.
    pub kind: StepKind,
    /// The statement as written.
    pub text: String,
    /// The prose before it in a Markdown session.
    pub narration: Option<String>,
    /// The line of a recorded host that it is from.
    pub host: Option<HostLine>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed; safe to print; may have several lines.
    pub error: Option<String>,
    /// The variables that it bound, in order.
    pub bindings: Vec<Binding>,
    /// The export that it called.
    pub call: Option<CallRecord>,
    /// The first calls of imports; a limited number.
    pub imports_called: Vec<ImportCall>,
    /// How many calls of imports there were.
    pub imports_called_total: u64,
    /// The parts of the step that open: the first calls of imports, with what the host did in each.
    pub children: Children,
    /// The first part of what the guest printed. A byte that is not UTF-8 is written as `\xNN`.
    pub output: Option<String>,
    /// How many bytes the guest printed.
    pub output_bytes: u64,
    /// How many of them are in `output`.
    pub output_kept: u64,
    /// The code with which the guest exited, if it did.
    pub exit_code: Option<i32>,
    /// The size of memory before the step, in 64 KiB pages.
    pub pages_before: u64,
    /// The size of memory after the step, in 64 KiB pages.
    pub pages_after: u64,
    /// The guest's stack pointer, if it is known which global that is. The layout of the guest has
    /// the range of the stack.
    pub stack_pointer: Option<StackPointer>,
    /// What the step did to memory, in order.
    pub events: EventLog,
    /// Memory after the step.
    pub memory: Image,
    /// The maximal runs of bytes that differ across the step and have one last writer, by address.
    pub changes: Changes,
    /// How many single stores the guest made, if that was counted.
    pub stores: u64,
    /// How many of them are events of their own.
    pub stores_recorded: u64,
    /// The bytes that matter in this step: where it wrote or read, or where a pointer points.
    pub focus: Option<Span>,
    /// All variables that the script uses as addresses, after the step.
    pub pointers: Vec<Pointer>,
    /// What it did to the named spans.
    pub naming: Option<Naming>,
    /// What the parameters of its call point to, if debug information declares records there.
    pub parameters: Vec<NamedSpan>,
    /// The question that it asks.
    pub ask: Option<Ask>,
    /// The answers to questions of earlier steps.
    pub answers: Vec<Answer>,
    /// What was found in it.
    pub findings: Vec<Finding>,
    /// How the guest trapped, if it did.
    pub trap: Option<Trap>,
    /// The sources of instructions that are in no earlier step, by their offset in the module.
    pub places: Vec<(u64, Arc<Place>)>,
    /// The blocks of the guest's allocator after the step; `None` if not all are known.
    pub live_blocks: Option<Arc<LiveBlocks>>,
    /// The findings of earlier steps that this step expects: step and kind.
    pub claims: Vec<(usize, FindingKind)>,
    /// What the checks need to know beyond memory.
    pub(crate) facts: Facts,
}

impl StepRecord {
    /// Returns the store that trapped, where a store did.
    pub(crate) fn attempted_store(&self) -> Option<Attempt> {
        let attempt = self.trap.as_ref()?.attempt;
        attempt.filter(|attempt| attempt.is_store)
    }

    /// Returns whether the step has something to unfold: events, children, or a store that trapped.
    pub(crate) fn can_unfold(&self) -> bool {
        !self.events.is_empty() || !self.children.is_empty() || self.attempted_store().is_some()
    }

    /// Creates the record of a step that has done nothing yet. `memory` is memory before it.
    pub fn begin(index: usize, kind: StepKind, text: String, memory: Image) -> Self {
        let pages = memory.pages();
        StepRecord {
            index,
            line: None,
            kind,
            text,
            narration: None,
            host: None,
            outcome: Outcome::Ok,
            error: None,
            bindings: Vec::new(),
            call: None,
            imports_called: Vec::new(),
            imports_called_total: 0,
            children: Children::default(),
            output: None,
            output_bytes: 0,
            output_kept: 0,
            exit_code: None,
            pages_before: pages,
            pages_after: pages,
            stack_pointer: None,
            events: EventLog::default(),
            memory,
            changes: Changes::default(),
            stores: 0,
            stores_recorded: 0,
            focus: None,
            pointers: Vec::new(),
            naming: None,
            parameters: Vec::new(),
            ask: None,
            answers: Vec::new(),
            findings: Vec::new(),
            trap: None,
            places: Vec::new(),
            live_blocks: None,
            claims: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// Returns whether the step failed and a later `expect finding` expects that.
    pub fn is_claimed(&self) -> bool {
        self.outcome != Outcome::Ok && self.findings.iter().any(|f| f.claimed)
    }

    /// Sets what the step did to memory: `events`, `memory`, `changes` and the counts of stores.
    pub fn set_effects(&mut self, settled: &Settled) {
        self.events = settled.events.clone();
        self.memory = settled.memory.clone();
        self.changes = settled.changes.clone();
        self.stores = settled.stores;
        self.stores_recorded = settled.recorded;
    }

    /// Returns how much memory the record takes, with what it does not share with the step before, in
    /// bytes. Values that variables hold are shared with the script, and are not counted.
    pub fn history_bytes(&self) -> u64 {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let values = |values: &[Value]| values.iter().map(Value::weight).sum::<usize>();
        let call = |call: &CallRecord| values(&call.args) + values(&call.results);
        let import = |import: &ImportCall| {
            let calls: usize = import.calls.iter().map(call).sum();
            let own = values(&import.args) + values(&import.results) + values(&import.saw);
            size_of::<ImportCall>() + import.name.len() + own + calls
        };
        let bytes = size_of::<StepRecord>()
            + self.text.len()
            + [&self.narration, &self.error, &self.output]
                .map(text)
                .iter()
                .sum::<usize>()
            + self.imports_called.iter().map(import).sum::<usize>()
            + self.pointers.len() * size_of::<Pointer>()
            + self.findings.len() * size_of::<Finding>()
            + self.children.history_bytes()
            + self.events.history_bytes();
        bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_is_described_with_how_far_past_the_end_it_went() {
        let reach = |address, len| {
            Attempt {
                is_store: true,
                address,
                len,
                memory_end: 0x10000,
            }
            .reach()
        };
        assert_eq!(reach(0x10000, 4), "begins where memory ends, at 0x10000");
        assert_eq!(
            reach(0x10010, 1),
            "begins 16 bytes past the end of memory at 0x10000"
        );
        assert_eq!(
            reach(0xfffd, 4),
            "goes 1 byte past the end of memory at 0x10000"
        );
        assert_eq!(
            reach((1 << 33) - 1, 8),
            "begins 8589869055 bytes past the end of memory at 0x10000"
        );
        assert_eq!(reach(0x102, 4), "is not at a multiple of 4");
        let below = |address| {
            Attempt {
                is_store: true,
                address,
                len: 4,
                memory_end: 0x10000,
            }
            .describe()
        };
        assert_eq!(
            below(0xffff_fff0),
            "store of 4 bytes at 16 bytes below 0 (0xfffffff0): memory is 0x0..0x10000"
        );
        assert_eq!(
            below(0xfffe_ffff),
            "store of 4 bytes at 0xfffeffff begins 4294836223 bytes past the end of memory at \
             0x10000"
        );
        let load = Attempt {
            is_store: false,
            address: 0xfffe,
            len: 8,
            memory_end: 0x10000,
        };
        assert_eq!(
            load.describe(),
            "load of 8 bytes at 0xfffe goes 6 bytes past the end of memory at 0x10000"
        );
    }
}
