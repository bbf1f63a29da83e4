//! The steps of each convention: pass bytes to the guest, call it, read the result.

use super::builder::{Arguments, Builder};
use super::{Statement, names};
use crate::guest::abi::{Arg, Family, Role};
use crate::wasm_types::ValueType;

/// The variable with what the host passes, and the expression for its length.
const TEXT: &str = "text";
const LENGTH: &str = "len(text)";

/// Remarks that several conventions have.
const NOT_UTF8: &str = "not UTF-8 in a trial run, so read as bytes";
const BUFFER: &str = "the address of the buffer";
const RESULT: &str = "the address of the result";
const LENGTH_UNKNOWN: &str = "the exports do not show the length of the result";
const OWNED_BY_GUEST: &str = "the guest owns this block from the call on";

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
        Family::AllocFree | Family::Malloc => blocks(builder),
        Family::ModuleBuffer => module_buffer(builder),
        Family::HostPlaced => host_placed(builder),
        Family::WasmBindgen => wasm_bindgen(builder),
        Family::AssemblyScript => assembly_script(builder),
        Family::CanonicalAbi => canonical_abi(builder),
        Family::WasiCommand => wasi_command(builder),
        Family::Emscripten | Family::WasiReactor => None,
    };
    if done.is_none() {
        let (lines, variables, used) = before;
        builder.lines.truncate(lines);
        (builder.variables, builder.used) = (variables, used);
    }
    done.is_some()
}

/// Adds the input that the host passes.
fn add_input(builder: &mut Builder<'_>) {
    builder.blank();
    builder.variables.add(TEXT);
    builder.push(Statement::new(
        "input text = \"Did you know\"",
        "the text that the host passes",
    ));
    builder.blank();
}

/// The arguments of a call that works on the input at a pointer.
fn input_at(pointer: &str) -> Arguments<'_> {
    Arguments {
        pointer: Some(pointer),
        ..input_length()
    }
}

/// The arguments of a call that asks for memory for the input.
fn input_length() -> Arguments<'static> {
    Arguments {
        length: Some(LENGTH),
        ..Arguments::default()
    }
}

fn takes_length(args: &[Arg]) -> bool {
    args.contains(&Arg::Length)
}

fn takes_pointer(args: &[Arg]) -> bool {
    args.contains(&Arg::Pointer)
}

