//! Evaluates records: their literals, their fields, and values as what an operator takes of them.

use std::borrow::Cow;
use std::sync::Arc;

use super::{EvalEnv, EvalError, EvalErrorKind, Evaluated, Evaluator, brief, measure};
use crate::data_types::typed;
use crate::safe;
use crate::script::ast::{Expr, Name, PathPart, Span, WrittenType};
use crate::script::type_path::offset_of;
use crate::value::{RecordValue, Value};

impl<'a> Evaluator<'a> {
    /// Evaluates `of.name`. Of a pointer, it is that of what it refers to.
    pub(super) fn field(&self, of: &'a Expr, name: &'a Name, depth: usize) -> Evaluated<'a> {
        match self.value(of, depth)? {
            Cow::Borrowed(value) => {
                let (field, span) = (field_of(value, name), name.span);
                field.map(Cow::Borrowed).map_err(|kind| kind.at(span))
            }
            Cow::Owned(value) => {
                let field = field_of(&value, name).map_err(|kind| kind.at(name.span))?;
                self.build(measure(field).0)
                    .map_err(|kind| kind.at(name.span))?;
                Ok(Cow::Owned(field.clone()))
            }
        }
    }

    /// Evaluates `TYPE { NAME: VALUE, … }`.
    pub(super) fn record(
        &self,
        ty: Option<&'a WrittenType>,
        fields: &'a [(Name, Expr)],
        span: Span,
        depth: usize,
    ) -> Evaluated<'a> {
        let mut values = Vec::new();
        for (name, expr) in fields {
            let value = self.value(expr, depth)?;
            let (weight, nesting) = measure(&value);
            if nesting >= super::MAX_LIST_DEPTH {
                return Err(EvalErrorKind::ListTooDeep.at(expr.span));
            }
            self.build(weight).map_err(|kind| kind.at(expr.span))?;
            values.push((Arc::from(name.text.as_str()), value.into_owned()));
        }
        let Some(written) = ty else {
            return Ok(Cow::Owned(Value::Record(RecordValue::new(None, values))));
        };
        let ty = resolved(written)?;
        let name = ty.table().get(ty.id()).and_then(|ty| ty.name.clone());
        let record = Value::Record(RecordValue::new(name, values));
        let value = typed(ty.table(), ty.id(), record)
            .map_err(|error| EvalErrorKind::NotOfType(error.to_string()).at(span))?;
        Ok(Cow::Owned(value))
    }

    /// Evaluates `size(TYPE)`.
    pub(super) fn size_of(&self, ty: &WrittenType) -> Evaluated<'a> {
        Ok(Cow::Owned(Value::Int(resolved(ty)?.size().into())))
    }

    /// Evaluates `offset(TYPE.FIELD)`.
    pub(super) fn offset_of(&self, ty: &WrittenType, path: &[PathPart]) -> Evaluated<'a> {
        let found = offset_of(resolved(ty)?, path);
        let offset =
            found.map_err(|fault| EvalErrorKind::NotOfType(fault.into_message()).at(ty.span()))?;
        Ok(Cow::Owned(Value::Int(offset.into())))
    }
}

/// Evaluates an argument of a call or another number for the guest: a pointer is its address, a
/// name its number.
///
/// # Errors
/// As [`super::evaluate`]; also a value that could not be read.
pub(crate) fn evaluate_argument(expr: &Expr, env: &dyn EvalEnv) -> Result<Value, EvalError> {
    let value = super::evaluate(expr, env)?;
    let number = number(&value).map_err(|kind| kind.at(expr.span))?;
    Ok(number.into_owned())
}

/// Returns a type that was resolved when the session opened.
fn resolved(ty: &WrittenType) -> Result<&crate::data_types::TypeRef, EvalError> {
    let found = ty.resolved.as_ref();
    found.ok_or_else(|| EvalErrorKind::NoTypes.at(ty.span()))
}

/// Returns a field of a record, or of the record that a pointer refers to.
fn field_of<'v>(value: &'v Value, name: &Name) -> Result<&'v Value, EvalErrorKind> {
    match content(value)? {
        Value::Record(record) => record.field(&name.text).ok_or_else(|| {
            let names: Vec<String> = record.names().into_iter().map(safe::plain).collect();
            EvalErrorKind::NoSuchField {
                name: name.text.clone(),
                of: record.type_name().map(safe::plain),
                names,
            }
        }),
        other => Err(EvalErrorKind::NoFields(brief(other))),
    }
}

/// Returns what a pointer refers to, or else the value itself.
///
/// # Errors
/// The value, or what the pointer refers to, could not be read.
pub(super) fn content(value: &Value) -> Result<&Value, EvalErrorKind> {
    match value {
        Value::Pointer(pointer) => match &pointer.target {
            Ok(target) => content(target),
            Err(why) => Err(EvalErrorKind::NotRead(format!(
                "what is at {:#x} could not be read: {why}",
                pointer.address
            ))),
        },
        Value::NotRead(why) => Err(EvalErrorKind::NotRead(format!(
            "the field could not be read: {why}"
        ))),
        _ => Ok(value),
    }
}

/// Returns a value as arithmetic takes it: a pointer as its address, a name as its number.
///
/// # Errors
/// The value could not be read.
pub(super) fn number(value: &Value) -> Result<Cow<'_, Value>, EvalErrorKind> {
    match value {
        Value::Pointer(pointer) => Ok(Cow::Owned(Value::Int(pointer.address.into()))),
        Value::Symbol(symbol) => Ok(Cow::Owned(Value::Int(symbol.number))),
        Value::NotRead(_) => content(value).map(Cow::Borrowed),
        _ => Ok(Cow::Borrowed(value)),
    }
}
