//! Values and bytes as expressions of the steps language.

use crate::hostlog::Crossed;
use crate::script::ast::{Expr, ExprKind, Function};
use crate::value::Value;

use crate::session::replay::is_same as is_same_value;

/// The most bytes that are written into a statement; more are a file.
const MAX_LITERAL: usize = 4096;
/// The shortest text that is written as text.
const SHORTEST_TEXT: usize = 3;

pub(in crate::session) fn literal(value: Value) -> Expr {
    Expr {
        kind: ExprKind::Literal(value),
        span: Default::default(),
    }
}

pub(in crate::session) fn variable(name: &str) -> Expr {
    Expr {
        kind: ExprKind::Variable(name.to_owned()),
        span: Default::default(),
    }
}

/// The name of an object of the host, by its number in the recording.
fn object_name(number: u32) -> String {
    format!("ref {number}")
}

/// Returns a value that crossed the border as text and as an expression; `None` for a function, which
/// the language has no value for. The guest cannot compare objects, so each is a new one.
pub(in crate::session) fn crossed(value: &Crossed) -> Option<(String, Expr)> {
    match value {
        Crossed::Value(value) => Some((value.to_string(), literal(value.clone()))),
        Crossed::Object(number) => {
            let name = Value::Text(object_name(*number));
            let kind = ExprKind::Function {
                function: Function::Object,
                args: vec![literal(name.clone())],
            };
            let span = Default::default();
            Some((format!("object({name})"), Expr { kind, span }))
        }
        Crossed::Function(_) => None,
    }
}

/// Returns whether a value of the replay is the one in the recording, bit for bit.
fn is_same(recorded: &Crossed, replayed: &Value) -> bool {
    match (recorded, replayed) {
        (Crossed::Value(recorded), replayed) => is_same_value(recorded, replayed),
        (Crossed::Object(number), Value::Object(object)) => object.name() == object_name(*number),
        // The script has no value for a function.
        (Crossed::Function(_), _) => true,
        (Crossed::Object(_), _) => false,
    }
}

/// Returns whether all values of the replay are those in the recording.
pub(in crate::session) fn are_same(recorded: &[Crossed], replayed: &[Value]) -> bool {
    recorded.len() == replayed.len()
        && recorded
            .iter()
            .zip(replayed)
            .all(|(recorded, replayed)| is_same(recorded, replayed))
}

/// Returns values for a message.
pub(in crate::session) fn list(values: &[Crossed]) -> String {
    let text = |value: &Crossed| match value {
        Crossed::Value(value) => value.brief(40),
        Crossed::Object(number) => object_name(*number),
        Crossed::Function(number) => format!("function {number}"),
    };
    let values: Vec<String> = values.iter().map(text).collect();
    format!("({})", values.join(", "))
}

/// Returns bytes as text, where that is shorter than `MAX_LITERAL`; `None` for more bytes.
pub(in crate::session) fn bytes(bytes: &[u8]) -> Option<String> {
    if let [byte] = bytes {
        return Some(format!("u8({byte})"));
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && bytes.len() >= SHORTEST_TEXT
        && bytes.len() <= MAX_LITERAL
        && text.chars().all(|c| !c.is_control() || c == '\n')
    {
        return Some(Value::Text(text.to_owned()).to_string());
    }
    match bytes {
        [a, b] => Some(format!("u16({})", u16::from_le_bytes([*a, *b]))),
        // A number as large as an address is more likely to be bytes.
        [a, b, c, d @ 0..0x10] => Some(format!("u32({})", u32::from_le_bytes([*a, *b, *c, *d]))),
        _ if bytes.len() <= MAX_LITERAL => Some(Value::Bytes(bytes.to_vec()).to_string()),
        _ => None,
    }
}
