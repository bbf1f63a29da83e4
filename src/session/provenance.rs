//! What a step did with variables, written down for the findings: which it took addresses from, and
//! where the values it bound came from.

use crate::script::ast::{Call, Expr, ExprKind, Reading, StatementKind};
use crate::script::{eval, variables_of_address};
use crate::timeline::{BindingFacts, Provenance, Span, StepRecord, Use, UseKind};

use super::Session;

impl Session {
    /// Adds to the record what its statement says. Memory and the call are recorded already.
    pub(super) fn note_facts(&mut self, statement: &StatementKind, record: &mut StepRecord) {
        match statement {
            StatementKind::Write { address, .. } => note_use(record, UseKind::Write, address, None),
            StatementKind::Read { address, what, .. } => {
                let length = match what {
                    Reading::Sized { length, .. } => Some(length),
                    Reading::Array { count, .. } => Some(count),
                    Reading::Cstr | Reading::Number(_) => None,
                };
                note_use(record, UseKind::Read, address, length);
            }
            StatementKind::Region { address, .. } | StatementKind::Block { address, .. } => {
                note_use(record, UseKind::Named, address, None);
            }
            StatementKind::Call { call, .. } | StatementKind::ExpectTrap { call, .. } => {
                self.note_call(call, record)
            }
            _ => {}
        }
        for (index, binding) in record.bindings.iter().enumerate() {
            let address = eval::address(&binding.value, &binding.name, self.scope.is_64).ok();
            let from = self.provenance(statement, index);
            record.facts.given.push(BindingFacts {
                name: binding.name.clone(),
                address,
                from,
            });
        }
    }

    fn note_call(&mut self, call: &Call, record: &mut StepRecord) {
        let Some(recorded) = &record.call else { return };
        for (expr, value) in call.args.iter().zip(&recorded.args) {
            // A number is taken for an address only where the script uses its variable as one.
            let names: Vec<String> = variables_of_address(expr)
                .into_iter()
                .filter(|name| self.pointers.contains(name))
                .collect();
            let Ok(start) = eval::address(value, "the argument", self.scope.is_64) else {
                continue;
            };
            if !names.is_empty() {
                let span = Span { start, len: 1 };
                record.facts.uses.push(Use {
                    names,
                    how: UseKind::Passed,
                    span,
                    length_names: Vec::new(),
                });
            }
        }
        record.facts.preserves_globals = match self.preserves_globals.get(&call.export.text) {
            Some(known) => *known,
            None => {
                let leaves = self
                    .guest
                    .export(&call.export.text)
                    .is_some_and(|e| self.guest.preserves_globals(e.index));
                self.preserves_globals
                    .insert(call.export.text.clone(), leaves);
                leaves
            }
        };
    }

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

/// Notes the address of a host access, where it touched bytes at all.
fn note_use(record: &mut StepRecord, how: UseKind, address: &Expr, length: Option<&Expr>) {
    let Some(span) = record.focus.filter(|span| span.len > 0) else {
        return;
    };
    let length_names = length.map(variables_of).unwrap_or_default();
    record.facts.uses.push(Use {
        names: variables_of_address(address),
        how,
        span,
        length_names,
    });
}

/// The variables that a value is worked out from; none where it is a truth.
fn variables_of(expr: &Expr) -> Vec<String> {
    use crate::script::ast::BinaryOp as Op;
    match &expr.kind {
        ExprKind::Binary {
            op:
                Op::Equal | Op::NotEqual | Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual,
            ..
        } => Vec::new(),
        _ => variables_of_address(expr),
    }
}
