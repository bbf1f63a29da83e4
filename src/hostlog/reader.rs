//! Reads a recording line by line. A recording may be hostile: every size is limited before memory is
//! taken for it, and every number is checked against what earlier lines define.

use std::io::{BufRead, Read};
use std::sync::Arc;

use serde_json::Value as Json;

use super::error::{ReadError, ReadProblem};
use super::fields::Fields;
use super::{
    Crossed, Entry, Event, FORMAT, Function, FunctionPlace, Given, GivenItem, GlobalPlace, HostLog,
    Instance,
};
use crate::safe;
use crate::source::HostPlace;
use crate::value::Value;

/// How large a recording may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest line, in bytes.
    pub line: u64,
    /// The longest file, in bytes.
    pub file: u64,
    /// The most lines.
    pub lines: u64,
    /// The most values in all lines: each takes many times the memory that it takes in the file.
    pub values: u64,
    /// The most values in one line.
    pub line_values: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 384 << 20,
            file: 2 << 30,
            lines: 8_000_000,
            values: 64 << 20,
            line_values: 4 << 20,
        }
    }
}

/// How many calls can be inside each other.
const MAX_NESTING: usize = 10_000;

/// Reads a recording. A last line that was cut is left out, and is no error.
///
/// # Errors
/// The file cannot be read, is longer than the limits, or has a line that the format does not allow.
pub fn read(from: impl BufRead, limits: &Limits) -> Result<HostLog, ReadError> {
    let mut reader = Reader::default();
    let mut from = from.take(limits.file.saturating_add(1));
    let (mut number, mut total, mut values) = (0, 0_u64, 0_u64);
    loop {
        let failed = |problem: ReadProblem| ReadError {
            line: number + 1,
            problem,
        };
        let mut text = Vec::new();
        let length = (&mut from)
            .take(limits.line.saturating_add(1))
            .read_until(b'\n', &mut text)
            .map_err(|error| failed(error.into()))? as u64;
        if length == 0 {
            break;
        }
        total = total.saturating_add(length);
        let too_much = |limit, what| failed(ReadProblem::TooMuch { limit, what });
        if total > limits.file {
            return Err(too_much(limits.file, "bytes"));
        }
        if length > limits.line {
            return Err(failed(ReadProblem::LineTooLong(limits.line)));
        }
        if number >= limits.lines {
            return Err(too_much(limits.lines, "lines"));
        }
        // Values are separated by commas. Those in text count too, which no recorder makes many of.
        let here = text.iter().filter(|byte| **byte == b',').count() as u64;
        values = values.saturating_add(here);
        if here > limits.line_values {
            return Err(too_much(limits.line_values, "values in a line"));
        }
        if values > limits.values {
            return Err(too_much(limits.values, "values"));
        }
        let is_whole = text.last() == Some(&b'\n');
        let read = reader.line(number, &text);
        if read.is_err() && !is_whole && number > 0 {
            reader.log.is_cut = true;
            break;
        }
        read.map_err(failed)?;
        number += 1;
    }
    if number == 0 {
        return Err(ReadError {
            line: 1,
            problem: ReadProblem::NotARecording,
        });
    }
    Ok(reader.log)
}

/// What is open at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Call,
    Import,
    Instance(u32),
}

#[derive(Default)]
struct Reader {
    log: HostLog,
    places: Vec<Arc<HostPlace>>,
    memories: u32,
    tables: u32,
    open: Vec<Open>,
}

/// The keys that decide what a line is.
pub(super) const KINDS: [&str; 20] = [
    "place",
    "function",
    "call",
    "return",
    "throw",
    "import",
    "answer",
    "fail",
    "memory",
    "wrote",
    "detached",
    "grow",
    "module",
    "instance",
    "created",
    "set",
    "set_table",
    "grow_table",
    "table",
    "end",
];

impl Reader {
    fn line(&mut self, number: u64, text: &[u8]) -> Result<(), ReadProblem> {
        let parsed: Result<Json, _> = serde_json::from_slice(text);
        if number == 0 {
            return self.first(parsed.ok());
        }
        let object = match parsed {
            Ok(Json::Object(object)) => Fields(object),
            Ok(_) => return Err(ReadProblem::Json("this is another value".into())),
            Err(error) => return Err(ReadProblem::Json(safe::plain(&error.to_string()))),
        };
        let event = self.read(&object)?;
        if let Some(event) = event {
            let line = number + 1;
            self.log.entries.push(Entry { line, event });
        }
        Ok(())
    }

