//! One way through a guest for each convention: hand bytes over, call, take the answer.

use super::builder::{Given, Plan};
use super::{Statement, names};
use crate::guest::ValueType;
use crate::guest::abi::{Arg, Family, Role};

/// What the host hands over.
const TEXT: &str = "text";
const LENGTH: &str = "len(text)";

/// Why a value that was read as text is shown as bytes.
const NO_TEXT: &str = "no text, as a trial showed: look at the bytes";

/// Adds the steps for a convention. `false` where the guest lacks what they take, and nothing was
/// added.
pub(super) fn through(plan: &mut Plan<'_>, family: Family) -> bool {
    let before = (plan.lines.len(), plan.names.clone(), plan.used.clone());
    let done = match family {
        Family::StaticBuffer => static_buffer(plan),
        Family::ExportedGlobals => exported_globals(plan),
        Family::AllocFree | Family::Malloc => blocks(plan),
        Family::ModuleBuffer => module_buffer(plan),
        Family::HostPlaced => host_placed(plan),
        Family::WasmBindgen => wasm_bindgen(plan),
        Family::AssemblyScript => assembly_script(plan),
        Family::CanonicalAbi => canonical_abi(plan),
        Family::WasiCommand => wasi_command(plan),
        Family::Emscripten | Family::WasiReactor => None,
    };
    if done.is_none() {
        let (lines, names, used) = before;
        plan.lines.truncate(lines);
        (plan.names, plan.used) = (names, used);
    }
    done.is_some()
}

fn input(plan: &mut Plan<'_>) {
    plan.blank();
    plan.names.name(TEXT);
    plan.push(Statement::new(
        "input text = \"Did you know\"",
        "what the host hands over",
    ));
    plan.blank();
}

fn with(pointer: &str) -> Given<'_> {
    Given {
        pointer: Some(pointer),
        length: Some(LENGTH),
        area: None,
    }
}

fn takes_length(args: &[Arg]) -> bool {
    args.contains(&Arg::Length)
}

fn takes_pointer(args: &[Arg]) -> bool {
    args.contains(&Arg::Pointer)
}

/// The function to call once the bytes are in the guest's own buffer.
fn work_on_own_buffer(plan: &Plan<'_>, pointer: &str) -> Option<usize> {
    let given = with(pointer);
    plan.work(&given, takes_length)
        .or_else(|| plan.work(&given, <[Arg]>::is_empty))
}

fn has_word(name: &str, words: &[&str]) -> bool {
    let lower = name.to_lowercase();
    words.iter().any(|word| lower.contains(word))
}

/// Of exports that hold or answer pointers, the one for the host to write at and the one to read
/// from.
fn in_and_out(plan: &Plan<'_>, role: Role) -> Option<(usize, Option<usize>)> {
    let name = |at: &usize| {
        plan.export(*at)
            .map_or("", |(export, _)| export.name.as_str())
    };
    let all: Vec<usize> = plan
        .abi
        .with_role(role)
        .filter(|at| plan.export(*at).is_some())
        .take(100)
        .collect();
    let output = all
        .iter()
        .copied()
        .find(|at| has_word(name(at), &["output", "out_", "result", "dst", "target"]));
    let input = all
        .iter()
        .copied()
        .find(|at| has_word(name(at), &["input", "in_", "src", "source"]));
    let input = input.or_else(|| all.iter().copied().find(|at| Some(*at) != output))?;
    Some((input, output.filter(|output| *output != input)))
}

