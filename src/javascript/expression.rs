//! Expressions.

use std::collections::BTreeMap;

use super::types::{MAX_SAFE, Type};
use super::{literal, property, variable};
use crate::script::ast::{BinaryOp, CallPart, Expr, ExprKind, Function, HostFunctionName, UnaryOp};
use crate::value::Value;

/// Code of an expression, and what is known of its value.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub text: String,
    pub ty: Type,
    /// Whether it needs no parentheses as an operand.
    is_atom: bool,
}

/// Why an expression has no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsupported(pub &'static str);

/// Why a record has no code.
pub(super) const RECORD: &str =
    "it has no types for memory; a host reads and writes each field at its offset";

/// Why changes of a table have no code.
pub(super) const TABLE: &str = "the host's own changes of tables are not translated";

type Translated = Result<Code, Unsupported>;

/// The types of the variables.
pub(super) type Scope = BTreeMap<String, Type>;

impl Code {
    fn atom(text: String, ty: Type) -> Self {
        Code {
            text,
            ty,
            is_atom: true,
        }
    }

    fn operation(text: String, ty: Type) -> Self {
        Code {
            text,
            ty,
            is_atom: false,
        }
    }

    /// Returns the code as an operand.
    fn operand(&self) -> String {
        match self.is_atom {
            true => self.text.clone(),
            false => format!("({})", self.text),
        }
    }

    /// Returns the code of the number as a `BigInt`.
    pub(super) fn big(&self) -> String {
        match self.ty {
            Type::Big => self.text.clone(),
            _ => format!("BigInt({})", self.text),
        }
    }

    /// Returns the code of the number as a `Number`, such as an address.
    pub(super) fn number(&self) -> String {
        match self.ty {
            Type::Big => format!("Number({})", self.text),
            _ => self.text.clone(),
        }
    }
}

/// Translates an expression.
pub(super) fn translate(expr: &Expr, scope: &Scope) -> Translated {
    match &expr.kind {
        ExprKind::Literal(value) => Ok(of_value(value)),
        ExprKind::Variable(name) => {
            let ty = scope.get(name).cloned().unwrap_or(Type::Unknown);
            Ok(Code::atom(variable(name), ty))
        }
        ExprKind::List(items) => {
            let items = all(items, scope)?;
            let ty = items.first().map_or(Type::Unknown, |item| item.ty.clone());
            Ok(Code::atom(
                format!("[{}]", list(&items)),
                Type::List(Box::new(ty)),
            ))
        }
        ExprKind::Unary { op, operand } => {
            let operand = translate(operand, scope)?;
            let text = match op {
                UnaryOp::Minus => format!("-{}", operand.operand()),
                UnaryOp::Not if operand.ty == Type::Big => format!("~{}", operand.operand()),
                UnaryOp::Not => format!("-{} - 1", operand.operand()),
            };
            Ok(Code::operation(text, operand.ty))
        }
        ExprKind::Binary { op, left, right } => {
            binary(*op, &translate(left, scope)?, &translate(right, scope)?)
        }
        ExprKind::Index { of, index } => index_of(of, index, scope),
        ExprKind::Slice { of, start, end } => slice_of(of, [start, end], scope),
        ExprKind::Function { function, args } => call_of(*function, &all(args, scope)?),
        ExprKind::Calls(function) => Ok(Code::atom(
            format!("calls({}).length", name_of(function)),
            Type::Int,
        )),
        ExprKind::CallPart {
            part,
            function,
            index,
        } => {
            let part = match part {
                CallPart::Args => "args",
                CallPart::Reads => "reads",
                CallPart::Results => "results",
            };
            let index = translate(index, scope)?.number();
            let text = format!("calls({})[{index}].{part}", name_of(function));
            Ok(Code::atom(text, Type::List(Box::new(Type::Unknown))))
        }
        record => of_record(record, scope),
    }
}

