//! Memory as a type: a row for each field without parts.

use std::sync::Arc;

use super::{AnswerError, MemoryPart};
use crate::data_types::{Content, Limits, Node, TypeRef, TypeSource, TypeTable, decode};
use crate::safe;
use crate::script;
use crate::script::ast::StatementKind;
use crate::timeline::Span;

/// The most rows in an answer.
const MAX_ROWS: usize = 1 << 16;

/// The longest value of a row, in characters.
const MAX_VALUE: usize = 100;

/// The longest name of a type, in characters.
const MAX_TYPE: usize = 60;

/// A field without parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRow {
    /// Its bytes.
    pub(crate) span: Span,
    /// The view or the type, and the way from it: `shapes[2].name`. Safe to print.
    pub(crate) path: String,
    /// The name of its type, safe to print.
    pub(crate) ty: String,
    /// Its value as text, or why it has none. Safe to print.
    pub(crate) value: String,
}

/// Returns the type that is written so, in the types of a script and those that `source` has.
///
/// # Errors
/// The text is no type, or there is no such type.
pub fn find_type(
    table: &TypeTable,
    written: &str,
    source: &mut dyn TypeSource,
) -> Result<TypeRef, AnswerError> {
    let no_type = |message: String| AnswerError::NotAType {
        written: safe::cut(written.trim(), MAX_TYPE),
        message,
    };
    let line = format!("view v = 0 as {written}");
    let statement = script::parse_line(&line).map_err(|errors| {
        let first = errors.errors.into_iter().next();
        no_type(first.map_or_else(String::new, |error| error.message))
    })?;
    let StatementKind::View { ty, .. } = statement.kind else {
        return Err(no_type("it is more than a type".to_owned()));
    };
    let mut table = TypeTable::clone(table);
    match table.describe(&ty.described, source) {
        Ok(id) => Ok(TypeRef::new(Arc::new(table), id)),
        Err(error) => Err(no_type(match &error.help {
            Some(help) => format!("{}; {help}", error.message),
            None => error.message.clone(),
        })),
    }
}

/// Returns the fields that have bytes of a range of memory: those of a type at its start, or without
/// a type those of the views there.
///
/// # Errors
/// No view has any of the bytes, or there are too many fields.
pub fn field_rows(memory: &MemoryPart, ty: Option<&TypeRef>) -> Result<Vec<FieldRow>, AnswerError> {
    let MemoryPart {
        timeline,
        moment,
        image,
        span,
    } = memory;
    let shown = match ty {
        Some(ty) => vec![(safe::cut(&ty.label(), MAX_TYPE), ty.clone(), span.start)],
        None => {
            let mut views = timeline.views_at(*moment, image.len());
            let is_in = |start: u64, end: u64| start < span.end() && end > span.start;
            views.retain(|view| is_in(view.span.start, view.span.end()));
            let typed = views
                .into_iter()
                .filter_map(|view| Some((view.name, view.data_type?, view.span.start)));
            typed.collect()
        }
    };
    if shown.is_empty() {
        return Err(AnswerError::NoFields { span: *span });
    }
    let limits = Limits {
        pointers: 1,
        nodes: MAX_ROWS,
        ..Limits::default()
    };
    let mut rows = Rows {
        span: *span,
        rows: Vec::new(),
    };
    for (name, ty, start) in shown {
        let node = decode(&ty, image, start, &name, limits);
        rows.add(&node, &name, &ty);
    }
    match rows.rows.len() {
        len if len >= MAX_ROWS => Err(AnswerError::TooManyFields { most: MAX_ROWS }),
        _ => Ok(rows.rows),
    }
}

struct Rows {
    span: Span,
    rows: Vec<FieldRow>,
}

impl Rows {
    fn add(&mut self, node: &Node, path: &str, ty: &TypeRef) {
        let end = node.start.saturating_add(node.len.max(1));
        if node.start >= self.span.end() || end <= self.span.start || self.rows.len() >= MAX_ROWS {
            return;
        }
        let parts = match &node.content {
            Content::Fields(nodes) => nodes.as_slice(),
            Content::Elements { nodes, .. } if !is_of_bytes(nodes) => nodes.as_slice(),
            _ => &[],
        };
        for part in parts {
            self.add(part, &part.path_below(path), ty);
        }
        if parts.is_empty() {
            let table = ty.table();
            self.rows.push(FieldRow {
                span: Span {
                    start: node.start,
                    len: node.len,
                },
                path: path.to_owned(),
                ty: safe::cut(&table.label(node.ty), MAX_TYPE),
                value: node.value(table).brief(MAX_VALUE),
            });
        }
    }
}

/// Returns whether elements are single bytes, which are one row.
fn is_of_bytes(nodes: &[Node]) -> bool {
    nodes
        .iter()
        .all(|node| node.len == 1 && matches!(node.content, Content::Value(_)))
}