    fn first(&mut self, parsed: Option<Json>) -> Result<(), ReadProblem> {
        let object = parsed.as_ref().and_then(Json::as_object);
        let format = object.and_then(|object| object.get("format")?.as_str());
        match format {
            Some(FORMAT) => {}
            Some(other) if other.starts_with("linmem.host/") => {
                return Err(ReadProblem::Version(other.to_owned()));
            }
            _ => return Err(ReadProblem::NotARecording),
        }
        let recorder = object.and_then(|object| object.get("recorder")?.as_str());
        self.log.recorder = safe::cut(recorder.unwrap_or_default(), 200);
        Ok(())
    }

    /// Reads a line. Returns `None` for one that only defines something.
    fn read(&mut self, line: &Fields) -> Result<Option<Event>, ReadProblem> {
        if line.has("place") {
            return self.place(line).map(|()| None);
        }
        if line.has("call") || line.has("return") || line.has("throw") {
            return self.call_or_end(line).map(Some);
        }
        if line.has("answer") || line.has("fail") {
            return self.end_of_import(line).map(Some);
        }
        if ["memory", "wrote", "detached", "grow"]
            .iter()
            .any(|key| line.has(key))
        {
            return self.memory(line).map(Some);
        }
        if line.has("module") && line.has("bytes") {
            let next = self.log.modules.len() as u64;
            in_order("module", next, line.number("module")?)?;
            self.log.modules.push(line.bytes("bytes")?);
            return Ok(None);
        }
        if line.has("set") || line.has("set_table") || line.has("grow_table") {
            return self.host_change(line).map(Some);
        }
        if line.has("function") {
            return self.function(line).map(|()| None);
        }
        if line.has("import") {
            return self.import(line).map(Some);
        }
        if line.has("instance") || line.has("created") {
            return self.instance(line).map(Some);
        }
        if line.has("table") {
            in_order("table", self.tables.into(), line.number("table")?)?;
            self.tables = self.tables.saturating_add(1);
            return Ok(None);
        }
        if line.has("end") {
            return Ok(Some(Event::End {
                reason: safe::cut(line.text("end")?, 200),
                status: line.optional_index("status")?,
            }));
        }
        let mut keys: Vec<String> = line
            .0
            .keys()
            .take(5)
            .map(|key| safe::quoted(key, 40))
            .collect();
        if keys.is_empty() {
            keys.push(format!("none; a line has one of {}", KINDS.join(", ")));
        }
        Err(ReadProblem::UnknownLine(keys.join(", ")))
    }

    fn place(&mut self, line: &Fields) -> Result<(), ReadProblem> {
        in_order("place", self.places.len() as u64, line.number("place")?)?;
        let from = match line.has("from") {
            true => self.at(line, "from")?,
            false => None,
        };
        let mut lines = Vec::new();
        if line.has("lines") {
            let list = line.list("lines")?;
            lines.extend(
                list.iter()
                    .take(20)
                    .filter_map(Json::as_str)
                    .map(|line| safe::cut(line, 400)),
            );
        }
        self.places.push(Arc::new(HostPlace {
            file: safe::cut(line.text("file")?, 1000),
            line: line.index("line")?,
            column: line.optional_index("column")?.unwrap_or_default(),
            function: match line.has("function") {
                true => Some(safe::cut(line.text("function")?, 200)),
                false => None,
            },
            first: line.optional_index("first")?.unwrap_or_default(),
            lines,
            from,
        }));
        Ok(())
    }

    fn at(&self, line: &Fields, key: &'static str) -> Result<Option<Arc<HostPlace>>, ReadProblem> {
        let Some(number) = line.optional_index(key)? else {
            return Ok(None);
        };
        let place = self.places.get(number as usize).cloned();
        place.map(Some).ok_or_else(|| undefined("place", number))
    }

    fn call_or_end(&mut self, line: &Fields) -> Result<Event, ReadProblem> {
        if line.has("call") {
            let function = line.index("call")?;
            self.crossed_at(function, false)?;
            if self.open.last() == Some(&Open::Call) {
                return Err(nesting(
                    "a call",
                    "the guest is running, so only it can call",
                ));
            }
            self.push(Open::Call)?;
            return Ok(Event::Call {
                function,
                args: line.values("args")?,
                at: self.at(line, "at")?,
            });
        }
        if self.open.pop() != Some(Open::Call) {
            return Err(nesting("the end of a call", "no guest is running"));
        }
        match line.has("return") {
            true => line.values("return").map(Event::Return),
            false => line.thrown("throw").map(Event::Throw),
        }
    }

