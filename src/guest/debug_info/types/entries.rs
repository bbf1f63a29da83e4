//! Single entries of `.debug_info`: found by their offset, with their children and attributes.
//!
//! All reading counts against one budget, so that invalid tables which refer to themselves or
//! repeat without end are given up.

use std::collections::HashMap;
use std::rc::Rc;

use gimli::{AttributeValue, DebugInfoOffset, DebuggingInformationEntry, DwAt, DwTag, Unit};

use super::super::dwarf::{Dwarf, Slice};
use super::Language;

/// The longest name that is read, in bytes.
pub(super) const MAX_NAME: usize = 4096;

/// How much work it counts to open a unit.
const WORK_TO_OPEN: usize = 100;

/// How many references are followed to find the name of an entry.
const MAX_REFERENCES: usize = 8;

/// A unit that is open.
pub(super) struct OpenUnit<'a> {
    pub unit: Unit<Slice<'a>>,
    pub language: Language,
}

/// One entry.
pub(super) struct Entry<'a> {
    /// Its offset in `.debug_info`.
    pub at: usize,
    pub unit: Rc<OpenUnit<'a>>,
    pub inner: DebuggingInformationEntry<Slice<'a>>,
}

/// Reads entries in any order.
pub(super) struct Entries<'a, 'b> {
    dwarf: &'b Dwarf<'a>,
    units: HashMap<usize, Option<Rc<OpenUnit<'a>>>>,
    work_left: usize,
}

impl<'a, 'b> Entries<'a, 'b> {
    /// `work` is how many attributes are read at most.
    pub fn new(dwarf: &'b Dwarf<'a>, work: usize) -> Self {
        Entries {
            dwarf,
            units: HashMap::new(),
            work_left: work,
        }
    }

    /// Counts work, and returns `None` when too much was done.
    pub fn count_work(&mut self, amount: usize) -> Option<()> {
        self.work_left = self.work_left.checked_sub(amount.saturating_add(1))?;
        Some(())
    }

    /// Returns the sections.
    pub fn sections(&self) -> &'b gimli::Dwarf<Slice<'a>> {
        &self.dwarf.sections
    }

