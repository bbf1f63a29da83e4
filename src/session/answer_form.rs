//! The form of an answer, from the expression for it: what is known before the answer is.

use crate::script::ast::{
    BinaryOp, Encoding, Expr, ExprKind, Function, Reading, Statement, StatementKind,
};
use crate::timeline::{AnswerForm, AnswerKind};
use crate::value::Value;

use super::Session;

/// How many definitions of variables are followed.
const MAX_DEPTH: usize = 8;

impl Session {
    /// Returns the form of the answer to a question.
    pub(super) fn answer_form(
        &self,
        statement: &Statement,
        answer: &Expr,
        choices: &[String],
    ) -> AnswerForm {
        let statements = &self.script.statements;
        let written = statement.text.rsplit_once('=').map_or("", |(_, text)| text);
        let names_hexadecimal = statement.text.contains("0x") || written.contains("hex");
        AnswerForm {
            kind: kind_of(answer, statements, MAX_DEPTH),
            is_hexadecimal: names_hexadecimal,
            choices: choices.to_vec(),
        }
    }
}

/// Returns the kind of value of an expression; `None` where only the run shows it.
fn kind_of(expr: &Expr, statements: &[Statement], depth: usize) -> Option<AnswerKind> {
    let depth = depth.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Literal(value) => Some(kind_of_value(value)),
        ExprKind::Variable(name) => kind_of_variable(name, statements, depth),
        ExprKind::List(_) => Some(AnswerKind::Other),
        ExprKind::Unary { .. } => Some(AnswerKind::Number),
        ExprKind::Binary { op, .. } if op.is_comparison() => Some(AnswerKind::Truth),
        ExprKind::Binary {
            op: BinaryOp::Join,
            left,
            right,
        } => kind_of(left, statements, depth).or_else(|| kind_of(right, statements, depth)),
        ExprKind::Binary { .. } => Some(AnswerKind::Number),
        ExprKind::Index { of, .. } => match &of.kind {
            ExprKind::Variable(name) => element_kind(name, statements),
            _ => None,
        },
        ExprKind::Slice { of, .. } => kind_of(of, statements, depth),
        ExprKind::Function { function, args } => match function {
            Function::Len
            | Function::AsU32
            | Function::AsI32
            | Function::AsU64
            | Function::AsI64
            | Function::Pages => Some(AnswerKind::Number),
            Function::Repeat => args
                .first()
                .and_then(|first| kind_of(first, statements, depth)),
            _ => None,
        },
        ExprKind::Calls(_) => Some(AnswerKind::Number),
        ExprKind::CallPart { .. } => None,
    }
}

fn kind_of_value(value: &Value) -> AnswerKind {
    match value {
        Value::Int(_) | Value::Float(_) => AnswerKind::Number,
        Value::Text(_) => AnswerKind::Text,
        Value::Bool(_) => AnswerKind::Truth,
        _ => AnswerKind::Other,
    }
}

/// Returns the kind of a variable from the first statement that binds it.
fn kind_of_variable(name: &str, statements: &[Statement], depth: usize) -> Option<AnswerKind> {
    statements
        .iter()
        .find_map(|statement| match &statement.kind {
            StatementKind::Let { name: bound, value } if bound.text == name => {
                Some(kind_of(value, statements, depth))
            }
            StatementKind::Call { results, .. }
                if results.iter().any(|result| result.text == name) =>
            {
                Some(Some(AnswerKind::Number))
            }
            StatementKind::Read {
                name: bound, what, ..
            } if bound.text == name => Some(Some(kind_of_reading(what))),
            StatementKind::Grow {
                name: Some(bound), ..
            }
            | StatementKind::Global { name: bound, .. }
                if bound.text == name =>
            {
                Some(Some(AnswerKind::Number))
            }
            _ => None,
        })
        .flatten()
}

fn kind_of_reading(what: &Reading) -> AnswerKind {
    match what {
        Reading::Sized {
            encoding: Encoding::Bytes,
            ..
        }
        | Reading::Array { .. } => AnswerKind::Other,
        Reading::Sized { .. } | Reading::Cstr => AnswerKind::Text,
        Reading::Number(_) => AnswerKind::Number,
    }
}

/// Returns the kind of an element of a variable that is a list of numbers.
fn element_kind(name: &str, statements: &[Statement]) -> Option<AnswerKind> {
    statements
        .iter()
        .any(|statement| {
            matches!(&statement.kind, StatementKind::Read { name: bound, what: Reading::Array { .. }, .. }
                if bound.text == name)
        })
        .then_some(AnswerKind::Number)
}
