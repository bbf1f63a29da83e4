//! The steps of conventions in which the host allocates a block for what it passes.

use super::builder::{Arguments, Builder};
use super::common::{self, LENGTH};
use super::results::{self, LENGTH_UNKNOWN, add_read_of_bytes, add_read_of_text};
use super::{Statement, names, objects};
use crate::guest::abi::{Allocation, AllocatorKind, Arg, Family, ResultShape, Role};
use crate::wasm_types::ValueType;

/// The size of a buffer for results, as an expression.
const CAPACITY: &str = "4096";

/// The bytes by which the stack pointer of wasm-bindgen moves for a return area, which is enough
/// for four words.
const AREA: i32 = 16;

/// The size of a block for a return area, as an expression.
const AREA_BLOCK: &str = "64";

/// The variables with pointers to the host's bytes, the first for the first span of a call.
const POINTERS: [&str; 4] = ["ptr", "ptr2", "ptr3", "ptr4"];

/// Adds the steps. Returns `None` if the guest lacks what they need.
pub(super) fn add(builder: &mut Builder<'_>, family: Family) -> Option<()> {
    let allocation = builder.abi.allocation;
    builder.add_initialization();
    let Some(found) = allocation.filter(|found| builder.export(found.allocator).is_some()) else {
        return (family == Family::WasmBindgen)
            .then(|| add_call_without_blocks(builder))
            .flatten();
    };
    let blocks = Blocks {
        found,
        area_mover: area_mover(builder),
    };
    let given = Arguments {
        area: Some("area"),
        output: Some("out_buffer"),
        capacity: Some(CAPACITY),
        ..common::input_at(&POINTERS)
    };
    let of_class = |builder: &Builder<'_>, index: usize| objects::is_constructor(builder, index);
    // What a function fills without a capacity, before the bytes that it reads, can be an object.
    let fills_object = |args: &[Arg]| {
        args.first() == Some(&Arg::Output) && args.get(1).is_some_and(|arg| *arg != Arg::Capacity)
    };
    let fits = |args: &[Arg]| common::takes_pointer(args) && !fills_object(args);
    let with_span = builder.work(given, fits);
    // A constructor alone shows less than a method that it makes possible.
    let method = objects::find(builder, given);
    match (with_span, method) {
        (Some(work), None) => blocks.add_call(builder, work, None),
        (Some(work), Some(_)) if !of_class(builder, work) => blocks.add_call(builder, work, None),
        (_, Some(method)) => blocks.add_method(builder, method),
        (None, None) => {
            // In C, what a function stores to may be an object as well.
            let is_bindgen = found.kind == AllocatorKind::Bindgen;
            let with_area = builder.work(given, |args| args == [Arg::ReturnArea]);
            match with_area.filter(|_| is_bindgen) {
                Some(work) => blocks.add_call(builder, work, None),
                None => blocks.add_round_trip(builder),
            }
        }
    }
}

/// Adds a call of a function that takes nothing and returns something, if there is one.
fn add_answer(builder: &mut Builder<'_>) {
    let nothing = Arguments::default();
    let is_answer = |index: &usize| {
        let role = builder.export(*index).map(|(_, role)| role);
        role.is_some_and(|role| role.role == Role::Answer)
    };
    let Some(work) = builder.unused_work().find(is_answer) else {
        return;
    };
    builder.blank();
    let remark = "takes no arguments, so it can be tried";
    let results = builder.bind(work, nothing, &["answer"], remark);
    let may_be_address = builder
        .export(work)
        .is_some_and(|(_, role)| role.returns_address);
    if let ([answer], true) = (results.as_slice(), may_be_address) {
        builder.begin_results();
        add_read_of_bytes(builder, "answer_bytes", answer, 16, "if it is an address");
        builder.end_results();
    }
}

/// Returns the function that moves the stack pointer of wasm-bindgen.
fn area_mover(builder: &Builder<'_>) -> Option<usize> {
    builder
        .named("__wbindgen_add_to_stack_pointer")
        .filter(|index| builder.function(*index).is_some())
}

/// Adds a call that passes no bytes to a guest of wasm-bindgen.
fn add_call_without_blocks(builder: &mut Builder<'_>) -> Option<()> {
    let given = Arguments {
        area: Some("area"),
        ..Arguments::default()
    };
    let mover = area_mover(builder);
    let work = builder.work(given, |args| args == [Arg::ReturnArea]);
    let work = work.filter(|_| mover.is_some())?;
    let area = add_stack_area(builder);
    let given = Arguments {
        area: Some(&area),
        ..Arguments::default()
    };
    builder.bind(work, given, &[], "");
    builder.begin_results();
    results::add_area(builder, work, Some(&area));
    builder.end_results();
    builder.push(Statement::new(move_stack(AREA), ""));
    Some(())
}

