//! What the host does with the tables of the guest.

use super::{Expr, Name};

/// A place in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePlace {
    /// The module of an imported table that is named as `MODULE.NAME`.
    pub module: Option<Name>,
    /// The index, counted from 0.
    pub index: Expr,
}

/// An element of a table that the host sets.
#[derive(Debug, Clone, PartialEq)]
pub struct SetElement {
    /// The name of the table.
    pub table: Name,
    /// The place in it.
    pub place: TablePlace,
    /// The new element.
    pub element: Element,
}

/// What the host puts into a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// `null` or an object of the host.
    Value(Expr),
    /// `export NAME`: a function that the guest exports.
    Export(Name),
}

/// Growth of a table by the host. The new elements are null.
#[derive(Debug, Clone, PartialEq)]
pub struct TableGrowth {
    /// The table.
    pub table: TableName,
    /// The number of elements to add.
    pub by: Expr,
}

/// The name of a table: that of an export or import, or `table` for the only one.
#[derive(Debug, Clone, PartialEq)]
pub struct TableName {
    /// The module of an imported table that is named as `MODULE.NAME`.
    pub module: Option<Name>,
    /// The name.
    pub name: Name,
}
