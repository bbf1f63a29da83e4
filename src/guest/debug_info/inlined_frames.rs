//! Which functions the compiler inlined at an instruction, from the tree of functions in debug
//! information.
//!
//! The tree of a unit is read when the first instruction of one of its functions is asked for. As
//! with lines, only functions that are within one body of the module are trusted.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use gimli::{AttributeValue, DebuggingInformationEntry, Unit};

use super::super::code_index::Bodies;
use super::demangle;
use super::dwarf::{Dwarf, Slice, SourcePath};

/// How many attributes and ranges may be read for each byte of debug information. Compilers write
/// less than one.
const WORK_PER_BYTE: usize = 4;

/// How much work it counts to open a unit, besides its files.
const WORK_TO_OPEN: usize = 100;

/// How many references are followed to find the name of a function.
const MAX_NAME_REFERENCES: usize = 8;

/// What was read so far.
#[derive(Debug)]
pub(super) struct InlinedFrames {
    units: HashMap<usize, Arc<Tree>>,
    /// By the offset of a function's entry, the name as people write it.
    names: HashMap<usize, Arc<str>>,
    work_left: usize,
}

/// An inlined function, or the one that is in the module.
#[derive(Debug)]
pub(super) struct Call {
    pub function: Arc<str>,
    /// Where it was called; `None` for the one that is in the module.
    pub from: Option<(SourcePath, u32)>,
}

/// The functions of one unit.
#[derive(Debug, Default)]
struct Tree {
    /// By the number of the function's body.
    functions: HashMap<usize, Function>,
    ranges: Vec<Range<u64>>,
    paths: Vec<SourcePath>,
    /// By the offset of a function's entry, the name as linkers know it.
    names: HashMap<usize, String>,
}

#[derive(Debug)]
struct Function {
    /// The offset of its entry in `.debug_info`.
    entry: usize,
    /// In the order of the tree: an inlined function comes after the one into which it was inlined.
    inlined: Vec<Inlined>,
}

#[derive(Debug)]
struct Inlined {
    /// The offset of the entry that has its name.
    origin: usize,
    /// The index of the function into which it was inlined; `None` for the one in the module.
    into: Option<usize>,
    /// The range of its ranges in the tree.
    ranges: Range<usize>,
    /// The index of the path where it was called, and the line.
    from: Option<(usize, u32)>,
}

impl InlinedFrames {
    /// `size` is the length of all debug information, in bytes.
    pub fn new(size: usize) -> Self {
        let work_left = size.saturating_mul(WORK_PER_BYTE).saturating_add(10_000);
        InlinedFrames {
            units: HashMap::new(),
            names: HashMap::new(),
            work_left,
        }
    }

    /// Returns the functions at an address, innermost first; the last is the one in the module.
    /// Returns nothing if none is inlined. `open` is called only if the unit was not read before.
    pub fn at<'a>(
        &mut self,
        open: impl FnOnce() -> Dwarf<'a>,
        bodies: &Bodies,
        unit: usize,
        address: u64,
    ) -> Vec<Call> {
        let tree = match self.units.get(&unit) {
            Some(tree) => tree.clone(),
            None => {
                let dwarf = open();
                let mut reader = TreeReader {
                    dwarf: &dwarf,
                    bodies,
                    tree: Tree::default(),
                    units: HashMap::new(),
                    files: HashMap::new(),
                    work_left: &mut self.work_left,
                };
                // If the unit becomes invalid halfway, what was read before that is used.
                reader.read_unit(unit);
                let tree = Arc::new(reader.tree);
                self.units.insert(unit, tree.clone());
                tree
            }
        };
        let body = bodies.body_at(bodies.code_start().saturating_add(address));
        let Some(function) = body.and_then(|body| tree.functions.get(&body)) else {
            return Vec::new();
        };
        let chain = tree.chain(function, address);
        let mut calls: Vec<Call> = chain
            .iter()
            .map(|inlined| {
                let from = inlined
                    .from
                    .and_then(|(path, line)| Some((tree.paths.get(path)?.clone(), line)));
                Call {
                    function: self.name(&tree, inlined.origin),
                    from,
                }
            })
            .collect();
        if !calls.is_empty() {
            calls.insert(
                0,
                Call {
                    function: self.name(&tree, function.entry),
                    from: None,
                },
            );
            calls.reverse();
        }
        calls
    }

    fn name(&mut self, tree: &Tree, entry: usize) -> Arc<str> {
        let make = || match tree.names.get(&entry) {
            Some(name) => demangle::readable(name).into(),
            None => "a function without a name".into(),
        };
        self.names.entry(entry).or_insert_with(make).clone()
    }
}