/// A region around a buffer, where the guest says how long it is; else a line to complete.
fn region(plan: &mut Plan<'_>, name: &str, pointer: &str, of: &str) {
    let word = of
        .to_lowercase()
        .split(['_', '-'])
        .next()
        .unwrap_or_default()
        .to_string();
    let lengths = plan
        .abi
        .with_role(Role::Length)
        .filter_map(|at| plan.export(at).map(|(export, _)| (at, export)));
    let length = lengths
        .into_iter()
        .find(|(_, export)| !word.is_empty() && has_word(&export.name, &[&word]));
    let named = plan.names.name(name);
    match length.map(|(at, _)| at).and_then(|at| plan.quoted(at)) {
        Some(length) => {
            let size = plan.names.name("size");
            plan.push(Statement::new(format!("{size} = global {length}"), "").giving(&size));
            plan.push(
                Statement::new(format!("region {named} = {pointer}, {size}"), "").giving(&named),
            );
        }
        None => {
            let remark = "put in how long it is, and writes past its end are found";
            plan.push(Statement::new(format!("region {named} = {pointer}, 1024"), remark).idea());
        }
    }
}

fn static_buffer(plan: &mut Plan<'_>) -> Option<()> {
    let (getter, output) = in_and_out(plan, Role::PointerGetter)?;
    let work = work_on_own_buffer(plan, "ptr");
    input(plan);
    let pointer = plan
        .bind(getter, &Given::NOTHING, &["ptr"], "where the buffer lies")
        .into_iter()
        .next()?;
    region(plan, "buffer", &pointer, "buffer");
    plan.push(Statement::new(format!("write {pointer}, text"), ""));
    let Some(work) = work else {
        plan.say("Which call works on these bytes, the exports do not tell.");
        return Some(());
    };
    let length = plan
        .bind(work, &with(&pointer), &["n"], "")
        .into_iter()
        .next();
    // The same name again: what the first call answered may be stale by now.
    let (again, which) = match output {
        Some(output) => (plan.names.name("answer"), output),
        None => (pointer.clone(), getter),
    };
    let call = plan.call(which, &Given::NOTHING)?;
    plan.used.insert(which);
    let remark = if output.is_some() {
        "where the answer lies"
    } else {
        "memory may have moved: fetch it again"
    };
    plan.push(Statement::new(format!("{again} = {}", call.text), remark).giving(&again));
    answer_at(plan, &again, length.as_deref());
    Some(())
}

/// Reads what lies at a pointer: as long as the call said, or as long as the input was.
fn answer_at(plan: &mut Plan<'_>, pointer: &str, length: Option<&str>) {
    let out = plan.names.name("out");
    let plain = format!("{out} = read {pointer}, {LENGTH} as bytes");
    let statement = match length {
        Some(length) => {
            let text = format!("{out} = read {pointer}, {length} as utf8");
            Statement::new(text, format!("if {length} says how long the answer is"))
                .or(plain, "how long the answer is, the exports do not tell")
        }
        None => Statement::new(plain, "how long the answer is, the exports do not tell"),
    };
    plan.push(statement.giving(&out));
}

fn exported_globals(plan: &mut Plan<'_>) -> Option<()> {
    let (from, output) = in_and_out(plan, Role::Pointer)?;
    let (export, role) = plan.export(from)?;
    if role.why.contains("where data segment") {
        return in_place(plan, from);
    }
    let name = export.name.clone();
    let work = work_on_own_buffer(plan, "ptr");
    input(plan);
    let pointer = fetched(plan, from, "ptr", "where the buffer lies")?;
    region(plan, "buffer", &pointer, &name);
    plan.push(Statement::new(format!("write {pointer}, text"), ""));
    let length = work.and_then(|work| {
        plan.bind(work, &with(&pointer), &["n"], "")
            .into_iter()
            .next()
    });
    let Some(output) = output else {
        answer_at(plan, &pointer, length.as_deref());
        return Some(());
    };
    let place = fetched(plan, output, "answer", "where the answer lies")?;
    let out = plan.names.name("out");
    let remark = "how long the answer is, the exports do not tell";
    plan.push(Statement::new(format!("{out} = read {place}, 32 as bytes"), remark).giving(&out));
    Some(())
}

/// `ptr = global input`
fn fetched(plan: &mut Plan<'_>, at: usize, wanted: &str, remark: &str) -> Option<String> {
    let global = plan.quoted(at)?;
    let name = plan.names.name(wanted);
    plan.push(Statement::new(format!("{name} = global {global}"), remark).giving(&name));
    Some(name)
}

