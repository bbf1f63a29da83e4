//! Reads values as addresses and lengths.

use super::{EvalErrorKind, brief};
use crate::safe;
use crate::script::ast::{Expr, ExprKind};
use crate::value::Value;

/// Returns `value` as an address in, or a length of, a memory with 32-bit or 64-bit addresses.
///
/// A negative i32 (i64) is read as the unsigned integer of the same bits.
///
/// # Errors
/// The value is not an integer, or no address of this width. The message begins with `role`; see
/// [`subject`]. It is safe to print where `role` is.
pub fn address(value: &Value, role: &str, is_64: bool) -> Result<u64, EvalErrorKind> {
    let number = super::fields::number(value)?;
    let Value::Int(value) = *number else {
        return Err(EvalErrorKind::NotAnInteger {
            role: role.to_owned(),
            found: brief(value),
        });
    };
    let (bits, lowest, modulus) = if is_64 {
        (64, i128::from(i64::MIN), 1i128 << 64)
    } else {
        (32, i128::from(i32::MIN), 1i128 << 32)
    };
    let unsigned = if (lowest..0).contains(&value) {
        value + modulus
    } else {
        value
    };
    u64::try_from(unsigned)
        .ok()
        .filter(|_| unsigned < modulus)
        .ok_or_else(|| EvalErrorKind::NotAnAddress {
            role: role.to_owned(),
            value,
            bits,
        })
}

/// Returns what a message calls `expr`: a variable by its name in backticks, any other expression
/// by its `role`, such as `the address`, with the first variable in it.
pub fn subject(expr: &Expr, role: &str) -> String {
    match (&expr.kind, first_variable(expr)) {
        (ExprKind::Variable(_), Some(name)) => format!("`{}`", safe::cut(name, 60)),
        (_, Some(name)) => format!("{role}, made from `{}`,", safe::cut(name, 60)),
        (_, None) => role.to_owned(),
    }
}

fn first_variable(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Variable(name) => Some(name),
        ExprKind::Unary { operand, .. } => first_variable(operand),
        ExprKind::Binary { left, right, .. } => {
            first_variable(left).or_else(|| first_variable(right))
        }
        ExprKind::Index { of, .. } | ExprKind::Slice { of, .. } | ExprKind::Field { of, .. } => {
            first_variable(of)
        }
        ExprKind::Function { args, .. } | ExprKind::List(args) => {
            args.iter().find_map(first_variable)
        }
        ExprKind::Record { fields, .. } => {
            fields.iter().find_map(|(_, value)| first_variable(value))
        }
        ExprKind::Literal(_)
        | ExprKind::Calls(_)
        | ExprKind::CallPart { .. }
        | ExprKind::SizeOf(_)
        | ExprKind::OffsetOf { .. } => None,
    }
}