fn move_stack(bytes: i32) -> String {
    format!("call __wbindgen_add_to_stack_pointer({bytes})")
}

/// Adds a return area on the guest's own stack. Returns the variable with its address.
fn add_stack_area(builder: &mut Builder<'_>) -> String {
    let area = builder.variables.add("area");
    let text = format!("{area} = {}", move_stack(-AREA));
    let remark = "where the guest puts what it returns";
    builder.push(Statement::new(text, remark).defining(&area));
    area
}

/// A guest whose blocks the host allocates.
struct Blocks {
    found: Allocation,
    area_mover: Option<usize>,
}

impl Blocks {
    /// Adds a call of a function that works on blocks. `object` is the variable with the object of
    /// the guest that it needs.
    fn add_call(&self, builder: &mut Builder<'_>, work: usize, object: Option<&str>) -> Option<()> {
        let args = builder.args(work);
        let spans = args.iter().filter(|arg| **arg == Arg::Pointer).count();
        let has_length = args.contains(&Arg::Length);
        let is_sized = builder.export(work).is_some_and(|(_, role)| role.is_sized);
        let text = Text::of(self.found.kind, has_length || is_sized);
        if (spans > 0 || has_length) && !builder.variables.has("text") {
            common::add_input(builder);
        }
        let mut pointers = Vec::new();
        for _ in 0..spans {
            pointers.push(self.add_block(builder, "ptr", text.size)?);
        }
        for pointer in &pointers {
            let remark = if self.found.is_owned_by_host() {
                ""
            } else {
                text.remark
            };
            builder.push(Statement::new(
                format!("write {pointer}, {}", text.value),
                remark,
            ));
        }
        let output = match args.contains(&Arg::Output) {
            true => Some(self.add_block(builder, "out_buffer", CAPACITY)?),
            false => None,
        };
        let area = match args.contains(&Arg::ReturnArea) {
            true => Some(self.add_area(builder)?),
            false => None,
        };
        let names: Vec<&str> = pointers.iter().map(String::as_str).collect();
        let given = Arguments {
            area: area.as_deref(),
            output: output.as_deref(),
            capacity: Some(CAPACITY),
            length: Some(text.length),
            object,
            pointers: &names,
        };
        let results = builder.bind(work, given, self.result_names(builder, work), "");
        builder.begin_results();
        self.add_results(builder, work, &results, area.as_deref());
        if let Some(output) = &output {
            add_read_of_bytes(builder, "answer", output, 32, LENGTH_UNKNOWN);
        }
        builder.end_results();
        let area_block = area.as_deref().filter(|_| self.area_mover.is_none());
        let given: Vec<(&str, &str)> = names.iter().map(|name| (*name, text.size)).collect();
        let output = output.as_deref().map(|output| (output, CAPACITY));
        let others: Vec<(&str, &str)> = output
            .into_iter()
            .chain(area_block.map(|area| (area, AREA_BLOCK)))
            .collect();
        self.add_end(builder, &given, &others, results.first());
        if area.is_some() && self.area_mover.is_some() {
            builder.push(Statement::new(move_stack(AREA), ""));
        }
        Some(())
    }

    /// Adds a call of a method, after one that makes its object.
    fn add_method(&self, builder: &mut Builder<'_>, method: objects::Method) -> Option<()> {
        builder.blank();
        let args = builder.args(method.constructor);
        if args.contains(&Arg::Pointer) {
            common::add_input(builder);
            let pointer = self.add_block(builder, "ptr", LENGTH)?;
            common::add_write(builder, &pointer, "");
        }
        let pointers: &[&str] = if builder.variables.has("ptr") {
            &["ptr"]
        } else {
            &[]
        };
        let given = common::input_at(pointers);
        let remark = "makes the object that the next call needs";
        let made = builder.bind(method.constructor, given, &["object"], remark);
        let object = made.into_iter().next()?;
        builder.push(Statement::new(format!("expect {object} != 0"), ""));
        self.add_call(builder, method.call, Some(&object))?;
        objects::add_release(builder, &method, &object);
        Some(())
    }

    /// Adds a block that is allocated, filled, read and released, where no call with it is clear.
    fn add_round_trip(&self, builder: &mut Builder<'_>) -> Option<()> {
        if !self.found.is_owned_by_host() {
            return None;
        }
        common::add_input(builder);
        let pointer = self.add_block(builder, "ptr", LENGTH)?;
        common::add_write(builder, &pointer, "");
        if results::add_call_and_getters(builder).is_none() {
            let remark = "no export is known that works on it";
            add_read_of_text(builder, &pointer, LENGTH, "utf8", remark);
        }
        self.add_end(builder, &[(&pointer, LENGTH)], &[], None);
        add_answer(builder);
        builder.add_doubt();
        Some(())
    }

