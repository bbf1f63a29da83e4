//! Whether two memories of different runs stayed the same across a step, at the cost of what the
//! step touched.

use std::sync::Arc;

use super::{FANOUT, Image, Node};

static ZERO: Node = Node::Zero;

impl Image {
    /// Whether two images hold the same, given that `before` and `other_before`, which they came
    /// from, do. What an image still shares with the one it came from is not looked at.
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

/// Each side with what it was before.
fn is_same(height: u32, a: (&Node, &Node), b: (&Node, &Node)) -> bool {
    if shares(a.0, b.0) || shares(a.0, a.1) && shares(b.0, b.1) {
        return true;
    }
    if height == 0 {
        let bytes = |node: &Node| match node {
            Node::Leaf(leaf) => Some(Arc::clone(leaf)),
            _ => None,
        };
        return match (bytes(a.0.now()), bytes(b.0.now())) {
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
    match node.now() {
        Node::Branch(children) => children.get(index).unwrap_or(&ZERO),
        _ => &ZERO,
    }
}

/// Whether two nodes are one, or nothing both.
fn shares(a: &Node, b: &Node) -> bool {
    match (a, b) {
        (Node::Lazy(x), Node::Lazy(y)) if Arc::ptr_eq(x, y) => return true,
        _ => {}
    }
    match (a.now(), b.now()) {
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
        // A leaf of zeros is no leaf at all.
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