/// Returns the code of an index into a list or bytes.
fn index_of(of: &Expr, index: &Expr, scope: &Scope) -> Translated {
    let (of, index) = (translate(of, scope)?, translate(index, scope)?);
    let at = index.number();
    Ok(match of.ty.clone() {
        Type::List(element) => Code::atom(format!("{}[{at}]", of.operand()), *element),
        Type::Bytes => Code::atom(format!("{}[{at}]", of.operand()), Type::Int),
        _ => Code::atom(format!("at({}, {at})", of.text), Type::Unknown),
    })
}

/// Returns the code of a part of a list, bytes or a text.
fn slice_of(of: &Expr, [start, end]: [&Expr; 2], scope: &Scope) -> Translated {
    let of = translate(of, scope)?;
    let range = [translate(start, scope)?, translate(end, scope)?].map(|code| code.number());
    let range = range.join(", ");
    Ok(match of.ty {
        Type::List(_) | Type::Bytes => {
            Code::atom(format!("{}.slice({range})", of.operand()), of.ty.clone())
        }
        _ => Code::atom(format!("slice({}, {range})", of.text), of.ty.clone()),
    })
}

/// Returns the code of an expression with types of memory.
fn of_record(kind: &ExprKind, scope: &Scope) -> Translated {
    match kind {
        ExprKind::SizeOf(ty) => match &ty.resolved {
            Some(ty) => Ok(Code::atom(ty.size().to_string(), Type::Int)),
            None => Err(Unsupported(RECORD)),
        },
        ExprKind::Field { of, name } => {
            // What could not be read has no variable.
            if let ExprKind::Variable(variable) = &of.kind
                && !scope.contains_key(variable)
            {
                return Err(Unsupported(RECORD));
            }
            let of = translate(of, scope)?;
            Ok(Code::atom(
                property(&of.operand(), &name.text),
                Type::Unknown,
            ))
        }
        ExprKind::Record { fields, .. } => {
            let mut parts = Vec::new();
            for (name, value) in fields {
                let value = translate(value, scope)?;
                parts.push(format!("{}: {}", literal(&name.text), value.text));
            }
            Ok(Code::atom(
                format!("{{ {} }}", parts.join(", ")),
                Type::Unknown,
            ))
        }
        _ => Err(Unsupported(RECORD)),
    }
}

fn name_of(function: &HostFunctionName) -> String {
    match function {
        HostFunctionName::Import(import) => literal(&format!("{}.{}", import.module, import.name)),
        HostFunctionName::Callback(name) => literal(name),
    }
}

fn all(exprs: &[Expr], scope: &Scope) -> Result<Vec<Code>, Unsupported> {
    exprs.iter().map(|expr| translate(expr, scope)).collect()
}

fn list(codes: &[Code]) -> String {
    let texts: Vec<&str> = codes.iter().map(|code| code.text.as_str()).collect();
    texts.join(", ")
}

/// Returns the code of a value.
pub(super) fn of_value(value: &Value) -> Code {
    let ty = Type::of_value(value);
    match value {
        Value::Int(number) => {
            let suffix = if number.unsigned_abs() > MAX_SAFE {
                "n"
            } else {
                ""
            };
            // Round numbers in hexadecimal are mostly addresses.
            let text = match *number {
                256.. if number % 16 == 0 => format!("{number:#x}{suffix}"),
                _ => format!("{number}{suffix}"),
            };
            match *number < 0 {
                true => Code::operation(text, ty),
                false => Code::atom(text, ty),
            }
        }
        Value::Float(float) => {
            let number = float.to_f64();
            let text = match () {
                () if number.is_nan() => "NaN".to_owned(),
                () if number.is_infinite() && number > 0.0 => "Infinity".to_owned(),
                () if number.is_infinite() => "-Infinity".to_owned(),
                () => format!("{number:?}"),
            };
            Code::operation(text, ty)
        }
        Value::Bool(truth) => Code::atom(truth.to_string(), ty),
        Value::Text(text) => Code::atom(literal(text), ty),
        Value::Bytes(bytes) => {
            let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:#04x}")).collect();
            Code::atom(format!("Uint8Array.of({})", bytes.join(", ")), ty)
        }
        Value::List(items) => {
            let items: Vec<Code> = items.iter().map(of_value).collect();
            Code::atom(format!("[{}]", list(&items)), ty)
        }
        Value::Null => Code::atom("null".to_owned(), ty),
        Value::Object(object) => Code::atom(format!("{{ name: {} }}", literal(object.name())), ty),
        // No literal has these.
        Value::Record(_) | Value::Pointer(_) | Value::Symbol(_) | Value::NotRead(_) => {
            Code::atom("undefined".to_owned(), ty)
        }
    }
}

