//! The fields of the typed parts at the moment shown, as rows of a tree.
//!
//! A row is decoded when it is on the screen. The rows of an array are counted by its length and the
//! few elements that are open, so that the cost is that of the rows on the screen.

use std::collections::BTreeSet;

use super::typed_parts::{PartKey, ScreenView, TypedPart};
use crate::app::App;
use crate::data_types::{Content, Limits, Node, NotRead, Parts, Place, TypeTable};
use crate::safe;
use crate::timeline::{Image, Span};

/// The most characters of a value.
const MAX_VALUE: usize = 80;
/// What is read for the value of one row.
const BRIEF: Limits = Limits {
    pointers: 1,
    nodes: 24,
    text: 64 << 10,
};
/// How deep the tree can be opened.
const MAX_DEPTH: usize = 64;

/// What the screen keeps about fields between frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    /// The views that were typed at the screen.
    pub views: Vec<ScreenView>,
    /// The rows that are not as they are at first: a part is open at first, all else is folded.
    pub toggled: BTreeSet<FieldKey>,
    /// The chosen row; the first one where there is none.
    pub chosen: Option<FieldKey>,
    /// The number of the first row on the screen.
    pub top: u64,
}

/// The identity of a row: the part, and the numbers of the parts of values down to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FieldKey {
    pub part: PartKey,
    pub steps: Vec<u64>,
}

/// When a field changed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// In the step or the event shown.
    Now,
    /// Since the start.
    Earlier,
    Never,
}

/// A row of the tree. All text is safe to print.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldRow {
    pub key: FieldKey,
    pub name: String,
    pub ty: String,
    /// The value, or why it was not read.
    pub value: String,
    pub is_read: bool,
    /// The value before the step or the event shown, where another was read.
    pub before: Option<String>,
    pub span: Span,
    /// The address in a pointer.
    pub target: Option<u64>,
    /// Whether its parts are open; `None` where it has none.
    pub is_open: Option<bool>,
    pub changed: Changed,
}

/// The rows on the screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldPane {
    pub rows: Vec<FieldRow>,
    /// The number of the first one.
    pub first: u64,
    /// The number of the chosen one.
    pub chosen: u64,
    /// How many there are in all.
    pub total: u64,
}

impl FieldPane {
    /// Computes what a pane of `rows` rows shows.
    pub fn compute(app: &App, rows: u16) -> Self {
        let tree = FieldTree::of(app);
        let total = tree.total();
        let first = app.fields.top.min(total.saturating_sub(u64::from(rows)));
        FieldPane {
            rows: tree.rows(first, usize::from(rows)),
            first,
            chosen: tree.chosen(),
            total,
        }
    }
}

/// The tree at the moment shown.
pub(crate) struct FieldTree<'a> {
    app: &'a App,
    parts: Vec<TypedPart>,
    memory: Image,
    before: Image,
    start: Image,
}

/// A value of the tree.
#[derive(Clone)]
struct Branch {
    /// The number of the typed part.
    part: usize,
    steps: Vec<u64>,
    place: Place,
    /// The values that contain it, which no pointer below opens again.
    above: Vec<Place>,
}

impl<'a> FieldTree<'a> {
    pub fn of(app: &'a App) -> Self {
        FieldTree {
            app,
            parts: app.typed_parts(),
            memory: app.memory(),
            before: app.memory_before(),
            start: app.memory_at_start(),
        }
    }

    /// Returns how many rows there are.
    pub fn total(&self) -> u64 {
        let rows = (0..self.parts.len()).filter_map(|part| self.root(part));
        rows.map(|root| self.height(&root))
            .fold(0, u64::saturating_add)
    }

    /// Returns the number of the chosen row.
    pub fn chosen(&self) -> u64 {
        let chosen = self.app.fields.chosen.as_ref();
        chosen.and_then(|key| self.number_of(key)).unwrap_or(0)
    }

    /// Returns a row.
    pub fn row(&self, number: u64) -> Option<FieldRow> {
        self.rows(number, 1).pop()
    }

    /// Returns `count` rows from number `first` on.
    pub fn rows(&self, first: u64, count: usize) -> Vec<FieldRow> {
        let mut skipped = first;
        let mut found = Vec::new();
        for root in (0..self.parts.len()).filter_map(|part| self.root(part)) {
            self.visit(&root, &mut skipped, count, &mut found);
        }
        found.iter().map(|branch| self.describe(branch)).collect()
    }