    /// Opens a unit by its number.
    pub fn unit(&mut self, number: usize) -> Option<Rc<OpenUnit<'a>>> {
        if let Some(unit) = self.units.get(&number) {
            return unit.clone();
        }
        self.count_work(WORK_TO_OPEN)?;
        let unit = open(self.dwarf, number).map(Rc::new);
        let files = unit
            .as_ref()
            .and_then(|unit| Some(unit.unit.line_program.as_ref()?.header().file_names().len()));
        self.units.insert(number, unit.clone());
        self.count_work(files.unwrap_or(0))?;
        unit
    }

    /// Forgets a unit that is not read again soon.
    pub fn close(&mut self, number: usize) {
        self.units.remove(&number);
    }

    /// Returns the entry at an offset in `.debug_info`.
    pub fn entry(&mut self, at: usize) -> Option<Entry<'a>> {
        let unit = self.unit(self.dwarf.unit_around(at)?)?;
        let offset = DebugInfoOffset(at).to_unit_offset(&unit.unit.header)?;
        let inner = unit.unit.entry(offset).ok()?;
        self.count_work(inner.attrs.len())?;
        Some(Entry { at, unit, inner })
    }

    /// Returns the entries directly below one, in order.
    pub fn children(&mut self, of: &Entry<'a>) -> Vec<Entry<'a>> {
        let mut children = Vec::new();
        // If the unit becomes invalid halfway, what was read before that is used.
        let _ = self.read_children(of, &mut children);
        children
    }

    fn read_children(&mut self, of: &Entry<'a>, children: &mut Vec<Entry<'a>>) -> Option<()> {
        let unit = &of.unit.unit;
        let mut entries = unit
            .header
            .entries_raw(&unit.abbreviations, Some(of.inner.offset))
            .ok()?;
        let mut is_first = true;
        while !entries.is_empty() {
            let depth = entries.next_depth();
            let offset = entries.next_offset();
            if depth <= 0 && !is_first {
                break;
            }
            let Some(kind) = entries.read_abbreviation().ok()? else {
                self.count_work(0)?;
                continue;
            };
            self.count_work(kind.attributes().len())?;
            if depth != 1 {
                entries.skip_attributes(kind.attributes()).ok()?;
                if is_first && !kind.has_children() {
                    break;
                }
                is_first = false;
                continue;
            }
            let mut inner = DebuggingInformationEntry::null();
            inner.tag = kind.tag();
            inner.has_children = kind.has_children();
            inner.offset = offset;
            entries
                .read_attributes(kind.attributes(), &mut inner.attrs)
                .ok()?;
            children.push(Entry {
                at: offset.to_debug_info_offset(&unit.header)?.0,
                unit: Rc::clone(&of.unit),
                inner,
            });
        }
        Some(())
    }

    /// Returns the text that an attribute has.
    pub fn text(
        &mut self,
        unit: &Unit<Slice<'a>>,
        value: AttributeValue<Slice<'a>>,
    ) -> Option<&'a [u8]> {
        let text = bounded_text(self.dwarf, unit, value)?;
        // A long text may be referred to from everywhere.
        self.count_work(text.len() / 16)?;
        Some(text)
    }

    /// Returns the entry's own name.
    pub fn name(&mut self, entry: &Entry<'a>) -> Option<String> {
        let value = entry.inner.attr_value(gimli::DW_AT_name)?;
        let text = self.text(&entry.unit.unit, value)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Returns the value of an attribute of an entry, or of the entry that it completes.
    pub fn inherited(
        &mut self,
        entry: &Entry<'a>,
        name: DwAt,
    ) -> Option<(Rc<OpenUnit<'a>>, AttributeValue<Slice<'a>>)> {
        if let Some(value) = entry.inner.attr_value(name) {
            return Some((Rc::clone(&entry.unit), value));
        }
        let mut at = completed(entry)?;
        for _ in 0..MAX_REFERENCES {
            let next = self.entry(at)?;
            if let Some(value) = next.inner.attr_value(name) {
                return Some((next.unit, value));
            }
            at = completed(&next)?;
        }
        None
    }

    /// Returns the name of an entry, or of the entry that it completes.
    pub fn inherited_name(&mut self, entry: &Entry<'a>) -> Option<String> {
        let (unit, value) = self.inherited(entry, gimli::DW_AT_name)?;
        let text = self.text(&unit.unit, value)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

impl<'a> Entry<'a> {
    /// Returns what it is.
    pub fn tag(&self) -> DwTag {
        self.inner.tag
    }

    /// Returns an unsigned number that an attribute has.
    pub fn number(&self, name: DwAt) -> Option<u64> {
        self.inner.attr_value(name)?.udata_value()
    }

    /// Returns whether an attribute is present, and not false.
    pub fn has(&self, name: DwAt) -> bool {
        match self.inner.attr_value(name) {
            Some(AttributeValue::Flag(flag)) => flag,
            value => value.is_some(),
        }
    }

    /// Returns the offset in `.debug_info` of the entry to which an attribute refers.
    pub fn reference(&self, name: DwAt) -> Option<usize> {
        self.referred(self.inner.attr_value(name)?)
    }

    /// Returns how many elements it has as a dimension of an array; 0 if that is not a constant.
    pub fn element_count(&self) -> u64 {
        // Some compilers write -1 for an array without a length.
        let is_unsized = |bound: u64| bound >= u64::from(u32::MAX);
        if let Some(count) = self.number(gimli::DW_AT_count) {
            return if is_unsized(count) { 0 } else { count };
        }
        let upper = self.number(gimli::DW_AT_upper_bound);
        let Some(upper) = upper.filter(|upper| !is_unsized(*upper)) else {
            return 0;
        };
        let lower = self.number(gimli::DW_AT_lower_bound).unwrap_or(0);
        upper.saturating_sub(lower).saturating_add(1)
    }

    fn referred(&self, value: AttributeValue<Slice<'a>>) -> Option<usize> {
        reference(&self.unit.unit, value)
    }
}

/// Returns the offset in `.debug_info` of the entry to which a value refers.
pub(super) fn reference<'a>(
    unit: &Unit<Slice<'a>>,
    value: AttributeValue<Slice<'a>>,
) -> Option<usize> {
    match value {
        AttributeValue::UnitRef(offset) => Some(offset.to_debug_info_offset(&unit.header)?.0),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0),
        _ => None,
    }
}

