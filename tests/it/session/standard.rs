//! The standard session of `linmem::testing` is what a real session records.

use linmem::testing::{sessions, timelines};
use linmem::timeline::{PlannedStep, StepRecord, Writer, describe_step};

/// The address, the bytes, the function and the source line of a write.
type WriteFacts = (u64, Vec<u8>, Option<String>, Option<String>);

/// Returns the facts of each write of a step.
fn writes(step: &StepRecord) -> Vec<WriteFacts> {
    let text = |text: &std::sync::Arc<str>| text.to_string();
    step.events
        .writes()
        .map(|write| {
            let (function, source) = match &write.writer {
                Writer::Guest {
                    function, source, ..
                } => (function.as_ref().map(text), source.as_ref().map(text)),
                other => (Some(other.as_str().to_owned()), None),
            };
            (write.start, write.after.to_vec(), function, source)
        })
        .collect()
}

#[test]
fn standard_session_matches_the_recording() {
    let built = timelines::standard_session();
    let recorded = sessions::run(sessions::standard_config());
    // The fixture has no JavaScript.
    let recorded_steps = recorded.planned.iter().cloned();
    let planned: Vec<_> = recorded_steps
        .map(|step| PlannedStep {
            javascript: String::new(),
            ..step
        })
        .collect();
    assert_eq!(built.planned, planned);
    assert_eq!(built.inputs, recorded.inputs);
    assert_eq!(built.steps().len(), recorded.steps().len());
    // The guest has its data at another address, so step 0 is not the same.
    for (built_step, step) in built.steps().iter().zip(recorded.steps()).skip(1) {
        let text = &step.text;
        assert_eq!(built_step.text, *text);
        assert_eq!(built_step.kind, step.kind, "{text}");
        assert_eq!(built_step.line, step.line, "{text}");
        assert_eq!(built_step.outcome, step.outcome, "{text}");
        assert_eq!(built_step.bindings, step.bindings, "{text}");
        assert_eq!(built_step.call, step.call, "{text}");
        assert_eq!(built_step.pointers, step.pointers, "{text}");
        assert_eq!(built_step.naming, step.naming, "{text}");
        assert_eq!(built_step.focus, step.focus, "{text}");
        assert_eq!(built_step.findings, step.findings, "{text}");
        assert_eq!(built_step.stores, step.stores, "{text}");
        assert_eq!(built_step.stores_recorded, step.stores_recorded, "{text}");
        assert_eq!(writes(built_step), writes(step), "{text}");
        assert_eq!(
            describe_step(&built, step.index),
            describe_step(&recorded, step.index),
            "{text}"
        );
    }
}
