//! The steps of each convention: pass bytes to the guest, call it, read the result.

use super::builder::{Arguments, Builder};
use super::common::{TEXT, add_input, add_write, input_at, takes_pointer};
use super::results::{LENGTH_UNKNOWN, RESULT, add_read_of_bytes, add_read_of_result};
use super::{Statement, blocks, programs};
use crate::guest::abi::{Arg, Family, Role};

const BUFFER: &str = "the address of the buffer";

/// Most exports of a role that are compared by name.
const MOST_COMPARED: usize = 100;

/// Adds the steps of a convention. Returns `false`, and adds nothing, where the guest lacks what
/// they need.
pub(super) fn add_steps(builder: &mut Builder<'_>, family: Family) -> bool {
    let before = (
        builder.lines.len(),
        builder.variables.clone(),
        builder.used.clone(),
    );
    let done = match family {
        Family::StaticBuffer => static_buffer(builder),
        Family::ExportedGlobals => exported_globals(builder),
        Family::AllocFree
        | Family::Malloc
        | Family::WasmBindgen
        | Family::AssemblyScript
        | Family::CanonicalAbi => blocks::add(builder, family),
        Family::ModuleBuffer => module_buffer(builder),
        Family::HostPlaced => host_placed(builder),
        Family::WasiCommand => programs::wasi_command(builder),
        Family::SideModule => programs::side_module(builder),
        Family::DprintPlugin => programs::dprint_plugin(builder),
        // Their exports are called by a host that the draft cannot replace.
        Family::GoJs | Family::KotlinWasm | Family::Dart | Family::DotNet => {
            builder.leave_exports();
            Some(())
        }
        Family::Emscripten | Family::WasiReactor | Family::NodeApi | Family::Embind => None,
    };
    if done.is_none() {
        let (lines, variables, used) = before;
        builder.lines.truncate(lines);
        (builder.variables, builder.used) = (variables, used);
    }
    done.is_some()
}

fn takes_length(args: &[Arg]) -> bool {
    args.contains(&Arg::Length)
}

/// Returns the function to call once the bytes are in the guest's own buffer.
fn work_on_own_buffer(builder: &Builder<'_>, pointer: &str) -> Option<usize> {
    let pointers = [pointer];
    let given = input_at(&pointers);
    builder
        .work(given, takes_length)
        .or_else(|| builder.work(given, <[Arg]>::is_empty))
}

fn has_any(name: &str, parts: &[&str]) -> bool {
    let lower = name.to_lowercase();
    parts.iter().any(|part| lower.contains(part))
}

/// Returns, of the exports that are or return pointers, the one to write to and the one to read
/// from, if that is another one.
fn in_and_out(builder: &Builder<'_>, role: Role) -> Option<(usize, Option<usize>)> {
    let exports = builder.abi.with_role(role);
    let all: Vec<(usize, &str)> = exports
        .filter_map(|index| Some((index, builder.export(index)?.0.name.as_str())))
        .take(MOST_COMPARED)
        .collect();
    let named = |parts: &[&str]| {
        let mut all = all.iter();
        let found = all.find(|(_, name)| has_any(name, parts));
        found.map(|(index, _)| *index)
    };
    let output = named(&["output", "out_", "result", "dst", "target"]);
    let input = named(&["input", "in_", "src", "source"]);
    let other = || all.iter().find(|(index, _)| Some(*index) != output);
    let input = input.or_else(|| other().map(|(index, _)| *index))?;
    Some((input, output.filter(|output| *output != input)))
}

/// Adds a region for a buffer: with its length if an export of a similar name has it, else as a
/// comment to complete.
fn add_region(builder: &mut Builder<'_>, name: &str, pointer: &str, export: &str) {
    let export = export.to_lowercase();
    let part = export.split(['_', '-']).next().unwrap_or_default();
    let length = builder.abi.with_role(Role::Length).find(|index| {
        let export = builder.export(*index);
        export.is_some_and(|(export, _)| !part.is_empty() && has_any(&export.name, &[part]))
    });
    let region = builder.variables.add(name);
    match length.and_then(|index| builder.quoted(index)) {
        Some(length) => {
            let size = builder.variables.add("size");
            let text = format!("{size} = global {length}");
            builder.push(Statement::new(text, "").defining(&size));
            let text = format!("region {region} = {pointer}, {size}");
            builder.push(Statement::new(text, "").defining(&region));
        }
        None => {
            let text = format!("region {region} = {pointer}, 1024");
            let remark = "set the real length, and writes past the end are found";
            builder.push(Statement::new(text, remark).commented_out());
        }
    }
}