    /// Adds the allocation of a block. Returns the variable with its address.
    fn add_block(&self, builder: &mut Builder<'_>, wanted: &str, size: &str) -> Option<String> {
        let allocator = builder.quoted(self.found.allocator)?;
        let params = builder.function(self.found.allocator)?.params.len();
        builder.used.insert(self.found.allocator);
        let pointer = builder.variables.add(wanted);
        let args = self.found.arguments(params, size);
        let text = format!("{pointer} = call {allocator}({args})");
        let remark = match self.found.kind {
            AllocatorKind::New => "2 is a string (1 in versions before 0.20)",
            AllocatorKind::Retain => "1 is a string",
            AllocatorKind::Realloc => "no old block, alignment 1",
            AllocatorKind::Bindgen => "the guest owns this block from the call on",
            _ if wanted == "ptr" => "memory for the text",
            _ => "memory for the result",
        };
        builder.push(Statement::new(text, remark).defining(&pointer));
        match self.found.kind {
            AllocatorKind::New | AllocatorKind::Retain => self.add_pin(builder, &pointer),
            _ if self.found.is_owned_by_host() => {
                let remark = format!("{allocator} returns 0 when memory is full");
                builder.push(Statement::new(format!("expect {pointer} != 0"), remark));
                if self.found.release.is_some() {
                    let block = builder.variables.add("given");
                    let text = format!("block {block} = {pointer}, {size}");
                    let remark = "the block belongs to the host from here on";
                    builder.push(Statement::new(text, remark).defining(&block));
                }
            }
            _ => {}
        }
        Some(pointer)
    }

    /// Adds what keeps an object of AssemblyScript from being collected.
    fn add_pin(&self, builder: &mut Builder<'_>, pointer: &str) {
        let names = match self.found.kind {
            AllocatorKind::Retain => ["__retain", "__release"],
            _ => ["__pin", "__unpin"],
        };
        if names.iter().all(|name| builder.named(name).is_some()) {
            let [pin, _] = names;
            let pinned = builder.variables.add("pinned");
            let text = format!("{pinned} = call {pin}({pointer})");
            let remark = "keeps the guest from collecting it";
            builder.push(Statement::new(text, remark).defining(&pinned));
        }
    }

    /// Adds a place for results.
    fn add_area(&self, builder: &mut Builder<'_>) -> Option<String> {
        match self.area_mover {
            Some(_) => Some(add_stack_area(builder)),
            None => self.add_block(builder, "area", AREA_BLOCK),
        }
    }

