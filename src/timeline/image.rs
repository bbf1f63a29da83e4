//! Linear memory at one moment. What did not change is shared with other moments.
//!
//! An image is a tree of 4 KiB leaves, 64 to a branch. A subtree that is all zero takes no memory,
//! and a clone shares everything. A write copies only the leaves that it touches and the branches
//! above them. So a thousand moments of a large memory take what was touched between them. A moment
//! within a step is laid over the one before, and each of its leaves is computed when it is first
//! read.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::data_types;

pub use crate::wasm_types::PAGE;

mod change_eq;
mod differences;
mod search;

/// The size of the leaf of an image, in bytes.
pub const LEAF: u64 = 4096;
/// The number of children of a branch.
const FANOUT: usize = 64;

pub(super) type Leaf = [u8; LEAF as usize];

/// Leaves that are laid over an image, as they are after a number of events. A leaf has a number:
/// its address in leaves.
pub(super) trait Leaves: Debug + Send + Sync {
    /// Returns whether any of the leaves may differ from those below.
    fn touches(&self, leaves: Range<u64>) -> bool;

    /// Returns a leaf; `None` if it is the same as below.
    fn leaf(&self, number: u64, events: usize) -> Option<Arc<Leaf>>;
}

/// A part of the tree.
#[derive(Debug, Clone)]
enum Node {
    /// All zero.
    Zero,
    Leaf(Arc<Leaf>),
    Branch(Arc<[Node; FANOUT]>),
    Lazy(Arc<Lazy>),
}

/// A subtree that is computed when it is first read.
#[derive(Debug)]
struct Lazy {
    under: Node,
    height: u32,
    /// The number of its first leaf.
    first: u64,
    over: Arc<dyn Leaves>,
    events: usize,
    known: OnceLock<Node>,
}

impl Lazy {
    fn compute(&self) -> Node {
        let under = self.under.resolved();
        if self.height == 0 {
            return self
                .over
                .leaf(self.first, self.events)
                .map_or_else(|| under.clone(), Node::Leaf);
        }
        let span = child_span(self.height) / LEAF;
        let children = std::array::from_fn(|index| {
            let first = self.first + index as u64 * span;
            let under = match under {
                Node::Branch(children) => children.get(index).cloned().unwrap_or(Node::Zero),
                _ => Node::Zero,
            };
            under.overlaid(self.height - 1, first, &self.over, self.events)
        });
        Node::Branch(Arc::new(children))
    }
}

impl Node {
    /// Returns the node, and computes it if it was not.
    fn resolved(&self) -> &Node {
        match self {
            Node::Lazy(lazy) => lazy.known.get_or_init(|| lazy.compute()),
            known => known,
        }
    }

    fn overlaid(self, height: u32, first: u64, over: &Arc<dyn Leaves>, events: usize) -> Node {
        let leaves = node_span(height) / LEAF;
        if !over.touches(first..first.saturating_add(leaves)) {
            return self;
        }
        let over = Arc::clone(over);
        Node::Lazy(Arc::new(Lazy {
            under: self,
            height,
            first,
            over,
            events,
            known: OnceLock::new(),
        }))
    }
}

/// Memory at one moment. Cloning is cheap.
///
/// # Examples
///
/// ```
/// use linmem::timeline::{Image, PAGE};
///
/// let before = Image::zeroed(PAGE);
/// let mut after = before.clone();
/// after.write(16, b"hi");
///
/// assert_eq!(after.read(16, 2), b"hi");
/// assert_eq!(before.byte(16), Some(0));
/// assert_eq!(after.byte(PAGE), None);
///
/// let differences = after.differences(&before);
/// assert_eq!((differences[0].start, differences[0].len), (16, 2));
/// ```
#[derive(Debug, Clone)]
pub struct Image {
    /// The length of memory, in bytes.
    len: u64,
    /// The number of branches between the root and a leaf.
    height: u32,
    root: Node,
}

impl Default for Image {
    fn default() -> Self {
        Image {
            len: 0,
            height: 0,
            root: Node::Zero,
        }
    }
}

