//! The steps of guests that are programs, plugins or modules of a dynamic linker.

use super::builder::{Arguments, Builder};
use super::results::{add_read_of_bytes, add_read_of_text};
use super::{Statement, names};
use crate::guest::abi::Arg;

/// The most functions of a side module that are called.
const MOST_CALLS: usize = 1;

/// Adds the call that runs a program.
pub(super) fn wasi_command(builder: &mut Builder<'_>) -> Option<()> {
    let start = builder.named("_start")?;
    builder.blank();
    builder.used.insert(start);
    let text = format!("call {}()", names::foreign("_start"));
    builder.push(Statement::new(text, "runs the program"));
    Some(())
}

/// Adds calls of what the dynamic linker calls, and of a function that takes nothing.
pub(super) fn side_module(builder: &mut Builder<'_>) -> Option<()> {
    builder.blank();
    for (name, remark) in [
        ("__wasm_apply_data_relocs", "sets the addresses in the data"),
        ("__wasm_call_ctors", "runs constructors"),
    ] {
        if let Some(index) = builder.named(name) {
            builder.used.insert(index);
            builder.push(Statement::new(format!("call {name}()"), remark));
        }
    }
    let nothing = Arguments::default();
    let mut calls = 0;
    while calls < MOST_CALLS
        && let Some(index) = builder.work(nothing, <[Arg]>::is_empty)
    {
        calls += 1;
        let results = builder.bind(index, nothing, &["result"], "");
        let returns_address = builder
            .export(index)
            .is_some_and(|(_, role)| role.returns_address);
        if let [result] = results.as_slice()
            && returns_address
        {
            add_read_of_bytes(builder, "out", result, 16, "if it is an address");
        }
    }
    Some(())
}

/// Adds the call that returns a plugin's description, and a read of the bytes that it shares.
pub(super) fn dprint_plugin(builder: &mut Builder<'_>) -> Option<()> {
    let info = builder.named("get_plugin_info")?;
    let nothing = Arguments::default();
    builder.blank();
    builder.comment(
        "A function that returns text returns its length. The bytes are in a buffer that the plugin \
         shares with the host.",
    );
    let length = builder.bind(
        info,
        nothing,
        &["n"],
        "the length of the JSON about the plugin",
    );
    let length = length.into_iter().next()?;
    if let Some(shared) = builder.named("get_shared_bytes_ptr") {
        let pointer = builder.bind(shared, nothing, &["ptr"], "the address of the shared bytes");
        let pointer = pointer.into_iter().next()?;
        add_read_of_text(builder, &pointer, &length, "utf8", "");
        return Some(());
    }
    // Versions 1 to 3 copy the shared bytes to a fixed buffer, a part at a time.
    let buffer = builder.named("get_wasm_memory_buffer")?;
    let size = builder.named("get_wasm_memory_buffer_size");
    let copy = builder.named("set_buffer_with_shared_bytes")?;
    let text = format!("call set_buffer_with_shared_bytes(0, {length})");
    builder.used.insert(copy);
    if let Some(size) = size {
        let limit = builder.bind(size, nothing, &["limit"], "the size of the buffer");
        let limit = limit.into_iter().next()?;
        let remark = "a longer text is copied in several parts";
        builder.push(Statement::new(
            format!("expect {length} <= {limit}"),
            remark,
        ));
    }
    builder.push(Statement::new(text, "copies the bytes to the buffer"));
    let pointer = builder.bind(buffer, nothing, &["ptr"], "the address of the buffer");
    let pointer = pointer.into_iter().next()?;
    add_read_of_text(builder, &pointer, &length, "utf8", "");
    Some(())
}
