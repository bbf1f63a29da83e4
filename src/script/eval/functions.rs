//! Applies the functions of the language. Each takes the types that `docs/steps.md` names, and
//! refuses any other.
//!
//! Beyond that page: `cstr` writes a NUL inside the text as it is; `as_u32` and the like take only
//! integers that fit in 32 (64) bits, signed or unsigned.

use std::borrow::Cow;

use super::fields::{content, number};
use super::{EvalError, EvalErrorKind, Evaluated, Evaluator, OutputStream, brief, length};
use crate::data_types::NumberType;
use crate::data_types::encoding;
use crate::script::ast::{Expr, Function, Span};
use crate::value::{Object, Value};

/// A function's result before its place in the expression is known.
type Applied<'a> = Result<Cow<'a, Value>, EvalErrorKind>;

/// How a function is evaluated, by the number of its arguments.
enum Implementation<'a> {
    NoArgument(fn(&Evaluator<'a>) -> Applied<'a>),
    OneArgument(fn(&Evaluator<'a>, Cow<'a, Value>) -> Applied<'a>),
    TwoArguments(fn(&Evaluator<'a>, Cow<'a, Value>, Cow<'a, Value>) -> Applied<'a>),
    /// One or more numbers to encode.
    Numbers(NumberType),
}

fn implementation<'a>(function: Function) -> Implementation<'a> {
    use Implementation::{NoArgument, Numbers, OneArgument, TwoArguments};
    match function {
        Function::Len => OneArgument(len),
        Function::Utf8 => OneArgument(utf8),
        Function::Utf16 => OneArgument(utf16),
        Function::Cstr => OneArgument(cstr),
        Function::Encode(number) => Numbers(number),
        Function::AsU32 => OneArgument(|_, value| {
            let bits = bits_of("as_u32(…)", &value, 32)?;
            Ok(integer(i128::from(bits as u32)))
        }),
        Function::AsI32 => OneArgument(|_, value| {
            let bits = bits_of("as_i32(…)", &value, 32)?;
            Ok(integer(i128::from(bits as i32)))
        }),
        Function::AsU64 => OneArgument(|_, value| {
            let bits = bits_of("as_u64(…)", &value, 64)?;
            Ok(integer(i128::from(bits as u64)))
        }),
        Function::AsI64 => OneArgument(|_, value| {
            let bits = bits_of("as_i64(…)", &value, 64)?;
            Ok(integer(i128::from(bits as i64)))
        }),
        Function::Repeat => TwoArguments(repeat),
        Function::Bytes => OneArgument(bytes),
        Function::File => OneArgument(file),
        Function::Pages => NoArgument(|evaluator| Ok(integer(evaluator.env.pages()?.into()))),
        Function::Printed => OneArgument(printed),
        Function::Provided => OneArgument(provided),
        Function::Object => OneArgument(object),
    }
}

impl<'a> Evaluator<'a> {
    /// Evaluates a call of `function`, whose whole expression is at `span`.
    pub(super) fn function(
        &self,
        function: Function,
        args: &'a [Expr],
        span: Span,
        depth: usize,
    ) -> Evaluated<'a> {
        let values = args
            .iter()
            .map(|arg| {
                let value = self.value(arg, depth)?;
                argument(function, value).map_err(|kind| kind.at(arg.span))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let applied = match implementation(function) {
            Implementation::Numbers(number) => {
                return encode(number, args, &values, span).map(Cow::Owned);
            }
            Implementation::NoArgument(apply) => {
                exactly(function, values).and_then(|[]| apply(self))
            }
            Implementation::OneArgument(apply) => {
                exactly(function, values).and_then(|[value]| apply(self, value))
            }
            Implementation::TwoArguments(apply) => {
                exactly(function, values).and_then(|[first, second]| apply(self, first, second))
            }
        };
        applied.map_err(|kind| kind.at(span))
    }
}

/// Returns a value as a function takes it: of a pointer, the address for a function of numbers, and
/// else what is there.
fn argument<'a>(function: Function, value: Cow<'a, Value>) -> Applied<'a> {
    if !matches!(
        *value,
        Value::Pointer(_) | Value::Symbol(_) | Value::NotRead(_)
    ) {
        return Ok(value);
    }
    let taken = match function {
        Function::Encode(_)
        | Function::AsU32
        | Function::AsI32
        | Function::AsU64
        | Function::AsI64 => number(&value)?.into_owned(),
        _ => content(&value)?.clone(),
    };
    Ok(Cow::Owned(taken))
}

/// Returns the arguments as an array of the length that the function takes.
fn exactly<'a, const N: usize>(
    function: Function,
    values: Vec<Cow<'a, Value>>,
) -> Result<[Cow<'a, Value>; N], EvalErrorKind> {
    values
        .try_into()
        .map_err(|values: Vec<_>| EvalErrorKind::WrongArgumentCount {
            function: function.name(),
            given: values.len(),
            takes: N,
        })
}

