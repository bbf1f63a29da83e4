//! The steps language as its page describes it, proved from outside: the real binary runs small
//! scripts on small guests, and the tests read its JSON and its exit status. Each test bears the
//! sentence that it proves.

mod calls;
mod errors;
mod expectations;
mod functions;
mod imports;
mod inputs;
mod instantiation;
mod lexical;
mod memories;
mod outcomes;
mod spans;
mod support;
mod values;
