//! Moving through what is recorded.

pub mod address_names;
pub mod findings;
pub mod focus;
pub mod scroll;
pub mod search;
pub mod time;
pub mod viewport;
