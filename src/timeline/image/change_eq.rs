//! Compares the memories of two runs after a step. The time that this takes depends on what the
//! step touched.

use std::sync::Arc;

use super::{FANOUT, Image, Node};

static ZERO: Node = Node::Zero;

impl Image {
    /// Returns whether two images are equal, given that `before` and `other_before`, from which
    /// they came, are. What an image still shares with the one before it is not compared.
    pub(in crate::timeline) fn is_same_since(
        &self,
        before: &Image,
        other: &Image,
        other_before: &Image,
    ) -> bool {
        if self.len != other.len {
            return false;
        }
        let mut images = [
            self.clone(),
            before.clone(),
            other.clone(),
            other_before.clone(),
        ];
        for image in &mut images {
            image.grow(self.len);
        }
        let [a, a_before, b, b_before] = &images;
        if [a_before, b, b_before]
            .iter()
            .any(|image| image.height != a.height)
        {
            return a.differences(b).is_empty();
        }
        is_same(
            a.height,
            (&a.root, &a_before.root),
            (&b.root, &b_before.root),
        )
    }
}

/// Compares a node of each side, each with the one before it.
fn is_same(height: u32, a: (&Node, &Node), b: (&Node, &Node)) -> bool {
    if shares(a.0, b.0) || shares(a.0, a.1) && shares(b.0, b.1) {
        return true;
    }
    if height == 0 {
        let bytes = |node: &Node| match node {
            Node::Leaf(leaf) => Some(Arc::clone(leaf)),
            _ => None,
        };
        return match (bytes(a.0.resolved()), bytes(b.0.resolved())) {
            (Some(x), Some(y)) => x == y,
            (Some(x), None) | (None, Some(x)) => super::is_zero(&x[..]),
            (None, None) => true,
        };
    }
    (0..FANOUT).all(|i| {
        is_same(
            height - 1,
            (child(a.0, i), child(a.1, i)),
            (child(b.0, i), child(b.1, i)),
        )
    })
}

fn child(node: &Node, index: usize) -> &Node {
    match node.resolved() {
        Node::Branch(children) => children.get(index).unwrap_or(&ZERO),
        _ => &ZERO,
    }
}

/// Returns whether two nodes are the same one, or both all zero.
fn shares(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Lazy(x), Node::Lazy(y)) if Arc::ptr_eq(x, y) => return true,
        _ => {}
    }
    match (a.resolved(), b.resolved()) {
        (Node::Zero, Node::Zero) => true,
        (Node::Leaf(x), Node::Leaf(y)) => Arc::ptr_eq(x, y),
        (Node::Branch(x), Node::Branch(y)) => Arc::ptr_eq(x, y),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::PAGE;
    use super::*;

    #[test]
    fn what_was_the_same_is_not_looked_at_and_what_was_touched_is() {
        let bytes = vec![7; 4 << 20];
        let (a, b) = (Image::from_bytes(&bytes), Image::from_bytes(&bytes));
        assert!(a.is_same_since(&a, &b, &b));
        let (mut c, mut d) = (a.clone(), b.clone());
        c.write(3 * PAGE + 5, b"x");
        assert!(!c.is_same_since(&a, &d, &b));
        d.write(3 * PAGE + 5, b"x");
        assert!(c.is_same_since(&a, &d, &b));
        d.write(60 * PAGE, &[0]);
        assert!(!c.is_same_since(&a, &d, &b));
        // A leaf of zeros equals no leaf.
        let (empty, mut zeros) = (Image::zeroed(1 << 30), Image::zeroed(1 << 30));
        let before = zeros.clone();
        zeros.write(1 << 20, b"x");
        zeros.write(1 << 20, &[0]);
        assert!(zeros.is_same_since(&before, &empty, &empty));
        // Length counts, and a growth alone touches nothing.
        let mut grown = a.clone();
        grown.grow(1 << 33);
        assert!(!grown.is_same_since(&a, &b, &b));
        let mut other = b.clone();
        other.grow(1 << 33);
        assert!(grown.is_same_since(&a, &other, &b));
    }
}
