//! Instructions in the text format.
//!
//! `wasmprinter` prints whole modules only, which takes a second and a hundred megabytes for a
//! large one. So each function is printed on demand, as the only function of a small module with
//! the types of the guest and the names that this function uses. The printer accepts calls of
//! functions that do not exist.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use wasm_encoder::{
    CodeSection, FunctionSection, Module, NameMap, NameSection, RawSection, SectionId,
};
use wasmparser::{FunctionBody, Operator};

use super::super::Guest;
use super::section_ranges::SectionRanges;
use super::{demangle, printable};
use crate::safe;
use crate::source::{Listing, ListingKind};

/// The longest name in a printed line, in characters.
const MAX_NAME: usize = 120;

/// The longest text of one function, in bytes, from some five million bytes of instructions. A
/// function with a longer text is not printed.
const MAX_TEXT: usize = 48 << 20;

/// The text that is cached, in bytes. When there is more, the cache is emptied, and functions are
/// printed again on demand.
const MAX_CACHED: usize = 96 << 20;

/// A listing begins at a multiple of this many lines and has three times as many. So each
/// instruction in its middle third has this many lines on either side. Shorter functions have one
/// listing.
const STRIDE: usize = 200;

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Disassembly {
    /// `None` for a function that cannot be printed.
    functions: HashMap<u32, Option<Arc<PrintedFunction>>>,
    /// By function and number of the window.
    listings: HashMap<(u32, usize), Arc<Listing>>,
    /// About how many bytes both contain.
    cached_bytes: usize,
}

/// An instruction and the text around it.
pub(super) struct PrintedInstruction {
    pub instruction: Arc<str>,
    /// The line of the instruction in the whole text of the function, from 1.
    pub listing: Arc<Listing>,
    pub line: u32,
}

impl Disassembly {
    /// Returns the instruction at an offset, which is within the body of the function. Returns
    /// `None` if the function cannot be printed.
    pub fn instruction_at(
        &mut self,
        guest: &Guest,
        sections: &SectionRanges,
        function: u32,
        offset: u64,
    ) -> Option<PrintedInstruction> {
        let printed = self.printed(guest, sections, function)?;
        let line = printed.line_of(offset);
        let window = printed.window(line);
        let listing = self.listing(guest, function, &printed, window);
        let instruction = match printed.line(line) {
            // The text format writes the last `end` as the closing bracket of the function: after
            // the header if there is nothing else.
            _ if printed.end == offset.saturating_add(1) => "end".into(),
            text => printable::instruction(text).into(),
        };
        Some(PrintedInstruction {
            instruction,
            listing,
            line: u32::try_from(line).ok()?.checked_add(1)?,
        })
    }

    fn printed(
        &mut self,
        guest: &Guest,
        sections: &SectionRanges,
        function: u32,
    ) -> Option<Arc<PrintedFunction>> {
        if let Some(printed) = self.functions.get(&function) {
            return printed.clone();
        }
        let printed = PrintedFunction::new(guest, sections, function).map(Arc::new);
        self.make_space(printed.as_ref().map_or(0, |printed| printed.size()));
        self.functions.insert(function, printed.clone());
        printed
    }

    fn listing(
        &mut self,
        guest: &Guest,
        function: u32,
        printed: &PrintedFunction,
        window: usize,
    ) -> Arc<Listing> {
        if let Some(listing) = self.listings.get(&(function, window)) {
            return listing.clone();
        }
        let range = printed.window_lines(window);
        let lines: Vec<String> = range
            .clone()
            .map(|line| printable::line(printed.unindented_line(line)))
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
        self.make_space(size);
        self.listings.insert((function, window), listing.clone());
        listing
    }

    /// Makes space for text of this many bytes.
    fn make_space(&mut self, size: usize) {
        if self.cached_bytes.saturating_add(size) > MAX_CACHED {
            *self = Disassembly::default();
        }
        self.cached_bytes = self.cached_bytes.saturating_add(size);
    }
}

/// The text of one function.
#[derive(Debug)]
struct PrintedFunction {
    text: String,
    /// For each line, where it begins in `text`, and the offset of its instruction in the module.
    lines: Vec<(usize, u64)>,
    /// The offset in the module where the body ends.
    end: u64,
}