    fn import(&mut self, line: &Fields) -> Result<Event, ReadProblem> {
        let function = line.index("import")?;
        self.crossed_at(function, true)?;
        if matches!(self.open.last(), None | Some(Open::Import)) {
            return Err(nesting("a call of an import", "no guest is running"));
        }
        self.push(Open::Import)?;
        let args = line.values("args")?;
        Ok(Event::Import { function, args })
    }

    fn end_of_import(&mut self, line: &Fields) -> Result<Event, ReadProblem> {
        if self.open.pop() != Some(Open::Import) {
            return Err(nesting(
                "the end of a call of an import",
                "no import is running",
            ));
        }
        match line.has("answer") {
            true => line.values("answer").map(Event::Answer),
            false => line.thrown("fail").map(Event::Fail),
        }
    }

    fn push(&mut self, open: Open) -> Result<(), ReadProblem> {
        if self.open.len() >= MAX_NESTING {
            return Err(ReadProblem::TooMuch {
                limit: MAX_NESTING as u64,
                what: "calls inside each other",
            });
        }
        self.open.push(open);
        Ok(())
    }

    /// Checks the function of a crossing, and counts the crossing.
    fn crossed_at(&mut self, number: u32, is_import: bool) -> Result<(), ReadProblem> {
        let function = self.log.functions.get(number as usize);
        let function = function.ok_or_else(|| undefined("function", number))?;
        if matches!(function.place, FunctionPlace::Import(_)) != is_import {
            let expected = match is_import {
                true => "the function is not an import",
                false => "the function is an import",
            };
            return Err(nesting("this function", expected));
        }
        if let Some(instance) = self.log.instances.get_mut(function.instance as usize) {
            instance.crossings = instance.crossings.saturating_add(1);
        }
        Ok(())
    }

    fn memory(&mut self, line: &Fields) -> Result<Event, ReadProblem> {
        if line.has("wrote") {
            return Ok(Event::Wrote {
                memory: self.known_memory(line.index("wrote")?)?,
                address: line.number("address")?,
                length: line.number("length")?,
                at: self.at(line, "at")?,
            });
        }
        if line.has("detached") {
            return Ok(Event::Detached {
                memory: self.known_memory(line.index("detached")?)?,
                method: safe::cut(line.text("method")?, 60),
                at: self.at(line, "at")?,
            });
        }
        if line.has("grow") {
            return Ok(Event::Grow {
                memory: self.known_memory(line.index("grow")?)?,
                by: line.number("by")?,
                at: self.at(line, "at")?,
            });
        }
        let memory = line.index("memory")?;
        if line.has("writes") {
            return Ok(Event::Changed {
                memory: self.known_memory(memory)?,
                writes: line.writes("writes")?,
                since: match line.has("since") {
                    true => Some(line.number("since")?),
                    false => None,
                },
                is_full: line.flag("full"),
            });
        }
        if line.has("left") {
            return Ok(Event::Left {
                memory: self.known_memory(memory)?,
                spans: line.spans("left")?,
            });
        }
        if memory >= self.memories {
            in_order("memory", self.memories.into(), memory.into())?;
            self.memories = self.memories.saturating_add(1);
        }
        Ok(Event::Memory {
            memory,
            pages: line.number("pages")?,
            is_shared: line.flag("shared"),
        })
    }

    fn known_memory(&self, memory: u32) -> Result<u32, ReadProblem> {
        match memory < self.memories {
            true => Ok(memory),
            false => Err(undefined("memory", memory)),
        }
    }

    fn known_table(&self, table: u32) -> Result<u32, ReadProblem> {
        match table < self.tables {
            true => Ok(table),
            false => Err(undefined("table", table)),
        }
    }

    fn known_instance(&self, instance: u32) -> Result<u32, ReadProblem> {
        match (instance as usize) < self.log.instances.len() {
            true => Ok(instance),
            false => Err(undefined("instance", instance)),
        }
    }