fn binary(op: BinaryOp, left: &Code, right: &Code) -> Translated {
    if op.is_comparison() {
        return Ok(Code::operation(comparison(op, left, right), Type::Truth));
    }
    if op == BinaryOp::Join {
        return Ok(match (&left.ty, &right.ty) {
            (Type::Text, Type::Text) => Code::operation(
                format!("{} + {}", left.operand(), right.operand()),
                Type::Text,
            ),
            (ty, _) => Code::atom(format!("joined({}, {})", left.text, right.text), ty.clone()),
        });
    }
    let is_float = [left, right]
        .iter()
        .any(|code| matches!(code.ty, Type::Float | Type::Narrow));
    let is_big = [left, right].iter().any(|code| code.ty == Type::Big);
    Ok(match (is_float, is_big) {
        (true, _) => float_operation(op, left, right)?,
        (false, true) => big_operation(op, left, right),
        (false, false) => int_operation(op, left, right),
    })
}

/// Returns the operator of JavaScript.
fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "===",
        BinaryOp::NotEqual => "!==",
        BinaryOp::Join => "+",
        other => other.symbol(),
    }
}

/// Returns the code of a comparison. Arrays, and values of unknown types, are compared by a helper.
fn comparison(op: BinaryOp, left: &Code, right: &Code) -> String {
    let is_equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
    let (a, b) = (left.operand(), right.operand());
    let operands = match (&left.ty, &right.ty) {
        // A `Number` has 64 bits: the other side is rounded to the 32 that the value had.
        (Type::Narrow, Type::Float) => Some((a, format!("Math.fround({})", right.text))),
        (Type::Float, Type::Narrow) => Some((format!("Math.fround({})", left.text), b)),
        (left, right)
            if left == right && !matches!(left, Type::Unknown | Type::Bytes | Type::List(_)) =>
        {
            Some((a, b))
        }
        (left, right) if left.is_number() && right.is_number() => Some((a, b)),
        _ => None,
    };
    match operands {
        // `==` compares a `Number` with a `BigInt` by value.
        Some((a, b)) if is_equality && (left.ty == Type::Big) != (right.ty == Type::Big) => {
            format!("{a} {} {b}", symbol(op).get(..2).unwrap_or_default())
        }
        Some((a, b)) => format!("{a} {} {b}", symbol(op)),
        None if is_equality => {
            let not = if op == BinaryOp::NotEqual { "!" } else { "" };
            format!("{not}same({}, {})", left.text, right.text)
        }
        None => format!("{} {} {}", left.operand(), symbol(op), right.operand()),
    }
}

fn float_operation(op: BinaryOp, left: &Code, right: &Code) -> Translated {
    let is_arithmetic = matches!(
        op,
        BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Remainder
    );
    if !is_arithmetic {
        return Err(Unsupported("bits of a float cannot be combined"));
    }
    let [a, b] = [left, right].map(|code| match code.ty {
        Type::Big => code.number(),
        _ => code.operand(),
    });
    Ok(Code::operation(
        format!("{a} {} {b}", symbol(op)),
        Type::Float,
    ))
}

