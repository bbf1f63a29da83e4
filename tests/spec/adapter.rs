//! Where the tests meet the rewriting: its options, what it adds, and how a journal is laid out.

use linmem::guest::{Guest, GuestError, RewriteOptions, Rewritten};

#[derive(Debug, Clone)]
pub struct Site {
    pub immediate: u64,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
#[allow(dead_code)]
pub enum Kind {
    Store { width: u8 },
    Wide,
    Fill,
    Copy,
    CopyFrom,
    Init { segment: u32 },
    Grow,
}

#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Layout {
    pub memory_export: String,
    pub position_export: String,
    pub start: u32,
    pub limit: u32,
    pub sites: Vec<Site>,
}

pub fn rewrite(guest: &Guest, _memory: Option<u32>) -> Result<Rewritten, GuestError> {
    guest.rewrite(&RewriteOptions { max_memory: 1 << 32 })
}

pub fn layout(_rewritten: &Rewritten) -> Option<Layout> {
    None
}
