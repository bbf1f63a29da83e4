//! The source line of each instruction, from the line tables of debug information.
//!
//! A linker that drops a function leaves its lines in the table. They begin at address 0 or at the
//! end of all addresses, and claim the instructions of other functions. So a sequence of lines is
//! trusted only if it is within the body of one function.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use gimli::{
    AttributeValue, IncompleteLineProgram, LineInstruction, LineRow, Reader as _, Section as _,
    Unit, UnitHeader,
};

use super::super::code_index::Bodies;
use super::dwarf::{Dwarf, Slice, SourcePath};

/// The largest number of rows that are kept, 12 bytes each. Instructions of later rows have no
/// source.
const MAX_ROWS: usize = 16 << 20;

/// The trusted rows of all line tables. Addresses count from the start of the code section's
/// contents.
#[derive(Debug, Default)]
pub(super) struct LineTable {
    rows: Vec<Row>,
    /// In the order of their first addresses.
    sequences: Vec<Sequence>,
    paths: Vec<SourcePath>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    address: u32,
    /// 0 if the instruction comes from no line.
    line: u32,
    path: u32,
}

#[derive(Debug)]
struct Sequence {
    start: u32,
    end: u32,
    rows: Range<usize>,
    unit: usize,
}

/// What is known of an address.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineInfo<'a> {
    /// The number of the unit that has it.
    pub unit: usize,
    /// The file and the line, from 1; `None` for an instruction that the compiler made up.
    pub line: Option<(&'a SourcePath, u32)>,
}

impl LineTable {
    /// Reads the line tables of all units.
    pub fn read(dwarf: &Dwarf<'_>, units: usize, bodies: &Bodies) -> Self {
        let mut reader = LineReader {
            dwarf,
            bodies,
            lines: LineTable::default(),
            numbers: HashMap::new(),
            seen: HashSet::new(),
            bytes_left: dwarf.sections.debug_line.reader().len().saturating_mul(2),
            is_assembled: false,
        };
        for unit in 0..units {
            reader.read_unit(unit);
        }
        let mut lines = reader.lines;
        lines
            .sequences
            .sort_by_key(|sequence| (sequence.start, sequence.end));
        lines
    }

    /// Returns what is known of an address.
    pub fn at(&self, address: u64) -> Option<LineInfo<'_>> {
        let address = u32::try_from(address).ok()?;
        let after = self
            .sequences
            .partition_point(|sequence| sequence.start <= address);
        let sequence = self
            .sequences
            .get(after.checked_sub(1)?)
            .filter(|sequence| address < sequence.end)?;
        let rows = self.rows.get(sequence.rows.clone())?;
        let row = rows.get(
            rows.partition_point(|row| row.address <= address)
                .checked_sub(1)?,
        )?;
        let path = self.paths.get(usize::try_from(row.path).ok()?);
        Some(LineInfo {
            unit: sequence.unit,
            line: path.filter(|_| row.line > 0).map(|path| (path, row.line)),
        })
    }
}

struct LineReader<'a, 'b> {
    dwarf: &'b Dwarf<'a>,
    bodies: &'b Bodies,
    lines: LineTable,
    /// By path, its number.
    numbers: HashMap<SourcePath, u32>,
    /// Where the programs begin that were read: several units may share one.
    seen: HashSet<usize>,
    /// How many bytes of programs may still be read. Those of an honest compiler do not overlap.
    bytes_left: usize,
    /// Whether the program that is read was written by the assembler of text modules.
    is_assembled: bool,
}

