//! Records how a step used variables, for the findings: from which it took addresses, and where the
//! values that it bound came from.

use std::sync::Arc;

use crate::script::ast::{Call, Expr, ExprKind, StatementKind};
use crate::script::{eval, variables_of_address};
use crate::timeline::{
    ArgumentFacts, BindingFacts, CodeReach, Provenance, Span, StepRecord, Use, UseKind,
};

use super::Session;

impl Session {
    /// Adds the uses and origins of variables to a record that has its call and memory already.
    pub(super) fn record_provenance(&mut self, statement: &StatementKind, record: &mut StepRecord) {
        match statement {
            StatementKind::Write { address, .. } => {
                self.record_use(record, UseKind::Write, address, None);
            }
            StatementKind::Read { address, what, .. } => {
                self.record_use(record, UseKind::Read, address, what.length());
            }
            StatementKind::Region { address, .. }
            | StatementKind::View { address, .. }
            | StatementKind::Block { address, .. } => {
                self.record_use(record, UseKind::Named, address, None);
            }
            StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. } => {
                self.record_call(call, record);
            }
            StatementKind::Set { value, .. } => {
                let address = self
                    .evaluate(value)
                    .ok()
                    .and_then(|value| eval::address(&value, "the value", self.scope.is_64).ok());
                record.facts.global_set = address;
            }
            _ => {}
        }
        for (index, binding) in record.bindings.iter().enumerate() {
            let address = eval::address(&binding.value, &binding.name, self.scope.is_64).ok();
            let from = self.provenance(statement, index);
            record.facts.given.push(BindingFacts {
                name: binding.name.clone(),
                address,
                is_pointer: self.pointers.contains(&binding.name),
                from,
            });
        }
    }

    fn record_call(&mut self, call: &Call, record: &mut StepRecord) {
        let Some(recorded) = &record.call else { return };
        for (expr, value) in call.args.iter().zip(&recorded.args) {
            let mut names = variables_of_address(expr);
            let Ok(start) = eval::address(value, "the argument", self.scope.is_64) else {
                continue;
            };
            record.facts.arguments.push(ArgumentFacts {
                address: start,
                names: names.clone(),
            });
            // A number counts as an address only where the script uses its variable as one.
            names.retain(|name| self.pointers.contains(name));
            if !names.is_empty() {
                let span = Span { start, len: 1 };
                record.facts.uses.push(Use {
                    names,
                    how: UseKind::Passed,
                    span,
                    length_names: Vec::new(),
                    scaled: None,
                });
            }
        }
        if call.place.is_some() {
            return;
        }
        record.facts.moves_stack_pointer = self.guest.only_moves_stack_pointer(&call.export.text);
        record.facts.reach = self.reach(&call.export.text);
        let known = self.judging.preserves_globals.get(&call.export.text);
        record.facts.preserves_globals = match known {
            Some(known) => *known,
            None => {
                let preserves = self
                    .guest
                    .export(&call.export.text)
                    .is_some_and(|export| self.guest.preserves_globals(export.index));
                self.judging
                    .preserves_globals
                    .insert(call.export.text.clone(), preserves);
                preserves
            }
        };
    }

    /// Records the address of a host access, if the access touched any byte.
    fn record_use(
        &self,
        record: &mut StepRecord,
        how: UseKind,
        address: &Expr,
        length: Option<&Expr>,
    ) {
        let Some(span) = record.focus.filter(|span| span.len > 0) else {
            return;
        };
        let length_names = length.map(variables_of).unwrap_or_default();
        record.facts.uses.push(Use {
            names: variables_of_address(address),
            how,
            span,
            length_names,
            scaled: self.scaled_pointer(address, span.start),
        });
    }

    /// Returns what an export can run and set. It is computed once.
    fn reach(&mut self, export: &str) -> Option<Arc<CodeReach>> {
        if let Some(known) = self.judging.reach.get(export) {
            return Some(Arc::clone(known));
        }
        let reach = self.guest.reach(self.guest.export(export)?.index);
        let reach = Arc::new(CodeReach {
            functions: reach.functions,
            globals: reach.globals,
            is_open: reach.is_open,
        });
        self.judging
            .reach
            .insert(export.to_owned(), Arc::clone(&reach));
        Some(reach)
    }

    /// Returns the origin of the value that a statement binds as result `index`.
    fn provenance(&self, statement: &StatementKind, index: usize) -> Provenance {
        match statement {
            StatementKind::Call { .. } => Provenance::Result(index),
            StatementKind::Global { export, .. } => {
                let is_mutable = self
                    .guest
                    .export(&export.text)
                    .is_some_and(|e| e.ty.is_mutable_global());
                Provenance::Global {
                    export: export.text.clone(),
                    is_mutable,
                }
            }
            StatementKind::Read { .. } => Provenance::Memory,
            StatementKind::Let { value, .. } => match variables_of(value) {
                names if names.is_empty() => Provenance::Elsewhere,
                names => Provenance::Variables(names),
            },
            _ => Provenance::Elsewhere,
        }
    }
}

/// Returns the variables that make up a value; none for a comparison, whose value is true or false.
fn variables_of(expr: &Expr) -> Vec<String> {
    match &expr.kind {
        ExprKind::Binary { op, .. } if op.is_comparison() => Vec::new(),
        _ => variables_of_address(expr),
    }
}
