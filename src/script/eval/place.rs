//! Values where an address or a length is expected.

use super::brief;
use crate::safe;
use crate::script::ast::{Expr, ExprKind};
use crate::value::Value;

/// The value as an address in, or a length of, a memory with 32-bit or 64-bit indices.
///
/// A negative i32 (i64) is taken as the unsigned reading of its bits. `what` begins the message of
/// an error as it stands; [`subject`] makes a good one. The message is safe to print where `what`
/// is.
pub fn address(value: &Value, what: &str, is_64: bool) -> Result<u64, String> {
    let Value::Int(n) = *value else {
        return Err(match value {
            Value::Null => format!("{what} is null where an integer is expected"),
            other => format!("{what} is {} where an integer is expected", brief(other)),
        });
    };
    let (bits, lowest, modulus) = if is_64 {
        (64, i128::from(i64::MIN), 1i128 << 64)
    } else {
        (32, i128::from(i32::MIN), 1i128 << 32)
    };
    let unsigned = if (lowest..0).contains(&n) {
        n + modulus
    } else {
        n
    };
    u64::try_from(unsigned)
        .ok()
        .filter(|_| unsigned < modulus)
        .ok_or_else(|| format!("{what} is {n}, which no {bits}-bit address or length can be"))
}

/// What to call an expression in a message: a variable by its name in backticks, anything else by
/// its `role`, such as "the address", with the first variable it is made from.
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
        ExprKind::Index { of, .. } | ExprKind::Slice { of, .. } => first_variable(of),
        ExprKind::Function { args, .. } | ExprKind::List(args) => {
            args.iter().find_map(first_variable)
        }
        ExprKind::Literal(_) | ExprKind::Calls(_) | ExprKind::CallArgs { .. } => None,
    }
}
