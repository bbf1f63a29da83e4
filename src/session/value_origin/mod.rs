//! Where the bytes of a value are in memory, so that a failed expectation leads to them.

mod difference;
mod node_origin;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) use self::difference::Difference;
use self::difference::differing_byte;
use self::node_origin::{content_of, locate_in, node_at, path_to_field};
use super::Session;
use super::read_statement::Plan;
use crate::data_types::{Content, Node};
use crate::script::ast::{BinaryOp, Encoding, Expr, ExprKind, Function, Name};
use crate::value::Value;

/// How many values an origin may go through, one made of the other.
const MAX_DEPTH: u8 = 32;

/// The variables whose values were read from memory.
pub(super) type Origins = BTreeMap<String, Origin>;

/// The bytes of memory that a value came from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    part: Arc<Part>,
    depth: u8,
}

/// How a value was made.
#[derive(Debug)]
enum Part {
    /// It is what a step read.
    Read { bytes: ReadBytes, layout: Layout },
    /// It is another value, from this byte or element on.
    Slice { of: Origin, from: usize },
    /// It is several values, one after the other, each with its length in bytes.
    Joined(Vec<(usize, Option<Origin>)>),
    /// It is a list of values.
    List(Vec<Option<Origin>>),
    /// It is a part of what a step read as a type: each number is the index of a child.
    Typed {
        root: Arc<Node>,
        path: Vec<usize>,
        step: usize,
    },
    /// It was computed from another value, and no byte of it is one of memory.
    Computed(Origin),
}

/// Bytes that a step read.
#[derive(Debug, Clone, Copy)]
struct ReadBytes {
    start: u64,
    len: u64,
    step: usize,
}

/// How bytes of memory became a value.
#[derive(Debug)]
enum Layout {
    /// They are the bytes of the value.
    Bytes,
    /// They are UTF-16. The text is here unless it is ASCII.
    Utf16(Option<Box<str>>),
    /// They are numbers of this many bytes, in a list or alone.
    Numbers { size: u64 },
}

/// A byte of memory that a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OriginByte {
    /// Its address.
    pub address: u64,
    /// The step that read it.
    pub step: usize,
    /// Whether the difference is that the value ends after this byte.
    pub is_end: bool,
}

impl Origin {
    /// Returns the origin of a value that a step has just read as a type.
    pub fn of_node(root: Arc<Node>, step: usize) -> Origin {
        Origin {
            part: Arc::new(Part::Typed {
                root,
                path: Vec::new(),
                step,
            }),
            depth: 0,
        }
    }

    /// Returns the origin of a part of a value that was read as a type.
    fn part(root: &Arc<Node>, path: &[usize], more: &[usize], step: usize) -> Option<Origin> {
        let path: Vec<usize> = path.iter().chain(more).copied().collect();
        node_at(root, &path)?;
        let root = Arc::clone(root);
        Origin::of(Part::Typed { root, path, step }, 0)
    }

    /// Returns the origin of `self.name`. Of a pointer, it is that of what it refers to.
    pub fn field(self, name: &str) -> Option<Origin> {
        match &*self.part {
            Part::Typed { root, path, step } => {
                let mut more = Vec::new();
                let record = content_of(node_at(root, path)?, &mut more);
                more.extend(path_to_field(record, name)?);
                Origin::part(root, path, &more, *step)
            }
            Part::Computed(_) => Some(self),
            _ => None,
        }
    }

    /// Returns the origin of a value that a step has just read by a plan.
    pub fn of_read(plan: &Plan, start: u64, len: u64, step: usize, value: &Value) -> Origin {
        let layout = match (plan, value) {
            (
                Plan::Sized {
                    encoding: Encoding::Utf16,
                    ..
                },
                Value::Text(text),
            ) => Layout::Utf16((!text.is_ascii()).then(|| text.as_str().into())),
            (
                Plan::Number(number)
                | Plan::Array {
                    element: number, ..
                },
                _,
            ) => Layout::Numbers {
                size: u64::try_from(number.size()).unwrap_or(1),
            },
            _ => Layout::Bytes,
        };
        let bytes = ReadBytes { start, len, step };
        Origin {
            part: Arc::new(Part::Read { bytes, layout }),
            depth: 0,
        }
    }

    /// Returns the origin of `self[from..]`.
    pub fn slice(self, from: usize) -> Option<Origin> {
        let depth = self.depth;
        Origin::of(Part::Slice { of: self, from }, depth)
    }

