//! The steps language as `docs/steps.md` describes it. The program runs small scripts on small guests,
//! and the tests read its JSON trace and its exit status.

mod calls;
mod calls_of_imports;
mod errors;
mod expectations;
mod functions;
mod harness;
mod import_actions;
mod imports;
mod inputs;
mod instantiation;
mod lexical;
mod memories;
mod objects;
mod outcomes;
mod program;
mod spans;
mod tables;
mod types;
mod values;
