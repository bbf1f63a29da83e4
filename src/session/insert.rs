//! Steps that a person types while the session runs: each is put in as the next step of the script,
//! and runs like any other.

use crate::script::ScriptErrors;
use crate::script::ast::StatementKind;
use crate::timeline::PlannedStep;

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
        let at = self.progress.next_statement;
        let statement = self.script.insert(at, text)?.clone();
        let why = match &statement.kind {
            StatementKind::ExpectFinding { kind }
                if self.progress.is_stopped && self.judging.has_error(&kind.text) =>
            {
                None
            }
            _ if self.progress.is_stopped => Some(
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
        let addresses = self.script.address_variables();
        self.pointers.replace_names(addresses, &self.scope);
        self.expect_more();
        (self.progress.is_over, self.progress.is_stopped) = (false, false);
        Ok(planned_step(&statement))
    }

    /// Tells the session that its last step need not be the end of everything: blocks may still be
    /// given back, and questions answered.
    pub fn expect_more(&mut self) {
        self.progress.is_interactive = true;
    }
}
