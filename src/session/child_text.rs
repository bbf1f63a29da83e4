//! The child steps of a host function in the words of the steps language.

use crate::safe;
use crate::value::Value;

use super::read_statement::Plan;

/// The most characters of a value, and of a name.
const MAX_VALUE: usize = 60;
const MAX_NAME: usize = 120;
/// The most bytes of a write that are examined for whether they are text.
const MAX_BYTES: usize = 64;

/// Returns `call get(1, 2)`, with the word before it.
pub(super) fn call(word: &str, name: &str, args: &[Value]) -> String {
    let args = list(args).unwrap_or_default();
    format!("{word}{}({args})", safe::cut(name, MAX_NAME))
}

/// Returns `write 0x400, "hello"`.
pub(super) fn write(address: u64, bytes: &[u8]) -> String {
    let first = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    let is_plain = |c: char| c == '\n' || !c.is_control();
    let text = std::str::from_utf8(first)
        .ok()
        .filter(|text| bytes.len() == first.len() && text.chars().all(is_plain));
    let value = match text {
        Some(text) => safe::quoted(text, MAX_VALUE),
        None if bytes.len() <= MAX_VALUE / 3 => Value::Bytes(bytes.to_vec()).brief(MAX_VALUE),
        None => crate::text::count(bytes.len(), "byte"),
    };
    format!("write {address:#x}, {value}")
}

/// Returns `read 0x400, 5 as utf8`.
pub(super) fn read(address: u64, plan: &Plan) -> String {
    format!("read {address:#x}{plan}")
}

/// Returns values as the steps language writes them, in short; `None` for none.
pub(super) fn list(values: &[Value]) -> Option<String> {
    let values: Vec<String> = values.iter().map(|value| value.brief(MAX_VALUE)).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_shown_as_text_where_they_are() {
        assert_eq!(write(0x400, b"hello"), "write 0x400, \"hello\"");
        assert_eq!(write(0x10, &[0, 1, 2]), "write 0x10, hex\"00 01 02\"");
        assert_eq!(write(0, &[0; 300]), "write 0x0, 300 bytes");
        assert_eq!(write(0, &[b'a'; 300]), "write 0x0, 300 bytes");
    }
}
