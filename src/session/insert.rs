//! Inserts a statement that a person typed as the next step of the script; it then runs like any
//! other.

use std::sync::Arc;

use crate::javascript::Translator;
use crate::script::ScriptErrors;
use crate::script::ast::{Statement, StatementKind};
use crate::timeline::PlannedStep;

use super::Session;
use super::open::planned_step;
use super::types::type_source;

/// Why a statement was not inserted. The session is as it was.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum InsertError {
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
    pub(crate) fn insert(&mut self, statement: &Statement) -> Result<PlannedStep, InsertError> {
        let refused = |why: &str| Err(InsertError::Refused(why.to_owned()));
        if self.instance.is_none() {
            return refused(
                "the guest was not instantiated, so nothing can be run on it; step 0 has the reason",
            );
        }
        let is_initialized = self.initializer().is_some();
        let at = self.progress.next_statement;
        self.script.insert(at, statement)?;
        let resolved = self
            .script
            .resolve_types_at(at, &mut *type_source(&self.guest));
        if let Err(errors) = resolved {
            self.script.statements.remove(at);
            return Err(errors.into());
        }
        let Some(statement) = self.script.statements.get(at).cloned() else {
            return refused("the statement is not in the script");
        };
        self.env.as_mut(&mut self.store).types = Arc::clone(self.script.types());
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
                if is_initialized && call.is_of_export(super::instantiate::INITIALIZE) =>
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
        let mut planned = planned_step(&statement);
        planned.javascript = self.javascript_of(at);
        Ok(planned)
    }

    /// Returns the JavaScript of a statement, after those before it.
    fn javascript_of(&self, at: usize) -> String {
        let mut translator = Translator::new(&self.script, &self.interface);
        let before = self.script.statements.iter().take(at.saturating_add(1));
        before
            .map(|statement| translator.statement(statement))
            .last()
            .unwrap_or_default()
    }

    /// Makes the end of the script no end of the session: blocks may still be released and questions
    /// answered by steps to come.
    pub(crate) fn expect_more(&mut self) {
        self.progress.is_interactive = true;
    }
}
