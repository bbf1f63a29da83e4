//! Calls through a table: what an instruction calls, and what the module puts into its tables.

use std::collections::BTreeMap;

use wasmparser::{ElementItems, ElementKind, Operator, Parser, Payload};

use super::offset::Offset;
use super::{FuncType, Guest};

/// A `call_indirect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndirectCall {
    /// The index of the table.
    pub table: u32,
    /// The type of function that it calls.
    pub wanted: FuncType,
    /// Where its index in the table comes from, if the code before it shows that.
    pub index: Option<TableIndex>,
}

/// Where an index in a table comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableIndex {
    /// A constant.
    Constant(u32),
    /// A parameter of the function, which never changes it.
    Parameter(u32),
}

/// What a table has at an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableSlot {
    /// Nothing: the index is past the end, and the table has this many elements.
    PastEnd(u64),
    /// A null reference.
    Null,
    /// The function with this index and type.
    Function(u32, FuncType),
}

impl Guest {
    /// Returns the call through a table at an offset from the start of the module. Returns `None` if
    /// the instruction there is another one.
    pub fn indirect_call_at(&self, offset: u64) -> Option<IndirectCall> {
        let function = self.function_at(offset)?;
        let mut operators = self.body(function)?.get_operators_reader().ok()?;
        let (mut before, mut changed) = (None, Vec::new());
        let mut found = None;
        while !operators.eof() {
            let at = operators.original_position();
            let operator = operators.read().ok()?;
            match operator {
                Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                    changed.push(local_index);
                }
                Operator::CallIndirect {
                    type_index,
                    table_index,
                }
                | Operator::ReturnCallIndirect {
                    type_index,
                    table_index,
                } if at == offset => found = Some((type_index, table_index, before.take())),
                _ => {}
            }
            before = Some(operator);
        }
        let (ty, table, before) = found?;
        let parameters = self.function_type(function)?.params.len();
        let index = match before {
            Some(Operator::I32Const { value }) => Some(TableIndex::Constant(value.cast_unsigned())),
            Some(Operator::LocalGet { local_index })
                if usize::try_from(local_index).is_ok_and(|index| index < parameters)
                    && !changed.contains(&local_index) =>
            {
                Some(TableIndex::Parameter(local_index))
            }
            _ => None,
        };
        Some(IndirectCall {
            table,
            wanted: self.0.description.func_type(ty),
            index,
        })
    }

    /// Returns the type of a function, by its index.
    fn function_type(&self, function: u32) -> Option<&FuncType> {
        let index = usize::try_from(function).ok()?;
        self.0.description.functions.get(index)
    }

    /// Returns what a table has at an index. Returns `None` if that is not known: the table is
    /// imported or can change, or an element has no constant offset.
    pub fn table_slot(&self, table: u32, index: u32) -> Option<TableSlot> {
        let minimum = self.constant_table(table)?;
        if u64::from(index) >= minimum {
            return Some(TableSlot::PastEnd(minimum));
        }
        Some(match self.table_elements(table)?.get(&u64::from(index)) {
            Some(function) => {
                TableSlot::Function(*function, self.function_type(*function)?.clone())
            }
            None => TableSlot::Null,
        })
    }

    /// Returns the length of a table that neither the code of the module nor another module changes.
    fn constant_table(&self, table: u32) -> Option<u64> {
        let description = &self.0.description;
        let is_table = |ty: &super::ExternType| matches!(ty, super::ExternType::Table(_));
        if description
            .imports
            .iter()
            .any(|import| is_table(&import.ty))
        {
            return None;
        }
        let first = description.imported_functions;
        let count = u32::try_from(description.functions.len()).ok()?;
        for body in (first..count).map_while(|function| self.body(function)) {
            let operators = body.get_operators_reader().ok()?;
            for operator in operators.into_iter().map_while(Result::ok) {
                if matches!(
                    operator,
                    Operator::TableSet { .. }
                        | Operator::TableGrow { .. }
                        | Operator::TableFill { .. }
                        | Operator::TableCopy { .. }
                        | Operator::TableInit { .. }
                ) {
                    return None;
                }
            }
        }
        let table = description.tables.get(usize::try_from(table).ok()?)?;
        Some(table.min)
    }

    /// Returns the functions that active element segments put into a table, by their index in it.
    fn table_elements(&self, table: u32) -> Option<BTreeMap<u64, u32>> {
        let mut elements = BTreeMap::new();
        for payload in Parser::new(0).parse_all(self.wasm()) {
            let Payload::ElementSection(section) = payload.ok()? else {
                continue;
            };
            for segment in section {
                let segment = segment.ok()?;
                let ElementKind::Active {
                    table_index,
                    offset_expr,
                } = &segment.kind
                else {
                    continue;
                };
                if table_index.unwrap_or(0) != table {
                    continue;
                }
                let start = Offset::read(offset_expr).resolve(|_| None)?;
                // An expression can be another reference, and so is not followed.
                let ElementItems::Functions(functions) = segment.items else {
                    return None;
                };
                for (index, function) in (start..).zip(functions) {
                    elements.insert(index, function.ok()?);
                }
            }
        }
        Some(elements)
    }
}
