//! Inserts a statement that a person typed as the next step of the script; it then runs like any
//! other.

use crate::script::ScriptErrors;
use crate::script::ast::{Statement, StatementKind};
use crate::timeline::{FindingKind, PlannedStep, Severity};

use super::Session;
use super::open::planned_step;

/// Why a statement was not inserted. The session is as it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InsertError {
    #[error(transparent)]
    Script(#[from] ScriptErrors),
    /// A sentence, safe to print.
    #[error("{0}")]
    Refused(String),
}

impl Session {
    /// Inserts a statement as the next step, before the rest of the script. [`Session::advance`]
    /// runs it.
    ///
    /// # Errors
    /// The statement names something that is not known here, the guest is not instantiated, or the
    /// session has stopped and the statement does not expect the finding that stopped it.
    pub fn insert(&mut self, statement: &Statement) -> Result<PlannedStep, InsertError> {
        let refused = |why: &str| Err(InsertError::Refused(why.to_owned()));
        if self.instance.is_none() {
            return refused(
                "the guest was not instantiated, so nothing can be run on it; step 0 says why",
            );
        }
        let is_initialized = self.initializer().is_some();
        let at = self.next_statement;
        let statement = self.script.insert(at, statement)?.clone();
        let why = match &statement.kind {
            StatementKind::ExpectFinding { kind }
                if self.is_stopped && self.stopped_with(&kind.text) =>
            {
                None
            }
            _ if self.is_stopped => Some(
                "the last step did not end in ok, so nothing runs after it but `expect finding` \
                 with an error it has",
            ),
            StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. }
                if is_initialized && call.export.text == super::instantiate::INITIALIZE =>
            {
                Some("step 0 has called `_initialize` already: a guest is initialized once")
            }
            _ => None,
        };
        if let Some(why) = why {
            self.script.statements.remove(at);
            return refused(why);
        }
        self.note_new_pointers();
        self.expect_more();
        (self.is_over, self.is_stopped) = (false, false);
        Ok(planned_step(&statement))
    }

    /// Makes the end of the script no end of the session: blocks may still be released and questions
    /// answered by steps to come.
    pub fn expect_more(&mut self) {
        self.is_explored = true;
    }

    /// Returns whether the last step has the finding `word` as an error.
    fn stopped_with(&self, word: &str) -> bool {
        let is_it = |kind: &&FindingKind| kind.word() == word && kind.severity() == Severity::Error;
        self.last_findings.1.iter().any(|kind| is_it(&kind))
    }

    /// Makes pointers of the variables that the new statement is the first to use as an address.
    fn note_new_pointers(&mut self) {
        let now = self.script.address_variables();
        let mut new: Vec<(Option<usize>, String)> = now
            .difference(&self.pointers)
            .filter_map(|name| Some((self.scope.get(name)?.step, name.clone())))
            .filter(|(_, name)| !self.recent_pointers.contains(name))
            .collect();
        new.sort();
        self.recent_pointers
            .extend(new.into_iter().map(|(_, name)| name));
        self.pointers = now;
    }
}