/// Returns the code of an operation on two integers. One of them is a `BigInt`.
fn big_operation(op: BinaryOp, left: &Code, right: &Code) -> Code {
    let [a, b] = [left, right].map(|code| match code.ty {
        Type::Big => code.operand(),
        _ => code.big(),
    });
    Code::operation(format!("{a} {} {b}", symbol(op)), Type::Big)
}

/// Returns the code of an operation on two integers. The bit operators of JavaScript cut a `Number`
/// to 32 bits, so that `BigInt` takes their place.
fn int_operation(op: BinaryOp, left: &Code, right: &Code) -> Code {
    let (a, b) = (left.operand(), right.operand());
    let text = match op {
        BinaryOp::Divide => return Code::atom(format!("Math.trunc({a} / {b})"), Type::Int),
        BinaryOp::ShiftLeft => format!("{a} * 2 ** {b}"),
        BinaryOp::ShiftRight => {
            return Code::atom(format!("Math.floor({a} / 2 ** {b})"), Type::Int);
        }
        BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => {
            let text = format!("Number({} {} {})", left.big(), symbol(op), right.big());
            return Code::atom(text, Type::Int);
        }
        _ => format!("{a} {} {b}", symbol(op)),
    };
    Code::operation(text, Type::Int)
}

fn call_of(function: Function, args: &[Code]) -> Translated {
    let given = list(args);
    let first = args.first();
    let ty = first.map_or(Type::Unknown, |code| code.ty.clone());
    let number = || first.map(Code::number).unwrap_or_default();
    let big = || first.map(Code::big).unwrap_or_default();
    Ok(match function {
        Function::Len => match ty {
            Type::Text => Code::atom(format!("encoder.encode({given}).length"), Type::Int),
            Type::Bytes | Type::List(_) => Code::atom(
                format!("{}.length", first.map(Code::operand).unwrap_or_default()),
                Type::Int,
            ),
            _ => Code::atom(format!("len({given})"), Type::Int),
        },
        Function::Utf8 => Code::atom(format!("encoder.encode({given})"), Type::Bytes),
        Function::Bytes => Code::atom(format!("bytesOf({given})"), Type::Bytes),
        Function::Utf16 => Code::atom(format!("utf16({given})"), Type::Bytes),
        Function::Cstr => Code::atom(format!("cstrBytes({given})"), Type::Bytes),
        Function::Encode(number) => Code::atom(format!("{}({given})", number.name()), Type::Bytes),
        Function::AsU32 => match ty {
            Type::Big => Code::atom(format!("Number(BigInt.asUintN(32, {given}))"), Type::Int),
            _ => Code::operation(format!("{} >>> 0", operand_of(first)), Type::Int),
        },
        Function::AsI32 => match ty {
            Type::Big => Code::atom(format!("Number(BigInt.asIntN(32, {given}))"), Type::Int),
            _ => Code::operation(format!("{} | 0", operand_of(first)), Type::Int),
        },
        Function::AsU64 => Code::atom(format!("BigInt.asUintN(64, {})", big()), Type::Big),
        Function::AsI64 => Code::atom(format!("BigInt.asIntN(64, {})", big()), Type::Big),
        Function::Repeat => Code::atom(format!("repeated({given})"), ty),
        Function::File => Code::atom(format!("file({given})"), Type::Bytes),
        Function::Pages => {
            Code::operation("memory.buffer.byteLength / 65536".to_owned(), Type::Int)
        }
        Function::Object => Code::atom(format!("{{ name: {} }}", number()), Type::Unknown),
        Function::Provided => return Err(Unsupported("only linmem keeps the files of the guest")),
        Function::Printed => return Err(Unsupported("only linmem keeps what the guest printed")),
    })
}

fn operand_of(code: Option<&Code>) -> String {
    code.map(Code::operand).unwrap_or_default()
}
