//! Which line each instruction comes from, as the line tables say.
//!
//! A linker that drops a function leaves its lines in the table, beginning at address 0 or at the
//! very end of all addresses, where they claim the instructions of other functions. So a sequence
//! of lines is believed only where it lies, whole, in the body of one function.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use gimli::{
    AttributeValue, IncompleteLineProgram, LineInstruction, LineRow, Reader as _, Section as _,
    Unit, UnitHeader,
};

use super::super::code_index::Bodies;
use super::dwarf::{Dwarf, Slice, SourcePath};

/// Most rows that are kept: 12 bytes each. What comes after has no source.
const MOST_ROWS: usize = 16 << 20;

/// The believed rows of all line tables. Addresses count from the start of the code section's
/// contents.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rows: Vec<Row>,
    /// By their first address.
    sequences: Vec<Sequence>,
    paths: Vec<SourcePath>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    address: u32,
    /// 0 where the instruction comes from no line.
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

/// What is known of one address.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// The number of the unit that knows it.
    pub unit: usize,
    /// File and line, from 1; `None` for an instruction that the compiler made up.
    pub line: Option<(&'a SourcePath, u32)>,
}

impl Lines {
    pub fn read(dwarf: &Dwarf<'_>, units: usize, bodies: &Bodies) -> Self {
        let mut reader = Reader {
            dwarf,
            bodies,
            lines: Lines::default(),
            numbers: HashMap::new(),
            seen: HashSet::new(),
            room: dwarf.sections.debug_line.reader().len().saturating_mul(2),
            is_assembled: false,
        };
        for unit in 0..units {
            reader.take_unit(unit);
        }
        let mut lines = reader.lines;
        lines
            .sequences
            .sort_by_key(|sequence| (sequence.start, sequence.end));
        lines
    }

    pub fn at(&self, address: u64) -> Option<Known<'_>> {
        let address = u32::try_from(address).ok()?;
        let behind = self
            .sequences
            .partition_point(|sequence| sequence.start <= address);
        let sequence = self
            .sequences
            .get(behind.checked_sub(1)?)
            .filter(|sequence| address < sequence.end)?;
        let rows = self.rows.get(sequence.rows.clone())?;
        let row = rows.get(
            rows.partition_point(|row| row.address <= address)
                .checked_sub(1)?,
        )?;
        let path = self.paths.get(usize::try_from(row.path).ok()?);
        Some(Known {
            unit: sequence.unit,
            line: path.filter(|_| row.line > 0).map(|path| (path, row.line)),
        })
    }
}

struct Reader<'a, 'b> {
    dwarf: &'b Dwarf<'a>,
    bodies: &'b Bodies,
    lines: Lines,
    /// The paths' numbers.
    numbers: HashMap<SourcePath, u32>,
    /// Where programs that were read begin: several units may share one.
    seen: HashSet<usize>,
    /// How many bytes of programs may still be read. Honest ones do not overlap.
    room: usize,
    /// Whether the assembler of text modules wrote the program being read.
    is_assembled: bool,
}

impl<'a> Reader<'a, '_> {
    /// `None` where the unit has no lines, or none that can be read.
    fn take_unit(&mut self, number: usize) -> Option<()> {
        let header = self.dwarf.header(number)?;
        let abbreviations = self.dwarf.abbreviations(&header)?;
        let (program, is_assembled) = self.root(&header, &abbreviations)?;
        if !self.seen.insert(program) {
            return None;
        }
        let unit = self.dwarf.unit(header, abbreviations)?;
        let program = unit.line_program.clone()?;
        self.room = self.room.checked_sub(program.header().unit_length())?;
        self.is_assembled = is_assembled;
        self.take_program(number, &unit, program)
    }

    fn take_program(
        &mut self,
        number: usize,
        unit: &Unit<Slice<'a>>,
        mut program: IncompleteLineProgram<Slice<'a>>,
    ) -> Option<()> {
        let last = u64::MAX
            .checked_shr(64 - 8 * u32::from(program.header().address_size().clamp(1, 8)))?;
        let mut instructions = program.header().instructions();
        let mut row = LineRow::new(program.header());
        // Numbers of paths by those of the unit's files; and the rows of the sequence being read.
        let mut files: HashMap<u64, u32> = HashMap::new();
        let mut rows: Vec<Row> = Vec::new();
        let mut is_dropped = false;
        while let Some(instruction) = instructions.next_instruction(program.header()).ok()? {
            match instruction {
                // Where the linker writes the end of all addresses, and where it steps back to 0.
                LineInstruction::SetAddress(address) => {
                    is_dropped = address >= last.saturating_sub(1) || address < row.address();
                }
                // There is no such line, and its negation is no number either.
                LineInstruction::AdvanceLine(i64::MIN) => return None,
                _ => {}
            }
            if !row.execute(instruction, &mut program).ok()? {
                continue;
            }
            if row.end_sequence() {
                if !is_dropped {
                    self.keep(number, &rows, row.address());
                }
                rows.clear();
                is_dropped = false;
            } else if !is_dropped && rows.len() < MOST_ROWS {
                let file = row.file_index();
                let path = *files
                    .entry(file)
                    .or_insert_with(|| self.number(unit, &program, file));
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

    /// Keeps a sequence of rows that is believed.
    fn keep(&mut self, unit: usize, rows: &[Row], end: u64) -> Option<()> {
        let code = self.bodies.code();
        let first = rows.first()?.address;
        let shift = if self.is_assembled {
            self.shift(end)?
        } else {
            0
        };
        let start = first.checked_add(shift)?;
        let end = u32::try_from(end).ok()?.checked_add(shift)?;
        // No body begins at 0, so the address of a row that had too large a one is not believed
        // either.
        self.bodies
            .around(&(code.checked_add(start.into())?..code.checked_add(end.into())?))?;
        if !rows.is_sorted_by_key(|row| row.address)
            || self.lines.rows.len().saturating_add(rows.len()) > MOST_ROWS
        {
            return None;
        }
        let kept = self.lines.rows.len();
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
        let rows = kept..self.lines.rows.len();
        self.lines.sequences.push(Sequence {
            start,
            end,
            rows,
            unit,
        });
        Some(())
    }

    /// What to add to the addresses of a text module's sequence, which covers a body to its end.
    /// The assembler counts from behind the number of bodies, which is the first thing in the
    /// section, where all others begin in front of it.
    fn shift(&self, end: u64) -> Option<u32> {
        let is_end = |shift: u32| {
            let end = self
                .bodies
                .code()
                .checked_add(end)?
                .checked_add(shift.into())?;
            let body = self.bodies.get(self.bodies.at(end.checked_sub(1)?)?)?;
            (body.end == end).then_some(shift)
        };
        is_end(self.bodies.count_length()).or_else(|| is_end(0))
    }

    /// The number of a file's path, or one that no path has.
    fn number(
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
