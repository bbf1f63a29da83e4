//! Compares two images. Shared parts are not compared.

use std::sync::Arc;

use super::{FANOUT, Image, LEAF, Leaf, Node, child_span, node_span};
use crate::timeline::Span;

impl Image {
    /// Returns the spans in which two images differ, in order. The shorter one counts as continued
    /// by zeros. Shared parts are not compared.
    pub fn differences(&self, other: &Image) -> Vec<Span> {
        let (mut a, mut b) = (self.clone(), other.clone());
        let len = a.len.max(b.len);
        a.grow(len);
        b.grow(len);
        let mut spans = Vec::new();
        diff_nodes(&a.root, &b.root, a.height, 0, &mut spans);
        spans
    }

    /// Returns whether two images differ in a span. The shorter one counts as continued by zeros.
    /// Shared parts are not compared.
    pub(crate) fn differs_within(&self, other: &Image, span: Span) -> bool {
        let (mut a, mut b) = (self.clone(), other.clone());
        let len = a.len.max(b.len);
        a.grow(len);
        b.grow(len);
        differs_within(&a.root, &b.root, a.height, 0, span)
    }

    /// Returns how many bytes of leaves this image does not share with `other`, for measurements.
    #[cfg(test)]
    pub(crate) fn unshared_bytes(&self, other: &Image) -> u64 {
        let mut b = other.clone();
        b.grow(self.len);
        unshared(&self.root, &b.root) * LEAF
    }
}

fn diff_nodes(a: &Node, b: &Node, height: u32, base: u64, spans: &mut Vec<Span>) {
    if let (Node::Lazy(x), Node::Lazy(y)) = (a, b)
        && Arc::ptr_eq(x, y)
    {
        return;
    }
    match (a.resolved(), b.resolved()) {
        (Node::Lazy(_), _) | (_, Node::Lazy(_)) | (Node::Zero, Node::Zero) => {}
        (Node::Leaf(x), Node::Leaf(y)) if Arc::ptr_eq(x, y) => {}
        (Node::Branch(x), Node::Branch(y)) if Arc::ptr_eq(x, y) => {}
        (Node::Leaf(x), Node::Leaf(y)) => diff_leaves(x, y, base, spans),
        (Node::Leaf(x), _) | (_, Node::Leaf(x)) => diff_leaves(x, &[0; LEAF as usize], base, spans),
        (Node::Branch(x), Node::Branch(y)) => {
            for (i, (x, y)) in x.iter().zip(y.iter()).enumerate() {
                diff_nodes(
                    x,
                    y,
                    height.saturating_sub(1),
                    base + i as u64 * child_span(height),
                    spans,
                );
            }
        }
        (Node::Branch(x), Node::Zero) | (Node::Zero, Node::Branch(x)) => {
            for (i, x) in x.iter().enumerate() {
                diff_nodes(
                    x,
                    &Node::Zero,
                    height.saturating_sub(1),
                    base + i as u64 * child_span(height),
                    spans,
                );
            }
        }
    }
}

/// Returns whether two nodes of one height, whose first byte is at `base`, differ in a span.
fn differs_within(a: &Node, b: &Node, height: u32, base: u64, span: Span) -> bool {
    let nodes = Span {
        start: base,
        len: node_span(height),
    };
    let common = nodes.intersection(span);
    if common.len == 0 {
        return false;
    }
    if let (Node::Lazy(x), Node::Lazy(y)) = (a, b)
        && Arc::ptr_eq(x, y)
    {
        return false;
    }
    let child = |node: &Node, index: usize| match node.resolved() {
        Node::Branch(children) => children.get(index).cloned().unwrap_or(Node::Zero),
        _ => Node::Zero,
    };
    match (a.resolved(), b.resolved()) {
        (Node::Zero, Node::Zero) => false,
        (Node::Leaf(x), Node::Leaf(y)) if Arc::ptr_eq(x, y) => false,
        (Node::Branch(x), Node::Branch(y)) if Arc::ptr_eq(x, y) => false,
        (Node::Branch(_), _) | (_, Node::Branch(_)) => (0..FANOUT).any(|index| {
            let base = base.saturating_add((index as u64).saturating_mul(child_span(height)));
            let height = height.saturating_sub(1);
            differs_within(&child(a, index), &child(b, index), height, base, span)
        }),
        (x, y) => (common.start..common.end()).any(|at| {
            let byte = |node: &Node| match node {
                Node::Leaf(leaf) => leaf.get((at - base) as usize).copied().unwrap_or(0),
                _ => 0,
            };
            byte(x) != byte(y)
        }),
    }
}

fn diff_leaves(a: &Leaf, b: &Leaf, base: u64, spans: &mut Vec<Span>) {
    for (i, (x, y)) in a.iter().zip(b.iter()).enumerate() {
        if x != y {
            let at = base + i as u64;
            match spans.last_mut() {
                Some(last) if last.end() == at => last.len += 1,
                _ => spans.push(Span { start: at, len: 1 }),
            }
        }
    }
}

#[cfg(test)]
fn unshared(a: &Node, b: &Node) -> u64 {
    match (a.resolved(), b.resolved()) {
        (Node::Zero | Node::Lazy(_), _) => 0,
        (Node::Leaf(x), Node::Leaf(y)) => u64::from(!Arc::ptr_eq(x, y)),
        (Node::Leaf(_), _) => 1,
        (Node::Branch(x), Node::Branch(y)) if Arc::ptr_eq(x, y) => 0,
        (Node::Branch(x), Node::Branch(y)) => {
            x.iter().zip(y.iter()).map(|(x, y)| unshared(x, y)).sum()
        }
        (Node::Branch(x), _) => x.iter().map(|x| unshared(x, &Node::Zero)).sum(),
    }
}
