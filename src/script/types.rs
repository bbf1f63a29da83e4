//! Resolves the types that a script names, before anything runs: its own declarations, and those of
//! another source such as debug information.

use std::sync::Arc;

use super::ast::{
    Action, Element, Expr, ExprKind, ImportKind, Reading, SetElement, Span, Statement,
    StatementKind, WrittenType,
};
use super::error::{Fault, Lines};
use super::eval::{self, EvalEnv};
use super::type_path::offset_of;
use super::{Script, ScriptErrors};
use crate::data_types::{
    Declaration, DeclarationError, Shape, TypeId, TypeRef, TypeSource, TypeTable, field_advice,
    typed,
};
use crate::safe;
use crate::value::Value;

impl Script {
    /// Finds all types that the script names. `source` has those that it does not declare.
    ///
    /// # Errors
    /// All types that are not known or have no layout, and all literals that are none of their
    /// type. Their positions are those of the script.
    pub fn resolve_types(&mut self, source: &mut dyn TypeSource) -> Result<(), ScriptErrors> {
        let declarations: Vec<Declaration> =
            self.statements.iter().filter_map(declaration).collect();
        let mut table = TypeTable::default();
        let mut faults: Vec<Fault> = match table.declare(&declarations, source) {
            Ok(()) => Vec::new(),
            Err(errors) => errors.into_iter().map(Fault::from).collect(),
        };
        let mut statements = std::mem::take(&mut self.statements);
        resolve(&mut statements, &mut table, source, &mut faults);
        self.statements = statements;
        self.types = Arc::new(table);
        self.errors_of_types(faults)
    }

    /// Finds the types of the statement at index `at`, which was added to a script whose types are
    /// resolved.
    ///
    /// # Errors
    /// As [`Script::resolve_types`].
    pub(crate) fn resolve_types_at(
        &mut self,
        at: usize,
        source: &mut dyn TypeSource,
    ) -> Result<(), ScriptErrors> {
        let mut table = TypeTable::clone(&self.types);
        let mut faults = Vec::new();
        let Some(statement) = self.statements.get_mut(at) else {
            return Ok(());
        };
        let statements = std::slice::from_mut(statement);
        resolve(statements, &mut table, source, &mut faults);
        self.types = Arc::new(table);
        self.errors_of_types(faults)
    }

    /// Returns the types that the script names, as far as they are resolved.
    pub fn types(&self) -> &Arc<TypeTable> {
        &self.types
    }

    fn errors_of_types(&self, faults: Vec<Fault>) -> Result<(), ScriptErrors> {
        if faults.is_empty() {
            return Ok(());
        }
        let source = self.source.clone();
        Err(ScriptErrors::new(
            source,
            &Lines::new(&self.source.text),
            faults,
        ))
    }
}

fn declaration(statement: &Statement) -> Option<Declaration> {
    match &statement.kind {
        StatementKind::Type { name, described } => Some(Declaration {
            name: name.text.clone(),
            described: described.clone(),
        }),
        _ => None,
    }
}

impl From<DeclarationError> for Fault {
    fn from(error: DeclarationError) -> Self {
        Fault::new(error.span, error.message).maybe_help(error.help)
    }
}

/// Finds the types of statements, and checks the literals that have one.
fn resolve(
    statements: &mut [Statement],
    table: &mut TypeTable,
    source: &mut dyn TypeSource,
    faults: &mut Vec<Fault>,
) {
    let mut found: Vec<Option<TypeId>> = Vec::new();
    for statement in statements.iter_mut() {
        for_each_type(&mut statement.kind, &mut |ty| {
            let id = table.describe(&ty.described, source);
            found.push(id.map_err(|error| faults.push(error.into())).ok());
        });
    }
    let table = Arc::new(table.clone());
    let mut found = found.into_iter();
    for statement in statements.iter_mut() {
        for_each_type(&mut statement.kind, &mut |ty| {
            let id = found.next().flatten();
            ty.resolved = id.map(|id| TypeRef::new(Arc::clone(&table), id));
        });
        for_each_expression(&mut statement.kind, &mut |expr| check(expr, faults));
    }
}