    /// Returns the origin of `self[index]`: an element of a list, or a byte as a number.
    pub fn element(self, index: usize) -> Option<Origin> {
        match &*self.part {
            Part::List(items) => items.get(index)?.clone(),
            Part::Slice { of, from } => of.clone().element(from.checked_add(index)?),
            Part::Joined(parts) => {
                let (of, index) = part_at(parts, index)?;
                of.clone().element(index)
            }
            Part::Computed(_) => Some(self),
            Part::Typed { root, path, step } => {
                let mut more = Vec::new();
                let whole = content_of(node_at(root, path)?, &mut more);
                match whole.content {
                    Content::Elements { .. } => {
                        more.push(index);
                        Origin::part(root, path, &more, *step)
                    }
                    _ => {
                        let before = u64::try_from(index).ok()?;
                        let bytes = ReadBytes {
                            start: whole.start.checked_add(before)?,
                            len: 1,
                            step: *step,
                        };
                        let layout = Layout::Numbers { size: 1 };
                        Origin::of(Part::Read { bytes, layout }, 0)
                    }
                }
            }
            Part::Read { bytes, layout } => {
                let size = match layout {
                    Layout::Numbers { size } => *size,
                    Layout::Bytes => 1,
                    Layout::Utf16(_) => return Some(self),
                };
                let before = u64::try_from(index).ok()?.checked_mul(size)?;
                let bytes = ReadBytes {
                    start: bytes.start.checked_add(before)?,
                    len: size,
                    step: bytes.step,
                };
                let layout = Layout::Numbers { size };
                Origin::of(Part::Read { bytes, layout }, 0)
            }
        }
    }

    /// Returns the origin of several values, one after the other, each with its length in bytes.
    pub fn joined(parts: Vec<(usize, Option<Origin>)>) -> Option<Origin> {
        let depth = deepest(parts.iter().map(|(_, origin)| origin))?;
        Origin::of(Part::Joined(parts), depth)
    }

    /// Returns the origin of a list.
    pub fn list(items: Vec<Option<Origin>>) -> Option<Origin> {
        let depth = deepest(items.iter())?;
        Origin::of(Part::List(items), depth)
    }

    /// Returns the origin of a value that was computed from this one.
    pub fn computed(self) -> Option<Origin> {
        let depth = self.depth;
        Origin::of(Part::Computed(self), depth)
    }

    /// Returns the origin of this number as `size` bytes.
    pub fn encoded(self, encoded_size: usize) -> Option<Origin> {
        match &*self.part {
            Part::Read {
                bytes,
                layout: Layout::Numbers { size },
            } if *size == bytes.len && u64::try_from(encoded_size) == Ok(*size) => {
                let (bytes, layout) = (*bytes, Layout::Bytes);
                Origin::of(Part::Read { bytes, layout }, self.depth)
            }
            _ => self.computed(),
        }
    }

    fn of(part: Part, depth: u8) -> Option<Origin> {
        let depth = depth.checked_add(1).filter(|depth| *depth < MAX_DEPTH)?;
        Some(Origin {
            part: Arc::new(part),
            depth,
        })
    }

    /// Returns the byte of memory at which a value with this origin differs from another one. `None`
    /// if that byte of the value did not come from memory.
    pub fn locate(&self, difference: &Difference) -> Option<OriginByte> {
        match &*self.part {
            Part::Read { bytes, layout } => Some(bytes.locate(layout, difference)),
            Part::Slice { of, from } => of.locate(&match difference {
                Difference::Byte(at) => Difference::Byte(from.checked_add(*at)?),
                Difference::Element(index, within) => {
                    Difference::Element(from.checked_add(*index)?, within.clone())
                }
                Difference::Number(..)
                | Difference::Field(..)
                | Difference::Target(_)
                | Difference::Whole => Difference::Whole,
            }),
            Part::Typed { root, path, step } => locate_in(node_at(root, path)?, difference, *step),
            Part::Joined(parts) => match difference {
                Difference::Byte(at) => {
                    let (of, at) = part_at(parts, *at)?;
                    of.locate(&Difference::Byte(at))
                }
                _ => parts
                    .iter()
                    .find_map(|(_, origin)| origin.as_ref())?
                    .locate(&Difference::Whole),
            },
            Part::List(items) => match difference {
                Difference::Element(index, within) => items.get(*index)?.as_ref()?.locate(within),
                _ => items.iter().flatten().next()?.locate(&Difference::Whole),
            },
            Part::Computed(of) => of.locate(&Difference::Whole),
        }
    }
}