    /// Returns the names of the results of a call.
    fn result_names(&self, builder: &Builder<'_>, work: usize) -> &'static [&'static str] {
        let count = builder.function(work).map_or(0, |ty| ty.results.len());
        match self.found.kind {
            AllocatorKind::Realloc => &["area"],
            AllocatorKind::New | AllocatorKind::Retain => &["answer"],
            AllocatorKind::Bindgen if count == 3 => &["value", "error", "failed"],
            _ if count == 1 => &["result"],
            _ => &names::TEXT_RESULTS,
        }
    }

    /// Adds reads of what the call has returned.
    fn add_results(
        &self,
        builder: &mut Builder<'_>,
        work: usize,
        results: &[String],
        area: Option<&str>,
    ) {
        if let Some(span) = results::add_area(builder, work, area) {
            if self.found.kind == AllocatorKind::Bindgen {
                results::add_free(builder, &span);
            }
            return;
        }
        match (self.found.kind, results) {
            (AllocatorKind::Bindgen, [address, length, rest @ ..])
                if area.is_none() && matches!(rest.len(), 0 | 2) =>
            {
                if let [_, failed] = rest {
                    let remark = "1 if the guest returned an error instead";
                    builder.push(Statement::new(format!("expect {failed} == 0"), remark));
                }
                add_read_of_text(builder, address, length, "utf8", "");
                let span = results::Span {
                    address: address.clone(),
                    length: length.clone(),
                };
                results::add_free(builder, &span);
            }
            (
                AllocatorKind::Malloc | AllocatorKind::Named | AllocatorKind::ByCode,
                [address, length],
            ) if self.returns_span(builder, work) => {
                let remark = "if these are the address and the length of the result";
                add_read_of_text(builder, address, length, "utf8", remark);
            }
            (AllocatorKind::Realloc, [block]) if self.returns_block(builder, work) => {
                results::add_returned_block(builder, work, block);
                let name = builder.export(work).map(|(export, _)| &export.name);
                let cleanup = name.and_then(|name| builder.named(&format!("cabi_post_{name}")));
                if let Some(cleanup) = cleanup.and_then(|index| builder.quoted(index)) {
                    let text = format!("call {cleanup}({block})");
                    builder.push(Statement::new(text, "the guest frees the result"));
                }
            }
            (AllocatorKind::New | AllocatorKind::Retain, [object])
                if self.returns_block(builder, work) =>
            {
                let length = builder.variables.add("n");
                let text = format!("{length} = read {object} - 4 as u32");
                let remark = "its size in bytes, if it is an object";
                builder.push(Statement::new(text, remark).defining(&length));
                add_read_of_text(builder, object, &length, "utf16", "");
            }
            _ => {}
        }
    }

    /// Returns whether a function may return an address and a length.
    fn returns_span(&self, builder: &Builder<'_>, work: usize) -> bool {
        let words = [ValueType::I32, ValueType::I32];
        let is_pair = builder.function(work).is_some_and(|ty| ty.results == words);
        let role = builder.export(work).map(|(_, role)| role);
        is_pair && role.is_some_and(|role| role.returns_address)
    }

    /// Returns whether a function may return the address of a block.
    fn returns_block(&self, builder: &Builder<'_>, work: usize) -> bool {
        let is_word = builder
            .function(work)
            .is_some_and(|ty| ty.results == [ValueType::I32]);
        let Some((export, role)) = builder.export(work).filter(|_| is_word) else {
            return false;
        };
        let has_cleanup = builder
            .named(&format!("cabi_post_{}", export.name))
            .is_some();
        let has_shape = role.shape != ResultShape::Unknown;
        match self.found.kind {
            AllocatorKind::Realloc => has_cleanup || has_shape,
            _ => role.returns_address,
        }
    }

    /// Adds the end: blocks of the host are read once more and released. Each is given with its
    /// size.
    fn add_end(
        &self,
        builder: &mut Builder<'_>,
        pointers: &[(&str, &str)],
        others: &[(&str, &str)],
        result: Option<&String>,
    ) {
        if matches!(self.found.kind, AllocatorKind::New | AllocatorKind::Retain) {
            let release = match self.found.kind {
                AllocatorKind::Retain => "__release",
                _ => "__unpin",
            };
            if builder.variables.has("pinned") && builder.named(release).is_some() {
                for (pointer, _) in pointers {
                    builder.push(Statement::new(format!("call {release}({pointer})"), ""));
                }
            }
            return;
        }
        if !self.found.is_owned_by_host() {
            return;
        }
        if let (Some((pointer, _)), true) = (pointers.first(), others.is_empty())
            && !builder.variables.has("out")
        {
            let remark = "the text that is there now";
            add_read_of_text(builder, pointer, LENGTH, "utf8", remark);
        }
        for (number, block) in (1..).zip(pointers.iter().chain(others)) {
            self.add_release(builder, *block, number);
        }
        let other = builder
            .first(Role::Release)
            .filter(|_| self.found.release.is_none());
        if let Some((name, result)) = other.and_then(|index| builder.quoted(index)).zip(result) {
            let text = format!("call {name}({result})");
            let statement = Statement::new(text, "may free what the call returned");
            builder.push(statement.commented_out());
        }
    }

    /// Adds the release of the block with a number, counted from 1.
    fn add_release(&self, builder: &mut Builder<'_>, (pointer, size): (&str, &str), number: usize) {
        let pointers = [pointer];
        let given = Arguments {
            length: Some(size),
            ..common::input_at(&pointers)
        };
        let release = self.found.release;
        let call = release.and_then(|index| Some((index, builder.call(index, given)?)));
        let Some((index, call)) = call.filter(|(_, call)| call.doubt.is_none()) else {
            return;
        };
        builder.used.insert(index);
        builder.push(Statement::new(call.text, ""));
        let block = match number {
            1 => "given".to_string(),
            _ => format!("given{number}"),
        };
        let text = format!("release {block}");
        builder.push(Statement::new(text, "the block is free from here on"));
    }
}

/// How the input is written, and how long it is.
struct Text {
    value: &'static str,
    /// The bytes of a block for it.
    size: &'static str,
    /// What a call passes as its length.
    length: &'static str,
    remark: &'static str,
}

impl Text {
    fn of(kind: AllocatorKind, has_length: bool) -> Self {
        match kind {
            AllocatorKind::New | AllocatorKind::Retain => Text {
                value: "utf16(text)",
                size: "len(utf16(text))",
                length: LENGTH,
                remark: "",
            },
            _ if has_length => Text {
                value: "text",
                size: LENGTH,
                length: LENGTH,
                remark: "",
            },
            _ => Text {
                value: "cstr(text)",
                size: "len(text) + 1",
                length: LENGTH,
                remark: "the call takes no length, so the text ends with a NUL",
            },
        }
    }
}
