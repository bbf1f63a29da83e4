//! The calls of each import and callback since the session began, for `calls`, `call_args` and the like.

use std::collections::HashMap;

use crate::script::ast::{CallPart, HostFunctionName, ImportName};
use crate::script::eval::EnvError;
use crate::value::Value;

use super::host_names::{display, display_function};

/// The most calls of one import that are recorded; further ones are counted.
const MAX_RECORDED: usize = 100_000;
/// The most calls of all imports that are recorded.
const MAX_RECORDED_IN_ALL: usize = 1_000_000;
/// The most bytes of the values that all calls read and returned and that are recorded.
const MAX_BYTES: usize = 64 << 20;

/// All calls of all imports.
#[derive(Debug, Default)]
pub(super) struct ImportHistory {
    /// What the guest imports.
    imported: Vec<ImportName>,
    imports: HashMap<HostFunctionName, Calls>,
    /// The number of calls that are recorded.
    recorded: usize,
    /// How many bytes the recorded values read and returned take.
    bytes: usize,
}

/// All calls of one import.
#[derive(Debug, Default)]
struct Calls {
    /// The number of calls.
    count: u64,
    /// The first calls.
    recorded: Vec<RecordedCall>,
}

/// A call of an import.
#[derive(Debug)]
struct RecordedCall {
    args: Vec<Value>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    /// The call has not ended, or it trapped.
    None,
    /// It returned, but its values are more than is recorded.
    TooLarge,
    Returned {
        reads: Vec<Value>,
        results: Vec<Value>,
    },
}

impl ImportHistory {
    /// Creates a history without calls of what the guest imports.
    pub fn new(imported: Vec<ImportName>) -> Self {
        ImportHistory {
            imported,
            ..ImportHistory::default()
        }
    }

    /// Adds a callback that the guest can call from now on.
    pub fn define(&mut self, name: &HostFunctionName) {
        self.imports.entry(name.clone()).or_default();
    }

    /// Refuses a name that is neither an import nor a callback: its count would always be 0.
    fn check(&self, name: &HostFunctionName) -> Result<(), EnvError> {
        match name {
            HostFunctionName::Callback(_) if self.imports.contains_key(name) => Ok(()),
            HostFunctionName::Callback(_) => Err(EnvError::NotACallback(display_function(name))),
            HostFunctionName::Import(import) if self.imported.contains(import) => Ok(()),
            HostFunctionName::Import(import) => Err(EnvError::UnknownImport {
                import: display(import),
                imported: self.imported.iter().map(display).collect(),
            }),
        }
    }

    /// Adds a call that begins. Returns its number, counted from 0 for each import.
    pub fn begin(&mut self, name: &HostFunctionName, args: &[Value]) -> u64 {
        let is_below_limit = self.recorded < MAX_RECORDED_IN_ALL;
        if !self.imports.contains_key(name) {
            self.imports.insert(name.clone(), Calls::default());
        }
        let Some(calls) = self.imports.get_mut(name) else {
            return 0;
        };
        let index = calls.count;
        calls.count += 1;
        // The first call of an import is always recorded.
        if index == 0 || is_below_limit && calls.recorded.len() < MAX_RECORDED {
            calls.recorded.push(RecordedCall {
                args: args.to_vec(),
                outcome: Outcome::None,
            });
            self.recorded += 1;
        }
        index
    }

    /// Adds what a call has read and returned.
    pub fn end(&mut self, name: &HostFunctionName, index: u64, reads: &[Value], results: &[Value]) {
        let calls = self.imports.get_mut(name);
        let Some(call) = calls.and_then(|calls| calls.recorded.get_mut(position(index)?)) else {
            return;
        };
        let values = reads.iter().chain(results);
        let bytes = self
            .bytes
            .saturating_add(values.map(Value::weight).sum::<usize>());
        call.outcome = if bytes > MAX_BYTES {
            Outcome::TooLarge
        } else {
            self.bytes = bytes;
            Outcome::Returned {
                reads: reads.to_vec(),
                results: results.to_vec(),
            }
        };
    }

