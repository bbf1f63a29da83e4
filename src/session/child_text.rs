//! The child steps of a host function in the words of the steps language.

use crate::safe;
use crate::timeline::Span;
use crate::value::Value;

use super::read_statement::{self, Plan};

/// The most characters of a value, and of a name.
const MAX_VALUE: usize = 60;
const MAX_NAME: usize = 120;
/// The most bytes of a write that are examined for whether they are text.
const MAX_BYTES: usize = 64;

/// What a child step does.
#[derive(Debug, PartialEq)]
pub(super) struct Label {
    /// In the words of the steps language; safe to print.
    pub text: String,
    /// The bytes that it reads or writes, where it is one of both.
    pub bytes: Option<Span>,
}

/// Returns `call get(1, 2)`, with the word before it.
pub(super) fn call(word: &str, name: &str, args: &[Value]) -> Label {
    let args = list(args).unwrap_or_default();
    Label {
        text: format!("{word}{}({args})", safe::cut(name, MAX_NAME)),
        bytes: None,
    }
}

/// Returns `grow 2`.
pub(super) fn grow(pages: u64) -> Label {
    Label {
        text: format!("grow {pages}"),
        bytes: None,
    }
}

/// Returns `write 0x400, "hello"`.
pub(super) fn write(address: u64, bytes: &[u8]) -> Label {
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
    Label {
        text: format!("write {address:#x}, {value}"),
        bytes: Some(Span {
            start: address,
            len: bytes.len() as u64,
        }),
    }
}

/// Returns `read 0x400, 5 as utf8`.
pub(super) fn read(address: u64, plan: &Plan) -> Label {
    Label {
        text: format!("read {address:#x}{plan}"),
        // The length of a text up to a NUL is known only when it has been read.
        bytes: Some(Span {
            start: address,
            len: read_statement::length_of(plan).unwrap_or(1),
        }),
    }
}

/// Returns values as the steps language writes them, in short; `None` for none.
pub(super) fn list(values: &[Value]) -> Option<String> {
    let values: Vec<String> = values.iter().map(|value| value.brief(MAX_VALUE)).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(address: u64, bytes: &[u8]) -> String {
        write(address, bytes).text
    }

    #[test]
    fn writes_are_shown_as_text_where_they_are() {
        assert_eq!(text(0x400, b"hello"), "write 0x400, \"hello\"");
        assert_eq!(text(0x10, &[0, 1, 2]), "write 0x10, hex\"00 01 02\"");
        assert_eq!(text(0, &[0; 300]), "write 0x0, 300 bytes");
        assert_eq!(text(0, &[b'a'; 300]), "write 0x0, 300 bytes");
    }
}