/// Checks an expression whose types are resolved.
fn check(expr: &Expr, faults: &mut Vec<Fault>) {
    match &expr.kind {
        ExprKind::Record {
            ty: Some(WrittenType {
                resolved: Some(ty), ..
            }),
            fields,
        } => check_record(ty.table(), ty.id(), fields, expr.span, faults),
        ExprKind::SizeOf(written) => {
            if let Some(ty) = &written.resolved
                && !ty.table().is_size_known(ty.id())
            {
                let message = format!(
                    "the length of {} is known only in memory",
                    safe::plain(&ty.label())
                );
                faults.push(
                    Fault::new(written.span(), message)
                        .help("only a type of a fixed length has a size"),
                );
            }
        }
        ExprKind::OffsetOf { ty, path } => {
            if let Some(ty) = &ty.resolved
                && let Err(fault) = offset_of(ty, path)
            {
                faults.push(fault);
            }
        }
        _ => {}
    }
}

/// Checks the fields of a record, as far as their values are literals.
fn check_record(
    table: &TypeTable,
    id: TypeId,
    fields: &[(super::ast::Name, Expr)],
    span: Span,
    faults: &mut Vec<Fault>,
) {
    let label = safe::plain(&table.label(id));
    if !matches!(table.get(id).map(|ty| &ty.shape), Some(Shape::Record(_))) {
        faults.push(
            Fault::new(span, format!("{label} has no fields"))
                .help("only a record is written with `{ … }`"),
        );
        return;
    }
    for (name, value) in fields {
        let Some((field, _)) = table.field(id, &name.text) else {
            let names = table.field_names(id);
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            faults.push(
                Fault::new(name.span, format!("{label} has no field `{}`", name.text))
                    .help(field_advice(&name.text, &names)),
            );
            continue;
        };
        check_value(table, field.ty, value, faults);
    }
}

/// Checks a value of a type, as far as it is a literal.
fn check_value(table: &TypeTable, id: TypeId, value: &Expr, faults: &mut Vec<Fault>) {
    match &value.kind {
        ExprKind::Record { ty: None, fields } => {
            check_record(table, id, fields, value.span, faults);
        }
        ExprKind::List(items) if !is_literal(value) => {
            if let Some(Shape::Array { element, .. }) = table.get(id).map(|ty| &ty.shape) {
                for item in items {
                    check_value(table, *element, item, faults);
                }
            }
        }
        _ if is_literal(value) => {
            let Ok(found) = eval::evaluate(value, &NoVariables) else {
                return;
            };
            if let Err(error) = typed(table, id, found) {
                faults.push(Fault::new(value.span, error.to_string()));
            }
        }
        _ => {}
    }
}

/// Returns whether the value of an expression is written in it.
fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Literal(_) => true,
        ExprKind::List(items) => items.iter().all(is_literal),
        ExprKind::Unary { operand, .. } => is_literal(operand),
        _ => false,
    }
}

/// The environment of a literal.
struct NoVariables;

impl EvalEnv for NoVariables {
    fn variable(&self, _: &str) -> Option<&Value> {
        None
    }
}

/// Calls a function with each type that a statement uses.
fn for_each_type(kind: &mut StatementKind, visit: &mut dyn FnMut(&mut WrittenType)) {
    for_each_part(kind, &mut |part| match part {
        Part::Type(ty) => visit(ty),
        Part::Expression(expr) => match &mut expr.kind {
            ExprKind::Record { ty: Some(ty), .. }
            | ExprKind::SizeOf(ty)
            | ExprKind::OffsetOf { ty, .. } => visit(ty),
            _ => {}
        },
    });
}

/// Calls a function with each expression of a statement, outer ones before those in them.
fn for_each_expression(kind: &mut StatementKind, visit: &mut dyn FnMut(&Expr)) {
    for_each_part(kind, &mut |part| {
        if let Part::Expression(expr) = part {
            visit(expr);
        }
    });
}

