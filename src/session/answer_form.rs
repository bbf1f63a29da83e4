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
    pub(super) fn answer_form(&self, answer: &Expr, choices: &[String]) -> AnswerForm {
        let source = &self.script.source.text;
        let written = source.get(answer.span.start..answer.span.end);
        let is_address = match &answer.kind {
            ExprKind::Variable(name) => self.script.address_variables().contains(name),
            _ => false,
        };
        AnswerForm {
            kind: kind_of(answer, &self.script.statements, MAX_DEPTH),
            is_hexadecimal: is_address || written.is_some_and(|text| text.contains("0x")),
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
        ExprKind::SizeOf(_) | ExprKind::OffsetOf { .. } => Some(AnswerKind::Number),
        ExprKind::Record { .. } => Some(AnswerKind::Other),
        ExprKind::Field { .. } | ExprKind::CallPart { .. } => None,
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
            } if bound.text == name => Some(kind_of_reading(what)),
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

fn kind_of_reading(what: &Reading) -> Option<AnswerKind> {
    Some(match what {
        Reading::Sized {
            encoding: Encoding::Bytes,
            ..
        }
        | Reading::Array { .. } => AnswerKind::Other,
        Reading::Sized { .. } | Reading::Cstr => AnswerKind::Text,
        Reading::Number(_) => AnswerKind::Number,
        Reading::Typed(_) => return None,
    })
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

#[cfg(test)]
mod tests {
    use crate::testing::sessions;

    #[test]
    fn an_answer_is_hexadecimal_where_it_is_written_so_or_is_an_address() {
        let guest = r#"(module (memory (export "memory") 1)
            (func (export "p") (result i32) (i32.const 1024)))"#;
        let steps = r#"p = call p()
            x = read p as u8
            ask "From 0x10 on, how many?" = 16
            ask "Which number?" = 0x10 + 1
            ask "Where?" = p
            ask "Which byte?" = x
            "#;
        let config = sessions::config(sessions::guest(guest), steps);
        let timeline = sessions::run(config);
        let asked = timeline.steps().iter().filter_map(|step| step.ask.as_ref());
        let is_hexadecimal: Vec<bool> = asked.map(|ask| ask.form.is_hexadecimal).collect();
        assert_eq!(is_hexadecimal, [false, true, true, false]);
    }
}