    /// Returns how many times the guest has called an import or a callback.
    ///
    /// # Errors
    /// There is no such function.
    pub fn calls(&self, name: &HostFunctionName) -> Result<u64, EnvError> {
        self.check(name)?;
        Ok(self.imports.get(name).map_or(0, |calls| calls.count))
    }

    /// Returns a part of call `index` of an import or a callback, counted from 0.
    ///
    /// # Errors
    /// There is no such function or call, or the part of the call is not recorded.
    pub fn part(
        &self,
        name: &HostFunctionName,
        part: CallPart,
        index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        self.check(name)?;
        let calls = self.imports.get(name);
        let (count, recorded) = calls.map_or((0, 0), |calls| (calls.count, calls.recorded.len()));
        let import = display_function(name);
        if index >= count {
            return Err(EnvError::NoSuchCall {
                import,
                count,
                index,
            });
        }
        let call = position(index).and_then(|at| calls?.recorded.get(at));
        let Some(call) = call else {
            return Err(EnvError::CallNotRecorded {
                import,
                recorded,
                part,
            });
        };
        match (part, &call.outcome) {
            (CallPart::Args, _) => Ok(call.args.clone()),
            (CallPart::Reads, Outcome::Returned { reads, .. }) => Ok(reads.clone()),
            (CallPart::Results, Outcome::Returned { results, .. }) => Ok(results.clone()),
            (_, Outcome::None) => Err(EnvError::NotReturned {
                import,
                index,
                part,
            }),
            (_, Outcome::TooLarge) => Err(EnvError::CallTooLarge {
                import,
                index,
                part,
                limit: MAX_BYTES,
            }),
        }
    }
}

fn position(index: u64) -> Option<usize> {
    usize::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import() -> ImportName {
        ImportName {
            module: "env".into(),
            name: "f".into(),
        }
    }

    fn name() -> HostFunctionName {
        HostFunctionName::Import(import())
    }

    #[test]
    fn a_call_has_readings_and_results_once_it_has_returned() {
        let mut history = ImportHistory::new(vec![import()]);
        assert_eq!(history.calls(&name()), Ok(0));
        let first = history.begin(&name(), &[Value::Int(1)]);
        let second = history.begin(&name(), &[Value::Int(2)]);
        assert_eq!((first, second, history.calls(&name())), (0, 1, Ok(2)));
        let unfinished = history.part(&name(), CallPart::Reads, 0).unwrap_err();
        assert_eq!(
            unfinished.to_string(),
            "call 0 of env.f did not return, so it has no readings"
        );
        history.end(&name(), second, &[Value::Int(7)], &[Value::Int(8)]);
        let part = |part, index| history.part(&name(), part, index);
        assert_eq!(part(CallPart::Args, 0), Ok(vec![Value::Int(1)]));
        assert_eq!(part(CallPart::Reads, 1), Ok(vec![Value::Int(7)]));
        assert_eq!(part(CallPart::Results, 1), Ok(vec![Value::Int(8)]));
        assert!(part(CallPart::Args, 2).is_err());
    }

    #[test]
    fn unknown_functions_are_refused() {
        let mut history = ImportHistory::default();
        let callback = HostFunctionName::Callback("cb".into());
        for unknown in [&name(), &callback] {
            assert!(history.calls(unknown).is_err());
            assert!(history.part(unknown, CallPart::Args, 0).is_err());
        }
        history.define(&callback);
        assert_eq!(history.calls(&callback), Ok(0));
    }

    #[test]
    fn values_of_all_calls_have_a_limit() {
        let mut history = ImportHistory::new(vec![import()]);
        let large = [Value::Bytes(vec![0; MAX_BYTES / 2])];
        for _ in 0..2 {
            let index = history.begin(&name(), &[]);
            history.end(&name(), index, &large, &[]);
        }
        assert!(history.part(&name(), CallPart::Reads, 0).is_ok());
        let error = history.part(&name(), CallPart::Reads, 1).unwrap_err();
        assert!(
            error.to_string().ends_with("take at most 64 MiB"),
            "{error}"
        );
        assert_eq!(history.part(&name(), CallPart::Args, 1), Ok(vec![]));
    }
}
