//! What the rules look at: the guest's functions, globals and imports with their names in words.

use std::collections::HashMap;

use wasmparser::{KnownCustom, Name, NameSectionReader, Parser, Payload};

use super::super::{Export, ExternType, FuncType, Guest, Import, ValueType};
use super::{body_analysis, naming};
use crate::safe;
use crate::text::list;

/// Longest name quoted in a reason, in characters.
const LONGEST_NAME: usize = 48;

/// Most names of one kind that a reason lists.
const MOST_NAMES: usize = 3;

/// Most parameters of a function whose names are kept.
const MOST_NAMED: usize = 32;

/// Most bytes of parameters' names that are read.
const MOST_PARAMETERS: usize = 4 << 20;

pub(super) struct Facts<'g> {
    pub guest: &'g Guest,
    pub functions: Vec<Function<'g>>,
    pub globals: Vec<Global<'g>>,
    /// The type of an address in the memory that is meant.
    pub address: ValueType,
    /// Names of the tools that made the module, from its `producers` section.
    pub tools: Vec<String>,
    /// Names of the custom sections that say which convention is followed.
    pub sections: Vec<String>,
    /// The values of globals that never change, by index.
    constants: Vec<Option<u64>>,
    by_name: HashMap<&'g str, usize>,
    /// How large the memory that is meant is when the guest starts.
    memory_bytes: u64,
}

/// An exported function.
pub(super) struct Function<'g> {
    /// Its place among all exports.
    pub at: usize,
    pub name: &'g str,
    /// In the index space of functions.
    pub index: u32,
    pub ty: &'g FuncType,
    pub words: Vec<String>,
    /// The parameters' names, where the module has them for all.
    pub params: Vec<String>,
}

/// An exported global.
pub(super) struct Global<'g> {
    pub at: usize,
    pub name: &'g str,
    pub index: u32,
    pub ty: &'g ValueType,
    pub words: Vec<String>,
}

impl<'g> Facts<'g> {
    pub fn of(guest: &'g Guest) -> Self {
        let memory = guest
            .default_memory()
            .ok()
            .flatten()
            .and_then(|at| guest.memories().get(at as usize));
        let address = if memory.is_some_and(|memory| memory.ty.is_64) {
            ValueType::I64
        } else {
            ValueType::I32
        };
        let mut facts = Facts {
            guest,
            functions: Vec::new(),
            globals: Vec::new(),
            address,
            tools: Vec::new(),
            sections: Vec::new(),
            constants: body_analysis::constant_globals(guest),
            by_name: HashMap::new(),
            memory_bytes: memory
                .map_or(0, |memory| memory.ty.min.saturating_mul(super::super::PAGE)),
        };
        facts.read_sections();
        let params = parameters(guest);
        for (at, Export { name, index, ty }) in guest.exports().iter().enumerate() {
            let words = naming::split(name);
            match ty {
                ExternType::Func(ty) => {
                    facts.by_name.insert(name, facts.functions.len());
                    let params = params
                        .get(index)
                        .filter(|names| names.len() == ty.params.len());
                    let params = params.cloned().unwrap_or_default();
                    facts.functions.push(Function {
                        at,
                        name,
                        index: *index,
                        ty,
                        words,
                        params,
                    });
                }
                ExternType::Global(ty) => facts.globals.push(Global {
                    at,
                    name,
                    index: *index,
                    ty: &ty.ty,
                    words,
                }),
                _ => {}
            }
        }
        facts
    }

    fn read_sections(&mut self) {
        for payload in Parser::new(0)
            .parse_all(self.guest.wasm())
            .map_while(Result::ok)
        {
            let Payload::CustomSection(section) = payload else {
                continue;
            };
            match section.as_known() {
                KnownCustom::Producers(producers) => {
                    let fields = producers.into_iter().map_while(Result::ok);
                    let tools =
                        fields.flat_map(|field| field.values.into_iter().map_while(Result::ok));
                    self.tools
                        .extend(tools.take(100).map(|tool| tool.name.to_string()));
                }
                _ if self.sections.len() < 100 => self.sections.push(section.name().to_string()),
                _ => {}
            }
        }
    }

    pub fn function(&self, name: &str) -> Option<&Function<'g>> {
        self.by_name
            .get(name)
            .and_then(|at| self.functions.get(*at))
    }

    /// The value of a global that never changes.
    pub fn constant(&self, global: u32) -> Option<u64> {
        self.constants
            .get(usize::try_from(global).ok()?)
            .copied()
            .flatten()
    }

    /// The address in memory that a function answers whatever happened before.
    pub fn constant_answer(&self, function: &Function<'_>) -> Option<u64> {
        body_analysis::constant_answer(self.guest, &self.constants, function.index)
            .filter(|answer| self.is_in_memory(*answer))
    }

    pub fn imports(&self) -> impl Iterator<Item = &'g Import> {
        self.guest.imports().iter()
    }

    pub fn is_made_by(&self, tool: &str) -> bool {
        self.tools
            .iter()
            .any(|name| name.eq_ignore_ascii_case(tool))
    }

    /// Whether a function has this many parameters, all as wide as an address, and this many such
    /// results.
    pub fn has_shape(&self, function: &Function<'_>, params: usize, results: usize) -> bool {
        let all = |types: &[ValueType], count| {
            types.len() == count && types.iter().all(|ty| *ty == self.address)
        };
        all(&function.ty.params, params) && all(&function.ty.results, results)
    }

    /// Whether an address lies in memory as it is when the guest starts.
    pub fn is_in_memory(&self, address: u64) -> bool {
        address != 0 && address < self.memory_bytes
    }
}

/// A name in backquotes, short and safe to print.
pub(super) fn name(name: &str) -> String {
    format!("`{}`", safe::cut(name, LONGEST_NAME))
}

/// Names in backquotes, the first few and how many more there are.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    list::first(all.into_iter().map(name), MOST_NAMES)
}

/// The names of the parameters of exported functions, by the function's index.
fn parameters(guest: &Guest) -> HashMap<u32, Vec<String>> {
    let mut found = HashMap::new();
    let mut room = MOST_PARAMETERS;
    let functions = guest
        .exports()
        .iter()
        .filter_map(|export| match &export.ty {
            ExternType::Func(ty) if ty.params.len() <= MOST_NAMED => {
                Some((export.index, ty.params.len()))
            }
            _ => None,
        });
    let wanted: HashMap<u32, usize> = functions.collect();
    for payload in Parser::new(0).parse_all(guest.wasm()).map_while(Result::ok) {
        if let Payload::CustomSection(section) = payload
            && let KnownCustom::Name(sections) = section.as_known()
        {
            read_parameters(&wanted, sections, &mut room, &mut found);
        }
    }
    found
}

fn read_parameters(
    wanted: &HashMap<u32, usize>,
    names: NameSectionReader<'_>,
    room: &mut usize,
    to: &mut HashMap<u32, Vec<String>>,
) {
    for local in names.into_iter().map_while(Result::ok) {
        let Name::Local(functions) = local else {
            continue;
        };
        for function in functions.into_iter().map_while(Result::ok) {
            let Some(count) = wanted.get(&function.index) else {
                continue;
            };
            let mut params = Vec::new();
            for (at, naming) in (0..*count).zip(function.names.into_iter().map_while(Result::ok)) {
                if naming.index as usize != at || *room == 0 {
                    break;
                }
                *room = room.saturating_sub(naming.name.len().max(16));
                params.push(safe::cut(naming.name, LONGEST_NAME));
            }
            to.insert(function.index, params);
        }
    }
}
