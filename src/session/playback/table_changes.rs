//! What the host did to the tables of a guest, as statements or actions of the steps language.

use crate::hostlog::{Crossed, Event, FunctionPlace, GivenItem, Instance};
use crate::script::ast::{Element, Name, SetElement, TableGrowth, TableName, TablePlace};
use crate::value::Value;

use super::Playback;
use super::call_text::name_text;
use super::literal::{self, literal};

/// The most new elements that are set one by one where they are not null.
const MAX_NEW_ELEMENTS: u64 = 1024;

/// A change of a table.
pub(in crate::session) enum TableChange {
    Set(SetElement),
    Grow(TableGrowth),
}

/// A table of the guest that the host can use.
pub(super) struct KnownTable {
    number: u32,
    module: Option<String>,
    name: String,
}

/// Returns the tables that an instance exports or was given.
pub(super) fn tables_of(instance: Option<&Instance>) -> Vec<KnownTable> {
    let Some(instance) = instance else {
        return Vec::new();
    };
    let exported = instance.tables.iter().map(|(name, number)| KnownTable {
        number: *number,
        module: None,
        name: name.clone(),
    });
    let given = instance.given.iter().filter_map(|given| match given.what {
        GivenItem::Table { table, .. } => Some(KnownTable {
            number: table,
            module: Some(given.import.module.clone()),
            name: given.import.name.clone(),
        }),
        _ => None,
    });
    exported.chain(given).collect()
}

fn name(text: &str) -> Name {
    Name {
        text: text.to_owned(),
        span: Default::default(),
    }
}

impl KnownTable {
    pub(super) fn is_numbered(&self, number: u32) -> bool {
        self.number == number
    }

    /// Returns the name in the steps language.
    fn text(&self) -> String {
        match &self.module {
            Some(module) => format!("{}.{}", name_text(module), name_text(&self.name)),
            None => name_text(&self.name),
        }
    }

    fn set(&self, index: u64, (text, element): (String, Element)) -> (String, TableChange) {
        let place = TablePlace {
            module: self.module.as_deref().map(name),
            index: literal(Value::Int(index.into())),
        };
        let set = SetElement {
            table: name(&self.name),
            place,
            element,
        };
        let text = format!("{}[{index}] = {text}", self.text());
        (text, TableChange::Set(set))
    }

    fn grow(&self, by: u64) -> (String, TableChange) {
        let growth = TableGrowth {
            table: TableName {
                module: self.module.as_deref().map(name),
                name: name(&self.name),
            },
            by: literal(Value::Int(by.into())),
        };
        (
            format!("{} by {by}", self.text()),
            TableChange::Grow(growth),
        )
    }
}

impl Playback {
    /// Returns the changes of an event about a table, each with its text after `set` or `grow`. What cannot
    /// be replayed is left out, and noted.
    pub fn table_changes(&mut self, event: &Event) -> Vec<(String, TableChange)> {
        let number = match event {
            Event::SetTable { table, .. } | Event::GrowTable { table, .. } => *table,
            _ => return Vec::new(),
        };
        let Some(table) = self.tables.iter().find(|known| known.number == number) else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        let mut is_left_out = false;
        match event {
            Event::SetTable { index, element, .. } => match self.element(element) {
                Some(element) => changes.push(table.set(u64::from(*index), element)),
                None => is_left_out = true,
            },
            Event::GrowTable {
                by,
                before,
                element,
                ..
            } => {
                changes.push(table.grow(*by));
                let is_null = matches!(element, Crossed::Value(_));
                let new = (!is_null).then(|| self.element(element)).flatten();
                is_left_out = !is_null && (new.is_none() || *by > MAX_NEW_ELEMENTS);
                if let Some((text, element)) = new.filter(|_| !is_left_out) {
                    let indices = (0..*by).map(|offset| before.saturating_add(offset));
                    changes.extend(
                        indices.map(|index| table.set(index, (text.clone(), element.clone()))),
                    );
                }
            }
            _ => {}
        }
        self.has_table_changes |= is_left_out;
        changes
    }

    /// Returns an element as text and as syntax; `None` for a function of another instance.
    fn element(&self, element: &Crossed) -> Option<(String, Element)> {
        let Crossed::Function(number) = element else {
            let (text, value) = literal::crossed(element)?;
            return Some((text, Element::Value(value)));
        };
        let function = self.log.functions.get(*number as usize)?;
        match &function.place {
            FunctionPlace::Export(export) if function.instance == self.instance => Some((
                format!("export {}", name_text(export)),
                Element::Export(name(export)),
            )),
            _ => None,
        }
    }
}