/// Returns the function to call once the bytes are in the guest's own buffer.
fn work_on_own_buffer(builder: &Builder<'_>, pointer: &str) -> Option<usize> {
    let given = input_at(pointer);
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

/// Adds the write of the input.
fn add_write(builder: &mut Builder<'_>, pointer: &str, remark: &str) {
    let text = format!("write {pointer}, text");
    builder.push(Statement::new(text, remark));
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
    let length = builder.bind(work, input_at(&pointer), &["n"], "");
    let length = length.into_iter().next();
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

/// Adds a read of the result at a pointer: as long as the call returned, or else as the input.
fn add_read_of_result(builder: &mut Builder<'_>, pointer: &str, length: Option<&str>) {
    let out = builder.variables.add("out");
    let plain = format!("{out} = read {pointer}, {LENGTH} as bytes");
    let statement = match length {
        Some(length) => Statement::new(
            format!("{out} = read {pointer}, {length} as utf8"),
            format!("if {length} is the length of the result"),
        )
        .or(plain, LENGTH_UNKNOWN),
        None => Statement::new(plain, LENGTH_UNKNOWN),
    };
    builder.push(statement.defining(&out));
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
        let results = builder.bind(work, input_at(&pointer), &["n"], "");
        results.into_iter().next()
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

fn add_read_of_bytes(
    builder: &mut Builder<'_>,
    wanted: &str,
    pointer: &str,
    length: usize,
    remark: &str,
) {
    let name = builder.variables.add(wanted);
    let text = format!("{name} = read {pointer}, {length} as bytes");
    builder.push(Statement::new(text, remark).defining(&name));
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

fn blocks(builder: &mut Builder<'_>) -> Option<()> {
    let allocator = builder.first(Role::Allocator)?;
    let (release, other) = release_functions(builder, allocator);
    let work = builder.work(input_at("ptr"), takes_pointer);
    let has_length = work
        .and_then(|index| builder.export(index))
        .is_none_or(|(_, role)| takes_length(&role.args));
    add_input(builder);
    if !has_length {
        builder.comment(
            "The call takes no length, so the guest may look for a NUL: `cstr(text)` writes one.",
        );
    }
    let pointer = builder.bind(allocator, input_length(), &["ptr"], "memory for the text");
    let pointer = pointer.into_iter().next()?;
    let allocator = builder.quoted(allocator)?;
    builder.push(Statement::new(
        format!("expect {pointer} != 0"),
        format!("{allocator} returns 0 when memory is full"),
    ));
    let block = builder.variables.add("given");
    if release.is_some() {
        let text = format!("block {block} = {pointer}, {LENGTH}");
        let remark = "the block belongs to the host from here on";
        builder.push(Statement::new(text, remark).defining(&block));
    }
    add_write(builder, &pointer, "");
    let result = work.and_then(|index| {
        let results = builder.bind(index, input_at(&pointer), &["result"], "");
        results.into_iter().next()
    });
    let remark = "the text that is there now";
    add_read_of_text(builder, &pointer, LENGTH, "utf8", remark);
    let call = release.and_then(|index| Some((index, builder.call(index, input_at(&pointer))?)));
    if let Some((index, call)) = call {
        builder.used.insert(index);
        builder.push(Statement::new(call.text, ""));
        let text = format!("release {block}");
        builder.push(Statement::new(text, "the block is free from here on"));
    }
    if let Some((name, result)) = other.and_then(|index| builder.quoted(index)).zip(result) {
        let text = format!("call {name}({result})");
        builder.push(Statement::new(text, "may free what the call returned"));
    }
    Some(())
}

/// Returns the function that frees a block, and one for which that is uncertain.
fn release_functions(builder: &Builder<'_>, allocator: usize) -> (Option<usize>, Option<usize>) {
    let named = |name: &str| {
        let index = builder.named(name);
        index.filter(|index| builder.export(*index).is_some())
    };
    let is_c = builder
        .export(allocator)
        .is_some_and(|(export, _)| export.name.ends_with("malloc"));
    let release = match is_c {
        true => named("free").or(named("_free")),
        false => builder.first(Role::Release),
    };
    // A function with a name like `free_mappings` may free something else.
    let is_sure = |index: &usize| {
        let export = builder.export(*index);
        export.is_some_and(|(_, role)| role.args.first() == Some(&Arg::Pointer))
    };
    (
        release.filter(is_sure),
        release.filter(|index| !is_sure(index)),
    )
}

/// Adds a read of text, and a read of bytes to use if it is no text.
fn add_read_of_text(
    builder: &mut Builder<'_>,
    pointer: &str,
    length: &str,
    encoding: &str,
    remark: &str,
) {
    let out = builder.variables.add("out");
    let read = format!("{out} = read {pointer}, {length} as");
    let statement = Statement::new(format!("{read} {encoding}"), remark).defining(&out);
    builder.push(statement.or(format!("{read} bytes"), NOT_UTF8));
}

fn module_buffer(builder: &mut Builder<'_>) -> Option<()> {
    let sized = builder.first(Role::SizedPointer)?;
    let work = work_on_own_buffer(builder, "ptr");
    add_input(builder);
    builder.comment(
        "If the guest counts characters of UTF-16, write utf16(text), which has two bytes for each.",
    );
    let remark = "the address of a buffer of this size";
    let pointer = builder.bind(sized, input_length(), &["ptr"], remark);
    let pointer = pointer.into_iter().next()?;
    add_write(builder, &pointer, "");
    if let Some(work) = work {
        builder.bind(work, input_at(&pointer), &["result"], "");
    }
    Some(())
}

fn host_placed(builder: &mut Builder<'_>) -> Option<()> {
    let work = builder.work(input_at("ptr"), takes_pointer)?;
    add_input(builder);
    let pages = builder.variables.add("pages_before");
    let pointer = builder.variables.add("ptr");
    let grow = Statement::new(
        format!("{pages} = grow 1"),
        "a page for the host, which the guest does not use",
    );
    builder.push(grow.defining(&pages).or(
        format!("let {pages} = 0"),
        "memory cannot grow, so the host writes at its beginning",
    ));
    let text = format!("let {pointer} = {pages} * 65536");
    builder.push(Statement::new(text, "").defining(&pointer));
    add_write(builder, &pointer, "");
    builder.bind(work, input_at(&pointer), &["result"], "");
    Some(())
}

fn wasm_bindgen(builder: &mut Builder<'_>) -> Option<()> {
    let allocator = builder.first(Role::Allocator)?;
    let stack_mover = builder
        .named("__wbindgen_add_to_stack_pointer")
        .filter(|index| builder.function(*index).is_some());
    let given = Arguments {
        area: stack_mover.map(|_| "area"),
        ..input_at("ptr")
    };
    let work = builder.work(given, takes_pointer)?;
    let needs_area = builder
        .export(work)
        .is_some_and(|(_, role)| role.args.contains(&Arg::ReturnArea));
    add_input(builder);
    let pointer = builder.bind(allocator, input_length(), &["ptr"], OWNED_BY_GUEST);
    let pointer = pointer.into_iter().next()?;
    add_write(builder, &pointer, "");
    if !needs_area {
        let results = builder.bind(work, input_at(&pointer), &["out_ptr", "n"], "");
        if let [address, length] = results.as_slice() {
            add_read_of_text(builder, address, length, "utf8", "");
            add_free(builder, address, length);
        }
        return Some(());
    }
    let area = builder.variables.add("area");
    let move_by = |bytes: i32| format!("call __wbindgen_add_to_stack_pointer({bytes})");
    let text = format!("{area} = {}", move_by(-16));
    let remark = "where the guest puts the address and length of the result";
    builder.push(Statement::new(text, remark).defining(&area));
    let given = Arguments {
        area: Some(&area),
        ..input_at(&pointer)
    };
    builder.bind(work, given, &[], "");
    let (address, length) = add_read_of_pair(builder, &area);
    add_read_of_text(builder, &address, &length, "utf8", "");
    add_free(builder, &address, &length);
    builder.push(Statement::new(move_by(16), ""));
    Some(())
}

/// Adds reads of a pointer and the length after it. Returns the names of the variables.
fn add_read_of_pair(builder: &mut Builder<'_>, area: &str) -> (String, String) {
    let address = builder.variables.add("out_ptr");
    let length = builder.variables.add("n");
    let text = format!("{address} = read {area} as u32");
    builder.push(Statement::new(text, RESULT).defining(&address));
    let text = format!("{length} = read {area} + 4 as u32");
    builder.push(Statement::new(text, "and its length").defining(&length));
    (address, length)
}

/// Adds a call that frees the result, where there is a function for it.
fn add_free(builder: &mut Builder<'_>, address: &str, length: &str) {
    let Some(release) = builder.first(Role::Release) else {
        return;
    };
    let given = Arguments {
        pointer: Some(address),
        length: Some(length),
        area: None,
    };
    if let Some(call) = builder.call(release, given) {
        builder.used.insert(release);
        builder.push(Statement::new(call.text, "the host frees the result"));
    }
}

fn canonical_abi(builder: &mut Builder<'_>) -> Option<()> {
    let allocator = builder.first(Role::Allocator)?;
    let realloc = builder.quoted(allocator)?;
    let work = builder.work(input_at("ptr"), takes_pointer)?;
    let name = &builder.export(work)?.0.name;
    add_input(builder);
    let pointer = builder.variables.add("ptr");
    builder.used.insert(allocator);
    let text = format!("{pointer} = call {realloc}(0, 0, 1, {LENGTH})");
    builder.push(Statement::new(text, "no old block, alignment 1").defining(&pointer));
    add_write(builder, &pointer, OWNED_BY_GUEST);
    let results = builder.bind(work, input_at(&pointer), &["area"], "");
    if let Some(area) = returned_pointer(builder, work, &results) {
        let (address, length) = add_read_of_pair(builder, area);
        add_read_of_text(builder, &address, &length, "utf8", "");
        let cleanup = builder.named(&format!("cabi_post_{name}"));
        if let Some(cleanup) = cleanup.and_then(|index| builder.quoted(index)) {
            let text = format!("call {cleanup}({area})");
            builder.push(Statement::new(text, "the guest frees the result"));
        }
    }
    Some(())
}

/// Returns the variable of a function's only result, if that can be a pointer.
fn returned_pointer<'a>(
    builder: &Builder<'_>,
    function: usize,
    results: &'a [String],
) -> Option<&'a str> {
    let ty = builder.function(function)?;
    (ty.results == [ValueType::I32]).then_some(results.first()?)
}

fn assembly_script(builder: &mut Builder<'_>) -> Option<()> {
    let new = builder
        .named("__new")
        .filter(|index| builder.function(*index).is_some())?;
    let work = builder.work(input_at("ptr"), takes_pointer)?;
    let has_pins = ["__pin", "__unpin"]
        .iter()
        .all(|name| builder.named(name).is_some());
    add_input(builder);
    let pointer = builder.variables.add("ptr");
    builder.used.insert(new);
    let text = format!("{pointer} = call __new(len(utf16(text)), 2)");
    let remark = "2 is a string (1 in versions before 0.20)";
    builder.push(Statement::new(text, remark).defining(&pointer));
    if has_pins {
        let pinned = builder.variables.add("held");
        let text = format!("{pinned} = call __pin({pointer})");
        let remark = "keeps the garbage collector from freeing it";
        builder.push(Statement::new(text, remark).defining(&pinned));
    }
    let text = format!("write {pointer}, utf16(text)");
    builder.push(Statement::new(text, ""));
    let results = builder.bind(work, input_at(&pointer), &["answer"], "");
    if let Some(object) = returned_pointer(builder, work, &results) {
        let length = builder.variables.add("n");
        let text = format!("{length} = read {object} - 4 as u32");
        let remark = "its size in bytes, if it is an object";
        builder.push(Statement::new(text, remark).defining(&length));
        add_read_of_text(builder, object, &length, "utf16", "");
    }
    if has_pins {
        let text = format!("call __unpin({pointer})");
        builder.push(Statement::new(text, ""));
    }
    Some(())
}

fn wasi_command(builder: &mut Builder<'_>) -> Option<()> {
    let start = builder.named("_start")?;
    builder.blank();
    builder.used.insert(start);
    let text = format!("call {}()", names::foreign("_start"));
    builder.push(Statement::new(text, "runs the program"));
    Some(())
}
