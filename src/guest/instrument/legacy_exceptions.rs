//! The old form of exception handling (`try`, `catch`, `catch_all`, `delegate`, `rethrow`), which the
//! engine does not have, written in the new form.
//!
//! ```text
//! try (type $t)                       block $done (type: the results of $t)
//!   ...                                 block $1 (result exnref)
//! catch $tag                              block $0 (result: the values of $tag, exnref)
//!   ... rethrow 0 ...                       try_table (type $t)
//! catch_all                                     (catch_ref $tag $0) (catch_all_ref $1)
//!   ...                                       ...
//! end                                       end
//!                                           br $done
//!                                         end
//!                                         local.set $exception
//!                                         ... (local.get $exception) (throw_ref) ...
//!                                         br $done
//!                                       end
//!                                       local.set $exception
//!                                       ...
//!                                     end
//! ```
//!
//! Without a `rethrow`, no `exnref` is needed. A `try` that ends with `delegate` catches for the
//! handlers that it delegates to, and jumps right to their blocks. What none of them catches leaves
//! the function: the whole body is in a block `$escape`, after which a `throw_ref` follows.
//!
//! Source: the legacy part of the exception handling proposal,
//! `proposals/exception-handling/legacy/Exceptions.md`.

use std::collections::HashMap;

use wasm_encoder::{BlockType, RefType, ValType};
use wasmparser::{BlockType as GivenType, FunctionBody, Operator};

use crate::guest::module_info::Description;
use crate::guest::types::encoded_type;
use crate::wasm_types::{FuncType, ValueType};

/// The type of a caught exception.
pub(super) const EXCEPTION: ValType = ValType::Ref(RefType::EXNREF);

/// The most catch clauses that the delegates of one function are written with.
const MAX_CLAUSES: usize = 200_000;

/// The types that are added to a module for blocks with several results: each a list of results.
#[derive(Debug, Default)]
pub(super) struct BlockTypes {
    first: u32,
    known: HashMap<Vec<ValType>, u32>,
    /// In the order of their indices.
    pub all: Vec<Vec<ValType>>,
}

impl BlockTypes {
    /// Collects the types that the bodies of a module need. The first one gets the index `first`.
    pub fn collect(first: u32, description: &Description, bodies: &[FunctionBody<'_>]) -> Self {
        let mut types = BlockTypes {
            first,
            ..BlockTypes::default()
        };
        for body in bodies {
            let operators = body.get_operators_reader().into_iter().flatten();
            let operators: Vec<_> = operators
                .map_while(Result::ok)
                .map(|operator| (operator, 0))
                .collect();
            if let Some(tries) = LegacyTries::read(&operators) {
                tries.written(description, &mut |results| types.add(results));
            }
        }
        types
    }

    fn add(&mut self, results: Vec<ValType>) -> u32 {
        if let Some(index) = self.known.get(&results) {
            return *index;
        }
        let index = self.first.saturating_add(self.all.len() as u32);
        self.all.push(results.clone());
        self.known.insert(results, index);
        index
    }

    /// Returns the index of a list of results that was collected before.
    pub fn index(&self, results: &[ValType]) -> u32 {
        self.known.get(results).copied().unwrap_or(self.first)
    }
}

/// Every `try` of a function as given, in the order in which they begin.
pub(super) struct LegacyTries<'a> {
    tries: Vec<GivenTry>,
    types: Vec<&'a GivenType>,
}

#[derive(Default)]
struct GivenTry {
    /// The tag of each `catch`; `None` for `catch_all`.
    clauses: Vec<Option<u32>>,
    is_rethrown: bool,
    /// The innermost `try` around this one that catches what this one does not.
    around: Option<usize>,
    /// With `delegate`: the innermost `try` that catches for it, if one does.
    delegate: Option<Option<usize>>,
    /// Its index among the open blocks.
    frame: usize,
}

/// An open block of a function as given.
struct Open {
    /// The number of the `try`, if it is one.
    number: Option<usize>,
    /// The innermost `try`, this one included, that catches what is thrown here.
    catching: Option<usize>,
}

