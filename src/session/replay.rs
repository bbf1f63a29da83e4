//! Running again what has run before, to bring a guest back to where it was: the guest itself
//! cannot go back, so a new one takes the same steps. Each is compared with what was recorded; a
//! difference is told, never passed over.

use crate::timeline::{Image, ImportCall, StepRecord};
use crate::value::{Float, Value};

/// How a step that ran again differs from its record: a phrase, safe to print. `None` where it did
/// the same.
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
        return Some("the guest called its imports in another way".into());
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

/// Bit for bit: a NaN is the same as itself here.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(Float::F32(a)), Value::Float(Float::F32(b))) => a == b,
        (Value::Float(Float::F64(a)), Value::Float(Float::F64(b))) => a == b,
        (Value::Float(_), Value::Float(_)) => false,
        (Value::List(a), Value::List(b)) => are_same(a, b),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::{Binding, Outcome, StepKind};

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
        let told =
            |again: StepRecord| difference(&bound(Value::Int(1)), &again).unwrap_or_default();
        assert_eq!(told(bound(Value::Int(2))), "x was 1 and is 2 now");
        assert_eq!(
            told(StepRecord {
                outcome: Outcome::Trapped,
                ..record()
            }),
            "it ended in ok and now in trapped"
        );
        let other = Image::from_bytes(&[1, 9, 3]);
        assert_eq!(
            told(StepRecord {
                memory: other,
                ..bound(Value::Int(1))
            }),
            "memory at 0x1 held 02 and holds 09 now"
        );
        assert_eq!(
            told(StepRecord {
                output_bytes: 1,
                ..bound(Value::Int(1))
            }),
            "the guest printed something else"
        );
    }
}