impl PrintedFunction {
    fn new(guest: &Guest, sections: &SectionRanges, function: u32) -> Option<Self> {
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
        module.section(&name_section(guest, sections, function, &body));
        let mut functions = FunctionSection::new();
        functions.function(ty);
        module.section(&functions);
        let mut code = CodeSection::new();
        code.raw(bytes);
        module.section(&code);
        let module = module.finish();

        // The body comes last in that module.
        let start = module.len().checked_sub(bytes.len())? as u64;
        let mut printer = FunctionPrinter {
            start,
            text: String::new(),
            lines: Vec::new(),
            name: HeaderName::Expected,
        };
        wasmprinter::Config::new()
            .print(&module, &mut printer)
            .ok()?;
        let header = match sections
            .function_names
            .get(&function)
            .map(|name| printable_name(name))
        {
            Some(name) if name.contains(' ') => format!("$\"{name}\""),
            Some(name) => format!("${name}"),
            None => format!("(;{function};)"),
        };
        printer.finish(start, body.range(), &header)
    }

    fn size(&self) -> usize {
        self.text.len() + self.lines.len() * size_of::<(usize, u64)>()
    }

    /// Returns the line of the instruction at an offset or around it, counted from 0.
    fn line_of(&self, offset: u64) -> usize {
        let after = self.lines.partition_point(|(_, at)| *at <= offset);
        // Several lines may begin at one offset, those of the header. None of them is an
        // instruction.
        after.saturating_sub(1)
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

    /// Returns a line without the indentation that the function has in its module.
    fn unindented_line(&self, line: usize) -> &str {
        let text = self.line(line);
        text.strip_prefix("  ").unwrap_or(text)
    }

    /// Returns the number of the window that has a line in its middle.
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

/// Returns the names that the text of a function uses. In the small module the function has the
/// index 0. If it calls the guest's function 0, the name of that one is also printed in the header;
/// it is replaced there later.
fn name_section(
    guest: &Guest,
    sections: &SectionRanges,
    function: u32,
    body: &FunctionBody<'_>,
) -> NameSection {
    let mut named = functions_named(body);
    named.sort_unstable();
    named.dedup();
    let mut functions = NameMap::new();
    for index in named {
        if let Some(name) = sections.function_names.get(&index) {
            functions.append(index, &printable_name(name));
        }
    }
    let mut section = NameSection::new();
    section.functions(&functions);
    if let Some(map) = sections
        .local_names
        .get(&function)
        .and_then(|range| guest.wasm().get(range.clone()))
    {
        // One function has names, the one with the index 0.
        section.raw(2, &[&[1, 0], map].concat());
    }
    for (id, range) in &sections.other_names {
        if let Some(map) = guest.wasm().get(range.clone()) {
            section.raw(*id, map);
        }
    }
    section
}

fn printable_name(name: &str) -> String {
    safe::cut(&demangle::readable(name), MAX_NAME)
}

fn functions_named(body: &FunctionBody<'_>) -> Vec<u32> {
    let Ok(operators) = body.get_operators_reader() else {
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

/// Receives the text from the printer. It keeps the lines of the function and drops what comes
/// before them.
struct FunctionPrinter {
    /// The offset of the body in the module that is printed.
    start: u64,
    text: String,
    lines: Vec<(usize, u64)>,
    name: HeaderName,
}

/// Where the name of the function is in the header: the first name that is printed there.
enum HeaderName {
    /// Not printed yet.
    Expected,
    /// Begun at this offset of the text.
    Begun(usize),
    /// Where it is in the text.
    At(Range<usize>),
}

impl wasmprinter::Print for FunctionPrinter {
    fn write_str(&mut self, text: &str) -> io::Result<()> {
        if self.text.len().saturating_add(text.len()) > MAX_TEXT {
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
        if let (HeaderName::Expected, [_]) = (&self.name, self.lines.as_slice()) {
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

impl FunctionPrinter {
    /// Returns the printed function. `header` replaces the name in the first line.
    fn finish(mut self, start: u64, body: Range<u64>, header: &str) -> Option<PrintedFunction> {
        // The closing bracket of the module comes after the function, on a line of its own.
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
        let mut printed = PrintedFunction {
            lines: lines.collect(),
            text: self.text,
            end: body.end,
        };
        printed.text.shrink_to_fit();
        Some(printed)
    }
}
