//! Fresh memory that lies ready. The system gives it page by page, each when it is first written,
//! and clears it then: a guest that stores without end would wait for that longer than for its own
//! stores. So a thread goes ahead of it.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use memmap2::MmapMut;

/// Of each piece, in bytes.
pub(super) const PIECE: usize = 4 << 20;
/// Pieces that wait to be taken. The thread has one more at hand.
const WAITING: usize = 2;
/// Of the smallest page a system has, in bytes.
const PAGE: usize = 4096;

/// The next piece; without one that lies ready, one that is not. `None` where the system has no
/// memory to give.
pub(super) fn take() -> Option<MmapMut> {
    static READY: OnceLock<Mutex<Receiver<MmapMut>>> = OnceLock::new();
    let ready = READY
        .get_or_init(|| Mutex::new(start()))
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    ready.try_recv().ok().or_else(map)
}

/// Without a thread nothing lies ready, and all else is the same.
fn start() -> Receiver<MmapMut> {
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    let _ = thread::Builder::new()
        .name("memory".into())
        .spawn(move || make_ready(&sender));
    receiver
}

fn make_ready(sender: &SyncSender<MmapMut>) {
    while let Some(mut piece) = map() {
        piece
            .chunks_mut(PAGE)
            .filter_map(<[u8]>::first_mut)
            .for_each(|byte| *byte = 0);
        if sender.send(piece).is_err() {
            return;
        }
    }
}

fn map() -> Option<MmapMut> {
    let piece = MmapMut::map_anon(PIECE).ok()?;
    // Without huge pages it only takes longer.
    #[cfg(target_os = "linux")]
    let _ = piece.advise(memmap2::Advice::HugePage);
    Some(piece)
}
