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
    if !QUESTIONS.contains(&name.as_str()) {
        return Err(unknown_question(name));
    }
    let Some(Value::Object(fields)) = object.get(name) else {
        return Err(format!(
            "{} is not an object; its fields are in one, such as {EXAMPLE}",
            quoted(name)
        ));
    };
    Fields { name, fields }.question()
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
    fn question(&self) -> Result<Question, String> {
        Ok(match self.name {
            "who" => {
                self.check(&["address", "length", "at", "all"])?;
                Question::Writers {
                    range: self.range()?,
                    all: self.flag("all")?,
                }
            }
            "next" => self.touch(Direction::Next)?,
            "previous" => self.touch(Direction::Previous)?,
            "memory" => {
                self.check(&["address", "length", "at"])?;
                Question::Memory {
                    range: self.range()?,
                }
            }
            "value" => {
                self.check(&["expression", "at"])?;
                Question::Value {
                    expression: self.required("expression")?,
                    at: self.moment()?,
                }
            }
            "steps" => self.check(&[]).map(|()| Question::Steps)?,
            "findings" => self.check(&[]).map(|()| Question::Findings)?,
            "regions" => {
                self.check(&["at"])?;
                Question::Regions { at: self.moment()? }
            }
            unknown => return Err(unknown_question(unknown)),
        })
    }

    fn touch(&self, direction: Direction) -> Result<Question, String> {
        self.check(&["address", "length", "at"])?;
        Ok(Question::Touch {
            range: self.range()?,
            direction,
        })
    }

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
            Some(Value::String(text)) => text.parse().ok(),
            // As a number, 4.10 would be 4.1.
            Some(Value::Number(number)) if number.is_u64() => number.to_string().parse().ok(),
            Some(_) => None,
        };
        match (found, self.fields.get("at")) {
            (Some(at), _) => Ok(Some(at)),
            (None, Some(other)) => Err(self.wrong(
                "at",
                other,
                "a step such as 4, or a string such as \"4.12\" or \"4/2\"",
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