/// The guest's own data lies there: it is looked at, not written over.
fn in_place(plan: &mut Plan<'_>, at: usize) -> Option<()> {
    let work = plan.work(&Given::NOTHING, <[Arg]>::is_empty);
    plan.blank();
    let pointer = fetched(plan, at, "ptr", "the guest's own data lies here")?;
    let before = plan.names.name("before");
    let remark = "how much there is, the exports do not tell";
    plan.push(
        Statement::new(format!("{before} = read {pointer}, 16 as bytes"), remark).giving(&before),
    );
    let idea = Statement::new(
        format!("write {pointer}, u32(1)"),
        "for a number, say its width",
    );
    plan.push(idea.idea());
    if let Some(work) = work {
        plan.bind(work, &Given::NOTHING, &["result"], "");
        let after = plan.names.name("after");
        plan.push(
            Statement::new(format!("{after} = read {pointer}, 16 as bytes"), "").giving(&after),
        );
    }
    Some(())
}

fn blocks(plan: &mut Plan<'_>) -> Option<()> {
    let named = |name: &str| plan.named(name).filter(|at| plan.export(*at).is_some());
    let of_role = |role| plan.first(role);
    let allocator = of_role(Role::Allocator)?;
    let is_c = plan
        .export(allocator)
        .is_some_and(|(export, _)| export.name.ends_with("malloc"));
    let release = if is_c {
        named("free").or(named("_free"))
    } else {
        of_role(Role::Release)
    };
    let work = plan.work(&with("ptr"), takes_pointer);
    let has_length = work
        .and_then(|at| plan.export(at))
        .is_none_or(|(_, role)| takes_length(&role.args));
    // Of a name like `free_mappings` it is not sure that it takes back the block.
    let is_sure = |at: &usize| {
        plan.export(*at)
            .is_some_and(|(_, role)| role.args.first() == Some(&Arg::Pointer))
    };
    let (release, other) = (release.filter(is_sure), release.filter(|at| !is_sure(at)));
    input(plan);
    if !has_length {
        plan.say(
            "No length is passed on, so the guest may look for a NUL: `cstr(text)` would write \
             one.",
        );
    }
    let given = Given {
        pointer: None,
        length: Some(LENGTH),
        area: None,
    };
    let pointer = plan
        .bind(allocator, &given, &["ptr"], "room for the text")
        .into_iter()
        .next()?;
    plan.push(Statement::new(
        format!("expect {pointer} != 0"),
        "0 would mean: no room",
    ));
    let block = plan.names.name("given");
    if release.is_some() {
        let text = format!("block {block} = {pointer}, {LENGTH}");
        plan.push(Statement::new(text, "the host's from here on").giving(&block));
    }
    plan.push(Statement::new(format!("write {pointer}, text"), ""));
    let result = work.and_then(|at| {
        plan.bind(at, &with(&pointer), &["result"], "")
            .into_iter()
            .next()
    });
    read_back(plan, &pointer);
    if let Some((at, call)) = release.and_then(|at| Some((at, plan.call(at, &with(&pointer))?))) {
        plan.used.insert(at);
        plan.push(Statement::new(call.text, ""));
        plan.push(Statement::new(
            format!("release {block}"),
            "and from here on no longer",
        ));
    }
    if let Some((name, result)) = other.and_then(|at| plan.quoted(at)).zip(result) {
        let remark = "perhaps it takes back what the call answered";
        plan.push(Statement::new(format!("call {name}({result})"), remark));
    }
    Some(())
}

/// What stands in a block that the guest may have changed.
fn read_back(plan: &mut Plan<'_>, pointer: &str) {
    let out = plan.names.name("out");
    let read = format!("{out} = read {pointer}, {LENGTH} as");
    let statement = Statement::new(format!("{read} utf8"), "what stands there now").giving(&out);
    plan.push(statement.or(format!("{read} bytes"), NO_TEXT));
}

