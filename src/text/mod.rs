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
pub use count::{count, plural};
pub use nearest::nearest;
pub use size::{size, size_argument};
pub use wrap::{Line, Wrap};
pub use writer::TextWriter;