impl ReadBytes {
    fn locate(&self, layout: &Layout, difference: &Difference) -> OriginByte {
        let offset = match (layout, difference) {
            (Layout::Bytes, Difference::Byte(at)) => u64::try_from(*at).unwrap_or(u64::MAX),
            (Layout::Utf16(text), Difference::Byte(at)) => {
                let units = match text {
                    None => *at,
                    Some(text) => units_before(text, *at),
                };
                u64::try_from(units).unwrap_or(u64::MAX).saturating_mul(2)
            }
            (Layout::Numbers { size }, Difference::Number(value, other)) => {
                differing_byte(value, other, *size)
            }
            (Layout::Numbers { size }, Difference::Element(index, within)) => {
                let byte = match &**within {
                    Difference::Number(value, other) => differing_byte(value, other, *size),
                    _ => 0,
                };
                let before = u64::try_from(*index).unwrap_or(u64::MAX);
                before.saturating_mul(*size).saturating_add(byte)
            }
            _ => 0,
        };
        let last = self.len.saturating_sub(1);
        OriginByte {
            address: self.start.saturating_add(offset.min(last)),
            step: self.step,
            is_end: offset >= self.len,
        }
    }
}

impl Session {
    /// Sets where the value of a variable that a step has just bound is in memory.
    pub(super) fn set_origin(&mut self, name: &Name, origin: Option<Origin>) {
        if let Some(origin) = origin {
            self.origins.insert(name.text.clone(), origin);
        }
    }

    /// Returns where the value of an expression is in memory, or else the value that it is computed
    /// from.
    pub(super) fn origin_of(&self, expr: &Expr) -> Option<Origin> {
        if self.origins.is_empty() {
            return None;
        }
        match &expr.kind {
            ExprKind::Variable(name) => self.origins.get(name).cloned(),
            ExprKind::Literal(_)
            | ExprKind::Calls(_)
            | ExprKind::CallPart { .. }
            | ExprKind::SizeOf(_)
            | ExprKind::OffsetOf { .. }
            | ExprKind::Record { .. } => None,
            ExprKind::Field { of, name } => self.origin_of(of)?.field(&name.text),
            ExprKind::List(items) => {
                Origin::list(items.iter().map(|item| self.origin_of(item)).collect())
            }
            ExprKind::Index { of, index } => self.origin_of(of)?.element(self.index(index)?),
            ExprKind::Slice { of, start, .. } => self.origin_of(of)?.slice(self.index(start)?),
            ExprKind::Unary { operand, .. } => self.origin_of(operand)?.computed(),
            ExprKind::Binary { op, left, right } => {
                let origins = (self.origin_of(left), self.origin_of(right));
                match (op, origins) {
                    (_, (None, None)) => None,
                    (BinaryOp::Join, (left_origin, right_origin)) => Origin::joined(vec![
                        (self.byte_length(left)?, left_origin),
                        (self.byte_length(right)?, right_origin),
                    ]),
                    (_, (Some(origin), _) | (None, Some(origin))) => origin.computed(),
                }
            }
            ExprKind::Function { function, args } => self.origin_of_function(*function, args),
        }
    }

    fn origin_of_function(&self, function: Function, args: &[Expr]) -> Option<Origin> {
        let mut origins = args.iter().map(|arg| self.origin_of(arg));
        match function {
            Function::Utf8
            | Function::Bytes
            | Function::Cstr
            | Function::AsU32
            | Function::AsI32
            | Function::AsU64
            | Function::AsI64 => origins.next()?,
            Function::Encode(number) => Origin::joined(
                origins
                    .map(|origin| {
                        let size = number.size();
                        (size, origin.and_then(|origin| origin.encoded(size)))
                    })
                    .collect(),
            ),
            _ => origins.flatten().next()?.computed(),
        }
    }

    fn index(&self, expr: &Expr) -> Option<usize> {
        match self.evaluate(expr).ok()? {
            Value::Int(n) => usize::try_from(n).ok(),
            _ => None,
        }
    }

    fn byte_length(&self, expr: &Expr) -> Option<usize> {
        match self.evaluate(expr).ok()? {
            Value::Text(text) => Some(text.len()),
            Value::Bytes(bytes) => Some(bytes.len()),
            _ => None,
        }
    }
}

fn deepest<'a>(origins: impl Iterator<Item = &'a Option<Origin>>) -> Option<u8> {
    origins.flatten().map(|origin| origin.depth).max()
}

/// Returns the part that has a byte of all parts together, and the byte's index in it. The byte after
/// the last one belongs to the last part.
fn part_at(parts: &[(usize, Option<Origin>)], mut at: usize) -> Option<(&Origin, usize)> {
    for (index, (len, origin)) in parts.iter().enumerate() {
        if at < *len || index.saturating_add(1) == parts.len() {
            return Some((origin.as_ref()?, at));
        }
        at = at.saturating_sub(*len);
    }
    None
}

