//! Names for pointers: a result that a later crossing uses gets a name.

use std::collections::{BTreeMap, HashMap};

use crate::hostlog::{Crossed, Event, HostLog};
use crate::script::ast::{BinaryOp, Expr, ExprKind};
use crate::session::playback::literal::{literal, variable};
use crate::value::Value;

/// The most names: each is a pointer in every later record.
const MAX_NAMES: usize = 200;
/// The smallest number that is taken for a pointer.
const SMALLEST: i128 = 1024;
/// The largest allocation inside which an address is written with its pointer's name.
const LARGEST: i128 = 16 << 20;

/// The sizes of the elements of typed arrays, without 1.
const WIDTHS: [i128; 3] = [2, 4, 8];

/// Returns an `i32` as the address that it can be.
fn address_of(value: &Crossed) -> Option<i128> {
    match value {
        Crossed::Value(Value::Int(n))
            if (i128::from(i32::MIN)..=i128::from(i32::MAX)).contains(n) =>
        {
            Some(if *n < 0 { n + (1 << 32) } else { *n })
        }
        _ => None,
    }
}

/// The names of the pointers so far.
#[derive(Default)]
pub(super) struct PointerNames {
    /// The last entry that uses a number as a pointer.
    last_uses: HashMap<i128, usize>,
    /// By address, the name and the size of the allocation.
    names: BTreeMap<i128, (String, i128)>,
    /// The pointer that was named last.
    last: Option<i128>,
    count: usize,
}

impl PointerNames {
    /// Finds the uses of numbers among `entries` of a recording.
    pub fn of(log: &HostLog, entries: &[usize]) -> Self {
        let mut last_uses = HashMap::new();
        for index in entries {
            match log.entries.get(*index).map(|entry| &entry.event) {
                Some(Event::Call { args, .. }) => {
                    for address in args.iter().filter_map(address_of) {
                        last_uses.insert(address, *index);
                    }
                }
                Some(Event::Wrote { address, .. }) => {
                    last_uses.insert(i128::from(*address), *index);
                }
                Some(Event::Changed { writes, .. }) => {
                    for (address, _) in writes {
                        last_uses.insert(i128::from(*address), *index);
                    }
                }
                _ => {}
            }
        }
        PointerNames {
            last_uses,
            ..PointerNames::default()
        }
    }

    /// Returns a name for the result of a call, if an entry after `index` uses it.
    pub fn name_result(
        &mut self,
        index: usize,
        args: &[Crossed],
        result: &Crossed,
    ) -> Option<String> {
        let address = address_of(result).filter(|address| *address >= SMALLEST)?;
        let is_used = self
            .last_uses
            .get(&address)
            .is_some_and(|last| *last > index);
        if !is_used || self.count >= MAX_NAMES {
            return None;
        }
        self.count += 1;
        let name = format!("p{}", self.count);
        let sizes = args.iter().filter_map(address_of);
        let size = sizes
            .filter(|size| *size <= LARGEST)
            .max()
            .unwrap_or_default();
        self.names.insert(address, (name.clone(), size));
        self.last = Some(address);
        Some(name)
    }

    /// Returns an argument as text and as an expression, if it is a pointer with a name.
    pub fn argument(&self, value: &Crossed) -> Option<(String, Expr)> {
        let (name, _) = self.names.get(&address_of(value)?)?;
        Some((name.clone(), variable(name)))
    }

    /// Returns an address as text and as an expression.
    pub fn address(&self, address: u64) -> (String, Expr) {
        let wide = i128::from(address);
        let near = self.names.range(..=wide).next_back();
        match near {
            Some((start, (name, _))) if *start == wide => (name.clone(), variable(name)),
            Some((start, (name, size))) if wide < start + size => {
                let offset = wide - start;
                let kind = ExprKind::Binary {
                    op: BinaryOp::Add,
                    left: Box::new(variable(name)),
                    right: Box::new(literal(Value::Int(offset))),
                };
                let span = Default::default();
                (format!("{name} + {offset}"), Expr { kind, span })
            }
            _ => self
                .scaled(wide)
                .unwrap_or_else(|| (format!("{address:#x}"), literal(Value::Int(wide)))),
        }
    }

    /// Returns an address as a multiple of the last pointer, if it is one: a host that uses an address as
    /// an index into an array of wider elements writes there.
    fn scaled(&self, address: i128) -> Option<(String, Expr)> {
        let last = self.last?;
        let width = WIDTHS.into_iter().find(|width| last * width == address)?;
        let (name, _) = self.names.get(&last)?;
        let kind = ExprKind::Binary {
            op: BinaryOp::Multiply,
            left: Box::new(variable(name)),
            right: Box::new(literal(Value::Int(width))),
        };
        let span = Default::default();
        Some((format!("{name} * {width}"), Expr { kind, span }))
    }
}
