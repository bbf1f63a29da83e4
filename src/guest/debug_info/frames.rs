//! Which functions the compiler inlined at an instruction, as the debug information's tree of
//! functions says.
//!
//! A unit's tree is read once, when the first instruction of one of its functions is asked for. As
//! with lines, only functions that lie in one body of the module are believed.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use gimli::{AttributeValue, DebuggingInformationEntry, Unit};

use super::super::code_index::Bodies;
use super::dwarf::{Dwarf, Slice, SourcePath};
use super::names;

/// How many attributes and ranges may be read in all, for each byte of debug information. Compilers
/// write less than one.
const WORK_PER_BYTE: usize = 4;

/// What opening a unit counts, besides its files.
const WORK_TO_OPEN: usize = 100;

/// How often a function's name may be looked for somewhere else.
const LONGEST_CHAIN: usize = 8;

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Frames {
    units: HashMap<usize, Arc<Tree>>,
    /// By the offset of the function's entry.
    names: HashMap<usize, Arc<str>>,
    work_left: usize,
}

/// An inlined function, or the one that is really in the module.
#[derive(Debug)]
pub(super) struct Call {
    pub function: Arc<str>,
    /// Where it was called; `None` for the one that is really in the module.
    pub from: Option<(SourcePath, u32)>,
}

/// The functions of one unit.
#[derive(Debug, Default)]
struct Tree {
    /// By the number of the body.
    functions: HashMap<usize, Function>,
    ranges: Vec<Range<u64>>,
    paths: Vec<SourcePath>,
    /// By the offset of the function's entry, as linkers know them.
    names: HashMap<usize, String>,
}

#[derive(Debug)]
struct Function {
    entry: usize,
    /// In the order of the tree: a function comes behind the one it was inlined into.
    inlined: Vec<Inlined>,
}

#[derive(Debug)]
struct Inlined {
    /// The entry that tells its name.
    origin: usize,
    /// The number of the one it was inlined into; `None` for the function itself.
    into: Option<usize>,
    /// In the tree's ranges.
    ranges: Range<usize>,
    /// The number of the path and the line.
    from: Option<(usize, u32)>,
}

impl Frames {
    /// `size` is how many bytes of debug information there are.
    pub fn new(size: usize) -> Self {
        let work_left = size.saturating_mul(WORK_PER_BYTE).saturating_add(10_000);
        Frames {
            units: HashMap::new(),
            names: HashMap::new(),
            work_left,
        }
    }

    /// The functions at an address, innermost first, the last being the one in the module. Empty
    /// where none is inlined. `open` is called only where the unit was not read before.
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
                let mut reader = Reader {
                    dwarf: &dwarf,
                    bodies,
                    tree: Tree::default(),
                    units: HashMap::new(),
                    files: HashMap::new(),
                    work_left: &mut self.work_left,
                };
                // What was read before it made no sense is kept.
                reader.take_unit(unit);
                let tree = Arc::new(reader.tree);
                self.units.insert(unit, tree.clone());
                tree
            }
        };
        let body = bodies.at(bodies.code().saturating_add(address));
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
            Some(name) => names::readable(name).into(),
            None => "a function without a name".into(),
        };
        self.names.entry(entry).or_insert_with(make).clone()
    }
}

