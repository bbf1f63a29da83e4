//! Records what a host function does as child steps.

use crate::timeline::{ChildKind, Outcome};
use crate::value::Value;

use super::child_text::{self, Label};
use super::imports::{HostTrap, Running};
use super::values;

impl Running<'_, '_> {
    /// Performs the host function itself, as a child step.
    ///
    /// # Errors
    /// The trap of the host function.
    pub fn perform_as_child(&mut self) -> Result<Vec<wasmer::Value>, HostTrap> {
        let label = |running: &Self| child_text::call("", &running.name(), &running.args);
        let result = |running: &Self, results: &Vec<wasmer::Value>| {
            let received = results
                .iter()
                .map(|result| values::receive(&running.env, result).unwrap_or(Value::Null));
            child_text::list(&received.collect::<Vec<_>>())
        };
        self.as_child(ChildKind::Import, label, Self::perform, result)
    }

    /// Performs a part of the host function, as a child step. `label` describes it, and `result` what
    /// was returned or read.
    ///
    /// # Errors
    /// The error of `perform`, or a limit of what is recorded.
    pub fn as_child<T>(
        &mut self,
        kind: ChildKind,
        label: impl FnOnce(&Self) -> Label,
        perform: impl FnOnce(&mut Self) -> Result<T, HostTrap>,
        result: impl FnOnce(&Self, &T) -> Option<String>,
    ) -> Result<T, HostTrap> {
        if self.env.data().recorder.are_children_full() {
            self.env.data_mut().recorder.begin_counted_child();
            let performed = perform(self);
            self.env.data_mut().recorder.end_child(Outcome::Ok, None);
            return performed;
        }
        let label = label(self);
        self.drain()?;
        let host = self.place.clone();
        self.env.data_mut().recorder.begin_child(kind, label, host);
        let performed = perform(self);
        let (outcome, result) = match &performed {
            Ok(value) => (Outcome::Ok, result(self, value)),
            Err(error) => (outcome_of(kind, error), None),
        };
        let drained = self.drain();
        self.env.data_mut().recorder.end_child(outcome, result);
        let value = performed?;
        drained?;
        Ok(value)
    }
}

fn outcome_of(kind: ChildKind, error: &HostTrap) -> Outcome {
    match (error, kind) {
        (HostTrap::Exited(0), _) => Outcome::Ok,
        (HostTrap::Stopped(_) | HostTrap::TooMuchWritten | HostTrap::TooDeep { .. }, _) => {
            Outcome::Cancelled
        }
        (_, ChildKind::Import | ChildKind::Call) => Outcome::Trapped,
        (_, ChildKind::Read | ChildKind::Write | ChildKind::Grow) => Outcome::Failed,
    }
}
