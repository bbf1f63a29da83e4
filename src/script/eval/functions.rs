//! What the functions do. Each takes the types its line on the language's page names and refuses
//! any other.
//!
//! Beyond the page: `cstr` writes a NUL inside the text as it is; `as_u32` and its like take only
//! integers that fit 32 (64) bits, signed or unsigned.

use std::borrow::Cow;

use super::{EvalError, Evaluated, Evaluator, brief, fail};
use crate::script::ast::{Expr, Function, NumberType, Span};
use crate::script::encoding;
use crate::text;
use crate::value::Value;

impl<'a> Evaluator<'a> {
    pub(super) fn function(
        &self,
        function: Function,
        args: &'a [Expr],
        span: Span,
        depth: usize,
    ) -> Evaluated<'a> {
        let values = args
            .iter()
            .map(|arg| self.value(arg, depth))
            .collect::<Result<Vec<_>, _>>()?;
        if let Function::Encode(number) = function {
            return encode(number, args, &values, span).map(Cow::Owned);
        }
        self.apply(function, values)
            .map_err(|message| fail(span, message))
    }

    fn apply(
        &self,
        function: Function,
        values: Vec<Cow<'a, Value>>,
    ) -> Result<Cow<'a, Value>, String> {
        let result = match function {
            Function::Pages => {
                let [] = exactly(function, values)?;
                Value::Int(self.world.pages()?.into())
            }
            Function::Repeat => {
                let [value, times] = exactly(function, values)?;
                self.repeat(&value, &times)?
            }
            Function::Bytes => {
                let [value] = exactly(function, values)?;
                return match value.as_ref() {
                    Value::Bytes(_) => Ok(value),
                    Value::Text(_) => self.utf8(value).map(Cow::Owned),
                    other => Err(format!(
                        "bytes(…) takes text or bytes, not {}",
                        brief(other)
                    )),
                };
            }
            Function::File => {
                let [path] = exactly(function, values)?;
                let bytes = self.world.file(text(function, &path)?)?;
                self.build(bytes.len())?;
                Value::Bytes(bytes)
            }
            Function::Len => {
                let [value] = exactly(function, values)?;
                length(&value)?
            }
            Function::Utf8 => {
                let [value] = exactly(function, values)?;
                text(function, &value)?;
                self.utf8(value)?
            }
            Function::Utf16 => {
                let [value] = exactly(function, values)?;
                let text = text(function, &value)?;
                self.build(text.encode_utf16().count().saturating_mul(2))?;
                Value::Bytes(encoding::utf16(text))
            }
            Function::Cstr => {
                let [value] = exactly(function, values)?;
                let text = text(function, &value)?;
                self.build(text.len().saturating_add(1))?;
                Value::Bytes(encoding::cstr(text))
            }
            Function::AsU32 | Function::AsI32 | Function::AsU64 | Function::AsI64 => {
                let [value] = exactly(function, values)?;
                reread(function, &value)?
            }
            // Taken care of before: its errors point at one of its arguments.
            Function::Encode(_) => Value::Null,
        };
        Ok(Cow::Owned(result))
    }

    fn utf8(&self, value: Cow<'a, Value>) -> Result<Value, String> {
        if let Value::Text(text) = value.as_ref() {
            self.build(text.len())?;
        }
        Ok(match value.into_owned() {
            Value::Text(text) => Value::Bytes(text.into_bytes()),
            other => other,
        })
    }

    fn repeat(&self, value: &Value, times: &Value) -> Result<Value, String> {
        let Value::Int(times) = times else {
            return Err(format!(
                "how often to repeat must be an integer, not {}",
                brief(times)
            ));
        };
        if *times < 0 {
            return Err(format!("nothing can be repeated {times} times"));
        }
        let times = usize::try_from(*times).unwrap_or(usize::MAX);
        match value {
            Value::Text(text) => {
                self.build(text.len().saturating_mul(times))?;
                Ok(Value::Text(if text.is_empty() {
                    String::new()
                } else {
                    text.repeat(times)
                }))
            }
            Value::Bytes(bytes) => {
                self.build(bytes.len().saturating_mul(times))?;
                Ok(Value::Bytes(if bytes.is_empty() {
                    Vec::new()
                } else {
                    bytes.repeat(times)
                }))
            }
            other => Err(format!(
                "repeat(…) takes text or bytes, not {}",
                brief(other)
            )),
        }
    }
}

fn encode(
    number: NumberType,
    args: &[Expr],
    values: &[Cow<'_, Value>],
    span: Span,
) -> Result<Value, EvalError> {
    if args.is_empty() {
        return Err(fail(
            span,
            format!("{}(…) needs at least one number", number.name()),
        ));
    }
    let mut bytes = Vec::with_capacity(values.len().saturating_mul(number.size()));
    for (arg, value) in args.iter().zip(values) {
        let encoded =
            encoding::encode(number, value).map_err(|error| fail(arg.span, error.to_string()))?;
        bytes.extend(encoded);
    }
    Ok(Value::Bytes(bytes))
}

fn length(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        other => {
            return Err(format!(
                "len(…) takes text, bytes or a list, not {}",
                brief(other)
            ));
        }
    };
    i128::try_from(length)
        .map(Value::Int)
        .map_err(|error| error.to_string())
}

/// The low 32 or 64 bits as another integer type; the value must be one of the two readings of so
/// many bits.
fn reread(function: Function, value: &Value) -> Result<Value, String> {
    let Value::Int(n) = *value else {
        return Err(format!(
            "{}(…) takes an integer, not {}",
            name(function),
            brief(value)
        ));
    };
    let (bits, low, high) = match function {
        Function::AsU32 | Function::AsI32 => (32, i128::from(i32::MIN), i128::from(u32::MAX)),
        _ => (64, i128::from(i64::MIN), i128::from(u64::MAX)),
    };
    if !(low..=high).contains(&n) {
        let advice = if bits == 32 {
            "; for its low bits write `x & 0xffffffff`"
        } else {
            ""
        };
        return Err(format!("{n} does not fit {bits} bits{advice}"));
    }
    Ok(Value::Int(match function {
        Function::AsU32 => i128::from(n as u32),
        Function::AsI32 => i128::from(n as i32),
        Function::AsU64 => i128::from(n as u64),
        _ => i128::from(n as i64),
    }))
}

fn text(function: Function, value: &Value) -> Result<&str, String> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(format!(
            "{}(…) takes text, not {}",
            name(function),
            brief(other)
        )),
    }
}

fn exactly<'a, const N: usize>(
    function: Function,
    values: Vec<Cow<'a, Value>>,
) -> Result<[Cow<'a, Value>; N], String> {
    values.try_into().map_err(|values: Vec<_>| {
        format!(
            "{}(…) takes {}, not {}",
            name(function),
            text::count(N, "argument"),
            values.len()
        )
    })
}

fn name(function: Function) -> &'static str {
    match function {
        Function::Len => "len",
        Function::Utf8 => "utf8",
        Function::Utf16 => "utf16",
        Function::Cstr => "cstr",
        Function::Encode(number) => number.name(),
        Function::AsU32 => "as_u32",
        Function::AsI32 => "as_i32",
        Function::AsU64 => "as_u64",
        Function::AsI64 => "as_i64",
        Function::Repeat => "repeat",
        Function::Bytes => "bytes",
        Function::File => "file",
        Function::Pages => "pages",
    }
}