/// Returns how many bytes a child of a branch of this height spans. At height 0, the root is a leaf
/// itself.
fn child_span(height: u32) -> u64 {
    LEAF << (6 * (height.saturating_sub(1)).min(8))
}

/// Returns how many bytes a node of this height spans.
fn node_span(height: u32) -> u64 {
    LEAF << (6 * height.min(8))
}

impl Image {
    /// Creates memory of `len` bytes, all zero.
    pub fn zeroed(len: u64) -> Self {
        let mut image = Image::default();
        image.grow(len);
        image
    }

    /// Creates memory with these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut image = Image::zeroed(bytes.len() as u64);
        image.write(0, bytes);
        image
    }

    /// Returns this image with leaves laid over it, as they are after `events` events. This is
    /// cheap until it is read.
    pub(super) fn overlaid(&self, len: u64, over: Arc<dyn Leaves>, events: usize) -> Self {
        let mut image = self.clone();
        image.grow(len);
        image.root = image.root.overlaid(image.height, 0, &over, events);
        image
    }

    /// Returns the length of memory, in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether memory has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the size of memory in 64 KiB pages, rounded up.
    pub fn pages(&self) -> u64 {
        self.len.div_ceil(PAGE)
    }

    /// Makes memory `len` bytes long. The new bytes are zero. It never becomes shorter.
    pub fn grow(&mut self, len: u64) {
        while node_span(self.height) < len && self.height < 8 {
            let old = std::mem::replace(&mut self.root, Node::Zero);
            if !matches!(old, Node::Zero) {
                let mut children = [const { Node::Zero }; FANOUT];
                children[0] = old;
                self.root = Node::Branch(Arc::new(children));
            }
            self.height += 1;
        }
        self.len = self.len.max(len);
    }

    /// Writes bytes from an offset on. What is past the end is ignored.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        let fits = self.len.saturating_sub(offset).min(bytes.len() as u64);
        if let Some(bytes) = bytes.get(..fits as usize).filter(|b| !b.is_empty()) {
            write_node(&mut self.root, self.height, offset, bytes);
        }
    }

    /// Copies a part of live memory from `start` on, a multiple of 4 KiB. Only leaves that differ
    /// are copied.
    pub fn capture(&mut self, start: u64, bytes: &[u8]) {
        for (index, chunk) in bytes.chunks(LEAF as usize).enumerate() {
            let offset = start + index as u64 * LEAF;
            if !self.begins_with(offset, chunk) {
                self.write(offset, chunk);
            }
        }
    }

    /// Returns whether the leaf at an offset begins with these bytes.
    fn begins_with(&self, offset: u64, bytes: &[u8]) -> bool {
        match self.leaf(offset) {
            Some(leaf) => leaf.get(..bytes.len()).is_some_and(|known| known == bytes),
            None => is_zero(bytes),
        }
    }

    /// Returns the byte at an offset; `None` past the end.
    pub fn byte(&self, offset: u64) -> Option<u8> {
        let within = (offset % LEAF) as usize;
        (offset < self.len).then(|| {
            let leaf = self.leaf(offset);
            leaf.and_then(|leaf| leaf.get(within)).copied().unwrap_or(0)
        })
    }

    /// Returns `len` bytes from an offset on; zeros past the end, at most one page of them.
    pub fn read(&self, offset: u64, len: u64) -> Vec<u8> {
        let most = self.len.saturating_sub(offset).saturating_add(PAGE);
        let mut out = vec![0; usize::try_from(len.min(most)).unwrap_or(0)];
        let mut at = 0usize;
        while at < out.len() {
            let from = offset.saturating_add(at as u64);
            let within = (from % LEAF) as usize;
            let take = (LEAF as usize - within).min(out.len() - at);
            if from < self.len
                && let Some(leaf) = self.leaf(from)
                && let Some(part) = leaf.get(within..within + take)
                && let Some(to) = out.get_mut(at..at + take)
            {
                to.copy_from_slice(part);
            }
            at += take;
        }
        out
    }

    fn leaf(&self, offset: u64) -> Option<&Leaf> {
        self.shared_leaf(offset).map(|leaf| &**leaf)
    }

    /// Returns the leaf that contains an offset; `None` if it is all zero or past what the tree
    /// spans.
    pub(super) fn shared_leaf(&self, offset: u64) -> Option<&Arc<Leaf>> {
        let mut node = &self.root;
        let mut height = self.height;
        let mut within = offset;
        loop {
            match node.resolved() {
                Node::Zero | Node::Lazy(_) => return None,
                Node::Leaf(leaf) => return Some(leaf),
                Node::Branch(children) => {
                    let span = child_span(height);
                    node = children.get((within / span) as usize)?;
                    within %= span;
                    height = height.saturating_sub(1);
                }
            }
        }
    }

    /// Sets a leaf, by its number. One past the end is ignored.
    pub(super) fn put_leaf(&mut self, number: u64, leaf: Arc<Leaf>) {
        let offset = number.saturating_mul(LEAF);
        if offset >= self.len {
            return;
        }
        let mut node = &mut self.root;
        let mut within = offset;
        for height in (1..=self.height).rev() {
            let span = child_span(height);
            let Some(child) = branch(node).and_then(|c| c.get_mut((within / span) as usize)) else {
                return;
            };
            node = child;
            within %= span;
        }
        *node = Node::Leaf(leaf);
    }

    /// Returns how much memory the branches above some leaves take, in bytes. `numbers` are the numbers
    /// of the leaves, in ascending order.
    pub(super) fn branch_bytes(&self, numbers: impl Iterator<Item = u64> + Clone) -> usize {
        let branches = |height: u32| {
            let mut last = None;
            let mut is_new = |branch| last.replace(branch) != Some(branch);
            let branch = move |number: u64| number >> (6 * height.min(8));
            numbers.clone().map(branch).filter(|at| is_new(*at)).count()
        };
        (1..=self.height).map(branches).sum::<usize>() * size_of::<[Node; FANOUT]>()
    }
}