impl Tree {
    /// The inlined functions at an address, outermost first.
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

struct Reader<'a, 'b> {
    dwarf: &'b Dwarf<'a>,
    bodies: &'b Bodies,
    tree: Tree,
    /// The unit that is read, and those it refers to.
    units: HashMap<usize, Option<Rc<Unit<Slice<'a>>>>>,
    /// The numbers of paths, by those of the unit's files.
    files: HashMap<u64, Option<usize>>,
    work_left: &'b mut usize,
}

/// A function that other entries stand in, at a depth of the tree.
struct Scope {
    depth: isize,
    /// `None` where it is not believed: what was inlined there is not either.
    body: Option<usize>,
    inlined: Option<usize>,
}

impl<'a> Reader<'a, '_> {
    /// `None` where the rest of the unit makes no sense.
    fn take_unit(&mut self, number: usize) -> Option<()> {
        let unit = self.unit(number)?;
        let mut scopes: Vec<Scope> = Vec::new();
        let mut entries = unit.header.entries_raw(&unit.abbreviations, None).ok()?;
        let mut entry = DebuggingInformationEntry::null();
        while !entries.is_empty() {
            let depth = entries.next_depth();
            entry.offset = entries.next_offset();
            while scopes.pop_if(|scope| scope.depth >= depth).is_some() {}
            let Some(kind) = entries.read_abbreviation().ok()? else {
                continue;
            };
            // Attributes may take no bytes at all, so they are counted, not what they take.
            self.work(kind.attributes().len())?;
            let take = match kind.tag() {
                gimli::DW_TAG_subprogram => Self::take_function,
                gimli::DW_TAG_inlined_subroutine => Self::take_inlined,
                _ => {
                    entries.skip_attributes(kind.attributes()).ok()?;
                    continue;
                }
            };
            entries
                .read_attributes(kind.attributes(), &mut entry.attrs)
                .ok()?;
            let (body, inlined) = take(self, &unit, &entry, scopes.last()).unzip();
            scopes.push(Scope {
                depth,
                body,
                inlined: inlined.flatten(),
            });
        }
        Some(())
    }

    /// The function's body, where it is believed.
    fn take_function(
        &mut self,
        unit: &Unit<Slice<'a>>,
        entry: &Entry<'a>,
        _: Option<&Scope>,
    ) -> Option<(usize, Option<usize>)> {
        let ranges = self.ranges(unit, entry)?;
        let code = self.bodies.code();
        let [range] = self.tree.ranges.get(ranges)? else {
            return None;
        };
        let body = self
            .bodies
            .around(&(code.checked_add(range.start)?..code.checked_add(range.end)?))?;
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

    /// The body it was inlined into, and its number there.
    fn take_inlined(
        &mut self,
        unit: &Unit<Slice<'a>>,
        entry: &Entry<'a>,
        scope: Option<&Scope>,
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

    /// Where in the tree's ranges those of an entry are.
    fn ranges(&mut self, unit: &Unit<Slice<'a>>, entry: &Entry<'a>) -> Option<Range<usize>> {
        let start = self.tree.ranges.len();
        if let Some(list) = entry.attr_value(gimli::DW_AT_ranges) {
            let mut list = self.dwarf.sections.attr_ranges(unit, list).ok()??;
            while let Some(range) = list.next().ok()? {
                self.work(1)?;
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

    /// Notes what linkers call a function, else what it calls itself, following its entry to where
    /// that stands.
    fn find_name(&mut self, entry: usize) -> Option<()> {
        if self.tree.names.contains_key(&entry) {
            return None;
        }
        let mut at = entry;
        for _ in 0..LONGEST_CHAIN {
            let unit = self.unit(self.dwarf.unit_around(at)?)?;
            let offset = gimli::DebugInfoOffset(at).to_unit_offset(&unit.header)?;
            let found = unit.entry(offset).ok()?;
            self.work(found.attrs.len())?;
            let name = [
                gimli::DW_AT_linkage_name,
                gimli::DW_AT_MIPS_linkage_name,
                gimli::DW_AT_name,
            ]
            .into_iter()
            .find_map(|name| self.dwarf.text(&unit, found.attr_value(name)?));
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
        self.work(WORK_TO_OPEN)?;
        let unit = open().map(Rc::new);
        let files = unit
            .as_ref()
            .and_then(|unit| Some(unit.line_program.as_ref()?.header().file_names().len()));
        self.units.insert(number, unit.clone());
        self.work(files.unwrap_or(0))?;
        unit
    }

    fn work(&mut self, amount: usize) -> Option<()> {
        *self.work_left = self.work_left.checked_sub(amount.saturating_add(1))?;
        Some(())
    }
}

type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// The entry that an attribute refers to, as an offset in `.debug_info`.
fn reference<'a>(unit: &Unit<Slice<'a>>, entry: &Entry<'a>, name: gimli::DwAt) -> Option<usize> {
    match entry.attr_value(name)? {
        AttributeValue::UnitRef(offset) => Some(offset.to_debug_info_offset(&unit.header)?.0),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0),
        _ => None,
    }
}
