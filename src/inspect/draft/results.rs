//! Reads of what a call returns: through a return area, as an address and a length, or in place.

use super::builder::{Arguments, Builder};
use super::common::LENGTH;
use super::{Reading, Statement};
use crate::guest::abi::{ResultShape, Role};

/// Remarks that several conventions have.
const NOT_UTF8: &str = "not UTF-8 in a trial run, so read as bytes";
pub(super) const RESULT: &str = "the address of the result";
pub(super) const LENGTH_UNKNOWN: &str = "the exports do not show the length of the result";

/// The address and the length of a result, as the names of variables.
pub(super) struct Span {
    pub address: String,
    pub length: String,
}

/// Adds a read of the result at a pointer: as long as the call returned, or else as the input.
pub(super) fn add_read_of_result(builder: &mut Builder<'_>, pointer: &str, length: Option<&str>) {
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

/// Adds a read of a number of bytes.
pub(super) fn add_read_of_bytes(
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

/// Adds a read of text, and a read of bytes to use if it is no text.
pub(super) fn add_read_of_text(
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

/// Adds a read of a word at a distance from an address. Returns the name of the variable.
fn add_word(
    builder: &mut Builder<'_>,
    wanted: &str,
    (base, offset): (&str, u32),
    remark: &str,
    reading: Reading,
) -> String {
    let name = builder.variables.add(wanted);
    let address = match offset {
        0 => base.to_string(),
        _ => format!("{base} + {offset}"),
    };
    let text = format!("{name} = read {address} as u32");
    builder.push(
        Statement::new(text, remark)
            .defining(&name)
            .only_in(reading),
    );
    name
}

/// Adds reads of an address and the length after it.
fn add_pair(builder: &mut Builder<'_>, area: &str) -> Span {
    let address = add_word(builder, "out_ptr", (area, 0), RESULT, Reading::Any);
    let length = add_word(builder, "n", (area, 4), "and its length", Reading::Any);
    Span { address, length }
}

/// Adds reads of what a call has written to its return area. Returns the span of the result, if it
/// has one.
pub(super) fn add_area(builder: &mut Builder<'_>, work: usize, area: Option<&str>) -> Option<Span> {
    let area = area?;
    let shape = builder.export(work)?.1.shape;
    let failed = |builder: &mut Builder<'_>, offset| {
        let remark = "1 if the guest returned an error instead";
        let name = add_word(builder, "failed", (area, offset), remark, Reading::Any);
        builder.push(Statement::new(format!("expect {name} == 0"), ""));
    };
    match shape {
        ResultShape::Pair => {
            let span = add_pair(builder, area);
            add_read_of_text(builder, &span.address, &span.length, "utf8", "");
            Some(span)
        }
        ResultShape::PairOrError => {
            let span = add_pair(builder, area);
            failed(builder, 12);
            add_read_of_text(builder, &span.address, &span.length, "utf8", "");
            Some(span)
        }
        ResultShape::ValueOrError => {
            add_word(
                builder,
                "value",
                (area, 0),
                "a number or an object",
                Reading::Any,
            );
            failed(builder, 8);
            None
        }
        ResultShape::Bytes(bytes) => {
            let remark = "the bytes that the code stores there";
            let bytes = usize::try_from(bytes).unwrap_or(16).max(1);
            add_read_of_bytes(builder, "out", area, bytes, remark);
            None
        }
        ResultShape::TaggedPair | ResultShape::Unknown => None,
    }
}

/// Adds reads of the block that a call has returned, in the form of the component model.
pub(super) fn add_returned_block(builder: &mut Builder<'_>, work: usize, area: &str) {
    let Some((_, role)) = builder.export(work) else {
        return;
    };
    match role.shape {
        ResultShape::TaggedPair => add_tagged(builder, area, Reading::Any),
        ResultShape::Pair => {
            let span = add_pair(builder, area);
            add_read_of_text(builder, &span.address, &span.length, "utf8", "");
        }
        _ => add_either(builder, area),
    }
}

/// Adds reads of a discriminant, and of an address and a length after it.
fn add_tagged(builder: &mut Builder<'_>, area: &str, reading: Reading) {
    let tag = builder.variables.add("tag");
    let remark = "the discriminant: 0 is a result and 1 an error, if it is a `result`";
    let read = Statement::new(format!("{tag} = read {area} as u8"), remark);
    builder.push(read.defining(&tag).only_in(reading));
    let address = add_word(builder, "out_ptr", (area, 4), RESULT, reading);
    let length = add_word(builder, "n", (area, 8), "and its length", reading);
    add_text_or_bytes(builder, &address, &length, reading);
}

/// Adds a read of text, or of bytes if they are no text.
fn add_text_or_bytes(builder: &mut Builder<'_>, address: &str, length: &str, reading: Reading) {
    let out = builder.variables.add("out");
    let read = format!("{out} = read {address}, {length} as");
    let statement = Statement::new(format!("{read} utf8"), "").defining(&out);
    builder.push(
        statement
            .or(format!("{read} bytes"), NOT_UTF8)
            .only_in(reading),
    );
}

/// Adds reads of an address and a length, and reads after a discriminant to use if the first word
/// is one.
fn add_either(builder: &mut Builder<'_>, area: &str) {
    let before = builder.variables.clone();
    let first = Reading::First;
    let address = add_word(builder, "out_ptr", (area, 0), RESULT, first);
    let remark = "0 or 1 would be a discriminant";
    let check = Statement::new(format!("expect {address} > 1"), remark);
    builder.push(check.only_in(first));
    let length = add_word(builder, "n", (area, 4), "and its length", first);
    add_text_or_bytes(builder, &address, &length, first);
    // Only one of the two readings is written, so both can have the same variables.
    builder.variables = before;
    add_tagged(builder, area, Reading::Second);
}

/// Adds a read of the text that the call before returned, and a call that frees it. `results` are the
/// names of its address and its length, and perhaps more; empty for a call that returns no text.
pub(super) fn add_returned_text(builder: &mut Builder<'_>, results: &[String]) {
    let [address, length, ..] = results else {
        return;
    };
    builder.begin_results();
    add_read_of_text(builder, address, length, "utf8", "");
    let span = Span {
        address: address.clone(),
        length: length.clone(),
    };
    add_free(builder, &span);
    builder.end_results();
}

/// Adds a call that takes nothing, for a guest that knows what was written to its block, and calls
/// of the functions that return the address and the length of the result. Returns `None`, and adds
/// nothing, where the exports do not have all three.
pub(super) fn add_call_and_getters(builder: &mut Builder<'_>) -> Option<()> {
    let getter = builder.first(Role::PointerGetter)?;
    let (export, _) = builder.export(getter)?;
    let (subject, _) = export.name.split_once('_')?;
    let answers: Vec<(usize, &str, bool)> = builder
        .unused_work()
        .filter_map(|index| {
            let (export, role) = builder.export(index)?;
            let is_answer = role.role == Role::Answer;
            is_answer.then_some((index, export.name.as_str(), role.is_count))
        })
        .collect();
    let is_of_subject = |name: &str| name.split('_').next() == Some(subject);
    let is_length = |(_, name, is_count): &&(usize, &str, bool)| *is_count && is_of_subject(name);
    let (length, ..) = *answers.iter().find(is_length)?;
    let is_work = |(_, name, is_count): &&(usize, &str, bool)| !is_count && !is_of_subject(name);
    let (work, ..) = *answers.iter().find(is_work)?;
    let nothing = Arguments::default();
    builder.bind(work, nothing, &["result"], "");
    builder.begin_results();
    let [address, length] = [(getter, "out_ptr"), (length, "n")]
        .map(|(index, name)| builder.bind(index, nothing, &[name], "").into_iter().next());
    if let (Some(address), Some(length)) = (address, length) {
        add_read_of_text(builder, &address, &length, "utf8", "");
    }
    builder.end_results();
    Some(())
}

/// Adds a call that frees a result, where there is a function for it.
pub(super) fn add_free(builder: &mut Builder<'_>, span: &Span) {
    let release = builder.abi.allocation.and_then(|found| found.release);
    let Some(release) = release.filter(|index| builder.export(*index).is_some()) else {
        return;
    };
    let pointers = [span.address.as_str()];
    let given = Arguments {
        pointers: &pointers,
        length: Some(&span.length),
        ..Arguments::default()
    };
    if let Some(call) = builder
        .call(release, given)
        .filter(|call| call.doubt.is_none())
    {
        builder.used.insert(release);
        builder.push(Statement::new(call.text, "the host frees the result"));
    }
}
