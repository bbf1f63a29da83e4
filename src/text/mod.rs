//! Text for people: counts, sizes, lists, lines and columns, escapes, and the known name that is
//! nearest to a misspelt one.
//!
//! A leaf: it names no other part of the program.

pub mod escape;
pub mod list;

mod columns;
mod count;
mod nearest;
mod size;
mod wrap;
mod writer;

pub use columns::{fit, width};
pub use count::count;
pub(crate) use count::plural;
pub use nearest::nearest;
pub use size::size;
pub(crate) use size::{below_zero, size_argument};
pub use wrap::Line;
pub(crate) use wrap::Wrap;
pub(crate) use writer::TextWriter;
