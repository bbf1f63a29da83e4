//! What each pane shows, as data: rectangles, hex dump, map, step list, source, byte inspector.
//!
//! Owns the `view::View` of a frame and its cache. Reads the app and changes only the
//! cache. Names no other room; it shows the names of keys from `App::keys`.

pub mod byte_inspector;
mod byte_readings;
pub mod cache;
pub mod event_text;
pub mod field_marks;
mod field_of_byte;
pub mod field_tree;
pub mod hex_copy;
pub mod hex_dump;
pub mod inside_step;
pub mod layout;
pub mod memory_map;
pub mod module_overview;
mod parts_of_byte;
pub mod previous_run;
pub mod row_format;
pub mod source;
pub mod step_list;
pub mod type_list;
pub mod typed_parts;
pub mod view;
mod write_text;
