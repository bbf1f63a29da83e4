//! What led to an access outside memory or to a trap, as far as the record shows it: where a number
//! came from, a pointer that was multiplied, and growth that was refused.

use std::collections::BTreeMap;

use crate::guest::{TableIndex, TableSlot};
use crate::script::ast::{BinaryOp, Expr, ExprKind};
use crate::script::eval;
use crate::text::{self, count};
use crate::timeline::{
    ArgumentFacts, Event, EventLog, FindingKind, Image, Provenance, ScaledPointer, Span,
    StackRange, StepRecord, Writer, is_far_outside,
};

use crate::value::Value;

use super::Session;
use super::call::StepError;
use super::memory::AccessError;
use super::region_facts::layout_facts;
use super::value_origin::OriginByte;

/// The largest memory that is searched for a number, in bytes.
const MAX_SEARCHED: u64 = 64 << 20;
/// The largest number of places that are examined until one is aligned.
const MAX_PLACES: usize = 64;

/// How many of the last steps are searched for a number of the host.
const MAX_HOST_STEPS: usize = 16;
/// The longest write of the host that is searched for a number, in bytes.
const MAX_HOST_BYTES: usize = 256;

/// Where the value of a variable came from.
#[derive(Debug, Clone, Copy)]
enum ValueSource {
    /// These bytes of memory.
    Memory(Span),
    /// A call or a global of the guest.
    Guest,
}

/// Where a number is in memory.
struct NumberPlace {
    /// The bytes, at the lowest of the addresses.
    span: Span,
    /// The place, and who wrote the number there.
    description: String,
}

/// The events of all steps so far, and where the variables came from.
#[derive(Debug, Default)]
pub(super) struct History {
    steps: Vec<(usize, EventLog)>,
    sources: BTreeMap<String, ValueSource>,
}

impl History {
    /// Records a finished step.
    pub fn record(&mut self, record: &StepRecord) {
        if !record.events.is_empty() {
            self.steps.push((record.index, record.events.clone()));
        }
        for given in &record.facts.given {
            let source = match &given.from {
                Provenance::Memory => record.focus.map(ValueSource::Memory),
                Provenance::Result(_) | Provenance::Global { .. } => Some(ValueSource::Guest),
                Provenance::Variables(_) | Provenance::Elsewhere => None,
            };
            match source {
                Some(source) => drop(self.sources.insert(given.name.clone(), source)),
                None => drop(self.sources.remove(&given.name)),
            }
        }
    }

    /// Describes a byte that a value has: the step that read it, and who wrote it before that:
    /// `step 5 read the byte at 0x40c; the guest, in add_one, wrote it in step 4; before that, the
    /// host wrote it in step 3`.
    pub fn describe_byte(&self, byte: OriginByte) -> String {
        let OriginByte {
            address,
            step,
            is_end,
        } = byte;
        let earlier = self.steps.iter().rev().filter(|(index, _)| *index < step);
        let mut writers = earlier.filter_map(|(index, log)| {
            let (_, write) = log.writes_to(address, log.len()).next()?;
            Some((*index, describe_writer(write.writer)))
        });
        let last = if is_end {
            "up to the byte"
        } else {
            "this byte"
        };
        let mut text = format!("step {step} read {last} at {address:#x}; ");
        match writers.next() {
            None => text.push_str("nothing had written to it"),
            Some((index, writer)) => text.push_str(&format!("{writer} wrote it in step {index}")),
        }
        if let Some((index, writer)) = writers.next() {
            text.push_str(&format!("; before that, {writer} wrote it in step {index}"));
        }
        text
    }

    /// Returns the arguments whose values came from the guest or from memory.
    fn pointers_among(&self, arguments: &[ArgumentFacts]) -> Vec<u64> {
        let is_pointer = |argument: &&ArgumentFacts| {
            argument
                .names
                .iter()
                .any(|name| self.sources.contains_key(name))
        };
        let pointers = arguments.iter().filter(is_pointer);
        pointers.map(|argument| argument.address).collect()
    }

