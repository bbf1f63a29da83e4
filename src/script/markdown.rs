//! Reads a Markdown file: fenced blocks with the info string `steps` are the statements, and the
//! prose before a step is its narration. Everything outside those blocks is replaced by spaces, so
//! that positions are those of the file.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::ast::StatementKind;
use super::error::{Fault, Lines};
use super::{Item, items as plain_items};
use crate::prose::{self, Kind, Paragraph, Piece, PieceStyle, Prose};

/// The info string of a block of statements.
const INFO: &str = "steps";

/// A comment on its own line, after which narration starts again. A report ends with its session,
/// and the report's text is not narration.
const SESSION_MARK: &str = "<!-- linmem: the session -->";

/// Reads the statements of a Markdown file with their narration. Also returns the prose with its
/// markup.
pub(super) fn items(
    text: &str,
    lines: &Lines,
    faults: &mut Vec<Fault>,
) -> (Vec<Item>, prose::Document) {
    let document = Document::read(text);
    if document.blocks.is_empty() {
        faults.push(missing_block(text, &document));
    }
    let blanked = blanked(text, &document.blocks);
    let mut narrator = Narrator::default();
    let mut found = Vec::new();
    for block in document.blocks {
        narrator.pending.extend(block.prose);
        let Some(range) = block
            .ranges
            .first()
            .map(|r| r.start)
            .zip(block.ranges.last().map(|r| r.end))
        else {
            continue;
        };
        let mut items = plain_items(&blanked, range.0..range.1, lines, faults);
        narrator.describe_step(&mut items);
        found.extend(items);
    }
    let title = document.title;
    let closing = split_prose(document.prose, false);
    (
        found,
        prose::Document {
            title,
            opening: narrator.opening,
            steps: narrator.steps,
            closing,
        },
    )
}

/// Assigns the prose before a step to that step.
#[derive(Default)]
struct Narrator {
    /// The prose since the last step.
    pending: Vec<Paragraph>,
    /// The number of steps so far.
    count: usize,
    opening: Prose,
    steps: BTreeMap<usize, Prose>,
}

impl Narrator {
    /// Assigns the pending prose to the first step of a block, and its hints and replies to the first
    /// question.
    /// The prose of a first block without any step introduces step 0.
    fn describe_step(&mut self, items: &mut [Item]) {
        let has = |matches: fn(&StatementKind) -> bool| {
            let mut statements = items.iter();
            statements.any(|item| matches!(item, Item::Statement(s) if matches(&s.kind)))
        };
        let asks = has(|kind| matches!(kind, StatementKind::Ask { .. }));
        if !has(StatementKind::is_step) {
            if self.count == 0 {
                let prose = split_prose(std::mem::take(&mut self.pending), asks);
                self.opening.paragraphs.extend(prose.paragraphs);
            }
            return;
        }
        let (mut hints, mut replies) = (Vec::new(), Vec::new());
        let mut first = None;
        for item in items {
            let Item::Statement(statement) = item else {
                continue;
            };
            if !statement.kind.is_step() {
                continue;
            }
            self.count += 1;
            if first.is_none() {
                first = Some(self.count);
                let mut prose = split_prose(std::mem::take(&mut self.pending), asks);
                hints = std::mem::take(&mut prose.hints);
                replies = std::mem::take(&mut prose.replies);
                if !prose.is_empty() {
                    statement.narration = Some(prose.plain());
                    self.steps.insert(self.count, prose);
                }
            }
            let has_more = !hints.is_empty() || !replies.is_empty();
            if matches!(statement.kind, StatementKind::Ask { .. }) && has_more {
                let prose = self.steps.entry(self.count).or_default();
                prose.hints = std::mem::take(&mut hints);
                prose.replies = std::mem::take(&mut replies);
            }
        }
        if let Some(first) = first.filter(|_| !hints.is_empty()) {
            self.steps.entry(first).or_default().hints = hints;
        }
    }
}