impl data_types::Memory for Image {
    fn len(&self) -> u64 {
        Image::len(self)
    }

    fn read(&self, start: u64, len: u64) -> Vec<u8> {
        Image::read(self, start, len)
    }
}

/// Equal if length and all bytes are.
impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.differences(other).is_empty()
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| *b == 0)
}

/// Returns the children of a node to be changed, and makes it a branch if it is none.
fn branch(node: &mut Node) -> Option<&mut [Node; FANOUT]> {
    if !matches!(node, Node::Branch(_)) {
        let known = node.resolved().clone();
        *node = match known {
            Node::Branch(_) => known,
            _ => Node::Branch(Arc::new([const { Node::Zero }; FANOUT])),
        };
    }
    match node {
        Node::Branch(children) => Some(Arc::make_mut(children)),
        _ => None,
    }
}

fn write_node(node: &mut Node, height: u32, offset: u64, bytes: &[u8]) {
    if let Node::Lazy(_) = node {
        *node = node.resolved().clone();
    }
    if height == 0 {
        if let Node::Zero = node {
            *node = Node::Leaf(Arc::new([0; LEAF as usize]));
        }
        if let Node::Leaf(leaf) = node {
            let start = offset as usize;
            if let Some(part) = Arc::make_mut(leaf).get_mut(start..start + bytes.len()) {
                part.copy_from_slice(bytes);
            }
        }
        return;
    }
    if matches!(node, Node::Zero) && is_zero(bytes) {
        return;
    }
    let Some(children) = branch(node) else { return };
    let span = child_span(height);
    let mut rest = bytes;
    let mut at = offset;
    while !rest.is_empty() {
        let within = at % span;
        let take = (span - within).min(rest.len() as u64) as usize;
        let (now, later) = rest.split_at(take);
        if let Some(child) = children.get_mut((at / span) as usize) {
            write_node(child, height - 1, within, now);
        }
        at += take as u64;
        rest = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_past_the_end_do_not_exist() {
        let mut image = Image::zeroed(PAGE);
        image.write(PAGE - 1, b"ab");
        assert_eq!(image.byte(PAGE - 1), Some(b'a'));
        assert_eq!(image.byte(PAGE), None);
        assert_eq!(image.read(PAGE - 1, 3), [b'a', 0, 0]);
    }

    #[test]
    fn an_absurd_length_is_read_up_to_a_page_past_the_end() {
        let image = Image::from_bytes(&[7; 10]);
        for offset in [0, 10, u64::MAX] {
            let bytes = image.read(offset, u64::MAX);
            let in_memory = 10u64.saturating_sub(offset);
            assert_eq!(bytes.len() as u64, in_memory + PAGE);
        }
    }

    #[test]
    fn growth_keeps_bytes_and_costs_nothing() {
        let mut image = Image::zeroed(PAGE);
        image.write(5, b"x");
        let before = image.clone();
        image.grow(1 << 34);
        assert_eq!(image.byte(5), Some(b'x'));
        assert_eq!(image.byte((1 << 34) - 1), Some(0));
        assert_eq!(image.unshared_bytes(&before), 0);
    }

    #[test]
    fn a_thousand_steps_over_16_mib_share_what_they_did_not_touch() {
        let mut image = Image::from_bytes(&vec![7; 16 << 20]);
        let mut kept_bytes = 0;
        for step in 0..1000u64 {
            let before = image.clone();
            image.write(step * 16_000, &step.to_le_bytes());
            kept_bytes += image.unshared_bytes(&before);
        }
        assert!(kept_bytes <= 2 * 1000 * LEAF, "{kept_bytes} bytes kept");
    }

    #[test]
    fn finds_across_leaves_forwards_and_backwards() {
        let mut image = Image::zeroed(4 * PAGE);
        for at in [LEAF - 2, PAGE - 1, 3 * PAGE] {
            image.write(at, b"needle");
        }
        assert_eq!(image.find(b"needle", 0), Some(LEAF - 2));
        assert_eq!(image.find(b"needle", LEAF - 1), Some(PAGE - 1));
        assert_eq!(image.find(b"needle", 3 * PAGE + 1), None);
        assert_eq!(image.rfind(b"needle", 4 * PAGE), Some(3 * PAGE));
        assert_eq!(image.rfind(b"needle", 3 * PAGE), Some(PAGE - 1));
        assert_eq!(image.rfind(b"needle", LEAF - 2), None);
        assert_eq!(image.find(b"", 0), None);
        assert_eq!(image.find(b"\0\0", LEAF - 3), Some(LEAF + 4));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn behaves_like_a_plain_vector(
            pages in 1u64..4,
            writes in prop::collection::vec((0u64..4 * PAGE, prop::collection::vec(any::<u8>(), 1..5000)), 0..6),
            grow in 0u64..300,
        ) {
            let mut image = Image::zeroed(pages * PAGE);
            let mut plain = vec![0u8; (pages * PAGE) as usize];
            for (at, bytes) in &writes {
                let before = image.clone();
                let plain_before = plain.clone();
                image.write(*at, bytes);
                for (i, b) in bytes.iter().enumerate() {
                    if let Some(slot) = plain.get_mut(*at as usize + i) {
                        *slot = *b;
                    }
                }
                let mut differs = vec![false; plain.len()];
                for span in image.differences(&before) {
                    differs[span.start as usize..span.end() as usize].fill(true);
                }
                prop_assert!((0..plain.len()).all(|i| differs[i] == (plain[i] != plain_before[i])));
                prop_assert_eq!(before.read(0, before.len()), plain_before);
            }
            image.grow((pages + grow) * PAGE);
            plain.resize(((pages + grow) * PAGE) as usize, 0);
            prop_assert_eq!(image.read(0, image.len()), plain.clone());
            let mut captured = Image::zeroed(plain.len() as u64);
            captured.capture(0, &plain);
            prop_assert!(captured == image);
        }
    }
}
