//! Texts whose length the host passes in characters, where the guest gets bytes of UTF-8.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calls::address;
use super::phrases::name;
use crate::text::count;
use crate::timeline::{Finding, FindingKind, Span, StepRecord, UseKind};

/// The longest text that is remembered, in bytes.
const MAX_BYTES: u64 = 64 << 10;
/// The largest number of texts that are remembered.
const MAX_TEXTS: usize = 256;

/// A text that the host wrote and that is longer in bytes than in characters.
#[derive(Debug)]
struct HostText {
    step: usize,
    text: Arc<str>,
}

/// The texts that the host wrote, by their addresses.
#[derive(Debug, Default)]
pub(super) struct HostTexts(BTreeMap<u64, HostText>);

impl HostTexts {
    /// Records what the host wrote in a step.
    pub fn record_step(&mut self, record: &StepRecord) {
        for used in &record.facts.uses {
            if used.how != UseKind::Write {
                continue;
            }
            let start = used.span.start;
            self.0.remove(&start);
            if let Some(text) = text_at(record, used.span) {
                if self.0.len() >= MAX_TEXTS {
                    self.0.pop_first();
                }
                let step = record.index;
                self.0.insert(start, HostText { step, text });
            }
        }
    }

    /// Checks the arguments of a step's call: the address of a text with the number after it.
    pub fn check_call(&self, record: &StepRecord) -> Option<Finding> {
        let call = record.call.as_ref().filter(|_| !self.0.is_empty())?;
        let arguments: Vec<u64> = call.args.iter().filter_map(address).collect();
        let found = arguments.windows(2).find_map(|pair| {
            let [start, length] = *pair else {
                return None;
            };
            let host_text = self.0.get(&start)?;
            let counted = count_of(&host_text.text, length)?;
            Some((start, host_text, counted))
        });
        let (start, HostText { step, text }, counted) = found?;
        let bytes = text.len() as u64;
        // The guest may take both numbers.
        if arguments
            .iter()
            .any(|n| (bytes..=bytes.saturating_add(1)).contains(n))
        {
            return None;
        }
        let is_there = record.events.memory_at(0).read(start, bytes) == text.as_bytes();
        let message = format!(
            "the host passed {} to {} as the length of the text at {start:#x}, from step {step}: it \
             has {counted}, and takes {} of UTF-8",
            counted.split(' ').next().unwrap_or_default(),
            name(&call.export),
            count(bytes, "byte"),
        );
        let span = Span { start, len: bytes };
        let finding = Finding::new(FindingKind::LengthInCharacters, message).about(span);
        is_there.then(|| finding.blaming(*step))
    }
}

/// Returns a text that the host wrote, if it has fewer characters than bytes and no NUL.
fn text_at(record: &StepRecord, span: Span) -> Option<Arc<str>> {
    if span.len > MAX_BYTES {
        return None;
    }
    let text = String::from_utf8(record.memory.read(span.start, span.len)).ok()?;
    let is_plain = |c: char| !c.is_control() || c.is_ascii_whitespace();
    (!text.is_ascii() && text.chars().all(is_plain)).then(|| Arc::from(text))
}

/// Returns what of a text there is `length` times, if that is not its bytes.
fn count_of(text: &str, length: u64) -> Option<String> {
    let characters = text.chars().count() as u64;
    let units = text.encode_utf16().count() as u64;
    if length == characters {
        return Some(count(characters, "character"));
    }
    (length == units).then(|| count(units, "code unit") + " of UTF-16")
}