/// Separates hints from the other paragraphs and, where they are about a question, replies.
fn split_prose(paragraphs: Vec<Paragraph>, asks: bool) -> Prose {
    let mut prose = Prose::default();
    for paragraph in paragraphs {
        let reply = prose::reply(&paragraph).filter(|_| asks);
        match (prose::hint(&paragraph), reply) {
            (Some(hint), _) => prose.hints.push(hint),
            (None, Some(reply)) => prose.replies.push(reply),
            (None, None) => prose.paragraphs.push(paragraph),
        }
    }
    prose
}

fn missing_block(text: &str, document: &Document) -> Fault {
    let end = text.find('\n').unwrap_or(text.len()).min(text.len());
    let similar = document.other_infos.iter().find(|(info, _)| {
        crate::text::nearest(info, [INFO]).is_some() || info.eq_ignore_ascii_case(INFO)
    });
    match similar {
        Some((info, span)) => {
            let fault = Fault::new(span.clone(), "this Markdown file has no block of steps");
            fault.help(format!(
                "this block starts with `{}`; did you mean `{INFO}`?",
                crate::safe::cut(info, 40)
            ))
        }
        None => Fault::new(0..end, "this Markdown file has no block of steps")
            .help("write statements in a fenced block that starts with ```steps"),
    }
}

/// Returns the text with spaces in place of everything outside the blocks. Its length and its line
/// breaks stay.
fn blanked(text: &str, blocks: &[Block]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in blocks.iter().flat_map(|block| &block.ranges) {
        let (Some(before), Some(inside)) = (text.get(at..range.start), text.get(range.clone()))
        else {
            continue;
        };
        push_blanks(&mut out, before);
        out.push_str(inside);
        at = range.end;
    }
    push_blanks(&mut out, text.get(at..).unwrap_or_default());
    out
}

fn push_blanks(out: &mut String, text: &str) {
    out.extend(
        text.bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' }),
    );
}

/// One fenced block of statements.
struct Block {
    /// The paragraphs between the block before it and this one.
    prose: Vec<Paragraph>,
    /// The ranges of its lines in the file; several where each line is indented or quoted.
    ranges: Vec<Range<usize>>,
}

/// A Markdown file while it is read.
#[derive(Default)]
struct Document {
    blocks: Vec<Block>,
    /// The info strings of the other fenced blocks, with their ranges.
    other_infos: Vec<(String, Range<usize>)>,
    /// The first heading of the first level.
    title: Option<String>,
    prose: Vec<Paragraph>,
    pieces: Vec<Piece>,
    /// The level of the open heading.
    heading: Option<u8>,
    /// How many emphases are open.
    emphasis: usize,
    /// How many strong emphases are open.
    strong: usize,
    /// How many lists are open.
    lists: usize,
    /// Whether the next text begins an item.
    begins_item: bool,
    /// Whether the last paragraph is an item, to which the next item of the list is added.
    follows_item: bool,
    inside: Inside,
}

/// The kind of block that the next text belongs to.
#[derive(Default, PartialEq)]
enum Inside {
    #[default]
    Prose,
    Steps,
    /// Another code block, or HTML.
    Ignored,
}

impl Document {
    fn read(text: &str) -> Document {
        let base = if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let mut document = Document::default();
        for (event, range) in Parser::new(text.get(base..).unwrap_or_default()).into_offset_iter() {
            document.event(event, base + range.start..base + range.end);
        }
        document
    }

