//! Parses `callback`: a host function that the script puts into a table of the guest.

use super::{Parsed, Parser};
use crate::script::ast::{Callback, Name, StatementKind, TableName};
use crate::script::error::Fault;
use crate::script::vocabulary;
use crate::wasm_types::ValueType;

impl Parser<'_> {
    /// Parses `callback(a: i32, …) -> i32 ACTION ; …` or `callback in TABLE(…) …` after its word.
    pub fn assigned_callback(&mut self, name: Name) -> Parsed<StatementKind> {
        let table = if self.eat_name("in") {
            Some(self.table_name()?)
        } else {
            None
        };
        let params = self.typed_parameters()?;
        let results = if self.eat_symbol("->") {
            self.result_types()?
        } else {
            Vec::new()
        };
        let actions = self.actions(params.len())?;
        Ok(StatementKind::Callback(Callback {
            name,
            table,
            params,
            results,
            actions,
        }))
    }

    /// Parses `TABLE` or `MODULE.TABLE`.
    pub fn table_name(&mut self) -> Parsed<TableName> {
        let name = self.external_name("the name of a table")?;
        if !self.eat_symbol(".") {
            return Ok(TableName { module: None, name });
        }
        Ok(TableName {
            module: Some(name),
            name: self.external_name("the name of a table")?,
        })
    }

    fn typed_parameters(&mut self) -> Parsed<Vec<(Name, ValueType)>> {
        let mut params: Vec<(Name, ValueType)> = Vec::new();
        self.expect_symbol("(")
            .map_err(|fault| fault.help("write `NAME = callback(a: i32, b: f64) -> i32 ACTION`"))?;
        if self.eat_symbol(")") {
            return Ok(params);
        }
        loop {
            let name = self.new_name("a parameter's name")?;
            self.check_parameter(&name, params.iter().map(|(earlier, _)| earlier))?;
            self.expect_symbol(":").map_err(|fault| {
                fault.help(format!(
                    "give each parameter its type in the guest: `{}: i32`",
                    name.text
                ))
            })?;
            params.push((name, self.param_type()?));
            if self.eat_symbol(")") {
                return Ok(params);
            }
            if !self.eat_symbol(",") {
                return Err(self.expected("`,` or `)`"));
            }
        }
    }

    /// Parses `i32`, or several types in brackets.
    fn result_types(&mut self) -> Parsed<Vec<ValueType>> {
        if !self.eat_symbol("(") {
            return Ok(vec![self.param_type()?]);
        }
        let mut results = vec![self.param_type()?];
        while self.eat_symbol(",") {
            self.check_count_of_names(results.len(), self.current_span())?;
            results.push(self.param_type()?);
        }
        self.expect_symbol(")")?;
        Ok(results)
    }

    fn param_type(&mut self) -> Parsed<ValueType> {
        let span = self.current_span();
        let types = || {
            let words = ValueType::NAMED.map(|ty| ty.to_string());
            let words = words.iter().map(String::as_str);
            format!("the types are {}", vocabulary::either(words))
        };
        let Some(word) = self.peek_name(0) else {
            return Err(self.expected("a type").help(types()));
        };
        let found = ValueType::NAMED
            .into_iter()
            .find(|ty| ty.to_string() == word);
        self.at += 1;
        found.ok_or_else(|| Fault::new(span, format!("there is no type `{word}`")).help(types()))
    }
}
