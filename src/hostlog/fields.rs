//! Reads the fields of a line, each with a typed error that names its key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::error::ReadProblem;
use super::{Crossed, ImportPath, Thrown, ThrownKind};
use crate::value::{Float, Value};

/// The object of a line.
pub(super) struct Fields(pub Map<String, Json>);

impl Fields {
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    fn get(&self, key: &'static str) -> Result<&Json, ReadProblem> {
        self.0.get(key).ok_or(ReadProblem::Missing(key))
    }

    /// Returns a whole number that is not negative.
    pub fn number(&self, key: &'static str) -> Result<u64, ReadProblem> {
        let expected = "a whole number that is not negative";
        self.get(key)?
            .as_u64()
            .ok_or(ReadProblem::Value { key, expected })
    }

    /// Returns a number that fits in 32 bits.
    pub fn index(&self, key: &'static str) -> Result<u32, ReadProblem> {
        let expected = "a whole number below 2^32";
        u32::try_from(self.number(key)?).map_err(|_| ReadProblem::Value { key, expected })
    }

    /// Returns an index that may be absent.
    pub fn optional_index(&self, key: &'static str) -> Result<Option<u32>, ReadProblem> {
        match self.0.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(_) => self.index(key).map(Some),
        }
    }

    pub fn flag(&self, key: &str) -> bool {
        self.0.get(key).and_then(Json::as_bool).unwrap_or_default()
    }

    pub fn text(&self, key: &'static str) -> Result<&str, ReadProblem> {
        let expected = "text";
        self.get(key)?
            .as_str()
            .ok_or(ReadProblem::Value { key, expected })
    }

    pub fn bytes(&self, key: &'static str) -> Result<Vec<u8>, ReadProblem> {
        decode(key, self.text(key)?)
    }

    pub fn list(&self, key: &'static str) -> Result<&[Json], ReadProblem> {
        let expected = "a list";
        match self.get(key)? {
            Json::Array(list) => Ok(list),
            _ => Err(ReadProblem::Value { key, expected }),
        }
    }

    /// Returns a list of objects.
    pub fn objects(&self, key: &'static str) -> Result<Vec<Fields>, ReadProblem> {
        let expected = "a list of objects";
        let object = |item: &Json| match item {
            Json::Object(object) => Ok(Fields(object.clone())),
            _ => Err(ReadProblem::Value { key, expected }),
        };
        self.list(key)?.iter().map(object).collect()
    }

    /// Returns the two names of an import.
    pub fn import(&self, key: &'static str) -> Result<ImportPath, ReadProblem> {
        match self.list(key)? {
            [Json::String(module), Json::String(name)] => Ok(ImportPath {
                module: module.clone(),
                name: name.clone(),
            }),
            _ => Err(ReadProblem::Value {
                key,
                expected: "the two names of an import",
            }),
        }
    }

    /// Returns the values of a list.
    pub fn values(&self, key: &'static str) -> Result<Vec<Crossed>, ReadProblem> {
        self.list(key)?
            .iter()
            .map(|value| crossed(key, value))
            .collect()
    }

    pub fn value(&self, key: &'static str) -> Result<Crossed, ReadProblem> {
        crossed(key, self.get(key)?)
    }

    /// Returns what was thrown.
    pub fn thrown(&self, key: &'static str) -> Result<Thrown, ReadProblem> {
        let expected = "an object with `kind` (trap, exception or host) and `message`";
        let wrong = || ReadProblem::Value { key, expected };
        let object = self.get(key)?.as_object().ok_or_else(wrong)?;
        let kind = match object.get("kind").and_then(Json::as_str) {
            Some("trap") => ThrownKind::Trap,
            Some("exception") => ThrownKind::Exception,
            Some("host") => ThrownKind::Host,
            _ => return Err(wrong()),
        };
        let message = object.get("message").and_then(Json::as_str);
        Ok(Thrown {
            kind,
            message: message.ok_or_else(wrong)?.to_owned(),
        })
    }

    /// Returns spans of memory: lists of an address and bytes.
    pub fn writes(&self, key: &'static str) -> Result<Vec<(u64, Vec<u8>)>, ReadProblem> {
        let expected = "a list of lists, each of an address and bytes as base64";
        let write = |item: &Json| match item.as_array().map(Vec::as_slice) {
            Some([address, Json::String(text)]) => {
                let address = address.as_u64();
                let address = address.ok_or(ReadProblem::Value { key, expected })?;
                Ok((address, decode(key, text)?))
            }
            _ => Err(ReadProblem::Value { key, expected }),
        };
        self.list(key)?.iter().map(write).collect()
    }

    /// Returns spans of memory: address and length in bytes.
    pub fn spans(&self, key: &'static str) -> Result<Vec<(u64, u64)>, ReadProblem> {
        let expected = "a list of lists, each of an address and a length";
        let span = |item: &Json| match item.as_array().map(Vec::as_slice) {
            Some([address, length]) => address.as_u64().zip(length.as_u64()),
            _ => None,
        };
        let spans = self.list(key)?.iter().map(span);
        spans
            .collect::<Option<_>>()
            .ok_or(ReadProblem::Value { key, expected })
    }
}

fn decode(key: &'static str, text: &str) -> Result<Vec<u8>, ReadProblem> {
    let expected = "bytes as base64";
    STANDARD
        .decode(text)
        .map_err(|_| ReadProblem::Value { key, expected })
}

/// Returns a value: an integer as a number or as digits, a float as `0x` and its bits.
fn crossed(key: &'static str, value: &Json) -> Result<Crossed, ReadProblem> {
    let expected = "a value: an integer, the digits of one, the bits of a float such as \
                    \"0x3f800000\", null, {\"ref\": number} or {\"function\": number}";
    let wrong = || ReadProblem::Value { key, expected };
    let number = |value: &Json| {
        let number = value.as_u64().and_then(|n| u32::try_from(n).ok());
        number.ok_or_else(wrong)
    };
    match value {
        Json::Null => Ok(Crossed::Value(Value::Null)),
        Json::Number(n) => n
            .as_i64()
            .map(|n| Crossed::Value(Value::Int(i128::from(n))))
            .ok_or_else(wrong),
        Json::String(text) => match text.strip_prefix("0x") {
            Some(digits) => float(digits).map(Crossed::Value).ok_or_else(wrong),
            None => text
                .parse::<i64>()
                .map(|n| Crossed::Value(Value::Int(i128::from(n))))
                .map_err(|_| wrong()),
        },
        Json::Object(object) => match (object.get("ref"), object.get("function")) {
            (Some(of), None) => number(of).map(Crossed::Object),
            (None, Some(of)) => number(of).map(Crossed::Function),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn float(digits: &str) -> Option<Value> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bits = u64::from_str_radix(digits, 16).ok()?;
    match digits.len() {
        8 => u32::try_from(bits)
            .ok()
            .map(|bits| Value::Float(Float::F32(bits))),
        16 => Some(Value::Float(Float::F64(bits))),
        _ => None,
    }
}
