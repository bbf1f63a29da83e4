//! Parses what the host does to a table of the guest: `set TABLE[INDEX] = ELEMENT` and `grow TABLE by
//! COUNT`, as steps and as actions of an import.

use super::{Parsed, Parser};
use crate::script::ast::{Element, SetElement, TableGrowth, TableName, TablePlace};

impl Parser<'_> {
    /// Parses `TABLE[INDEX] = ELEMENT` or `MODULE.TABLE[INDEX] = ELEMENT`.
    pub fn set_element(&mut self) -> Parsed<SetElement> {
        let TableName { module, name } = self.table_name()?;
        self.expect_symbol("[")?;
        let index = self.expression()?;
        self.expect_symbol("]")?;
        self.expect_symbol("=")?;
        Ok(SetElement {
            table: name,
            place: TablePlace { module, index },
            element: self.element()?,
        })
    }

    fn element(&mut self) -> Parsed<Element> {
        let has_name = self.peek_name(1).is_some() || self.is_text(1);
        if has_name && self.eat_name("export") {
            let name = self.external_name("the name of an exported function")?;
            return Ok(Element::Export(name));
        }
        Ok(Element::Value(self.expression()?))
    }

    /// Parses `TABLE by COUNT`; `None` if something else follows.
    pub fn table_growth(&mut self) -> Option<Parsed<TableGrowth>> {
        let start = self.at;
        if let Ok(table) = self.table_name()
            && self.eat_name("by")
        {
            return Some(self.expression().map(|by| TableGrowth { table, by }));
        }
        self.at = start;
        None
    }
}