/// A part of a statement that can have a type.
enum Part<'a> {
    Expression(&'a mut Expr),
    Type(&'a mut WrittenType),
}

type Visit<'v> = &'v mut dyn FnMut(Part<'_>);

fn for_each_part(kind: &mut StatementKind, visit: Visit<'_>) {
    use StatementKind as Kind;
    match kind {
        Kind::Module { .. }
        | Kind::Memory { .. }
        | Kind::Global { .. }
        | Kind::Release { .. }
        | Kind::ExpectFinding { .. }
        | Kind::Type { .. } => {}
        Kind::Input { default: value, .. }
        | Kind::Env { value, .. }
        | Kind::Provide { value, .. }
        | Kind::Let { value, .. }
        | Kind::Set { value, .. }
        | Kind::Grow { pages: value, .. }
        | Kind::Expect { condition: value }
        | Kind::Ask { answer: value, .. } => in_expression(value, visit),
        Kind::Args { values } => in_all(values, visit),
        Kind::Call { call, .. } | Kind::ExpectTrap { call, .. } => in_call(call, visit),
        Kind::Write { address, value, .. } => {
            in_expression(address, visit);
            in_expression(value, visit);
        }
        Kind::Read { address, what, .. } => in_reading(address, what, visit),
        Kind::SetElement(set) => in_set_element(set, visit),
        Kind::GrowTable(growth) => in_expression(&mut growth.by, visit),
        Kind::View { address, ty, .. } => {
            in_expression(address, visit);
            visit(Part::Type(ty));
        }
        Kind::Region {
            address, length, ..
        }
        | Kind::Block {
            address, length, ..
        } => {
            in_expression(address, visit);
            in_expression(length, visit);
        }
        Kind::Callback(callback) => in_actions(&mut callback.actions, visit),
        Kind::Import(import) => match &mut import.kind {
            ImportKind::Function { actions, .. } => in_actions(actions, visit),
            ImportKind::Global { value } => in_expression(value, visit),
            ImportKind::Memory { .. } | ImportKind::Table { .. } => {}
        },
    }
}

fn in_actions(actions: &mut [Action], visit: Visit<'_>) {
    for action in actions {
        match action {
            Action::Returns(values) => in_all(values, visit),
            Action::Writes { address, value, .. } => {
                in_expression(address, visit);
                in_expression(value, visit);
            }
            Action::Copies { to, from, length } => {
                for expr in [to, from, length] {
                    in_expression(expr, visit);
                }
            }
            Action::Grows { bytes: value } | Action::Let { value, .. } => {
                in_expression(value, visit);
            }
            Action::Traps { why } => in_expression(why, visit),
            Action::SetsElement(set) => in_set_element(set, visit),
            Action::GrowsTable(growth) => in_expression(&mut growth.by, visit),
            Action::Reads { address, what, .. } => in_reading(address, what, visit),
            Action::Call { call, .. } | Action::Catches(call) => in_call(call, visit),
        }
    }
}

fn in_set_element(set: &mut SetElement, visit: Visit<'_>) {
    in_expression(&mut set.place.index, visit);
    if let Element::Value(value) = &mut set.element {
        in_expression(value, visit);
    }
}

fn in_call(call: &mut super::ast::Call, visit: Visit<'_>) {
    if let Some(place) = &mut call.place {
        in_expression(&mut place.index, visit);
    }
    in_all(&mut call.args, visit);
}

fn in_reading(address: &mut Expr, what: &mut Reading, visit: Visit<'_>) {
    in_expression(address, visit);
    match what {
        Reading::Sized { length, .. } => in_expression(length, visit),
        Reading::Array { count, .. } => in_expression(count, visit),
        Reading::Typed(ty) => visit(Part::Type(ty)),
        Reading::Cstr | Reading::Number(_) => {}
    }
}

fn in_all(exprs: &mut [Expr], visit: Visit<'_>) {
    for expr in exprs {
        in_expression(expr, visit);
    }
}

fn in_expression(expr: &mut Expr, visit: Visit<'_>) {
    visit(Part::Expression(expr));
    match &mut expr.kind {
        ExprKind::Literal(_)
        | ExprKind::Variable(_)
        | ExprKind::Calls(_)
        | ExprKind::SizeOf(_)
        | ExprKind::OffsetOf { .. } => {}
        ExprKind::List(items) | ExprKind::Function { args: items, .. } => in_all(items, visit),
        ExprKind::Unary { operand: inner, .. } | ExprKind::Field { of: inner, .. } => {
            in_expression(inner, visit);
        }
        ExprKind::Binary { left, right, .. } => {
            in_expression(left, visit);
            in_expression(right, visit);
        }
        ExprKind::Index { of, index } => {
            in_expression(of, visit);
            in_expression(index, visit);
        }
        ExprKind::Slice { of, start, end } => {
            for part in [of, start, end] {
                in_expression(part, visit);
            }
        }
        ExprKind::Record { fields, .. } => {
            for (_, value) in fields {
                in_expression(value, visit);
            }
        }
        ExprKind::CallPart { index, .. } => in_expression(index, visit),
    }
}
