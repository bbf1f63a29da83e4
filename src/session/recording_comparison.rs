//! Compares the replay of a recorded host with its recording.

use super::call::StepError;
use super::replay;
use crate::safe;
use crate::script::ast::RecordedStep;
use crate::timeline::{Finding, FindingKind, StepRecord};

/// Compares a call with the recording of the host that it is from. A difference is the failure of the
/// step, or a finding of it where it has failed already.
pub(super) fn compare_with_recording(
    recorded: &RecordedStep,
    record: &mut StepRecord,
    result: Result<(), StepError>,
) -> Result<(), StepError> {
    record
        .findings
        .extend(detached_writes(recorded, record.index));
    let other_results = || {
        let (recorded, call) = (recorded.results.as_ref()?, record.call.as_ref()?);
        let is_same = recorded.len() == call.results.len()
            && recorded
                .iter()
                .zip(&call.results)
                .all(|(a, b)| replay::is_same(a, b));
        let values: Vec<String> = recorded.iter().map(|value| value.brief(40)).collect();
        (!is_same && result.is_ok()).then(|| {
            format!(
                "the replay differs from the recording: the call returned ({}) there",
                values.join(", ")
            )
        })
    };
    let Some(why) = recorded.divergence.clone().or_else(other_results) else {
        return result;
    };
    match result {
        Ok(()) => Err(StepError::found(FindingKind::Diverged, None, why)),
        Err(error) => {
            record
                .findings
                .push(Finding::new(FindingKind::Diverged, why));
            Err(error)
        }
    }
}

/// Returns a finding for each write of the recorded host into a detached view. `step` is the step that
/// has them.
fn detached_writes(recorded: &RecordedStep, step: usize) -> impl Iterator<Item = Finding> {
    recorded.detached.iter().map(move |write| {
        let at = match &write.place {
            Some(place) => format!(" at {}", safe::plain(&place.to_string())),
            None => String::new(),
        };
        let grown = match recorded.grown_in {
            Some(grown) => format!("memory grew in step {grown}, and"),
            None => "memory.grow was called with 0, and also".to_owned(),
        };
        let message = format!(
            "the host wrote with `{}`{at} into a view that growth of memory had detached, so \
             nothing reached memory: {grown} detached every view made until then",
            write.method
        );
        let finding = Finding::new(FindingKind::DetachedView, message);
        match recorded.grown_in.filter(|grown| *grown != step) {
            Some(grown) => finding.blaming(grown),
            None => finding,
        }
    })
}
