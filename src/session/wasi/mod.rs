//! WASI preview 1 and its forerunner `wasi_unstable`, built in: deterministic and sealed off. No
//! files, no network, a clock that counts, chance that is the same in every run; what the guest
//! prints is kept. Pointers and lengths from the guest are checked against memory before anything
//! is done or reserved; what is written goes through the recording like every import's writes.
//! Knows nothing of steps.

mod abi;
mod calls;
mod clock_and_random;
mod descriptors;
mod errno;
mod functions;
mod output;

use std::sync::Arc;

use wasmer::Memory;

use clock_and_random::{Clock, RandomBytes};
use descriptors::Descriptors;
use output::Output;

pub use calls::perform;
pub use functions::Call;
#[cfg(any(test, feature = "testing"))]
pub use functions::{Version, functions};

/// The world of one guest.
#[derive(Debug, Default)]
pub struct Wasi {
    /// The program's name, as its only argument.
    pub name: String,
    /// What stands on standard input.
    pub input: Arc<[u8]>,
    /// How far the guest has read it, in bytes.
    read: usize,
    /// The memory that the interface speaks of, where it is not the one whose stores are recorded.
    pub aside: Option<Memory>,
    descriptors: Descriptors,
    clock: Clock,
    chance: RandomBytes,
    pub output: Output,
}

impl Wasi {
    pub fn new(name: &str, input: Arc<[u8]>) -> Self {
        // The file's name alone: where it lies is nothing that a guest should see.
        let name = name
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .replace('\0', "");
        Wasi {
            name,
            input,
            ..Wasi::default()
        }
    }

    /// What of standard input the guest has not read yet.
    fn unread(&self) -> &[u8] {
        self.input.get(self.read..).unwrap_or_default()
    }
}
