//! The built-in WASI: preview 1 and its predecessor `wasi_unstable`, deterministic and isolated.
//! There is no network, the clock counts calls, and random numbers are the same in every run. The
//! files are in memory: those of the script, and those that the guest creates. What the guest prints
//! is recorded. Pointers and lengths from the guest are checked
//! against memory before anything is done or allocated, and writes are recorded as those of every
//! import. Knows no steps.

mod abi;
mod calls;
mod clock_and_random;
mod descriptors;
mod errno;
mod file_calls;
mod file_tree;
mod functions;
mod output;
mod path;

use std::sync::Arc;

use wasmer::Memory;

use clock_and_random::{Clock, RandomBytes};
use descriptors::{Descriptors, Handle};
use errno::Errno;
use file_tree::FileTree;
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
    files: FileTree,
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

    /// Opens the folder `/`, with the files of the script, before the guest starts.
    pub fn open_root(&mut self) {
        self.descriptors.open_root();
    }

    /// Adds a file to the folder `/`.
    ///
    /// # Errors
    /// Why there can be no such file.
    pub fn provide(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), &'static str> {
        self.files
            .provide(path, bytes)
            .map_err(|error| match error {
                Errno::Exist => "there is a file or folder at this path already",
                Errno::Notdir => "a part of this path is a file, not a folder",
                Errno::Nospc => "the files of a guest can take at most 256 MiB together",
                Errno::Nametoolong => "a name in this path is too long, or there are too many",
                Errno::Notcapable => "this path leads out of `/`",
                _ => "this is not the path of a file, like \"/in.txt\"",
            })
    }

    /// Returns the bytes of a file: one that the script provides, or one that the guest created.
    ///
    /// # Errors
    /// There is no such file. The error has the paths of all files.
    pub fn provided(&self, path: &str) -> Result<Vec<u8>, Vec<String>> {
        let found = self.files.file(path).map(<[u8]>::to_vec);
        found.map_err(|_| self.files.paths())
    }

    /// Counts a file descriptor that was closed.
    fn closed(&mut self, handle: Handle) {
        if let Some(node) = handle.node() {
            self.files.close(node);
        }
    }

    /// Returns the part of standard input that the guest has not read yet.
    fn unread(&self) -> &[u8] {
        self.input.get(self.read..).unwrap_or_default()
    }
}
