//! Steps that a person types while the session runs: each is put in as the next step of the script,
//! and runs like any other.

use crate::script::ScriptErrors;
use crate::script::ast::StatementKind;
use crate::timeline::{FindingKind, PlannedStep, Severity};

use super::Session;
use super::open::planned_step;

/// Why a typed statement was not put in. The session is as it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InsertError {
    #[error(transparent)]
    Script(#[from] ScriptErrors),
    /// A sentence, safe to print.
    #[error("{0}")]
    Refused(String),
}

impl Session {
    /// Puts a statement in as the next step; [`Session::advance`] runs it. What the script still
    /// has comes after it.
    ///
    /// # Errors
    /// It cannot be read, it cannot stand here, or the session has stopped and this does not say
    /// that it was meant to.
    pub fn insert(&mut self, text: &str) -> Result<PlannedStep, InsertError> {
        let refused = |why: &str| Err(InsertError::Refused(why.to_owned()));
        if self.instance.is_none() {
            return refused(
                "the guest was not instantiated, so nothing can be run on it; step 0 says why",
            );
        }
        let is_initialized = self.initializer().is_some();
        let at = self.next_statement;
        let statement = self.script.insert(at, text)?.clone();
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

    /// Tells the session that its last step need not be the end of everything: blocks may still be
    /// given back, and questions answered.
    pub fn expect_more(&mut self) {
        self.is_explored = true;
    }

    /// Whether the last step has this finding, and as an error.
    fn stopped_with(&self, word: &str) -> bool {
        let is_it =
            |kind: &&FindingKind| kind.as_str() == word && kind.severity() == Severity::Error;
        self.last_findings.1.iter().any(|kind| is_it(&kind))
    }

    /// A variable that the new statement is the first to use as an address is a pointer from now
    /// on.
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