    fn event(&mut self, event: Event, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match self.inside {
                Inside::Prose => self.push(&text, self.style()),
                Inside::Steps => self.push_range(range),
                Inside::Ignored => {}
            },
            Event::Code(text) => self.push(&text, PieceStyle::Code),
            Event::Html(html) if html.trim() == SESSION_MARK => self.prose.clear(),
            Event::SoftBreak | Event::HardBreak => self.push(" ", self.style()),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag, range: Range<usize>) {
        match tag {
            Tag::CodeBlock(kind) => {
                self.end_paragraph();
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => {
                        info.split_whitespace().next().unwrap_or_default()
                    }
                    CodeBlockKind::Indented => "",
                };
                self.inside = if info == INFO {
                    Inside::Steps
                } else {
                    Inside::Ignored
                };
                if info == INFO {
                    self.blocks.push(Block {
                        prose: std::mem::take(&mut self.prose),
                        ranges: Vec::new(),
                    });
                    self.follows_item = false;
                } else if !info.is_empty() {
                    self.other_infos.push((info.to_owned(), range));
                }
            }
            Tag::HtmlBlock => self.inside = Inside::Ignored,
            Tag::List(_) => {
                self.end_paragraph();
                self.follows_item = self.follows_item && self.lists > 0;
                self.lists += 1;
            }
            Tag::Item => {
                self.end_paragraph();
                self.begins_item = true;
            }
            Tag::Paragraph => self.end_paragraph(),
            Tag::Heading { level, .. } => {
                self.end_paragraph();
                self.heading = Some(depth_of(level));
            }
            Tag::Emphasis => self.emphasis += 1,
            Tag::Strong => self.strong += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.inside = Inside::Prose,
            TagEnd::List(_) => {
                self.end_paragraph();
                self.lists = self.lists.saturating_sub(1);
                self.follows_item = self.follows_item && self.lists > 0;
            }
            TagEnd::Item | TagEnd::Paragraph | TagEnd::Heading(_) => self.end_paragraph(),
            TagEnd::Emphasis => self.emphasis = self.emphasis.saturating_sub(1),
            TagEnd::Strong => self.strong = self.strong.saturating_sub(1),
            _ => {}
        }
    }

    fn style(&self) -> PieceStyle {
        match (self.strong, self.emphasis) {
            (0, 0) => PieceStyle::Plain,
            (0, _) => PieceStyle::Emphasis,
            _ => PieceStyle::Strong,
        }
    }

    fn push(&mut self, text: &str, style: PieceStyle) {
        match self.pieces.last_mut().filter(|last| last.style == style) {
            Some(last) => last.text.push_str(text),
            None => self.pieces.push(Piece {
                text: text.to_owned(),
                style,
            }),
        }
    }

    fn push_range(&mut self, range: Range<usize>) {
        if let Some(block) = self.blocks.last_mut().filter(|_| !range.is_empty()) {
            match block.ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => block.ranges.push(range),
            }
        }
    }

    /// Ends the paragraph: an item follows the item before it, and further paragraphs of an item
    /// follow that item.
    fn end_paragraph(&mut self) {
        let heading = self.heading.take();
        let pieces = trimmed(std::mem::take(&mut self.pieces));
        if pieces.is_empty() {
            return;
        }
        let kind = match (heading, self.lists) {
            (Some(level), 0) => Kind::Heading(level),
            (_, 0) => Kind::Text,
            (_, lists) => Kind::Item {
                depth: u8::try_from((lists - 1).min(8)).unwrap_or(8),
                begins: self.begins_item,
            },
        };
        let is_joined = self.lists > 0 && self.follows_item && !self.prose.is_empty();
        let paragraph = Paragraph {
            kind,
            is_joined,
            pieces,
        };
        if kind == Kind::Heading(1) && self.title.is_none() {
            self.title = Some(paragraph.plain());
        }
        if self.lists > 0 {
            self.begins_item = false;
            self.follows_item = true;
        }
        self.prose.push(paragraph);
    }
}

fn depth_of(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// Removes white space at both ends.
fn trimmed(mut pieces: Vec<Piece>) -> Vec<Piece> {
    while let Some(first) = pieces.first_mut() {
        first
            .text
            .drain(..first.text.len() - first.text.trim_start().len());
        if !first.text.is_empty() {
            break;
        }
        pieces.remove(0);
    }
    while let Some(last) = pieces.last_mut() {
        last.text.truncate(last.text.trim_end().len());
        if !last.text.is_empty() {
            break;
        }
        pieces.pop();
    }
    pieces
}
