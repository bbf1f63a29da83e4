//! Reports: text, JSON, Markdown, pages, pictures and recordings.

mod events;
mod options;
mod share;
mod text;
