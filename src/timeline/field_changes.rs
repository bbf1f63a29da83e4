//! Fields of views that differ between two images of memory.

use std::sync::Arc;

use super::regions::Part;
use super::{Image, Moment, Span, StepRecord, Timeline};
use crate::data_types::{Content, Limits, Node, TypeTable, decode};
use crate::value::{PointerValue, Value};

/// How many values of one view are compared.
const MAX_NODES: usize = 1 << 14;

/// How many differences are found in all views together.
const MAX_CHANGES: usize = 1000;

/// A field with another value than before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldChange {
    /// The view and the way from it: `shapes[2].points[1].y`. Safe to print.
    pub path: String,
    /// The value before.
    pub before: Value,
    /// The value after.
    pub after: Value,
    /// Its bytes.
    pub span: Span,
}

impl FieldChange {
    /// Returns it as `shapes[2].count: 3 → 4`, values cut after about `limit` characters.
    pub fn label(&self, limit: usize) -> String {
        let (before, after) = (self.before.brief(limit), self.after.brief(limit));
        format!("{}: {before} → {after}", self.path)
    }
}

impl Timeline {
    /// Returns the fields that a step changed, in the views that were there before it, in global
    /// variables, and where parameters of its call point to.
    pub(crate) fn field_changes(&self, record: &StepRecord) -> Vec<FieldChange> {
        let Some(before) = record.index.checked_sub(1) else {
            return Vec::new();
        };
        if record.changes.is_empty() {
            return Vec::new();
        }
        let mut views = self.views_at(Moment::end_of(before), record.memory.len());
        views.extend(self.declared_parts_written(record, &views));
        let memory = self.memory_before(record.index);
        field_differences(&views, &memory, &record.memory)
    }

    /// Returns the parts of memory whose bytes have a type.
    pub(crate) fn views_at(&self, moment: Moment, memory_len: u64) -> Vec<Part> {
        let mut parts = self.parts_at(moment, memory_len);
        parts.retain(|part| part.data_type.is_some() && !part.released);
        parts
    }
}

/// Returns the fields of views that differ between two images of memory.
pub(crate) fn field_differences(views: &[Part], before: &Image, after: &Image) -> Vec<FieldChange> {
    let limits = Limits {
        nodes: MAX_NODES,
        text: 4096,
        ..Limits::default()
    };
    let mut found = Vec::new();
    for view in views {
        let Some(ty) = &view.data_type else { continue };
        let read = |image| decode(ty, image, view.span.start, &view.name, limits);
        let mut comparison = Differences {
            table: ty.table(),
            found: &mut found,
        };
        comparison.compare(&read(before), &read(after), &view.name);
    }
    found
}

struct Differences<'a> {
    table: &'a TypeTable,
    found: &'a mut Vec<FieldChange>,
}

impl Differences<'_> {
    fn compare(&mut self, before: &Node, after: &Node, path: &str) {
        if self.found.len() >= MAX_CHANGES {
            return;
        }
        match (&before.content, &after.content) {
            (Content::Fields(a), Content::Fields(b)) if same_names(a, b) => {
                self.compare_all(a, b, path);
            }
            (Content::Elements { nodes: a, .. }, Content::Elements { nodes: b, .. }) => {
                self.compare_all(a, b, path);
            }
            (
                Content::Pointer { address: a, target },
                Content::Pointer {
                    address: b,
                    target: other,
                },
            ) if a == b => {
                if let (Ok(a), Ok(b)) = (target, other) {
                    let is_single = matches!(b.content, Content::Value(_));
                    let star = if is_single { "*" } else { "" };
                    self.compare(a, b, &format!("{star}{path}"));
                }
            }
            (Content::Pointer { address: a, .. }, Content::Pointer { address: b, .. }) => {
                self.push(path, address(*a), address(*b), after);
            }
            _ => {
                let (a, b) = (before.value(self.table), after.value(self.table));
                if !a.is_identical(&b) {
                    self.push(path, a, b, after);
                }
            }
        }
    }

    fn compare_all(&mut self, before: &[Node], after: &[Node], path: &str) {
        for (a, b) in before.iter().zip(after) {
            self.compare(a, b, &b.path_below(path));
        }
    }

    fn push(&mut self, path: &str, before: Value, after: Value, node: &Node) {
        self.found.push(FieldChange {
            path: path.to_owned(),
            before,
            after,
            span: Span {
                start: node.start,
                len: node.len,
            },
        });
    }
}

fn same_names(a: &[Node], b: &[Node]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name)
}

/// Returns an address without what is there.
fn address(address: u64) -> Value {
    Value::Pointer(Box::new(PointerValue {
        address,
        target: Err(Arc::from("")),
    }))
}