impl Tree {
    /// Returns the inlined functions at an address, outermost first.
    fn chain<'a>(&self, function: &'a Function, address: u64) -> Vec<&'a Inlined> {
        let mut chain = Vec::new();
        let mut into = None;
        for (number, inlined) in function.inlined.iter().enumerate() {
            let ranges = self.ranges.get(inlined.ranges.clone()).unwrap_or_default();
            if inlined.into == into && ranges.iter().any(|range| range.contains(&address)) {
                into = Some(number);
                chain.push(inlined);
            }
        }
        chain
    }
}

/// Reads the tree of one unit.
struct TreeReader<'a, 'b> {
    dwarf: &'b Dwarf<'a>,
    bodies: &'b Bodies,
    tree: Tree,
    /// The unit that is read, and those to which it refers.
    units: HashMap<usize, Option<Rc<Unit<Slice<'a>>>>>,
    /// By the number of a file in the unit, the index of its path.
    files: HashMap<u64, Option<usize>>,
    work_left: &'b mut usize,
}

/// An open entry of a function, at a depth of the tree.
struct OpenEntry {
    depth: isize,
    /// `None` if the function is not trusted. Then what was inlined into it is not trusted either.
    body: Option<usize>,
    inlined: Option<usize>,
}

impl<'a> TreeReader<'a, '_> {
    /// Returns `None` if the rest of the unit is invalid.
    fn read_unit(&mut self, number: usize) -> Option<()> {
        let unit = self.unit(number)?;
        let mut scopes: Vec<OpenEntry> = Vec::new();
        let mut entries = unit.header.entries_raw(&unit.abbreviations, None).ok()?;
        let mut entry = DebuggingInformationEntry::null();
        while !entries.is_empty() {
            let depth = entries.next_depth();
            entry.offset = entries.next_offset();
            while scopes.pop_if(|scope| scope.depth >= depth).is_some() {}
            let Some(kind) = entries.read_abbreviation().ok()? else {
                continue;
            };
            // An attribute may take no bytes at all, so the number of attributes counts, not their
            // length.
            self.count_work(kind.attributes().len())?;
            let read = match kind.tag() {
                gimli::DW_TAG_subprogram => Self::read_function,
                gimli::DW_TAG_inlined_subroutine => Self::read_inlined,
                _ => {
                    entries.skip_attributes(kind.attributes()).ok()?;
                    continue;
                }
            };
            entries
                .read_attributes(kind.attributes(), &mut entry.attrs)
                .ok()?;
            let (body, inlined) = read(self, &unit, &entry, scopes.last()).unzip();
            scopes.push(OpenEntry {
                depth,
                body,
                inlined: inlined.flatten(),
            });
        }
        Some(())
    }

    /// Reads a function, and returns the number of its body if it is trusted.
    fn read_function(
        &mut self,
        unit: &Unit<Slice<'a>>,
        entry: &Entry<'a>,
        _: Option<&OpenEntry>,
    ) -> Option<(usize, Option<usize>)> {
        let ranges = self.ranges(unit, entry)?;
        let code = self.bodies.code_start();
        let [range] = self.tree.ranges.get(ranges)? else {
            return None;
        };
        let body = self
            .bodies
            .body_around(&(code.checked_add(range.start)?..code.checked_add(range.end)?))?;
        let offset = entry.offset.to_debug_info_offset(&unit.header)?.0;
        if self.tree.functions.contains_key(&body) {
            return None;
        }
        self.tree.functions.insert(
            body,
            Function {
                entry: offset,
                inlined: Vec::new(),
            },
        );
        self.find_name(offset);
        Some((body, None))
    }

    /// Reads an inlined function. Returns the body into which it was inlined, and its index there.
    fn read_inlined(
        &mut self,
        unit: &Unit<Slice<'a>>,
        entry: &Entry<'a>,
        scope: Option<&OpenEntry>,
    ) -> Option<(usize, Option<usize>)> {
        let scope = scope?;
        let body = scope.body?;
        let origin = reference(unit, entry, gimli::DW_AT_abstract_origin)?;
        let ranges = self.ranges(unit, entry)?;
        let file = entry
            .attr_value(gimli::DW_AT_call_file)
            .and_then(|value| match value {
                AttributeValue::FileIndex(file) => Some(file),
                value => value.udata_value(),
            });
        let line = entry
            .attr_value(gimli::DW_AT_call_line)
            .and_then(|value| value.udata_value());
        let line = line
            .and_then(|line| u32::try_from(line).ok())
            .filter(|line| *line > 0);
        let from = file.and_then(|file| self.path(unit, file)).zip(line);
        self.find_name(origin);
        let inlined = &mut self.tree.functions.get_mut(&body)?.inlined;
        inlined.push(Inlined {
            origin,
            into: scope.inlined,
            ranges,
            from,
        });
        Some((body, Some(inlined.len() - 1)))
    }

    /// Reads the ranges of an entry, and returns where they are in the tree.
    fn ranges(&mut self, unit: &Unit<Slice<'a>>, entry: &Entry<'a>) -> Option<Range<usize>> {
        let start = self.tree.ranges.len();
        if let Some(list) = entry.attr_value(gimli::DW_AT_ranges) {
            let mut list = self.dwarf.sections.attr_ranges(unit, list).ok()??;
            while let Some(range) = list.next().ok()? {
                self.count_work(1)?;
                self.tree.ranges.push(range.begin..range.end);
            }
        } else {
            let address = |value| self.dwarf.sections.attr_address(unit, value).ok()?;
            let low = address(entry.attr_value(gimli::DW_AT_low_pc)?)?;
            let high = entry.attr_value(gimli::DW_AT_high_pc)?;
            let end = match high.udata_value() {
                Some(size) => low.checked_add(size)?,
                None => address(high)?,
            };
            self.tree.ranges.push(low..end);
        }
        Some(start..self.tree.ranges.len())
    }

    fn path(&mut self, unit: &Unit<Slice<'a>>, file: u64) -> Option<usize> {
        if let Some(known) = self.files.get(&file) {
            return *known;
        }
        let path = unit
            .line_program
            .as_ref()
            .and_then(|program| self.dwarf.path(unit, program.header(), file));
        let number = path.map(|path| {
            self.tree.paths.push(path);
            self.tree.paths.len() - 1
        });
        self.files.insert(file, number);
        number
    }

    /// Keeps the linker's name of a function, or else its own name. Follows references to the entry
    /// that has it.
    fn find_name(&mut self, entry: usize) -> Option<()> {
        if self.tree.names.contains_key(&entry) {
            return None;
        }
        let mut at = entry;
        for _ in 0..MAX_NAME_REFERENCES {
            let unit = self.unit(self.dwarf.unit_around(at)?)?;
            let offset = gimli::DebugInfoOffset(at).to_unit_offset(&unit.header)?;
            let found = unit.entry(offset).ok()?;
            self.count_work(found.attrs.len())?;
            let name = [
                gimli::DW_AT_linkage_name,
                gimli::DW_AT_MIPS_linkage_name,
                gimli::DW_AT_name,
            ]
            .into_iter()
            .find_map(|name| self.dwarf.string(&unit, found.attr_value(name)?));
            if let Some(name) = name {
                self.tree.names.insert(entry, name);
                break;
            }
            at = reference(&unit, &found, gimli::DW_AT_specification)
                .or_else(|| reference(&unit, &found, gimli::DW_AT_abstract_origin))?;
        }
        Some(())
    }

    fn unit(&mut self, number: usize) -> Option<Rc<Unit<Slice<'a>>>> {
        if let Some(unit) = self.units.get(&number) {
            return unit.clone();
        }
        let dwarf = self.dwarf;
        let open = || {
            let header = dwarf.header(number)?;
            let abbreviations = dwarf.abbreviations(&header)?;
            dwarf.unit(header, abbreviations)
        };
        self.count_work(WORK_TO_OPEN)?;
        let unit = open().map(Rc::new);
        let files = unit
            .as_ref()
            .and_then(|unit| Some(unit.line_program.as_ref()?.header().file_names().len()));
        self.units.insert(number, unit.clone());
        self.count_work(files.unwrap_or(0))?;
        unit
    }

    /// Counts work, and returns `None` when too much was done.
    fn count_work(&mut self, amount: usize) -> Option<()> {
        *self.work_left = self.work_left.checked_sub(amount.saturating_add(1))?;
        Some(())
    }
}

type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// Returns the entry to which an attribute refers, as an offset in `.debug_info`.
fn reference<'a>(unit: &Unit<Slice<'a>>, entry: &Entry<'a>, name: gimli::DwAt) -> Option<usize> {
    match entry.attr_value(name)? {
        AttributeValue::UnitRef(offset) => Some(offset.to_debug_info_offset(&unit.header)?.0),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0),
        _ => None,
    }
}
