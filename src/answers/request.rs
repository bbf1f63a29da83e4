//! Questions as lines of JSON, `linmem.query/1`. `docs/query.md` describes them.

use serde_json::{Map, Value};

use super::{AnswerError, Direction, Question, Range};
use crate::safe;
use crate::text;
use crate::timeline::At;

/// The most bytes of a line.
pub const MAX_LINE: usize = 1 << 20;

/// Characters of a key or a value in a message before it is cut.
const IN_MESSAGE: usize = 60;

/// The keys of questions.
const QUESTIONS: [&str; 8] = [
    "who", "next", "previous", "memory", "value", "steps", "findings", "regions",
];

/// A line of JSON: its id, and its question.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The value of `id`; null where there is none.
    pub id: Value,
    /// The question, or why there is none.
    pub question: Result<Question, AnswerError>,
}

impl Request {
    /// Parses a line, without its line break.
    pub fn parse(line: &[u8]) -> Request {
        let object = match serde_json::from_slice(line) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Request::refused("the line is JSON, but no object".to_owned()),
            Err(error) => {
                let why = safe::plain(&error.to_string());
                return Request::failed(Value::Null, AnswerError::NotJson(why));
            }
        };
        let id = object.get("id").cloned().unwrap_or_default();
        let question = question(&object).map_err(AnswerError::NotAQuestion);
        Request { id, question }
    }

    /// Returns the request that a line too long to read is.
    pub fn too_long() -> Request {
        Request::failed(Value::Null, AnswerError::LineTooLong { most: MAX_LINE })
    }

    fn refused(why: String) -> Request {
        let why = format!("{why}; send one such as {EXAMPLE}");
        Request::failed(Value::Null, AnswerError::NotAQuestion(why))
    }

    fn failed(id: Value, error: AnswerError) -> Request {
        Request {
            id,
            question: Err(error),
        }
    }
}

/// A question for messages.
const EXAMPLE: &str = r#"{"id": 1, "who": {"address": "0x400"}}"#;

fn question(object: &Map<String, Value>) -> Result<Question, String> {
    let mut keys = object.keys().filter(|key| *key != "id");
    let Some(name) = keys.next() else {
        return Err(format!(
            "there is no question; add one of {}",
            QUESTIONS.join(", ")
        ));
    };
    if let Some(second) = keys.next() {
        return Err(format!(
            "there are the keys {} and {}; a line has `id` and one question; send two lines",
            quoted(name),
            quoted(second)
        ));
    }
    let Some(Value::Object(fields)) = object.get(name) else {
        return Err(format!(
            "{} is not an object; its fields are in one, such as {EXAMPLE}",
            quoted(name)
        ));
    };
    let fields = Fields { name, fields };
    let of_range = ["address", "length", "at"];
    match name.as_str() {
        "who" => {
            fields.check(&["address", "length", "at", "all"])?;
            Ok(Question::Writers {
                range: fields.range()?,
                all: fields.flag("all")?,
            })
        }
        "next" | "previous" => {
            fields.check(&of_range)?;
            let direction = match name.as_str() {
                "next" => Direction::Next,
                _ => Direction::Previous,
            };
            Ok(Question::Touch {
                range: fields.range()?,
                direction,
            })
        }
        "memory" => {
            fields.check(&of_range)?;
            Ok(Question::Memory {
                range: fields.range()?,
            })
        }
        "value" => {
            fields.check(&["expression", "at"])?;
            Ok(Question::Value {
                expression: fields.required("expression")?,
                at: fields.moment()?,
            })
        }
        "steps" => fields.check(&[]).map(|()| Question::Steps),
        "findings" => fields.check(&[]).map(|()| Question::Findings),
        "regions" => {
            fields.check(&["at"])?;
            Ok(Question::Regions {
                at: fields.moment()?,
            })
        }
        other => Err(unknown_question(other)),
    }
}

fn unknown_question(name: &str) -> String {
    let meant = text::nearest(name, QUESTIONS)
        .map(|known| format!("; did you mean {known}?"))
        .unwrap_or_default();
    format!(
        "there is no question {}; the questions are {}{meant}",
        quoted(name),
        QUESTIONS.join(", ")
    )
}

fn quoted(text: &str) -> String {
    safe::quoted(text, IN_MESSAGE)
}

/// The fields of a question.
struct Fields<'a> {
    name: &'a str,
    fields: &'a Map<String, Value>,
}

impl Fields<'_> {
    /// Refuses fields that the question does not have.
    fn check(&self, known: &[&str]) -> Result<(), String> {
        let mut names = self.fields.keys();
        match names.find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(unknown) if known.is_empty() => Err(format!(
                "{} has the field {}; it has none; send {{}}",
                self.name,
                quoted(unknown)
            )),
            Some(unknown) => Err(format!(
                "{} has the field {}; its fields are {}",
                self.name,
                quoted(unknown),
                known.join(", ")
            )),
        }
    }

    fn range(&self) -> Result<Range, String> {
        Ok(Range {
            address: self.required("address")?,
            length: self.expression("length")?,
            at: self.moment()?,
        })
    }

    fn required(&self, key: &str) -> Result<String, String> {
        let found = self.expression(key)?;
        found.ok_or_else(|| format!("{} has no {key}; add one, such as {EXAMPLE}", self.name))
    }

    /// Returns an expression: a text, or a number as one.
    fn expression(&self, key: &str) -> Result<Option<String>, String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.wrong(key, other, "a number, or an expression as a string")),
        }
    }

    fn moment(&self) -> Result<Option<At>, String> {
        let found = match self.fields.get("at") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => At::parse(text),
            // As a number, 4.10 would be 4.1.
            Some(Value::Number(number)) if number.is_u64() => At::parse(&number.to_string()),
            Some(_) => None,
        };
        match (found, self.fields.get("at")) {
            (Some(at), _) => Ok(Some(at)),
            (None, Some(other)) => Err(self.wrong(
                "at",
                other,
                "a step such as 4, or a string such as \"4.12\"",
            )),
            (None, None) => Ok(None),
        }
    }

    fn flag(&self, key: &str) -> Result<bool, String> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.wrong(key, other, "true or false")),
        }
    }

    fn wrong(&self, key: &str, found: &Value, expected: &str) -> String {
        let found = safe::cut(&found.to_string(), IN_MESSAGE);
        format!("{key} of {} is {found}; it is {expected}", self.name)
    }
}
