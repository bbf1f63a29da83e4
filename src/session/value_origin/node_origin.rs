//! Where the parts of a value are that was read as a type.

use super::OriginByte;
use super::difference::{Difference, differing_byte};
use crate::data_types::{Content, Node};

/// Returns the part of a value at the end of a path.
pub(super) fn node_at<'n>(root: &'n Node, path: &[usize]) -> Option<&'n Node> {
    path.iter()
        .try_fold(root, |node, index| node.children().get(*index))
}

/// Returns what a pointer refers to, or else the node itself, and adds the way to it.
pub(super) fn content_of<'n>(node: &'n Node, path: &mut Vec<usize>) -> &'n Node {
    match (&node.content, node.children().first()) {
        (Content::Pointer { .. }, Some(target)) => {
            path.push(0);
            content_of(target, path)
        }
        _ => node,
    }
}

/// Returns the way to a field of a record, which can be in an anonymous record.
pub(super) fn path_to_field(record: &Node, name: &str) -> Option<Vec<usize>> {
    record
        .children()
        .iter()
        .enumerate()
        .find_map(|(index, field)| {
            if field.name.is_empty() {
                let mut path = vec![index];
                path.extend(path_to_field(field, name)?);
                return Some(path);
            }
            (*field.name == *name).then(|| vec![index])
        })
}

/// Returns the byte of memory at which a part of a value differs from another value.
pub(super) fn locate_in(node: &Node, difference: &Difference, step: usize) -> Option<OriginByte> {
    let content = content_of(node, &mut Vec::new());
    let (node, offset) = match difference {
        Difference::Target(within) => return locate_in(content, within, step),
        Difference::Field(name, within) => {
            let field = node_at(content, &path_to_field(content, name)?)?;
            return locate_in(field, within, step);
        }
        Difference::Element(index, within) => match content.children().get(*index) {
            Some(element) => return locate_in(element, within, step),
            None => (content, content.len),
        },
        Difference::Byte(at) => (content, u64::try_from(*at).unwrap_or(u64::MAX)),
        Difference::Number(value, other) => (node, differing_byte(value, other, node.len)),
        Difference::Whole => (node, 0),
    };
    let last = node.len.saturating_sub(1);
    Some(OriginByte {
        address: node.start.saturating_add(offset.min(last)),
        step,
        is_end: offset >= node.len,
    })
}