    /// Describes where a number is in memory and who wrote it: `0x32323232 is at 0x404; the host
    /// wrote it in step 6`. It may be at more places than one. `current` are the events of the step
    /// that is not finished.
    fn describe(
        &self,
        value: u64,
        places: &[u64],
        current: Option<(usize, &EventLog)>,
    ) -> Option<NumberPlace> {
        let at = *places.first()?;
        let earlier = self.steps.iter().rev().map(|(step, log)| (*step, log));
        let (step, writer) = current.into_iter().chain(earlier).find_map(|(step, log)| {
            let (_, write) = log.writes_to(at, log.len()).next()?;
            Some((step, write.writer))
        })?;
        let writer = describe_writer(writer);
        let place = match places.len() {
            1 => format!("{at:#x}"),
            _ => format!("several addresses, the lowest {at:#x}"),
        };
        Some(NumberPlace {
            span: Span { start: at, len: 4 },
            description: format!(
                "{value:#x} is at {place}; {writer} wrote it there in step {step}"
            ),
        })
    }
}

impl History {
    /// Describes a number that the host wrote with the highest byte first: as the guest reads it, it
    /// is larger than memory, and in the other order of its bytes it is a small one.
    fn describe_other_order(&self, memory: &Image) -> Option<String> {
        let by_host = self.steps.iter().rev().take(MAX_HOST_STEPS);
        let writes = by_host.filter_map(|(step, log)| match log.get(0)? {
            Event::Write(write) if log.len() == 1 && matches!(write.writer, Writer::Host) => {
                Some((*step, write))
            }
            _ => None,
        });
        writes
            .filter(|(_, write)| write.after.len() <= MAX_HOST_BYTES)
            .find_map(|(step, write)| {
                let (words, rest) = write.after.as_chunks::<4>();
                let (at, word) = words
                    .iter()
                    .enumerate()
                    .find(|(_, word)| is_other_order(**word, memory.len()))?;
                let at = write.start.saturating_add(4 * at as u64);
                let is_there = rest.is_empty() && memory.read(at, 4) == word.as_slice();
                is_there.then(|| {
                    format!(
                        "perhaps the order of bytes: the guest reads {:#x} at {at:#x}, where the host \
                         wrote {} with the highest byte first in step {step}; WebAssembly reads the \
                         lowest byte first",
                        u32::from_le_bytes(*word),
                        u32::from_be_bytes(*word)
                    )
                })
            })
    }
}

/// Describes the first argument after one of these addresses that is too large for a length there.
fn long_argument(args: &[Value], pointers: &[u64], memory_end: u64) -> Option<String> {
    let number = |value: &Value| match value {
        Value::Int(n) => i32::try_from(*n)
            .map(i32::cast_unsigned)
            .or_else(|_| u32::try_from(*n))
            .ok()
            .map(u64::from),
        _ => None,
    };
    args.windows(2).find_map(|pair| {
        let [first, second] = pair else {
            return None;
        };
        let (address, length) = (number(first)?, number(second)?);
        let is_long = pointers.contains(&address)
            && address < memory_end
            && address.saturating_add(length) > memory_end
            && !(1..=memory_end).contains(&length);
        let unsigned = match second {
            Value::Int(n) if *n < 0 => format!(" ({length} as an unsigned number)"),
            _ => String::new(),
        };
        is_long.then(|| {
            format!(
                "the argument after {address:#x} is {second}{unsigned}: from there, memory has {}",
                count(memory_end.saturating_sub(address), "byte")
            )
        })
    })
}

/// Returns whether four bytes are a small number with the highest byte first, and a number larger
/// than memory, and no usual f32, with the lowest byte first.
fn is_other_order(word: [u8; 4], memory_len: u64) -> bool {
    let as_read = u32::from_le_bytes(word);
    let is_usual_float = (1e-6..1e12).contains(&f32::from_bits(as_read).abs());
    u64::from(as_read) > memory_len
        && u32::from_be_bytes(word) <= u32::from(u16::MAX)
        && !is_usual_float
}

fn describe_writer(writer: Writer) -> String {
    match writer {
        Writer::Guest {
            function: Some(function),
            ..
        } => format!("the guest, in {},", crate::safe::cut(&function, 60)),
        other => other.subject(),
    }
}

/// Returns the lowest addresses, at most two and multiples of 4, at which memory has this number as a
/// `u32`.
fn places_of(memory: &Image, value: u64) -> Vec<u64> {
    let mut places = Vec::new();
    let Ok(value) = u32::try_from(value) else {
        return places;
    };
    let (bytes, mut from) = (value.to_le_bytes(), 0);
    for _ in 0..MAX_PLACES {
        let Some(at) = memory.find(&bytes, from) else {
            break;
        };
        if at.is_multiple_of(4) {
            places.push(at);
        }
        if places.len() == 2 {
            break;
        }
        from = at.saturating_add(1);
    }
    places
}

