//! Instructions as the text format writes them.
//!
//! `wasmprinter` prints whole modules only, which for a large one takes a second and a hundred
//! megabytes. So each function is printed by itself, when first asked for, as the only function of
//! a small module that has the given one's types and the names this function uses. The printer does
//! not mind that what is called does not exist.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use wasm_encoder::{
    CodeSection, FunctionSection, Module, NameMap, NameSection, RawSection, SectionId,
};
use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::super::Guest;
use super::sections::Sections;
use super::{names, text};
use crate::safe;
use crate::source::{Listing, ListingKind};

/// Longest name that a printed line holds, in characters.
const LONGEST_NAME: usize = 120;

/// Longest text of one function, in bytes: some five million bytes of instructions. A larger one
/// has no text.
const LONGEST_TEXT: usize = 48 << 20;

/// Bytes of text that are kept. Past that all is forgotten, and printed again when asked for.
const MOST_KEPT: usize = 96 << 20;

/// A listing begins at a multiple of so many lines and holds three times as many, so that each
/// instruction of the middle third has so many on either side. Shorter functions are shown whole.
const STRIDE: usize = 200;

/// What has been printed so far.
#[derive(Debug, Default)]
pub(super) struct Disassembly {
    /// `None` for a function that cannot be printed.
    functions: HashMap<u32, Option<Arc<Printed>>>,
    listings: HashMap<(u32, usize), Arc<Listing>>,
    /// About how many bytes both hold.
    kept: usize,
}

/// The instruction at an offset, and the text around it.
pub(super) struct Spot {
    pub instruction: Arc<str>,
    pub listing: Arc<Listing>,
    pub line: u32,
}

impl Disassembly {
    /// `None` where the function cannot be printed. The offset lies within the function's body.
    pub fn spot(
        &mut self,
        guest: &Guest,
        sections: &Sections,
        function: u32,
        offset: u64,
    ) -> Option<Spot> {
        let printed = self.printed(guest, sections, function)?;
        let line = printed.line_of(offset);
        let window = printed.window(line);
        let listing = self.listing(guest, function, &printed, window);
        let instruction = match printed.line(line) {
            // The text format writes the last `end` as the function's bracket, behind the header
            // where nothing else is.
            _ if printed.end == offset.saturating_add(1) => "end".into(),
            text => text::instruction(text).into(),
        };
        Some(Spot {
            instruction,
            listing,
            line: u32::try_from(line).ok()?.checked_add(1)?,
        })
    }

    fn printed(
        &mut self,
        guest: &Guest,
        sections: &Sections,
        function: u32,
    ) -> Option<Arc<Printed>> {
        if let Some(printed) = self.functions.get(&function) {
            return printed.clone();
        }
        let printed = Printed::new(guest, sections, function).map(Arc::new);
        self.keep(printed.as_ref().map_or(0, |printed| printed.size()));
        self.functions.insert(function, printed.clone());
        printed
    }

    fn listing(
        &mut self,
        guest: &Guest,
        function: u32,
        printed: &Printed,
        window: usize,
    ) -> Arc<Listing> {
        if let Some(listing) = self.listings.get(&(function, window)) {
            return listing.clone();
        }
        let range = printed.window_lines(window);
        let lines: Vec<String> = range
            .clone()
            .map(|line| text::line(printed.shown(line)))
            .collect();
        let size = lines
            .iter()
            .map(|line| line.len() + size_of::<String>())
            .sum();
        let listing = Arc::new(Listing {
            kind: ListingKind::Disassembly,
            title: guest.function_name(function),
            first_line: u32::try_from(range.start)
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            lines,
        });
        self.keep(size);
        self.listings.insert((function, window), listing.clone());
        listing
    }

    fn keep(&mut self, size: usize) {
        if self.kept.saturating_add(size) > MOST_KEPT {
            *self = Disassembly::default();
        }
        self.kept = self.kept.saturating_add(size);
    }
}

/// The text of one function.
#[derive(Debug)]
struct Printed {
    text: String,
    /// Of each line: where it begins in `text`, and the offset in the module of what it shows.
    lines: Vec<(usize, u64)>,
    /// Where the function's body ends.
    end: u64,
}

impl Printed {
    fn new(guest: &Guest, sections: &Sections, function: u32) -> Option<Self> {
        let own = function.checked_sub(guest.0.description.imported_functions)?;
        let body = guest.body(function)?;
        let bytes = body.as_bytes();
        let ty = *sections.type_of.get(usize::try_from(own).ok()?)?;

        let mut module = Module::new();
        let types = guest.wasm().get(sections.types.clone())?;
        module.section(&RawSection {
            id: SectionId::Type.into(),
            data: types,
        });
        module.section(&names(guest, sections, function, bytes));
        let mut functions = FunctionSection::new();
        functions.function(ty);
        module.section(&functions);
        let mut code = CodeSection::new();
        code.raw(bytes);
        module.section(&code);
        let module = module.finish();

        // The body is the last thing in that module.
        let start = module.len().checked_sub(bytes.len())? as u64;
        let mut page = Page {
            start,
            text: String::new(),
            lines: Vec::new(),
            name: HeaderName::Ahead,
        };
        wasmprinter::Config::new().print(&module, &mut page).ok()?;
        let header = match sections
            .function_names
            .get(&function)
            .map(|name| shown(name))
        {
            Some(name) if name.contains(' ') => format!("$\"{name}\""),
            Some(name) => format!("${name}"),
            None => format!("(;{function};)"),
        };
        page.finish(start, body.range(), &header)
    }