fn static_buffer(builder: &mut Builder<'_>) -> Option<()> {
    let nothing = Arguments::default();
    let (getter, output) = in_and_out(builder, Role::PointerGetter)?;
    let work = work_on_own_buffer(builder, "ptr");
    add_input(builder);
    let pointer = builder.bind(getter, nothing, &["ptr"], BUFFER);
    let pointer = pointer.into_iter().next()?;
    add_region(builder, "buffer", &pointer, "buffer");
    add_write(builder, &pointer, "");
    let Some(work) = work else {
        builder.comment("The exports do not show which call uses these bytes.");
        return Some(());
    };
    let length = builder.bind(work, input_at(&[&pointer]), &["n"], "");
    let takes_length = takes_length(builder.args(work));
    let length = length.into_iter().next().filter(|_| takes_length);
    // The pointer keeps its name, so that the address from before the call is not used again.
    let (again, export, remark) = match output {
        Some(output) => (builder.variables.add("answer"), output, RESULT),
        None => {
            let remark = "the call may have moved the buffer: fetch its address again";
            (pointer.clone(), getter, remark)
        }
    };
    let call = builder.call(export, nothing)?;
    builder.used.insert(export);
    let text = format!("{again} = {}", call.text);
    builder.push(Statement::new(text, remark).defining(&again));
    add_read_of_result(builder, &again, length.as_deref());
    Some(())
}

fn exported_globals(builder: &mut Builder<'_>) -> Option<()> {
    let (from, output) = in_and_out(builder, Role::Pointer)?;
    let (export, role) = builder.export(from)?;
    if role.why.contains("where data segment") {
        return guest_data(builder, from);
    }
    let work = work_on_own_buffer(builder, "ptr");
    add_input(builder);
    let pointer = add_global(builder, from, "ptr", BUFFER)?;
    add_region(builder, "buffer", &pointer, &export.name);
    add_write(builder, &pointer, "");
    let length = work.and_then(|work| {
        let results = builder.bind(work, input_at(&[&pointer]), &["n"], "");
        let takes_length = takes_length(builder.args(work));
        results.into_iter().next().filter(|_| takes_length)
    });
    let Some(output) = output else {
        add_read_of_result(builder, &pointer, length.as_deref());
        return Some(());
    };
    let result = add_global(builder, output, "answer", RESULT)?;
    add_read_of_bytes(builder, "out", &result, 32, LENGTH_UNKNOWN);
    Some(())
}

/// Adds `ptr = global input`. Returns the name of the variable.
fn add_global(
    builder: &mut Builder<'_>,
    index: usize,
    wanted: &str,
    remark: &str,
) -> Option<String> {
    let global = builder.quoted(index)?;
    let name = builder.variables.add(wanted);
    let text = format!("{name} = global {global}");
    builder.push(Statement::new(text, remark).defining(&name));
    Some(name)
}

/// Adds reads of the guest's own data, which a write would destroy.
fn guest_data(builder: &mut Builder<'_>, index: usize) -> Option<()> {
    let nothing = Arguments::default();
    let work = builder.work(nothing, <[Arg]>::is_empty);
    builder.blank();
    let pointer = add_global(builder, index, "ptr", "the address of the guest's own data")?;
    let remark = "the exports do not show how much data there is";
    add_read_of_bytes(builder, "before", &pointer, 16, remark);
    let write = format!("write {pointer}, u32(1)");
    builder.push(Statement::new(write, "a number needs a width").commented_out());
    if let Some(work) = work {
        builder.bind(work, nothing, &["result"], "");
        add_read_of_bytes(builder, "after", &pointer, 16, "");
    }
    Some(())
}

fn module_buffer(builder: &mut Builder<'_>) -> Option<()> {
    let sized = builder.first(Role::SizedPointer)?;
    let work = work_on_own_buffer(builder, "ptr");
    add_input(builder);
    let is_utf16 = builder.guest.reads_utf16();
    let text = if is_utf16 { "utf16(text)" } else { TEXT };
    if is_utf16 {
        builder.comment(
            "The code loads characters of 2 bytes, so the text is written as UTF-16. Its length \
             counts characters.",
        );
    }
    let remark = "the address of a buffer of this size";
    let pointer = builder.bind(sized, input_at(&[]), &["ptr"], remark);
    let pointer = pointer.into_iter().next()?;
    builder.push(Statement::new(format!("write {pointer}, {text}"), ""));
    if let Some(work) = work {
        builder.bind(work, input_at(&[&pointer]), &["result"], "");
    }
    Some(())
}