impl Session {
    /// Adds to a trap of the guest what may have led to it: growth that was refused in the same
    /// call, and the place of the address in memory.
    pub(super) fn add_reasons(&self, record: &mut StepRecord, error: &mut StepError) {
        let mut findings = record.findings.iter();
        let is_refused = findings.any(|finding| finding.kind == FindingKind::GrowthRefused);
        let origin = self.origin_of_attempt(record);
        let call = self.indirect_call(record);
        let stack = self.exhausted_stack(record, error);
        let Some(trap) = record.trap.as_mut() else {
            if let Some(reason) = stack {
                add_reason(error, &reason);
            }
            return;
        };
        if is_refused {
            let reason =
                "before that, memory.grow answered -1, so memory is smaller than was asked for";
            trap.reasons.push(reason.into());
        }
        if let Some(origin) = origin {
            error.origin = Some(origin.span);
            trap.reasons.push(origin.description);
        }
        if trap.attempt.is_some() {
            let order = self.judging.history.describe_other_order(&record.memory);
            trap.reasons.extend(order);
        }
        if let (Some(attempt), Some(call)) = (trap.attempt, &record.call) {
            let pointers = self.judging.history.pointers_among(&record.facts.arguments);
            let long = long_argument(&call.args, &pointers, attempt.memory_end);
            trap.reasons.extend(long);
        }
        trap.reasons.extend(call);
        trap.reasons.extend(stack);
        for reason in &trap.reasons {
            add_reason(error, reason);
        }
    }

    /// Describes the stack pointer, if it explains an address just below 0: the stack has run out.
    fn exhausted_stack(&self, record: &StepRecord, error: &StepError) -> Option<String> {
        let attempt = record.trap.as_ref().and_then(|trap| trap.attempt);
        let found = error.findings.first().and_then(|finding| finding.address);
        text::below_zero(attempt.map(|attempt| attempt.address).or(found)?)?;
        let layout = layout_facts(&self.guest, *self.memory_index.as_ref().ok()?);
        let range = StackRange::of(&layout)?;
        let pointer = record.stack_pointer?.after;
        let below = range.signed(pointer).checked_neg().filter(|n| *n > 0)?;
        Some(format!(
            "the stack pointer is {pointer:#x}, {} below 0: the guest's stack has run out",
            count(below.unsigned_abs(), "byte")
        ))
    }

    /// Describes the call through a table that trapped: the type that it needs, and what the table
    /// has at the index. The index is known only in the function that the host called.
    fn indirect_call(&self, record: &StepRecord) -> Option<String> {
        let trap = record.trap.as_ref()?;
        if !["indirect call", "element"]
            .iter()
            .any(|words| trap.kind.contains(words))
        {
            return None;
        }
        let call = self.guest.indirect_call_at(trap.chain.first()?.offset?)?;
        let args = record.call.as_ref().map(|call| call.args.as_slice());
        let index = match call.index {
            Some(TableIndex::Constant(index)) => Some(index),
            Some(TableIndex::Parameter(number)) if trap.depth == 1 => {
                let number = usize::try_from(number).ok();
                let arg = args.unwrap_or_default().get(number?)?;
                match arg {
                    Value::Int(n) => i32::try_from(*n)
                        .map(i32::cast_unsigned)
                        .or_else(|_| u32::try_from(*n))
                        .ok(),
                    _ => None,
                }
            }
            _ => None,
        };
        let (table, wanted) = (call.table, &call.wanted);
        let slot = index.and_then(|index| Some((index, self.guest.table_slot(table, index)?)));
        Some(match slot {
            None => format!("the call needs a function of type {wanted} in table {table}"),
            Some((index, TableSlot::PastEnd(length))) => format!(
                "index {index} is past the end of table {table}, which has {}",
                count(length, "element")
            ),
            Some((index, TableSlot::Null)) => format!(
                "nothing is at index {index} of table {table}, and the call needs a function of \
                 type {wanted}"
            ),
            Some((index, TableSlot::Function(function, ty))) => format!(
                "{}, of type {ty}, is at index {index} of table {table}, and the call needs a \
                 function of type {wanted}",
                self.guest.function_name(function)
            ),
        })
    }

    /// Describes where the address of the access that trapped is in memory.
    fn origin_of_attempt(&self, record: &StepRecord) -> Option<NumberPlace> {
        let trap = record.trap.as_ref()?;
        let attempt = trap.attempt?;
        let offset = trap.chain.first().and_then(|frame| frame.offset);
        let access = offset.and_then(|offset| self.guest.access_at(offset));
        let immediate = access.map_or(0, |access| access.immediate);
        let operand = attempt.address.checked_sub(immediate)?;
        let is_far = is_far_outside(operand, attempt.memory_end);
        if !is_far || record.memory.len() > MAX_SEARCHED {
            return None;
        }
        let places = places_of(&record.memory, operand);
        let current = Some((record.index, &record.events));
        self.judging.history.describe(operand, &places, current)
    }