    /// Returns the number of a row or, where it is folded or does not exist, of the last one above it
    /// that does.
    pub fn number_of(&self, key: &FieldKey) -> Option<u64> {
        let part = self.parts.iter().position(|part| part.key == key.part)?;
        let earlier = (0..part).filter_map(|part| self.root(part));
        let mut number = earlier
            .map(|root| self.height(&root))
            .fold(0, u64::saturating_add);
        let mut branch = self.root(part)?;
        for step in &key.steps {
            let Some(parts) = self.open_parts(&branch) else {
                break;
            };
            if *step >= parts.len(self.table(&branch)) {
                break;
            }
            let open = self.opened(&branch);
            let before = open.iter().filter(|child| *child < step);
            let hidden = before.filter_map(|child| self.child(&branch, &parts, *child));
            let hidden = hidden.map(|child| self.height(&child).saturating_sub(1));
            number = hidden
                .fold(number, u64::saturating_add)
                .saturating_add(1)
                .saturating_add(*step);
            branch = self.child(&branch, &parts, *step)?;
        }
        Some(number)
    }

    fn root(&self, part: usize) -> Option<Branch> {
        let typed = self.parts.get(part)?;
        Some(Branch {
            part,
            steps: Vec::new(),
            place: Place::root(&typed.ty, typed.start),
            above: Vec::new(),
        })
    }

    fn table(&self, branch: &Branch) -> &TypeTable {
        static NO_TYPES: std::sync::LazyLock<TypeTable> =
            std::sync::LazyLock::new(TypeTable::default);
        self.parts
            .get(branch.part)
            .map_or(&NO_TYPES, |part| part.ty.table())
    }

    fn key(&self, branch: &Branch) -> Option<FieldKey> {
        Some(FieldKey {
            part: self.parts.get(branch.part)?.key.clone(),
            steps: branch.steps.clone(),
        })
    }

    fn child(&self, branch: &Branch, parts: &Parts, index: u64) -> Option<Branch> {
        let mut steps = branch.steps.clone();
        steps.push(index);
        let mut above = branch.above.clone();
        above.push(branch.place.clone());
        Some(Branch {
            part: branch.part,
            steps,
            place: parts.get(self.table(branch), index)?,
            above,
        })
    }

    /// Returns the parts of a value.
    fn parts(&self, branch: &Branch) -> Result<Parts, NotRead> {
        let table = self.table(branch);
        let parts = branch.place.parts(table, &self.memory)?;
        let Some(address) = parts.through else {
            return Ok(parts);
        };
        let pointed_to = parts.target_type(table, branch.place.ty);
        let is_circle = branch
            .above
            .iter()
            .any(|place| place.start == address && Some(place.ty) == pointed_to);
        match is_circle {
            true => Err(NotRead::Circle { address }),
            false => Ok(parts),
        }
    }

    fn is_open(&self, branch: &Branch) -> bool {
        let key = self.key(branch);
        let is_toggled = key.is_some_and(|key| self.app.fields.toggled.contains(&key));
        is_toggled != branch.steps.is_empty() && branch.steps.len() < MAX_DEPTH
    }

    /// Returns the parts of a value that is open.
    fn open_parts(&self, branch: &Branch) -> Option<Parts> {
        let parts = self.parts(branch).ok().filter(|_| self.is_open(branch))?;
        (parts.len(self.table(branch)) > 0).then_some(parts)
    }

    /// Returns the numbers of the parts of a value that are open, in order.
    fn opened(&self, branch: &Branch) -> Vec<u64> {
        let Some(from) = self.key(branch) else {
            return Vec::new();
        };
        let depth = from.steps.len();
        let below = self.app.fields.toggled.range(from.clone()..);
        below
            .take_while(|key| key.part == from.part && key.steps.starts_with(&from.steps))
            .filter(|key| key.steps.len() == depth + 1)
            .filter_map(|key| key.steps.last().copied())
            .collect()
    }

    /// Returns how many rows a value and its open parts have.
    fn height(&self, branch: &Branch) -> u64 {
        let Some(parts) = self.open_parts(branch) else {
            return 1;
        };
        let opened = self.opened(branch).into_iter();
        let opened = opened.filter_map(|index| self.child(branch, &parts, index));
        opened
            .map(|child| self.height(&child).saturating_sub(1))
            .fold(parts.len(self.table(branch)), u64::saturating_add)
            .saturating_add(1)
    }

