//! Sessions that run in this process.

use linmem::guest::Guest;
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig};
use linmem::timeline::Timeline;

/// Runs steps on a guest to their end.
pub(super) fn run(wat: &str, steps: &str) -> Timeline {
    let config = SessionConfig {
        title: "test".into(),
        script: script::parse("test.steps", steps).unwrap(),
        guest: Guest::from_bytes("test.wat", wat.as_bytes()).unwrap(),
        files: Files::Folder(".".into()),
        input_overrides: Vec::new(),
        limits: Limits::default(),
        control: CancelHandle::default(),
        stdin: Vec::new().into(),
        compiled: Default::default(),
    };
    let (mut session, mut timeline) = Session::open(config).unwrap();
    session.run_to_end(&mut timeline);
    timeline
}

/// Returns the findings of a run, each with its step, kind and message.
pub(super) fn findings(timeline: &Timeline) -> Vec<(usize, &'static str, String)> {
    let steps = timeline.steps().iter();
    steps
        .flat_map(|step| step.findings.iter().map(|f| (step.index, f)))
        .map(|(index, finding)| (index, finding.kind.as_str(), finding.message.clone()))
        .collect()
}
