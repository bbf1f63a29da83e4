//! The calls of the guest's allocator in a step, from the records in the guest's journal.

use std::sync::Arc;

use crate::guest::{Guest, InstrumentedModule};
use crate::journal_abi::{Allocator, AllocatorRecord};
use crate::safe;
use crate::timeline::{AllocatorCall, AllocatorFacts, StepRecord};

use super::Session;

/// The longest place in a source in a label, in characters.
const MAX_SOURCE: usize = 120;

/// Returns the functions of the guest's allocator, with their names.
pub(super) fn facts(guest: &Guest, instrumented: &InstrumentedModule) -> AllocatorFacts {
    let allocator = &instrumented.journal.allocator;
    let named = allocator
        .functions
        .iter()
        .map(|known| (*known, Arc::from(guest.function_name(known.function))));
    AllocatorFacts {
        functions: named.collect(),
        is_closed: allocator.is_closed,
    }
}

impl Session {
    /// Adds the calls of the allocator to the record of a step, and the labels of their callers.
    pub(super) fn record_allocator_calls(
        &mut self,
        records: &[(usize, AllocatorRecord)],
        record: &mut StepRecord,
    ) {
        if records.is_empty() {
            return;
        }
        let calls = outermost(records);
        record.facts.misses_allocator_calls = self.recorder().misses_calls();
        let allocator = &self.compiled.instrumented.journal.allocator;
        let is_direct = record
            .call
            .as_ref()
            .and_then(|call| self.guest.export(&call.export))
            .is_some_and(|export| is_entry(allocator, export.index));
        let mut found = Vec::with_capacity(calls.len());
        for (nth, call) in calls.into_iter().enumerate() {
            let caller = self.guest.function_at(call.caller.into());
            let has_caller = caller.is_some_and(|caller| !is_entry(allocator, caller));
            let caller = if has_caller { call.caller } else { 0 };
            found.push(AllocatorCall {
                caller,
                is_by_host: is_direct && nth == 0 && caller == 0,
                ..call
            });
            if caller > 0 && self.known_callers.insert(caller) {
                let label = Arc::from(self.caller_label(caller));
                record.facts.callers.push((caller, label));
            }
        }
        record.facts.allocator_calls = found.into();
    }

    /// Returns the function and the source line of an instruction: `greet at guest.wat:28`.
    fn caller_label(&self, offset: u32) -> String {
        let offset = u64::from(offset);
        let function = self.guest.function_at(offset);
        let function = function.map(|function| self.guest.function_name(function));
        let function = function.unwrap_or_default();
        match self.guest.locate(offset).source {
            Some(source) => format!("{function} at {}", safe::cut(&source, MAX_SOURCE)),
            None => format!("{function} at {offset:#x}"),
        }
    }
}

/// Returns whether a call of this function by the host is a call of the allocator.
fn is_entry(allocator: &Allocator, function: u32) -> bool {
    let mut functions = allocator.functions.iter();
    functions.any(|known| known.function == function) || allocator.entries.contains(&function)
}

/// Returns the calls that no other function of the allocator made. A call that did not return is
/// the last one: what comes after its record may be in it.
fn outermost(records: &[(usize, AllocatorRecord)]) -> Vec<AllocatorCall> {
    let mut calls = Vec::new();
    let mut open: Option<AllocatorCall> = None;
    let mut depth = 0_usize;
    for (events, record) in records {
        if !record.has_returned {
            depth += 1;
            open.get_or_insert_with(|| entered(*events, record));
            continue;
        }
        depth = depth.saturating_sub(1);
        if depth > 0 {
            continue;
        }
        if let Some(call) = open.take() {
            calls.push(AllocatorCall {
                events_at_return: Some(*events),
                result: record.address,
                size: record.size,
                ..call
            });
        }
    }
    calls.extend(open);
    calls
}

fn entered(events: usize, record: &AllocatorRecord) -> AllocatorCall {
    AllocatorCall {
        function: record.number.saturating_sub(1),
        caller: record.caller,
        is_by_host: false,
        events_before: events,
        events_at_return: None,
        given: record.address,
        given_size: record.size,
        result: 0,
        size: 0,
        alignment: record.alignment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u32, has_returned: bool, address: u32) -> AllocatorRecord {
        AllocatorRecord {
            number,
            has_returned,
            address,
            ..AllocatorRecord::default()
        }
    }

    #[test]
    fn calls_inside_of_the_allocator_are_left_out() {
        // `realloc` calls `malloc` and `free`; then `free` is called, and `malloc` traps.
        let records = [
            (1, record(3, false, 16)),
            (1, record(1, false, 0)),
            (2, record(1, true, 32)),
            (3, record(2, false, 16)),
            (4, record(2, true, 16)),
            (5, record(3, true, 32)),
            (7, record(2, false, 32)),
            (8, record(2, true, 32)),
            (9, record(1, false, 0)),
        ];
        let calls: Vec<_> = outermost(&records)
            .iter()
            .map(|call| {
                let events = (call.events_before, call.events_at_return);
                (call.function, events, call.given, call.result)
            })
            .collect();
        assert_eq!(
            calls,
            [
                (2, (1, Some(5)), 16, 32),
                (1, (7, Some(8)), 32, 32),
                (0, (9, None), 0, 0),
            ]
        );
    }
}