    fn host_change(&self, line: &Fields) -> Result<Event, ReadProblem> {
        if line.has("set_table") {
            return Ok(Event::SetTable {
                table: self.known_table(line.index("set_table")?)?,
                index: line.index("index")?,
                element: element(line)?,
                at: self.at(line, "at")?,
            });
        }
        if line.has("grow_table") {
            return Ok(Event::GrowTable {
                table: self.known_table(line.index("grow_table")?)?,
                before: line.number("before")?,
                by: line.number("by")?,
                element: element(line)?,
                at: self.at(line, "at")?,
            });
        }
        Ok(Event::SetGlobal {
            instance: self.known_instance(line.index("instance")?)?,
            global: match line.has("export") {
                true => GlobalPlace::Export(line.text("export")?.to_owned()),
                false => GlobalPlace::Import(line.import("import")?),
            },
            value: line.value("set")?,
            at: self.at(line, "at")?,
        })
    }

    fn function(&mut self, line: &Fields) -> Result<(), ReadProblem> {
        let next = self.log.functions.len() as u64;
        in_order("function", next, line.number("function")?)?;
        let place = if line.has("export") {
            FunctionPlace::Export(line.text("export")?.to_owned())
        } else if line.has("import") {
            FunctionPlace::Import(line.import("import")?)
        } else {
            FunctionPlace::Table {
                table: self.known_table(line.index("table")?)?,
                index: line.index("index")?,
            }
        };
        let instance = self.known_instance(line.index("instance")?)?;
        self.log.functions.push(Function { instance, place });
        Ok(())
    }

    fn instance(&mut self, line: &Fields) -> Result<Event, ReadProblem> {
        if line.has("created") {
            return self.created(line);
        }
        let next = self.log.instances.len() as u64;
        let number = line.index("instance")?;
        in_order("instance", next, number.into())?;
        let module = line.index("module")?;
        if module as usize >= self.log.modules.len() {
            return Err(undefined("module", module));
        }
        let mut given = Vec::new();
        for one in line.objects("given")? {
            let import = one.import("import")?;
            let what = if one.has("memory") {
                GivenItem::Memory {
                    memory: self.known_memory(one.index("memory")?)?,
                    pages: one.number("pages")?,
                }
            } else if one.has("table") {
                GivenItem::Table {
                    table: self.known_table(one.index("table")?)?,
                    size: match one.has("size") {
                        true => Some(one.number("size")?),
                        false => None,
                    },
                }
            } else {
                GivenItem::Global(one.value("value")?)
            };
            given.push(Given { import, what });
        }
        self.log.instances.push(Instance {
            module,
            given,
            ..Instance::default()
        });
        self.push(Open::Instance(number))?;
        Ok(Event::Instance(number))
    }

    fn created(&mut self, line: &Fields) -> Result<Event, ReadProblem> {
        let number = line.index("created")?;
        // An instance whose start function did not return stays open, and is never created.
        let place = self
            .open
            .iter()
            .rposition(|open| *open == Open::Instance(number));
        match place {
            Some(place) => drop(self.open.remove(place)),
            None => return Err(nesting("the end of an instance", "it has not begun")),
        }
        let (mut memories, mut tables) = (Vec::new(), Vec::new());
        for one in line.objects("exports")? {
            let name = one.text("export")?.to_owned();
            if one.has("memory") {
                memories.push((name, self.known_memory(one.index("memory")?)?));
            } else {
                tables.push((name, self.known_table(one.index("table")?)?));
            }
        }
        if let Some(instance) = self.log.instances.get_mut(number as usize) {
            (instance.memories, instance.tables) = (memories, tables);
        }
        Ok(Event::Created(number))
    }
}

/// Returns the element that the host put into a table.
fn element(line: &Fields) -> Result<Crossed, ReadProblem> {
    if line.has("value") {
        return line.value("value");
    }
    let function = line.optional_index("function")?;
    Ok(function.map_or(Crossed::Value(Value::Null), Crossed::Function))
}

fn undefined(what: &'static str, number: u32) -> ReadProblem {
    ReadProblem::Undefined {
        what,
        number: number.into(),
    }
}

fn nesting(found: &'static str, expected: &'static str) -> ReadProblem {
    ReadProblem::Nesting { found, expected }
}

fn in_order(what: &'static str, expected: u64, found: u64) -> Result<(), ReadProblem> {
    match expected == found {
        true => Ok(()),
        false => Err(ReadProblem::OutOfOrder {
            what,
            expected,
            found,
        }),
    }
}