/// Returns the entry that declares what this one defines, or that it is a copy of.
fn completed(entry: &Entry<'_>) -> Option<usize> {
    entry
        .reference(gimli::DW_AT_specification)
        .or_else(|| entry.reference(gimli::DW_AT_abstract_origin))
}

fn open<'a>(dwarf: &Dwarf<'a>, number: usize) -> Option<OpenUnit<'a>> {
    let header = dwarf.header(number)?;
    let abbreviations = dwarf.abbreviations(&header)?;
    let unit = dwarf.unit(header, abbreviations)?;
    let language = language_of(dwarf, &unit);
    Some(OpenUnit { unit, language })
}

/// Returns the language of a unit. Some compilers call theirs C, as theirs had no number of its
/// own.
fn language_of<'a>(dwarf: &Dwarf<'a>, unit: &Unit<Slice<'a>>) -> Language {
    let root = || {
        let mut entries = unit.entries_raw(None).ok()?;
        let mut root = DebuggingInformationEntry::null();
        entries.read_entry(&mut root).ok()?;
        Some(root)
    };
    let Some(root) = root() else {
        return Language::Other;
    };
    let producer = root
        .attr_value(gimli::DW_AT_producer)
        .and_then(|value| bounded_text(dwarf, unit, value))
        .unwrap_or_default();
    if producer.starts_with(b"zig") {
        return Language::Zig;
    }
    // The assembler of the text format calls its functions C, and knows no types.
    if producer.starts_with(b"wast ") || producer.is_empty() {
        return Language::Other;
    }
    match root.attr_value(gimli::DW_AT_language) {
        Some(AttributeValue::Language(language)) => match language {
            gimli::DW_LANG_Rust => Language::Rust,
            gimli::DW_LANG_Go => Language::Go,
            gimli::DW_LANG_Zig => Language::Zig,
            gimli::DW_LANG_C
            | gimli::DW_LANG_C89
            | gimli::DW_LANG_C99
            | gimli::DW_LANG_C11
            | gimli::DW_LANG_C17 => Language::C,
            gimli::DW_LANG_C_plus_plus
            | gimli::DW_LANG_C_plus_plus_03
            | gimli::DW_LANG_C_plus_plus_11
            | gimli::DW_LANG_C_plus_plus_14
            | gimli::DW_LANG_C_plus_plus_17
            | gimli::DW_LANG_C_plus_plus_20 => Language::Cpp,
            _ => Language::Other,
        },
        _ => Language::Other,
    }
}

/// Returns a text of at most [`MAX_NAME`] bytes. The end of a longer one is not searched for.
fn bounded_text<'a>(
    dwarf: &Dwarf<'a>,
    unit: &Unit<Slice<'a>>,
    value: AttributeValue<Slice<'a>>,
) -> Option<&'a [u8]> {
    use gimli::Section as _;
    let sections = &dwarf.sections;
    let (section, offset) = match value {
        AttributeValue::String(text) => {
            let text = text.slice();
            return (text.len() <= MAX_NAME).then_some(text);
        }
        AttributeValue::DebugStrRef(offset) => (sections.debug_str.reader().slice(), offset.0),
        AttributeValue::DebugLineStrRef(offset) => {
            (sections.debug_line_str.reader().slice(), offset.0)
        }
        AttributeValue::DebugStrOffsetsIndex(index) => (
            sections.debug_str.reader().slice(),
            sections.string_offset(unit, index).ok()?.0,
        ),
        _ => return None,
    };
    let rest = section.get(offset..)?;
    let rest = rest.get(..rest.len().min(MAX_NAME + 1))?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    rest.get(..end)
}