    /// Describes who wrote the bytes that a variable has its value from.
    fn origin_of_variable(&self, name: &str) -> Option<NumberPlace> {
        let value = eval::address(self.scope.value(name)?, name, self.scope.is_64).ok()?;
        let history = &self.judging.history;
        let places = match history.sources.get(name)? {
            ValueSource::Memory(span) => {
                let len = usize::try_from(span.len.min(8)).ok()?;
                let bytes = value.to_le_bytes();
                let is_unchanged =
                    self.image.read(span.start, span.len.min(8)) == bytes.get(..len)?;
                is_unchanged.then(|| vec![span.start])
            }
            ValueSource::Guest => {
                let end = self.image.len();
                let is_far = is_far_outside(value, end) && end <= MAX_SEARCHED;
                is_far.then(|| places_of(&self.image, value))
            }
        };
        history.describe(value, &places?, None)
    }

    /// Returns the pointer that `expr` multiplies or divides by 2, 4 or 8, if its value is `start`.
    pub(super) fn scaled_pointer(&self, expr: &Expr, start: u64) -> Option<ScaledPointer> {
        let ExprKind::Binary { op, left, right } = &expr.kind else {
            return None;
        };
        let is_scaling = matches!(
            op,
            BinaryOp::Multiply | BinaryOp::ShiftLeft | BinaryOp::Divide | BinaryOp::ShiftRight
        );
        if !is_scaling {
            return None;
        }
        let name = first_summand(left).or_else(|| first_summand(right))?;
        self.judging.history.sources.get(name)?;
        let address = eval::address(self.scope.value(name)?, name, self.scope.is_64).ok()?;
        let factors = [2_u64, 4, 8].into_iter();
        let factor = factors.filter(|_| address >= 8).find_map(|factor| {
            let is_multiplied = address.checked_mul(factor) == Some(start);
            let is_divided = address % factor == 0 && address / factor == start;
            (is_multiplied || is_divided).then_some((factor, is_multiplied))
        });
        let (factor, is_multiplied) = factor?;
        Some(ScaledPointer {
            name: name.to_owned(),
            address,
            factor,
            is_multiplied,
        })
    }

    /// Returns the error of a failed access, with the variables that chose its span and the steps
    /// that bound them.
    pub(super) fn access_failed(&self, error: AccessError, parts: &[&Expr]) -> StepError {
        let address = match &error {
            AccessError::OutOfBounds { start, .. } | AccessError::NoNul { start, .. } => *start,
            AccessError::NoMemory | AccessError::OutOfMemory(_) | AccessError::Engine(_) => {
                return StepError::failed(error.to_string());
            }
        };
        let mut message = error.to_string();
        let mut blamed = None;
        let (mut origins, mut origin) = (Vec::new(), None);
        for name in parts.iter().filter_map(|expr| first_summand(expr)) {
            let Some(variable) = self.scope.get(name) else {
                continue;
            };
            let from = match variable.step {
                Some(step) => format!("from step {step}"),
                None => "an input".into(),
            };
            blamed = blamed.or(variable.step);
            message.push_str(&format!("; {name} is {}, {from}", variable.value.brief(40)));
            if let Some(place) = self.origin_of_variable(name) {
                origin = origin.or(Some(place.span));
                origins.push(place.description);
            }
        }
        let scaled = parts
            .first()
            .and_then(|expr| self.scaled_pointer(expr, address));
        origins.extend(scaled.map(|scaled| scaled.describe()));
        for origin in origins {
            message.push_str(&format!("; {origin}"));
        }
        let mut failure = StepError::found(FindingKind::OutOfBounds, Some(address), message);
        for finding in &mut failure.findings {
            finding.blamed = blamed;
        }
        failure.origin = origin;
        failure
    }
}

/// Adds a reason to the message of a failure and to its findings.
fn add_reason(error: &mut StepError, reason: &str) {
    let reason = format!("; {reason}");
    error.message.push_str(&reason);
    for finding in &mut error.findings {
        finding.message.push_str(&reason);
    }
}

/// Returns the first variable of an expression, alone or as an operand.
fn first_summand(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::Binary { left, right, .. } => {
            first_summand(left).or_else(|| first_summand(right))
        }
        _ => None,
    }
}
