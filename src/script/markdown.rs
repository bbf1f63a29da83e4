//! Markdown as a carrier: fenced blocks with the info string `steps` are the statements, the prose before a step is its
//! narration. Everything but those blocks is blanked, so that positions stay those of the file.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::error::{Fault, Lines};
use super::{Item, items as plain_items, words};

/// The word that opens a block of statements.
const INFO: &str = "steps";

/// A comment on a line of its own: what stands above it is no narration. Reports end with the session that they report.
const FORGET: &str = "<!-- linmem: the session -->";

/// The statements of a Markdown file, with their narration.
pub(super) fn items(text: &str, lines: &Lines, faults: &mut Vec<Fault>) -> Vec<Item> {
    let document = Document::read(text);
    if document.blocks.is_empty() {
        faults.push(no_block(text, &document));
    }
    let blanked = blanked(text, &document.blocks);
    let mut found = Vec::new();
    let mut prose: Vec<String> = Vec::new();
    for block in document.blocks {
        prose.extend(block.prose);
        let Some(range) = block.ranges.first().map(|r| r.start).zip(block.ranges.last().map(|r| r.end)) else {
            continue;
        };
        for mut item in plain_items(&blanked, range.0..range.1, lines, faults) {
            if let Item::Statement(statement) = &mut item
                && statement.kind.is_step()
                && !prose.is_empty()
            {
                statement.narration = Some(prose.join("\n\n"));
                prose.clear();
            }
            found.push(item);
        }
    }
    found
}

fn no_block(text: &str, document: &Document) -> Fault {
    let end = text.find('\n').unwrap_or(text.len()).min(text.len());
    let near = document
        .other_infos
        .iter()
        .find(|(info, _)| words::nearest(info, [INFO]).is_some() || info.eq_ignore_ascii_case(INFO));
    match near {
        Some((info, place)) => {
            let fault = Fault::new(place.clone(), "this Markdown file has no block of steps");
            fault.help(format!("`{}` opens this block: did you mean `{INFO}`?", crate::safe::cut(info, 40)))
        }
        None => Fault::new(0..end, "this Markdown file has no block of steps")
            .help("statements stand in a fenced block that begins with ```steps"),
    }
}

/// The text with spaces in place of everything outside the blocks; as long, and with the same line breaks.
fn blanked(text: &str, blocks: &[Block]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in blocks.iter().flat_map(|block| &block.ranges) {
        let (Some(before), Some(inside)) = (text.get(at..range.start), text.get(range.clone())) else { continue };
        push_blanks(&mut out, before);
        out.push_str(inside);
        at = range.end;
    }
    push_blanks(&mut out, text.get(at..).unwrap_or_default());
    out
}

fn push_blanks(out: &mut String, text: &str) {
    out.extend(text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}

/// One fenced block of statements.
struct Block {
    /// The paragraphs between the block before it and this one.
    prose: Vec<String>,
    /// Where its lines stand in the file; several where each line is indented or quoted.
    ranges: Vec<Range<usize>>,
}

#[derive(Default)]
struct Document {
    blocks: Vec<Block>,
    /// Info strings of the other fenced blocks, and where those stand.
    other_infos: Vec<(String, Range<usize>)>,
    prose: Vec<String>,
    paragraph: String,
    /// How many lists are open, and whether the next text begins an item.
    lists: usize,
    begins_item: bool,
    /// Whether the last paragraph is an item, to which the next item of the list is added.
    follows_item: bool,
    inside: Inside,
}

/// What the text that comes next belongs to.
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
        let base = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
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
                Inside::Prose => self.push(&text),
                Inside::Steps => self.push_range(range),
                Inside::Ignored => {}
            },
            Event::Code(text) => self.push(&text),
            Event::Html(html) if html.trim() == FORGET => self.prose.clear(),
            Event::SoftBreak | Event::HardBreak => self.push(" "),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag, range: Range<usize>) {
        match tag {
            Tag::CodeBlock(kind) => {
                self.end_paragraph();
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default(),
                    CodeBlockKind::Indented => "",
                };
                self.inside = if info == INFO { Inside::Steps } else { Inside::Ignored };
                if info == INFO {
                    self.blocks.push(Block { prose: std::mem::take(&mut self.prose), ranges: Vec::new() });
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
            Tag::Paragraph | Tag::Heading { .. } => self.end_paragraph(),
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
            _ => {}
        }
    }

    fn push(&mut self, text: &str) {
        self.paragraph.push_str(text);
    }

    fn push_range(&mut self, range: Range<usize>) {
        if let Some(block) = self.blocks.last_mut().filter(|_| !range.is_empty()) {
            match block.ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => block.ranges.push(range),
            }
        }
    }

    /// Puts the paragraph down: an item behind `- `, under the item before it; what follows within an item, under it.
    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if self.lists == 0 {
            self.prose.push(text.to_owned());
            return;
        }
        let indent = "  ".repeat((self.lists - 1).min(8));
        let sign = if self.begins_item { "- " } else { "  " };
        let line = format!("{indent}{sign}{text}");
        match self.prose.last_mut().filter(|_| self.follows_item) {
            Some(items) => {
                items.push('\n');
                items.push_str(&line);
            }
            None => self.prose.push(line),
        }
        self.begins_item = false;
        self.follows_item = true;
    }
}