/// Adds a page that nobody else uses. Returns the name of the variable with its address, `wanted`.
pub(super) fn add_page(builder: &mut Builder<'_>, wanted: &str) -> String {
    let pages = builder.variables.add("pages_before");
    let pointer = builder.variables.add(wanted);
    let grow = Statement::new(
        format!("{pages} = grow 1"),
        "a page for the host, which the guest does not use",
    );
    builder.push(grow.defining(&pages));
    let text = format!("let {pointer} = {pages} * 65536");
    builder.push(Statement::new(text, "").defining(&pointer));
    pointer
}

fn host_placed(builder: &mut Builder<'_>) -> Option<()> {
    let pointers = ["ptr", "ptr2", "ptr3"];
    let given = Arguments {
        area: Some("area"),
        output: Some("out_buffer"),
        capacity: Some("16384"),
        ..input_at(&pointers)
    };
    let work = builder.work(given, takes_pointer)?;
    let args = builder.args(work);
    let has_length = takes_length(args);
    let count = args.iter().filter(|arg| **arg == Arg::Pointer).count();
    let needs = |arg: Arg| args.contains(&arg);
    add_input(builder);
    let pointer = add_page(builder, "ptr");
    let text = if has_length { TEXT } else { "cstr(text)" };
    builder.push(Statement::new(format!("write {pointer}, {text}"), ""));
    let mut names = vec![pointer.clone()];
    for number in 1..count {
        names.push(add_place(builder, &pointer, "ptr", number * 4096));
        if let Some(name) = names.last().cloned() {
            builder.push(Statement::new(format!("write {name}, {text}"), ""));
        }
    }
    let area = needs(Arg::ReturnArea).then(|| add_place(builder, &pointer, "area", 24576));
    let output = needs(Arg::Output).then(|| add_place(builder, &pointer, "out_buffer", 32768));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let given = Arguments {
        area: area.as_deref(),
        output: output.as_deref(),
        ..Arguments {
            capacity: Some("16384"),
            ..input_at(&names)
        }
    };
    builder.bind(work, given, &["result"], "");
    builder.begin_results();
    super::results::add_area(builder, work, area.as_deref());
    if let Some(output) = output {
        add_read_of_bytes(builder, "out", &output, 32, LENGTH_UNKNOWN);
    }
    builder.end_results();
    Some(())
}

/// Adds a variable for an address in the page of the host.
fn add_place(builder: &mut Builder<'_>, page: &str, wanted: &str, offset: usize) -> String {
    let name = builder.variables.add(wanted);
    let text = format!("let {name} = {page} + {offset}");
    builder.push(Statement::new(text, "").defining(&name));
    name
}

/// Adds a call of a function that stores to a buffer of the guest at a constant address, and a read
/// of that. The count that a function returns is its length, where there is one.
pub(super) fn static_results(builder: &mut Builder<'_>) -> Option<()> {
    let counts = |index: &usize| {
        let named = builder.export(*index);
        named.is_some_and(|(_, role)| role.role == Role::Answer && role.is_count)
    };
    let count = builder.unused_work().find(counts);
    let given = Arguments {
        length: Some(if count.is_some() { "count" } else { "16" }),
        ..Arguments::default()
    };
    let stores = |index: usize| builder.export(index).and_then(|(_, role)| role.statics);
    let fits = |args: &[Arg]| args.contains(&Arg::Length);
    let work = builder
        .work(given, fits)
        .filter(|index| stores(*index).is_some())?;
    let (address, length) = stores(work)?;
    builder.blank();
    if let Some(count) = count {
        builder.bind(
            count,
            Arguments::default(),
            &["count"],
            "a count, by its name",
        );
    }
    builder.bind(work, given, &["n"], "");
    let remark = "where the call stores, by its code";
    let buffer = builder.variables.add("buffer");
    let text = format!("let {buffer} = {address:#x}");
    builder.push(Statement::new(text, remark).defining(&buffer));
    let length = usize::try_from(length).unwrap_or(16).max(16);
    add_read_of_bytes(builder, "out", &buffer, length, "");
    Some(())
}