fn module_buffer(plan: &mut Plan<'_>) -> Option<()> {
    let sized = plan.first(Role::SizedPointer)?;
    let work = work_on_own_buffer(plan, "ptr");
    input(plan);
    plan.say(
        "If the guest counts characters of UTF-16, write utf16(text): it takes two bytes for each.",
    );
    let given = Given {
        pointer: None,
        length: Some(LENGTH),
        area: None,
    };
    let pointer = plan
        .bind(sized, &given, &["ptr"], "where to put so much")
        .into_iter()
        .next()?;
    plan.push(Statement::new(format!("write {pointer}, text"), ""));
    if let Some(work) = work {
        plan.bind(work, &with(&pointer), &["result"], "");
    }
    Some(())
}

fn host_placed(plan: &mut Plan<'_>) -> Option<()> {
    let work = plan.work(&with("ptr"), takes_pointer)?;
    input(plan);
    let pages = plan.names.name("pages_before");
    let pointer = plan.names.name("ptr");
    plan.push(
        Statement::new(
            format!("{pages} = grow 1"),
            "a page of the host's own: the guest knows nothing of it",
        )
        .giving(&pages)
        .or(
            format!("let {pages} = 0"),
            "memory cannot grow: the host writes at its beginning",
        ),
    );
    plan.push(Statement::new(format!("let {pointer} = {pages} * 65536"), "").giving(&pointer));
    plan.push(Statement::new(format!("write {pointer}, text"), ""));
    plan.bind(work, &with(&pointer), &["result"], "");
    Some(())
}

fn wasm_bindgen(plan: &mut Plan<'_>) -> Option<()> {
    let allocator = plan.first(Role::Allocator)?;
    let mover = plan
        .named("__wbindgen_add_to_stack_pointer")
        .filter(|at| plan.function(*at).is_some());
    let given = Given {
        area: mover.map(|_| "area"),
        ..with("ptr")
    };
    let work = plan.work(&given, takes_pointer)?;
    let wants_area = plan
        .export(work)
        .is_some_and(|(_, role)| role.args.contains(&Arg::ReturnArea));
    input(plan);
    let given = Given {
        pointer: None,
        length: Some(LENGTH),
        area: None,
    };
    let pointer = plan
        .bind(
            allocator,
            &given,
            &["ptr"],
            "the guest takes this block over",
        )
        .into_iter()
        .next()?;
    plan.push(Statement::new(format!("write {pointer}, text"), ""));
    if !wants_area {
        let found = plan.bind(work, &with(&pointer), &["out_ptr", "n"], "");
        if let [at, length] = found.as_slice() {
            text_at(plan, at, length);
            free(plan, at, length);
        }
        return Some(());
    }
    let area = plan.names.name("area");
    let move_by = |bytes: i32| format!("call __wbindgen_add_to_stack_pointer({bytes})");
    plan.push(
        Statement::new(
            format!("{area} = {}", move_by(-16)),
            "where the answer's place is told",
        )
        .giving(&area),
    );
    plan.bind(
        work,
        &Given {
            area: Some(&area),
            ..with(&pointer)
        },
        &[],
        "",
    );
    let (at, length) = pair(plan, &area);
    text_at(plan, &at, &length);
    free(plan, &at, &length);
    plan.push(Statement::new(move_by(16), ""));
    Some(())
}

/// Reads a pointer and a length that lie one behind the other.
fn pair(plan: &mut Plan<'_>, area: &str) -> (String, String) {
    let (at, length) = (plan.names.name("out_ptr"), plan.names.name("n"));
    plan.push(
        Statement::new(
            format!("{at} = read {area} as u32"),
            "where the answer lies",
        )
        .giving(&at),
    );
    plan.push(
        Statement::new(
            format!("{length} = read {area} + 4 as u32"),
            "and how long it is",
        )
        .giving(&length),
    );
    (at, length)
}

fn text_at(plan: &mut Plan<'_>, at: &str, length: &str) {
    let out = plan.names.name("out");
    let read = format!("{out} = read {at}, {length} as");
    plan.push(
        Statement::new(format!("{read} utf8"), "")
            .giving(&out)
            .or(format!("{read} bytes"), NO_TEXT),
    );
}

