//! Compares a replayed step with its record. A guest cannot go back, so a new one runs the recorded
//! steps again; a step that does something else is reported.

use crate::timeline::{Image, ImportCall, StepRecord};
use crate::value::Value;

/// Returns how a replayed step differs from its record, as a phrase that is safe to print; `None`
/// if it does not.
pub fn difference(recorded: &StepRecord, again: &StepRecord) -> Option<String> {
    if recorded.text != again.text {
        return Some("it is another step".into());
    }
    if recorded.outcome != again.outcome {
        return Some(format!(
            "it ended in {} and now in {}",
            recorded.outcome.as_str(),
            again.outcome.as_str()
        ));
    }
    if recorded.error != again.error {
        return Some("it ended with another message".into());
    }
    if recorded.exit_code != again.exit_code {
        return Some("the guest exited with another code".into());
    }
    let (old, new) = (&recorded.bindings, &again.bindings);
    if let Some((old, new)) = old
        .iter()
        .zip(new)
        .find(|(a, b)| a.name != b.name || !is_same(&a.value, &b.value))
    {
        let name = crate::safe::cut(&new.name, 40);
        return Some(format!(
            "{name} was {} and is {} now",
            old.value.brief(40),
            new.value.brief(40)
        ));
    }
    let results = |record: &StepRecord| {
        record
            .call
            .as_ref()
            .map(|call| call.results.clone())
            .unwrap_or_default()
    };
    if old.len() != new.len() || !are_same(&results(recorded), &results(again)) {
        return Some("the guest returned something else".into());
    }
    let same_call = |(a, b): (&ImportCall, &ImportCall)| {
        a.name == b.name && are_same(&a.args, &b.args) && are_same(&a.results, &b.results)
    };
    let is_same_host = recorded.imports_called_total == again.imports_called_total
        && recorded
            .imports_called
            .iter()
            .zip(&again.imports_called)
            .all(same_call);
    if !is_same_host {
        return Some("the guest called its imports differently".into());
    }
    if (recorded.output_bytes, &recorded.output) != (again.output_bytes, &again.output) {
        return Some("the guest printed something else".into());
    }
    memory_difference(&recorded.memory, &again.memory)
}

fn memory_difference(recorded: &Image, again: &Image) -> Option<String> {
    if recorded.len() != again.len() {
        return Some(format!(
            "memory had {} bytes and has {} now",
            recorded.len(),
            again.len()
        ));
    }
    let first = again.differences(recorded).into_iter().next()?;
    let byte = |image: &Image| image.byte(first.start).unwrap_or_default();
    Some(format!(
        "memory at {:#x} held {:02x} and holds {:02x} now",
        first.start,
        byte(recorded),
        byte(again)
    ))
}

fn are_same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
}

/// Returns whether two values are the same bit for bit. A NaN is the same as itself.
pub(super) fn is_same(a: &Value, b: &Value) -> bool {
    a.is_identical(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Binding, Outcome, StepKind};
    use crate::value::Float;

    fn record() -> StepRecord {
        StepRecord::begin(
            1,
            StepKind::Call,
            "x = call f()".into(),
            Image::from_bytes(&[1, 2, 3]),
        )
    }

    #[test]
    fn the_same_is_no_difference_and_each_difference_is_named() {
        let nan = Value::Float(Float::F64(f64::NAN.to_bits()));
        let bound = |value: Value| StepRecord {
            bindings: vec![Binding {
                name: "x".into(),
                value,
            }],
            ..record()
        };
        assert_eq!(difference(&record(), &record()), None);
        assert_eq!(difference(&bound(nan.clone()), &bound(nan)), None);
        let describe =
            |again: StepRecord| difference(&bound(Value::Int(1)), &again).unwrap_or_default();
        assert_eq!(describe(bound(Value::Int(2))), "x was 1 and is 2 now");
        assert_eq!(
            describe(StepRecord {
                outcome: Outcome::Trapped,
                ..record()
            }),
            "it ended in ok and now in trapped"
        );
        let other = Image::from_bytes(&[1, 9, 3]);
        assert_eq!(
            describe(StepRecord {
                memory: other,
                ..bound(Value::Int(1))
            }),
            "memory at 0x1 held 02 and holds 09 now"
        );
        assert_eq!(
            describe(StepRecord {
                output_bytes: 1,
                ..bound(Value::Int(1))
            }),
            "the guest printed something else"
        );
    }
}
