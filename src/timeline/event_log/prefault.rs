//! Chunks of memory that a thread has touched before they are needed.
//!
//! The system clears a page when it is first written. A guest that stores in a loop would wait for
//! that longer than for its own stores, so a thread does it ahead of the guest.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use super::chunk::Chunk;

/// The size of a chunk, in bytes.
pub(super) const CHUNK: usize = 4 << 20;
/// How many touched chunks wait to be taken. The thread holds one more, which is enough: it touches a
/// chunk in less time than a guest fills one, and what it touches in vain is paid for too.
const WAITING_CHUNKS: usize = 0;
/// The size of the smallest page that a system has, in bytes: writing one byte in each such range
/// touches all pages.
const SMALLEST_SYSTEM_PAGE: usize = 4096;

/// Returns the next chunk that the thread has touched, or an untouched one if there is none.
/// Returns `None` if the system has no memory left.
pub(super) fn take_chunk() -> Option<Chunk> {
    static TOUCHED: OnceLock<Mutex<Receiver<Chunk>>> = OnceLock::new();
    let touched = TOUCHED
        .get_or_init(|| Mutex::new(start_thread()))
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    touched.try_recv().ok().or_else(|| Chunk::mapped(CHUNK))
}

/// Starts the thread. If the system has none to give, every chunk is an untouched one.
fn start_thread() -> Receiver<Chunk> {
    let (sender, receiver) = mpsc::sync_channel(WAITING_CHUNKS);
    let _ = thread::Builder::new()
        .name("prefault".into())
        .spawn(move || touch_chunks(&sender));
    receiver
}

fn touch_chunks(sender: &SyncSender<Chunk>) {
    while let Some(mut chunk) = Chunk::mapped(CHUNK) {
        chunk
            .bytes_mut()
            .chunks_mut(SMALLEST_SYSTEM_PAGE)
            .filter_map(<[u8]>::first_mut)
            .for_each(|byte| *byte = 0);
        if sender.send(chunk).is_err() {
            return;
        }
    }
}