/// Returns the number of UTF-16 units before the character with the byte `at` of its UTF-8.
fn units_before(text: &str, at: usize) -> usize {
    text.char_indices()
        .take_while(|(start, c)| start.saturating_add(c.len_utf8()) <= at)
        .map(|(_, c)| c.len_utf16())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_types::NumberType;

    const STEP: usize = 3;

    fn read(plan: &Plan, value: &Value, len: u64) -> Origin {
        Origin::of_read(plan, 0x100, len, STEP, value)
    }

    fn text(length: u64, encoding: Encoding) -> Plan {
        Plan::Sized { length, encoding }
    }

    #[track_caller]
    fn assert_locates(origin: &Origin, value: Value, other: Value, expected: Option<(u64, bool)>) {
        let found = origin.locate(&Difference::between(&value, &other));
        assert_eq!(
            found.map(|byte| (byte.address, byte.is_end)),
            expected,
            "{value:?} {other:?}"
        );
    }

    #[test]
    fn text_differs_at_a_byte_or_where_it_ends() {
        let value = Value::Text("abc".into());
        let origin = read(&text(3, Encoding::Utf8), &value, 3);
        let other = |text: &str| Value::Text(text.into());
        assert_locates(&origin, value.clone(), other("abx"), Some((0x102, false)));
        assert_locates(&origin, value.clone(), other("abcd"), Some((0x102, true)));
        assert_locates(&origin, value, other("xbc"), Some((0x100, false)));
    }

    #[test]
    fn utf16_has_two_bytes_for_each_unit() {
        let value = Value::Text("a😀é!".into());
        let origin = read(&text(10, Encoding::Utf16), &value, 10);
        let other = |text: &str| Value::Text(text.into());
        assert_locates(&origin, value.clone(), other("a😀é?"), Some((0x108, false)));
        assert_locates(&origin, value, other("a😀è!"), Some((0x106, false)));
        let value = Value::Text("ab".into());
        let origin = read(&text(4, Encoding::Utf16), &value, 4);
        assert_locates(&origin, value, other("ax"), Some((0x102, false)));
    }

    #[test]
    fn numbers_differ_at_their_lowest_different_byte() {
        let value = Value::Int(0x1234);
        let origin = read(&Plan::Number(NumberType::U32), &value, 4);
        assert_locates(
            &origin,
            value.clone(),
            Value::Int(0x1334),
            Some((0x101, false)),
        );
        assert_locates(&origin, value, Value::Int(0x1235), Some((0x100, false)));
        let list = Value::List(vec![Value::Int(1), Value::Int(2), Value::Int(3)]);
        let plan = Plan::Array {
            element: NumberType::U16,
            count: 3,
        };
        let origin = read(&plan, &list, 6);
        let other = Value::List(vec![Value::Int(1), Value::Int(0x102), Value::Int(3)]);
        assert_locates(&origin, list.clone(), other, Some((0x103, false)));
        let element = origin.clone().element(2).unwrap();
        assert_locates(&element, Value::Int(3), Value::Int(4), Some((0x104, false)));
        let rest = origin.slice(1).unwrap();
        let other = Value::List(vec![Value::Int(2), Value::Int(9)]);
        let value = Value::List(vec![Value::Int(2), Value::Int(3)]);
        assert_locates(&rest, value, other, Some((0x104, false)));
    }

    #[test]
    fn joined_values_have_the_bytes_of_their_parts() {
        let value = Value::Bytes(b"abc".to_vec());
        let origin = read(&text(3, Encoding::Bytes), &value, 3);
        let joined = Origin::joined(vec![(2, None), (3, Some(origin))]).unwrap();
        let whole = Value::Bytes(b"--abc".to_vec());
        let other = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        assert_locates(
            &joined,
            whole.clone(),
            other(b"--aXc"),
            Some((0x101, false)),
        );
        assert_locates(&joined, whole.clone(), other(b"-+abc"), None);
        assert_locates(&joined, whole, other(b"--abcd"), Some((0x102, true)));
    }

    #[test]
    fn an_origin_does_not_grow_without_end() {
        let value = Value::Bytes(b"abc".to_vec());
        let mut origin = Some(read(&text(3, Encoding::Bytes), &value, 3));
        for _ in 0..=MAX_DEPTH {
            origin = origin.and_then(Origin::computed);
        }
        assert!(origin.is_none());
    }
}
