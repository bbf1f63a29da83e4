//! The built-in WASI: preview 1 and its predecessor `wasi_unstable`, deterministic and isolated.
//! There are no files and no network, the clock counts calls, and random numbers are the same in
//! every run. What the guest prints is recorded. Pointers and lengths from the guest are checked
//! against memory before anything is done or allocated, and writes are recorded as those of every
//! import. Knows no steps.

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

#[cfg(any(test, feature = "testing"))]
pub use abi::Version;
pub use functions::Call;
#[cfg(any(test, feature = "testing"))]
pub use functions::functions;

/// The WASI state of one guest.
#[derive(Debug, Default)]
pub struct Wasi {
    /// The program's arguments: its name first.
    pub args: Vec<String>,
    /// The environment, each variable as `NAME=VALUE`.
    pub environment: Vec<String>,
    /// The bytes of standard input.
    pub input: Arc<[u8]>,
    /// How many bytes of `input` the guest has read.
    read: usize,
    /// The memory exported as `memory`, which WASI uses, if it is not the one that is recorded.
    pub other_memory: Option<Memory>,
    descriptors: Descriptors,
    clock: Clock,
    random: RandomBytes,
    /// What the guest printed in this step.
    pub output: Output,
}

impl Wasi {
    /// Creates the state for the guest called `name` with the bytes `input` on standard input.
    pub fn new(name: &str, input: Arc<[u8]>) -> Self {
        // Only the file's name: the guest must not see its folder.
        let name = name
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .replace('\0', "");
        Wasi {
            args: vec![name],
            input,
            ..Wasi::default()
        }
    }

    /// Returns the part of standard input that the guest has not read yet.
    fn unread(&self) -> &[u8] {
        self.input.get(self.read..).unwrap_or_default()
    }
}
