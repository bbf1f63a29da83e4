//! The input that a draft passes, which the steps of all conventions share.

use super::Statement;
use super::builder::{Arguments, Builder};
use crate::guest::abi::Arg;

/// The variable with what the host passes, and the expression for its length.
pub(super) const TEXT: &str = "text";
pub(super) const LENGTH: &str = "len(text)";

/// Adds the input that the host passes.
pub(super) fn add_input(builder: &mut Builder<'_>) {
    builder.blank();
    builder.variables.add(TEXT);
    builder.push(Statement::new(
        "input text = \"Did you know\"",
        "the text that the host passes",
    ));
    builder.blank();
}

/// Returns the arguments of a call that works on the input at pointers.
pub(super) fn input_at<'a>(pointers: &'a [&'a str]) -> Arguments<'a> {
    Arguments {
        pointers,
        length: Some(LENGTH),
        ..Arguments::default()
    }
}

/// Returns whether one of the parameters is a pointer.
pub(super) fn takes_pointer(args: &[Arg]) -> bool {
    args.contains(&Arg::Pointer)
}

/// Adds the write of the input.
pub(super) fn add_write(builder: &mut Builder<'_>, pointer: &str, remark: &str) {
    let text = format!("write {pointer}, text");
    builder.push(Statement::new(text, remark));
}
