//! The JSON trace of a run.

use serde_json::Value as Json;

use super::command::Run;

/// A trace, as `--format json` writes it.
pub struct Trace(pub Json);

impl Run {
    /// Asserts the exit status and the status of the trace, and returns the trace.
    #[track_caller]
    pub fn trace(self, exit_status: i32, status: &str) -> Trace {
        let run = self.assert_status(exit_status);
        let trace = Trace(serde_json::from_str(&run.stdout).unwrap());
        assert_eq!(trace.0["status"], status, "{:?}", trace.errors());
        assert_eq!(trace.0["schema"], "linmem.trace/1");
        trace
    }

    /// Asserts that every step ended well.
    #[track_caller]
    pub fn ok_trace(self) -> Trace {
        self.trace(0, "ok")
    }

    /// Asserts that a step failed.
    #[track_caller]
    pub fn failed_trace(self) -> Trace {
        self.trace(1, "failed")
    }

    /// Asserts that a step trapped.
    #[track_caller]
    pub fn trapped_trace(self) -> Trace {
        self.trace(1, "trapped")
    }
}

impl Trace {
    pub fn steps(&self) -> &[Json] {
        self.0["steps"].as_array().unwrap()
    }

    #[track_caller]
    pub fn step(&self, index: usize) -> &Json {
        &self.steps()[index]
    }

    #[track_caller]
    pub fn last(&self) -> &Json {
        self.steps().last().unwrap()
    }

    /// Returns the value that `name` was last bound to.
    #[track_caller]
    pub fn value(&self, name: &str) -> &Json {
        &self.binding(name)["value"]
    }

    /// Returns the type of the value that `name` was last bound to.
    #[track_caller]
    pub fn type_of(&self, name: &str) -> &str {
        self.binding(name)["type"].as_str().unwrap()
    }

    #[track_caller]
    fn binding(&self, name: &str) -> &Json {
        let binding = self
            .steps()
            .iter()
            .rev()
            .find_map(|step| step["bindings"].get(name));
        binding.unwrap_or_else(|| panic!("nothing bound {name}"))
    }

    /// Returns the error of the last step.
    #[track_caller]
    pub fn error(&self) -> &str {
        self.last()["error"]
            .as_str()
            .expect("the last step has no error")
    }

    /// Returns the errors of all steps.
    pub fn errors(&self) -> Vec<&str> {
        self.steps()
            .iter()
            .filter_map(|step| step["error"].as_str())
            .collect()
    }

    /// Returns the kinds of the findings of a step.
    #[track_caller]
    pub fn findings(&self, step: usize) -> Vec<&str> {
        let findings = self.step(step)["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|finding| finding["kind"].as_str().unwrap())
            .collect()
    }
}