impl<'a> LegacyTries<'a> {
    /// Reads the `try`s of a function; `None` if there is none.
    pub fn read(operators: &'a [(Operator<'_>, u64)]) -> Option<Self> {
        let mut read = LegacyTries {
            tries: Vec::new(),
            types: Vec::new(),
        };
        let mut open: Vec<Open> = Vec::new();
        for (operator, _) in operators {
            read.add(operator, &mut open);
        }
        (!read.tries.is_empty()).then_some(read)
    }

    fn add(&mut self, operator: &'a Operator<'_>, open: &mut Vec<Open>) {
        let around = open.last().and_then(|block| block.catching);
        // The block that a label means, from the innermost; `None` for the function.
        let target = |open: &[Open], label: u32| {
            open.len()
                .checked_sub(1)?
                .checked_sub(usize::try_from(label).ok()?)
        };
        match operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => open.push(Open {
                number: None,
                catching: around,
            }),
            Operator::Try { blockty } => {
                let number = self.tries.len();
                self.types.push(blockty);
                self.tries.push(GivenTry {
                    around,
                    frame: open.len(),
                    ..GivenTry::default()
                });
                open.push(Open {
                    number: Some(number),
                    catching: Some(number),
                });
            }
            Operator::Catch { .. } | Operator::CatchAll => {
                if let Some(block) = open.last_mut()
                    && let Some(known) = block.number.and_then(|nth| self.tries.get_mut(nth))
                {
                    known.clauses.push(match operator {
                        Operator::Catch { tag_index } => Some(*tag_index),
                        _ => None,
                    });
                    block.catching = known.around;
                }
            }
            Operator::Delegate { relative_depth } => {
                let number = open.pop().and_then(|block| block.number);
                let target = target(open, *relative_depth);
                let catching = target.and_then(|at| open.get(at)?.catching);
                if let Some(known) = number.and_then(|nth| self.tries.get_mut(nth)) {
                    known.delegate = Some(catching);
                }
            }
            Operator::Rethrow { relative_depth } => {
                let number = target(open, *relative_depth).and_then(|at| open.get(at)?.number);
                if let Some(known) = number.and_then(|nth| self.tries.get_mut(nth)) {
                    known.is_rethrown = true;
                }
            }
            Operator::End => drop(open.pop()),
            _ => {}
        }
    }

    /// Returns how the `try`s are written. `index` returns the index of the type that has a list of
    /// results.
    pub fn written(
        &self,
        description: &Description,
        index: &mut dyn FnMut(Vec<ValType>) -> u32,
    ) -> Written {
        let mut left = MAX_CLAUSES;
        let tries: Vec<WrittenTry> = self
            .tries
            .iter()
            .zip(&self.types)
            .map(|(known, given)| self.written_try(known, given, description, index, &mut left))
            .collect();
        Written {
            has_escape: tries.iter().any(|known| known.escapes),
            is_too_long: left == 0,
            tries,
        }
    }

    fn written_try(
        &self,
        known: &GivenTry,
        given: &GivenType,
        description: &Description,
        index: &mut dyn FnMut(Vec<ValType>) -> u32,
        left: &mut usize,
    ) -> WrittenTry {
        let ty = match given {
            GivenType::Empty => FuncType::default(),
            GivenType::Type(ty) => FuncType {
                params: Vec::new(),
                results: vec![ValueType::from(*ty)],
            },
            GivenType::FuncType(index) => description.func_type(*index),
        };
        let inside = match given {
            GivenType::FuncType(index) => BlockType::FunctionType(*index),
            _ => block_type(values(&ty.results), index),
        };
        let outside = match ty.params[..] {
            [] => inside,
            _ => block_type(values(&ty.results), index),
        };
        let mut carried = |tag: &Option<u32>| {
            let tag = tag.and_then(|tag| description.tags.get(tag as usize));
            let mut carried = tag.map(|tag| values(&tag.params)).unwrap_or_default();
            if known.is_rethrown {
                carried.push(EXCEPTION);
            }
            block_type(carried, index)
        };
        let (delegated, escapes) = match known.delegate {
            Some(catching) => self.delegated(catching, left),
            None => (Vec::new(), false),
        };
        WrittenTry {
            params: values(&ty.params),
            inside,
            outside,
            clauses: known
                .clauses
                .iter()
                .map(|tag| (*tag, carried(tag)))
                .collect(),
            is_rethrown: known.is_rethrown,
            delegates: known.delegate.is_some(),
            delegated,
            escapes,
        }
    }

    /// Returns the clauses that catch for a `try` with `delegate`, and whether something may be
    /// caught by none of them. `left` is how many clauses may still be written.
    fn delegated(&self, catching: Option<usize>, left: &mut usize) -> (Vec<Delegated>, bool) {
        let mut found = Vec::new();
        let mut next = catching.and_then(|number| self.tries.get(number));
        while let Some(known) = next {
            if let Some(catching) = known.delegate {
                next = catching.and_then(|number| self.tries.get(number));
                continue;
            }
            for (nth, tag) in (0..).zip(&known.clauses) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    return (found, true);
                }
                found.push(Delegated {
                    frame: known.frame,
                    nth,
                    tag: *tag,
                    is_rethrown: known.is_rethrown,
                });
                if tag.is_none() {
                    return (found, false);
                }
            }
            next = known.around.and_then(|number| self.tries.get(number));
        }
        (found, true)
    }
}

/// How the `try`s of a function are written.
#[derive(Default)]
pub(super) struct Written {
    pub tries: Vec<WrittenTry>,
    /// Whether the body is in a block to which an exception goes that leaves the function.
    pub has_escape: bool,
    /// Whether there are more clauses than can be written.
    pub is_too_long: bool,
}

/// How a `try` is written.
pub(super) struct WrittenTry {
    /// The types of its parameters.
    pub params: Vec<ValType>,
    /// Its type.
    pub inside: BlockType,
    /// The type of a block that has only its results.
    pub outside: BlockType,
    /// The tag of each clause, `None` for `catch_all`, and the type of the block that it jumps to.
    pub clauses: Vec<(Option<u32>, BlockType)>,
    /// Whether the blocks get the exception too.
    pub is_rethrown: bool,
    /// Whether it ends with `delegate`.
    pub delegates: bool,
    /// The clauses of others that catch for it.
    pub delegated: Vec<Delegated>,
    /// Whether it catches the rest to throw it out of the function.
    escapes: bool,
}

impl WrittenTry {
    /// Returns whether it catches what leaves the function.
    pub fn escapes(&self) -> bool {
        self.escapes
    }
}

/// A clause of another `try`.
pub(super) struct Delegated {
    /// The index of that `try` among the open blocks.
    pub frame: usize,
    /// The number of the clause in that `try`.
    pub nth: u32,
    pub tag: Option<u32>,
    pub is_rethrown: bool,
}

fn block_type(results: Vec<ValType>, index: &mut dyn FnMut(Vec<ValType>) -> u32) -> BlockType {
    match results[..] {
        [] => BlockType::Empty,
        [ty] => BlockType::Result(ty),
        _ => BlockType::FunctionType(index(results)),
    }
}

fn values(types: &[ValueType]) -> Vec<ValType> {
    // The only type of the engine without a value in a script is that of exceptions.
    let value = |ty| encoded_type(ty).unwrap_or(EXCEPTION);
    types.iter().map(value).collect()
}