fn encode(
    number: NumberType,
    args: &[Expr],
    values: &[Cow<'_, Value>],
    span: Span,
) -> Result<Value, EvalError> {
    if args.is_empty() {
        let function = number.name();
        return Err(EvalErrorKind::NoNumbers { function }.at(span));
    }
    let mut bytes = Vec::with_capacity(values.len().saturating_mul(number.size()));
    for (arg, value) in args.iter().zip(values) {
        let encoded = encoding::encode(number, value)
            .map_err(|error| EvalErrorKind::from(error).at(arg.span))?;
        bytes.extend(encoded);
    }
    Ok(Value::Bytes(bytes))
}

fn len<'a>(_: &Evaluator<'a>, value: Cow<'a, Value>) -> Applied<'a> {
    match value.as_ref() {
        Value::Text(_) | Value::Bytes(_) | Value::List(_) => Ok(integer(length(&value) as i128)),
        other => Err(wrong_operand("len(…)", other, "text, bytes or a list")),
    }
}

fn utf8<'a>(evaluator: &Evaluator<'a>, value: Cow<'a, Value>) -> Applied<'a> {
    match value.as_ref() {
        Value::Text(text) => evaluator.build(text.len())?,
        other => return Err(wrong_operand("utf8(…)", other, "text")),
    }
    Ok(Cow::Owned(text_to_bytes(value.into_owned())))
}

fn utf16<'a>(evaluator: &Evaluator<'a>, value: Cow<'a, Value>) -> Applied<'a> {
    let text = text_of("utf16(…)", &value)?;
    evaluator.build(text.encode_utf16().count().saturating_mul(2))?;
    Ok(Cow::Owned(Value::Bytes(encoding::utf16(text))))
}

fn cstr<'a>(evaluator: &Evaluator<'a>, value: Cow<'a, Value>) -> Applied<'a> {
    let text = text_of("cstr(…)", &value)?;
    evaluator.build(text.len().saturating_add(1))?;
    Ok(Cow::Owned(Value::Bytes(encoding::cstr(text))))
}

fn bytes<'a>(evaluator: &Evaluator<'a>, value: Cow<'a, Value>) -> Applied<'a> {
    match value.as_ref() {
        Value::Bytes(_) => return Ok(value),
        Value::Text(text) => evaluator.build(text.len())?,
        other => return Err(wrong_operand("bytes(…)", other, "text or bytes")),
    }
    Ok(Cow::Owned(text_to_bytes(value.into_owned())))
}

fn file<'a>(evaluator: &Evaluator<'a>, path: Cow<'a, Value>) -> Applied<'a> {
    let bytes = evaluator.env.file(text_of("file(…)", &path)?)?;
    evaluator.build(bytes.len())?;
    Ok(Cow::Owned(Value::Bytes(bytes)))
}

fn provided<'a>(evaluator: &Evaluator<'a>, path: Cow<'a, Value>) -> Applied<'a> {
    let bytes = evaluator.env.provided(text_of("provided(…)", &path)?)?;
    evaluator.build(bytes.len())?;
    Ok(Cow::Owned(Value::Bytes(bytes)))
}

fn printed<'a>(evaluator: &Evaluator<'a>, stream: Cow<'a, Value>) -> Applied<'a> {
    let found = match *stream {
        Value::Int(number) => OutputStream::of_number(number),
        _ => None,
    };
    let found = found.ok_or_else(|| EvalErrorKind::NoSuchStream(brief(&stream)))?;
    let text = evaluator.env.printed(found)?;
    evaluator.build(text.len())?;
    Ok(Cow::Owned(Value::Text(text)))
}

fn object<'a>(evaluator: &Evaluator<'a>, name: Cow<'a, Value>) -> Applied<'a> {
    let name = text_of("object(…)", &name)?;
    evaluator.build(name.len())?;
    let object = Object::new(evaluator.env.new_object()?, name);
    Ok(Cow::Owned(Value::Object(object)))
}

fn repeat<'a>(
    evaluator: &Evaluator<'a>,
    value: Cow<'a, Value>,
    count: Cow<'a, Value>,
) -> Applied<'a> {
    let Value::Int(count) = *count else {
        return Err(EvalErrorKind::NotAnInteger {
            role: "the count of `repeat(…)`".to_owned(),
            found: brief(&count),
        });
    };
    if count < 0 {
        return Err(EvalErrorKind::NegativeCount(count));
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    evaluator.build(length(&value).saturating_mul(count))?;
    // An empty value is not repeated: `count` may be too large for a loop.
    let count = if length(&value) == 0 { 0 } else { count };
    match value.as_ref() {
        Value::Text(text) => Ok(Cow::Owned(Value::Text(text.repeat(count)))),
        Value::Bytes(bytes) => Ok(Cow::Owned(Value::Bytes(bytes.repeat(count)))),
        other => Err(wrong_operand("repeat(…)", other, "text or bytes")),
    }
}

fn integer<'a>(value: i128) -> Cow<'a, Value> {
    Cow::Owned(Value::Int(value))
}

/// Returns the bytes of a text; any other value as it is.
fn text_to_bytes(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Bytes(text.into_bytes()),
        other => other,
    }
}

/// Returns an integer that is one of the two readings, signed or unsigned, of `bits` bits.
fn bits_of(function: &'static str, value: &Value, bits: u32) -> Result<i128, EvalErrorKind> {
    let Value::Int(value) = *value else {
        return Err(wrong_operand(function, value, "an integer"));
    };
    let (low, high) = if bits == 32 {
        (i128::from(i32::MIN), i128::from(u32::MAX))
    } else {
        (i128::from(i64::MIN), i128::from(u64::MAX))
    };
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(EvalErrorKind::TooWide { value, bits })
    }
}

fn text_of<'v>(taker: &'static str, value: &'v Value) -> Result<&'v str, EvalErrorKind> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(wrong_operand(taker, other, "text")),
    }
}

fn wrong_operand(taker: &'static str, found: &Value, takes: &'static str) -> EvalErrorKind {
    EvalErrorKind::WrongOperand {
        taker,
        found: brief(found),
        takes,
    }
}
