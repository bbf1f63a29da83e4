//! What each pane shows, as data.

pub mod byte_inspector;
pub mod cache;
pub mod event_text;
pub mod hex_copy;
pub mod hex_dump;
pub mod layout;
pub mod memory_map;
pub mod module_overview;
pub mod row_format;
pub mod source;
pub mod step_list;
pub mod view;
