//! Names and paths of fields as addresses: `shapes`, `shapes[2].name`, `s.points[1].y`.

use std::sync::Arc;

use super::AnswerError;
use super::expression::Expressions;
use crate::data_types::{PathPart, Place, TypeRef, TypeTable, follow};
use crate::safe;
use crate::script;
use crate::script::ast::{Expr, ExprKind};
use crate::script::eval::{EvalEnv, address, evaluate, subject};
use crate::timeline::{Image, Part, Span, StepKind};
use crate::value::Value;

/// Characters of a path in a message before it is cut.
const IN_MESSAGE: usize = 60;

/// A variable or a view, and the way from it.
struct Path<'e> {
    root: &'e str,
    /// The way from the root, its last part first.
    parts: Vec<&'e Expr>,
}

impl Expressions<'_> {
    /// Returns the bytes of the field that a path names, or of the region, view or block of this
    /// name; `None` where the text is neither, such as a variable.
    ///
    /// # Errors
    /// There is no such field in the view or the record.
    pub(super) fn named_span(&self, text: &str) -> Result<Option<Span>, AnswerError> {
        let memory = self.timeline.memory_at(self.moment);
        let declared = self.timeline.declared_parts_at(self.moment, memory.len());
        let parts = self.timeline.parts_at(self.moment, memory.len());
        let parts = parts.into_iter();
        let by_script = parts.filter(|part| part.kind.is_named_by_script());
        let named: Vec<Part> = declared.into_iter().chain(by_script).collect();
        let mut names: Vec<&str> = self.names().into_iter().collect();
        names.extend(named.iter().map(|part| part.name.as_str()));
        let Ok(expr) = script::parse_expression(text, &names) else {
            return Ok(None);
        };
        let Some(path) = path_of(&expr) else {
            return Ok(None);
        };
        let part = named.iter().rev().find(|part| part.name == path.root);
        if path.parts.is_empty() {
            let is_variable = self.variable(path.root).is_some();
            return Ok(part.filter(|_| !is_variable).map(|part| part.span));
        }
        let view = || part.and_then(|part| Some((part.data_type.clone()?, part.span.start)));
        let found = match self.record_at(path.root) {
            Some(record) => self.in_record(record, &path.parts, &memory),
            None => match view() {
                Some((ty, start)) => {
                    let place = Place::root(&ty, start);
                    self.in_place(ty.table(), place, &path.parts, &memory)
                }
                None => return Ok(None),
            },
        };
        found.map(Some).map_err(|message| AnswerError::NoValue {
            expression: safe::cut(text.trim(), IN_MESSAGE),
            message,
        })
    }

    /// Returns the type and the address of the record, or of the first record of a list, that a step
    /// read into a variable.
    fn record_at(&self, name: &str) -> Option<(TypeRef, u64, bool)> {
        let step = self.bound_in(name)?;
        let span = step.focus.filter(|_| step.kind == StepKind::Read)?;
        let value = self.variable(name)?;
        let (record, is_list) = match value {
            Value::List(items) => (items.first()?, true),
            other => (other, false),
        };
        let Value::Record(record) = record else {
            return None;
        };
        let types = &self.timeline.types;
        let id = types.find_any(record.type_name()?)?;
        let ty = TypeRef::new(Arc::clone(types), id);
        Some((ty, span.start, is_list))
    }

    fn in_record(
        &self,
        (ty, start, is_list): (TypeRef, u64, bool),
        parts: &[&Expr],
        memory: &Image,
    ) -> Result<Span, String> {
        let (rest, start) = match parts.split_last() {
            Some((first, rest)) if is_list => {
                let PathPart::Element(index) = self.part(first)? else {
                    return Err("it is a list, which has elements and no fields".to_owned());
                };
                (rest, start.saturating_add(index.saturating_mul(ty.size())))
            }
            _ => (parts, start),
        };
        self.in_place(ty.table(), Place::root(&ty, start), rest, memory)
    }

    fn in_place(
        &self,
        table: &TypeTable,
        place: Place,
        parts: &[&Expr],
        memory: &Image,
    ) -> Result<Span, String> {
        let way: Result<Vec<PathPart>, String> =
            parts.iter().rev().map(|expr| self.part(expr)).collect();
        let found = follow(table, memory, place, &way?).map_err(|error| error.to_string())?;
        let len = found.len(table, memory);
        let start = found.start;
        Ok(Span { start, len })
    }

    /// Returns a part of a path: the name of a field, or the value of an index.
    fn part(&self, expr: &Expr) -> Result<PathPart, String> {
        match &expr.kind {
            ExprKind::Field { name, .. } => Ok(PathPart::Field(name.text.clone())),
            ExprKind::Index { index, .. } => {
                let value = evaluate(index, self).map_err(|error| error.to_string())?;
                let index = address(&value, &subject(index, "the index"), false);
                index
                    .map(PathPart::Element)
                    .map_err(|error| error.to_string())
            }
            _ => Err("it is no path of fields".to_owned()),
        }
    }
}

/// Returns the path that an expression is: a name with `.field` and `[index]`.
fn path_of(expr: &Expr) -> Option<Path<'_>> {
    let mut parts = Vec::new();
    let mut at = expr;
    loop {
        match &at.kind {
            ExprKind::Variable(root) => return Some(Path { root, parts }),
            ExprKind::Field { of, .. } | ExprKind::Index { of, .. } => {
                parts.push(at);
                at = of;
            }
            _ => return None,
        }
    }
}