    fn size(&self) -> usize {
        self.text.len() + self.lines.len() * size_of::<(usize, u64)>()
    }

    /// The line, counted from 0, of the instruction at an offset or around it.
    fn line_of(&self, offset: u64) -> usize {
        let behind = self.lines.partition_point(|(_, at)| *at <= offset);
        // Several lines may begin at one offset, those of the header: none of them is an
        // instruction.
        behind.saturating_sub(1)
    }

    fn line(&self, line: usize) -> &str {
        let start = self
            .lines
            .get(line)
            .map_or(self.text.len(), |(start, _)| *start);
        let end = self
            .lines
            .get(line + 1)
            .map_or(self.text.len(), |(start, _)| *start);
        self.text
            .get(start..end)
            .unwrap_or_default()
            .trim_end_matches('\n')
    }

    /// The line without what the function is indented by in its module.
    fn shown(&self, line: usize) -> &str {
        let text = self.line(line);
        text.strip_prefix("  ").unwrap_or(text)
    }

    fn window(&self, line: usize) -> usize {
        if self.lines.len() <= 3 * STRIDE {
            0
        } else {
            (line / STRIDE).saturating_sub(1)
        }
    }

    fn window_lines(&self, window: usize) -> Range<usize> {
        let start = (window * STRIDE).min(self.lines.len());
        start..(start + 3 * STRIDE).min(self.lines.len())
    }
}

/// The names that this function's text uses. Where it calls the function of index 0, that name is
/// also printed in the header, for there this function has that index; the header's name is
/// replaced later.
fn names(guest: &Guest, sections: &Sections, function: u32, body: &[u8]) -> NameSection {
    let mut called = called(body);
    called.sort_unstable();
    called.dedup();
    let mut functions = NameMap::new();
    for index in called {
        if let Some(name) = sections.function_names.get(&index) {
            functions.append(index, &shown(name));
        }
    }
    let mut section = NameSection::new();
    section.functions(&functions);
    if let Some(map) = sections
        .local_names
        .get(&function)
        .and_then(|range| guest.wasm().get(range.clone()))
    {
        // One function with names, whose index is 0.
        section.raw(2, &[&[1, 0], map].concat());
    }
    for (id, range) in &sections.other_names {
        if let Some(map) = guest.wasm().get(range.clone()) {
            section.raw(*id, map);
        }
    }
    section
}

fn shown(name: &str) -> String {
    safe::cut(&names::readable(name), LONGEST_NAME)
}

fn called(body: &[u8]) -> Vec<u32> {
    let Ok(operators) = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader() else {
        return Vec::new();
    };
    let index = |operator| match operator {
        Operator::Call { function_index }
        | Operator::ReturnCall { function_index }
        | Operator::RefFunc { function_index } => Some(function_index),
        _ => None,
    };
    operators
        .into_iter()
        .map_while(Result::ok)
        .filter_map(index)
        .collect()
}

/// What the printer writes on: keeps the function's lines and forgets what comes before them.
struct Page {
    /// The body's offset in the module that is printed.
    start: u64,
    text: String,
    lines: Vec<(usize, u64)>,
    name: HeaderName,
}

/// The function's own name in its first line: the first thing there that is printed as a name.
enum HeaderName {
    Ahead,
    Begun(usize),
    At(Range<usize>),
}

impl wasmprinter::Print for Page {
    fn write_str(&mut self, text: &str) -> io::Result<()> {
        if self.text.len().saturating_add(text.len()) > LONGEST_TEXT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.push_str(text);
        Ok(())
    }

    fn start_line(&mut self, offset: Option<u64>) {
        match (offset, self.lines.last()) {
            (Some(offset), None) if offset == self.start => {
                self.text.clear();
                self.lines.push((0, offset));
            }
            (_, None) => {}
            (offset, Some((_, before))) => self
                .lines
                .push((self.text.len(), offset.unwrap_or(*before))),
        }
    }

    fn start_name(&mut self) -> io::Result<()> {
        if let (HeaderName::Ahead, [_]) = (&self.name, self.lines.as_slice()) {
            self.name = HeaderName::Begun(self.text.len());
        }
        Ok(())
    }

    fn reset_color(&mut self) -> io::Result<()> {
        if let HeaderName::Begun(start) = self.name {
            self.name = HeaderName::At(start..self.text.len());
        }
        Ok(())
    }
}

impl Page {
    /// `header` is what stands in the first line in place of the name.
    fn finish(mut self, start: u64, body: Range<u64>, header: &str) -> Option<Printed> {
        // Behind the function the module's own closing bracket follows, on a line of its own.
        let last = self.lines.iter().rposition(|(at, _)| {
            self.text
                .get(*at..)
                .is_some_and(|rest| rest.starts_with(')'))
        });
        if let Some(last) = last {
            let (at, _) = *self.lines.get(last)?;
            self.lines.truncate(last);
            self.text.truncate(at);
        }
        let mut longer = 0;
        if let HeaderName::At(range) = self.name {
            longer = header.len().wrapping_sub(range.len());
            self.text.replace_range(range, header);
        }
        let lines = (0..).zip(self.lines).map(|(line, (at, offset))| {
            let at = if line == 0 {
                at
            } else {
                at.wrapping_add(longer)
            };
            (at, offset.saturating_sub(start).saturating_add(body.start))
        });
        let mut printed = Printed {
            lines: lines.collect(),
            text: self.text,
            end: body.end,
        };
        printed.text.shrink_to_fit();
        Some(printed)
    }
}
