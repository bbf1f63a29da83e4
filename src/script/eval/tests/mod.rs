//! A fixed environment, and expressions built by hand.

mod edges;
mod functions;
mod limits;
mod operators;
mod properties;

use std::collections::HashMap;

use super::*;
use crate::data_types::NumberType;
use crate::script::ast::BinaryOp::{self, *};
use crate::script::ast::{Function, ImportName, UnaryOp};
use crate::value::Float;

#[derive(Default)]
struct Fixed {
    variables: HashMap<String, Value>,
}

impl EvalEnv for Fixed {
    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    fn pages(&self) -> Result<u64, EnvError> {
        Ok(17)
    }

    fn calls(&self, function: &HostFunctionName) -> Result<u64, EnvError> {
        let name = match function {
            HostFunctionName::Import(import) => &import.name,
            HostFunctionName::Callback(name) => name,
        };
        if name == "log" {
            Ok(2)
        } else {
            Err(EnvError::UnknownImport {
                import: name.clone(),
                imported: vec!["log".into()],
            })
        }
    }

    fn call_part(
        &self,
        _: &HostFunctionName,
        part: CallPart,
        index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        if index < 2 {
            Ok(match part {
                CallPart::Args => vec![Value::Int(index.into()), Value::Null],
                CallPart::Reads | CallPart::Results => vec![Value::Text(part.noun().into())],
            })
        } else {
            Err(EnvError::NoSuchCall {
                import: "log".into(),
                count: 2,
                index,
            })
        }
    }

    fn printed(&self, stream: OutputStream) -> Result<String, EnvError> {
        Ok(format!("on {}", stream.as_str()))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, EnvError> {
        if path == "a.bin" {
            Ok(vec![1, 2, 3])
        } else {
            Err(FileError::NotBuiltIn(path.to_owned()).into())
        }
    }
}

fn expr(kind: ExprKind) -> Expr {
    Expr {
        kind,
        span: Span::default(),
    }
}

fn at(start: usize, end: usize, expr: Expr) -> Expr {
    Expr {
        span: Span { start, end },
        ..expr
    }
}

fn literal(value: Value) -> Expr {
    expr(ExprKind::Literal(value))
}

fn int(n: i128) -> Expr {
    literal(Value::Int(n))
}

fn float(x: f64) -> Expr {
    literal(Value::Float(Float::from_f64(x)))
}

fn float32(x: f32) -> Expr {
    literal(Value::Float(Float::from_f32(x)))
}

fn text(text: &str) -> Expr {
    literal(Value::Text(text.to_owned()))
}

fn bytes(bytes: &[u8]) -> Expr {
    literal(Value::Bytes(bytes.to_vec()))
}

fn boolean(b: bool) -> Expr {
    literal(Value::Bool(b))
}

fn name(name: &str) -> Expr {
    expr(ExprKind::Variable(name.to_owned()))
}

fn list(items: Vec<Expr>) -> Expr {
    expr(ExprKind::List(items))
}

fn unary(op: UnaryOp, operand: Expr) -> Expr {
    expr(ExprKind::Unary {
        op,
        operand: Box::new(operand),
    })
}

fn binary(left: Expr, op: BinaryOp, right: Expr) -> Expr {
    expr(ExprKind::Binary {
        op,
        left: Box::new(left),
        right: Box::new(right),
    })
}

fn index(of: Expr, index: Expr) -> Expr {
    expr(ExprKind::Index {
        of: Box::new(of),
        index: Box::new(index),
    })
}

fn slice(of: Expr, start: i128, end: i128) -> Expr {
    expr(ExprKind::Slice {
        of: Box::new(of),
        start: Box::new(int(start)),
        end: Box::new(int(end)),
    })
}

fn call(function: Function, args: Vec<Expr>) -> Expr {
    expr(ExprKind::Function { function, args })
}

fn import(name: &str) -> HostFunctionName {
    HostFunctionName::Import(ImportName {
        module: "env".to_owned(),
        name: name.to_owned(),
    })
}

fn env() -> Fixed {
    let values = [
        ("n", Value::Int(26)),
        ("text", Value::Text("Did you know".into())),
        ("empty", Value::List(vec![])),
        ("big", Value::Text("x".repeat(10 << 20))),
    ];
    Fixed {
        variables: values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

/// What the expression prints as.
fn shown(expr: Expr) -> String {
    evaluate(&expr, &env()).unwrap().to_string()
}

fn refusal(expr: Expr) -> String {
    evaluate(&expr, &env()).unwrap_err().to_string()
}
