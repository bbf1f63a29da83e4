//! Objects of the guest: a method needs one, which another export makes first.

use super::Statement;
use super::builder::{Arguments, Builder};
use crate::guest::abi::{Arg, Role};
use crate::wasm_types::ValueType;

/// Words in the names of functions that make an object.
const MAKERS: [&str; 5] = ["new", "create", "make", "init", "open"];

/// The most functions that are tried as methods.
const MOST_METHODS: usize = 200;

/// A function that needs an object, and the function that makes it.
pub(super) struct Method {
    pub constructor: usize,
    pub call: usize,
    /// What the names of both begin with.
    prefix: String,
}

/// Returns the most promising method whose object another export can make.
pub(super) fn find(builder: &Builder<'_>, given: Arguments<'_>) -> Option<Method> {
    let given = Arguments {
        object: Some("object"),
        ..given
    };
    let takes_object = |index: &usize| {
        let args = builder.args(*index);
        let objects = args.iter().filter(|arg| **arg == Arg::Object).count();
        let is_first = matches!(args, [Arg::Object, ..] | [Arg::ReturnArea, Arg::Object, ..]);
        objects == 1 && is_first && builder.is_callable(*index, given)
    };
    let candidates = builder
        .unused_work()
        .filter(takes_object)
        .take(MOST_METHODS);
    let mut found = candidates.filter_map(|call| {
        let (constructor, prefix) = constructor_of(builder, call)?;
        Some(Method {
            constructor,
            call,
            prefix,
        })
    });
    found.next()
}

/// Returns whether a function makes an object, by its name.
pub(super) fn is_constructor(builder: &Builder<'_>, index: usize) -> bool {
    let Some((export, role)) = builder.export(index) else {
        return false;
    };
    let is_maker = export
        .name
        .to_lowercase()
        .split('_')
        .any(|part| MAKERS.contains(&part) || part == "from");
    let returns_one = export
        .ty
        .as_func()
        .is_some_and(|ty| ty.results == [ValueType::I32]);
    is_maker && returns_one && !role.args.contains(&Arg::Object)
}

/// Returns the function that makes the object of a method, and what the names of both begin with.
fn constructor_of(builder: &Builder<'_>, method: usize) -> Option<(usize, String)> {
    let (export, role) = builder.export(method)?;
    let prefix = match &role.class {
        Some(class) => format!("{class}_"),
        None => {
            let (first, _) = export.name.split_once('_')?;
            format!("{first}_")
        }
    };
    let pointers = ["ptr"];
    let given = super::common::input_at(&pointers);
    let is_one = |index: &usize| {
        let Some((export, _)) = builder.export(*index) else {
            return false;
        };
        *index != method
            && export.name.starts_with(&prefix)
            && is_constructor(builder, *index)
            && builder.is_callable(*index, given)
    };
    // The name that has most in common with that of the method.
    let shared = |index: &usize| {
        let name = builder
            .export(*index)
            .map_or("", |(export, _)| export.name.as_str());
        let both = name.chars().zip(export.name.chars());
        both.take_while(|(one, other)| one == other).count()
    };
    let constructors = builder.unused_work().filter(is_one);
    // Among equals, the first is the most promising one.
    let best = constructors.reduce(|best, next| {
        if shared(&next) > shared(&best) {
            next
        } else {
            best
        }
    })?;
    let common: String = prefix_of(builder, best, method);
    Some((best, common))
}

/// Returns the whole words with which the names of two functions begin.
fn prefix_of(builder: &Builder<'_>, one: usize, other: usize) -> String {
    let name = |index| {
        builder
            .export(index)
            .map_or("", |(export, _)| export.name.as_str())
    };
    let both = name(one).split('_').zip(name(other).split('_'));
    let shared = both.take_while(|(one, other)| one == other);
    shared.map(|(part, _)| format!("{part}_")).collect()
}

/// Adds a call that releases the object, where there is a function for it.
pub(super) fn add_release(builder: &mut Builder<'_>, method: &Method, object: &str) {
    let class = method.prefix.trim_end_matches('_');
    let names = [
        format!("__wbg_{class}_free"),
        format!("{class}_destroy"),
        format!("{class}_delete"),
        format!("{class}_free"),
        format!("{class}_release"),
        format!("{class}_close"),
    ];
    let Some(index) = names.iter().find_map(|name| builder.named(name)) else {
        return;
    };
    let is_release = builder
        .export(index)
        .is_some_and(|(_, role)| role.role != Role::Memory);
    let Some((name, ty)) = builder.quoted(index).zip(builder.function(index)) else {
        return;
    };
    let args = match ty.params.as_slice() {
        [ValueType::I32] => object.to_string(),
        // The second is whether a finalizer calls it.
        [ValueType::I32, ValueType::I32] if name.starts_with("__wbg_") => format!("{object}, 0"),
        _ => return,
    };
    // A method that takes its object by value has freed it.
    if is_release && !builder.consumes_object(method.call) {
        builder.used.insert(index);
        let text = format!("call {name}({args})");
        builder.push(Statement::new(text, "the object is freed"));
    }
}
