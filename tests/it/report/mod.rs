//! Reports: text, JSON, Markdown, pages, pictures and asciicasts.

pub mod event_timelines;
mod events;
mod markup;
mod options;
mod share;
mod text;
pub mod timelines;