impl<'a> LineReader<'a, '_> {
    /// Reads the lines of a unit. Returns `None` if it has none that can be read.
    fn read_unit(&mut self, number: usize) -> Option<()> {
        let header = self.dwarf.header(number)?;
        let abbreviations = self.dwarf.abbreviations(&header)?;
        let (program, is_assembled) = self.root(&header, &abbreviations)?;
        if !self.seen.insert(program) {
            return None;
        }
        let unit = self.dwarf.unit(header, abbreviations)?;
        let program = unit.line_program.clone()?;
        self.bytes_left = self
            .bytes_left
            .checked_sub(program.header().unit_length())?;
        self.is_assembled = is_assembled;
        self.read_program(number, &unit, program)
    }

    fn read_program(
        &mut self,
        number: usize,
        unit: &Unit<Slice<'a>>,
        mut program: IncompleteLineProgram<Slice<'a>>,
    ) -> Option<()> {
        let last = u64::MAX
            .checked_shr(64 - 8 * u32::from(program.header().address_size().clamp(1, 8)))?;
        let mut instructions = program.header().instructions();
        let mut row = LineRow::new(program.header());
        // Paths by the unit's number of the file, and the rows of the current sequence.
        let mut files: HashMap<u64, u32> = HashMap::new();
        let mut rows: Vec<Row> = Vec::new();
        let mut is_dropped = false;
        while let Some(instruction) = instructions.next_instruction(program.header()).ok()? {
            match instruction {
                // For a dropped function, linkers write the end of all addresses, or an address
                // before the last one.
                LineInstruction::SetAddress(address) => {
                    is_dropped = address >= last.saturating_sub(1) || address < row.address();
                }
                // There is no such line, and its negation overflows.
                LineInstruction::AdvanceLine(i64::MIN) => return None,
                _ => {}
            }
            if !row.execute(instruction, &mut program).ok()? {
                continue;
            }
            if row.end_sequence() {
                if !is_dropped {
                    self.keep_if_trusted(number, &rows, row.address());
                }
                rows.clear();
                is_dropped = false;
            } else if !is_dropped && rows.len() < MAX_ROWS {
                let file = row.file_index();
                let path = *files
                    .entry(file)
                    .or_insert_with(|| self.path_number(unit, &program, file));
                let line = row
                    .line()
                    .map_or(0, |line| u32::try_from(line.get()).unwrap_or(0));
                rows.push(Row {
                    address: u32::try_from(row.address()).unwrap_or(0),
                    line,
                    path,
                });
            }
            row.reset(program.header());
        }
        Some(())
    }

    /// Keeps a sequence of rows if it is trusted.
    fn keep_if_trusted(&mut self, unit: usize, rows: &[Row], end: u64) -> Option<()> {
        let code = self.bodies.code_start();
        let first = rows.first()?.address;
        let shift = if self.is_assembled {
            self.address_shift(end)?
        } else {
            0
        };
        let start = first.checked_add(shift)?;
        let end = u32::try_from(end).ok()?.checked_add(shift)?;
        // No body begins at 0. So an address that was too large, and became 0, is not trusted
        // either.
        self.bodies
            .body_around(&(code.checked_add(start.into())?..code.checked_add(end.into())?))?;
        if !rows.is_sorted_by_key(|row| row.address)
            || self.lines.rows.len().saturating_add(rows.len()) > MAX_ROWS
        {
            return None;
        }
        let first_row = self.lines.rows.len();
        let mut before: Option<(u32, u32)> = None;
        for row in rows {
            if before != Some((row.line, row.path)) {
                self.lines.rows.push(Row {
                    address: row.address.checked_add(shift)?,
                    ..*row
                });
            }
            before = Some((row.line, row.path));
        }
        let rows = first_row..self.lines.rows.len();
        self.lines.sequences.push(Sequence {
            start,
            end,
            rows,
            unit,
        });
        Some(())
    }

    /// Returns what is to be added to the addresses of a text module's sequence, which ends where a
    /// body ends. The assembler of text modules counts from after the number of bodies, which is
    /// the first thing in the section; all others count from before it.
    fn address_shift(&self, end: u64) -> Option<u32> {
        let is_end = |shift: u32| {
            let end = self
                .bodies
                .code_start()
                .checked_add(end)?
                .checked_add(shift.into())?;
            let body = self.bodies.get(self.bodies.body_at(end.checked_sub(1)?)?)?;
            (body.end == end).then_some(shift)
        };
        is_end(self.bodies.count_length()).or_else(|| is_end(0))
    }

    /// Returns the number of a file's path, or one that no path has.
    fn path_number(
        &mut self,
        unit: &Unit<Slice<'a>>,
        program: &IncompleteLineProgram<Slice<'a>>,
        file: u64,
    ) -> u32 {
        let Some(path) = self.dwarf.path(unit, program.header(), file) else {
            return u32::MAX;
        };
        let next = u32::try_from(self.lines.paths.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(path).or_insert_with_key(|path| {
            self.lines.paths.push(path.clone());
            next
        })
    }

    /// Where a unit's line program begins, and whether the assembler of text modules wrote it.
    fn root(
        &self,
        header: &UnitHeader<Slice<'a>>,
        abbreviations: &gimli::Abbreviations,
    ) -> Option<(usize, bool)> {
        let mut entries = header.entries(abbreviations);
        entries.next_dfs().ok()?;
        let root = entries.current()?;
        let AttributeValue::DebugLineRef(program) = root.attr_value(gimli::DW_AT_stmt_list)? else {
            return None;
        };
        let producer = root.attr_value(gimli::DW_AT_producer);
        let producer =
            producer.and_then(|value| value.string_value(&self.dwarf.sections.debug_str));
        Some((
            program.0,
            producer.is_some_and(|producer| producer.slice().starts_with(b"wast ")),
        ))
    }
}