/// Gives an answer's block back, where there is a function for it.
fn free(plan: &mut Plan<'_>, at: &str, length: &str) {
    let Some(release) = plan.first(Role::Release) else {
        return;
    };
    let given = Given {
        pointer: Some(at),
        length: Some(length),
        area: None,
    };
    if let Some(call) = plan.call(release, &given) {
        plan.used.insert(release);
        plan.push(Statement::new(
            call.text,
            "the answer is the host's to give back",
        ));
    }
}

fn canonical_abi(plan: &mut Plan<'_>) -> Option<()> {
    let allocator = plan.first(Role::Allocator)?;
    let realloc = plan.quoted(allocator)?;
    let work = plan.work(&with("ptr"), takes_pointer)?;
    let name = plan.export(work)?.0.name.clone();
    input(plan);
    let pointer = plan.names.name("ptr");
    plan.used.insert(allocator);
    let asked = format!("{pointer} = call {realloc}(0, 0, 1, {LENGTH})");
    plan.push(Statement::new(asked, "no old block, alignment 1").giving(&pointer));
    plan.push(Statement::new(
        format!("write {pointer}, text"),
        "the guest takes this block over",
    ));
    let results = plan.bind(work, &with(&pointer), &["area"], "");
    let is_pointer = plan
        .function(work)
        .is_some_and(|ty| ty.results == [ValueType::I32]);
    if let Some(area) = results.first().filter(|_| is_pointer) {
        let (at, length) = pair(plan, area);
        text_at(plan, &at, &length);
        let cleanup = plan.named(&format!("cabi_post_{name}"));
        if let Some(cleanup) = cleanup.and_then(|at| plan.quoted(at)) {
            plan.push(Statement::new(
                format!("call {cleanup}({area})"),
                "the guest frees what it answered",
            ));
        }
    }
    Some(())
}

fn assembly_script(plan: &mut Plan<'_>) -> Option<()> {
    let new = plan
        .named("__new")
        .filter(|at| plan.function(*at).is_some())?;
    let work = plan.work(&with("ptr"), takes_pointer)?;
    let pins = ["__pin", "__unpin"]
        .iter()
        .all(|name| plan.named(name).is_some());
    input(plan);
    let pointer = plan.names.name("ptr");
    plan.used.insert(new);
    let asked = format!("{pointer} = call __new(len(utf16(text)), 2)");
    plan.push(Statement::new(asked, "2 is a string (1 in versions before 0.20)").giving(&pointer));
    if pins {
        let held = plan.names.name("held");
        let pin = format!("{held} = call __pin({pointer})");
        plan.push(Statement::new(pin, "or the collector may take it").giving(&held));
    }
    plan.push(Statement::new(format!("write {pointer}, utf16(text)"), ""));
    let results = plan.bind(work, &with(&pointer), &["answer"], "");
    let is_pointer = plan
        .function(work)
        .is_some_and(|ty| ty.results == [ValueType::I32]);
    if let Some(answer) = results.first().filter(|_| is_pointer) {
        let (length, out) = (plan.names.name("n"), plan.names.name("out"));
        let size = format!("{length} = read {answer} - 4 as u32");
        plan.push(Statement::new(size, "if it is an object: its size").giving(&length));
        let read = format!("{out} = read {answer}, {length} as");
        plan.push(
            Statement::new(format!("{read} utf16"), "")
                .giving(&out)
                .or(format!("{read} bytes"), NO_TEXT),
        );
    }
    if pins {
        plan.push(Statement::new(format!("call __unpin({pointer})"), ""));
    }
    Some(())
}

fn wasi_command(plan: &mut Plan<'_>) -> Option<()> {
    let start = plan.named("_start")?;
    plan.blank();
    plan.used.insert(start);
    plan.push(Statement::new(
        format!("call {}()", names::foreign("_start")),
        "the whole program",
    ));
    Some(())
}