    /// Adds the values of up to `count` rows, after `skipped` others.
    fn visit(&self, branch: &Branch, skipped: &mut u64, count: usize, found: &mut Vec<Branch>) {
        if found.len() >= count {
            return;
        }
        match skipped.checked_sub(1) {
            Some(rest) => *skipped = rest,
            None => found.push(branch.clone()),
        }
        let Some(parts) = self.open_parts(branch) else {
            return;
        };
        let opened = self.opened(branch);
        let len = parts.len(self.table(branch));
        let mut index = 0;
        while index < len && found.len() < count {
            // Folded values in front of the first row on the screen are skipped at once.
            let next_open = opened.iter().copied().find(|open| *open >= index);
            let folded = next_open.unwrap_or(len).min(len) - index;
            let jump = folded.min(*skipped);
            *skipped -= jump;
            index += jump;
            if jump == 0 || *skipped == 0 {
                if let Some(child) = self.child(branch, &parts, index).filter(|_| index < len) {
                    self.visit(&child, skipped, count, found);
                }
                index += 1;
            }
        }
    }

    fn describe(&self, branch: &Branch) -> FieldRow {
        let table = self.table(branch);
        let place = &branch.place;
        let node = place.decode(table, &self.memory, BRIEF);
        let parts = self.parts(branch);
        let is_open = match &parts {
            Ok(parts) if parts.len(table) > 0 => Some(self.is_open(branch)),
            _ => None,
        };
        let span = Span {
            start: place.start,
            len: node.len,
        };
        let (value, is_read) = match (&parts, &node.content) {
            (Err(why), Content::Pointer { address, .. }) => (format!("{address:#x}: {why}"), false),
            (Err(why), _) => (why.to_string(), false),
            (Ok(_), _) => value_of(&node, table, is_open == Some(true)),
        };
        let changed = self.changed(&node, span, is_open == Some(true));
        let before = (changed == Changed::Now && is_open.is_none())
            .then(|| value_at(place, table, &self.before))
            .filter(|(before, is_read)| *is_read && *before != value)
            .map(|(before, _)| before);
        let typed = self.parts.get(branch.part);
        FieldRow {
            key: self.key(branch).unwrap_or_else(|| FieldKey {
                part: PartKey {
                    name: String::new(),
                    kind: None,
                },
                steps: Vec::new(),
            }),
            name: match typed.filter(|_| branch.steps.is_empty()) {
                Some(part) => part.label(),
                None => place.name.label(),
            },
            ty: safe::cut(&table.label(place.ty), 40),
            value,
            is_read,
            before,
            span,
            target: match &node.content {
                Content::Pointer { address, .. } => Some(*address),
                _ => None,
            },
            is_open,
            changed,
        }
    }

    /// Returns when the bytes of a value changed last. Those that a folded pointer leads to count too
    /// where their value is in its row.
    fn changed(&self, node: &Node, span: Span, is_open: bool) -> Changed {
        let mut spans = vec![span];
        if let Content::Pointer {
            target: Ok(target), ..
        } = &node.content
            && !is_open
        {
            let (start, len) = (target.start, target.len);
            spans.push(Span { start, len });
        }
        let differs = |other: &Image| {
            let mut spans = spans.iter();
            spans.any(|span| self.memory.differs_within(other, *span))
        };
        match () {
            () if differs(&self.before) => Changed::Now,
            () if differs(&self.start) => Changed::Earlier,
            () => Changed::Never,
        }
    }
}

/// Returns the text of the value at a place, and whether it was read.
pub(super) fn value_at(place: &Place, table: &TypeTable, memory: &Image) -> (String, bool) {
    value_of(&place.decode(table, memory, BRIEF), table, false)
}

/// Returns the text of a value, and whether it was read. Of one whose parts are in rows of their own,
/// only the address.
fn value_of(node: &Node, table: &TypeTable, is_open: bool) -> (String, bool) {
    match &node.content {
        Content::NotRead(why) => (why.to_string(), false),
        Content::Pointer {
            address,
            target: Err(why),
        } if !is_open && !matches!(why, NotRead::Deep(_)) => {
            (format!("{address:#x}: {why}"), false)
        }
        Content::Pointer { address, .. } if is_open => (format!("{address:#x}"), true),
        Content::Fields(_) | Content::Elements { .. } if is_open => {
            let size = crate::text::count(node.len, "byte");
            (format!("{size} at {:#x}", node.start), true)
        }
        Content::Elements { nodes, total } if (nodes.len() as u64) < *total => {
            let brief = node.value(table).brief(MAX_VALUE);
            let first = brief.trim_end_matches(']');
            (format!("{first}, … {total} in all]"), true)
        }
        Content::Fields(_) => {
            // The type has a column of its own.
            let brief = node.value(table).brief(MAX_VALUE);
            let fields = brief.find('{').and_then(|at| brief.get(at..));
            (fields.unwrap_or(&brief).to_owned(), true)
        }
        _ => (node.value(table).brief(MAX_VALUE), true),
    }
}
