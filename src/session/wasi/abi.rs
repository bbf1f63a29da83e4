//! The layout of WASI's structures in memory.

use super::descriptors::{Descriptor, Handle, Stream};
use super::errno::Errno;

/// The version of the interface that a guest was built for. The versions have the same functions but
/// for one, and differ in the layout of two structures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `wasi_unstable`, also known as snapshot 0.
    Unstable,
    /// `wasi_snapshot_preview1`.
    Preview1,
}

impl Version {
    /// Returns the version whose functions are imported from `module`.
    pub fn of_module(module: &str) -> Option<Version> {
        match module {
            "wasi_unstable" => Some(Version::Unstable),
            "wasi_snapshot_preview1" => Some(Version::Preview1),
            _ => None,
        }
    }
}

/// What a `filestat` and an entry of a folder have as the type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FileType {
    /// A terminal, `character_device`.
    Terminal = 2,
    /// A folder, `directory`.
    Folder = 3,
    /// A file, `regular_file`.
    File = 4,
}

/// The size of a `dirent`, which the name of an entry follows, in bytes.
pub const DIRENT: usize = 24;

/// The size of an `event` in bytes.
pub const EVENT: usize = 32;
/// The size of an `iovec`, the address and length of a buffer, in bytes.
pub const IOVEC: u64 = 8;

/// A structure of `N` bytes that is being built, zero at first.
struct Layout<const N: usize>([u8; N]);

impl<const N: usize> Layout<N> {
    fn set(&mut self, at: usize, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len());
        if let Some(field) = self.0.get_mut(at..end) {
            field.copy_from_slice(bytes);
        }
    }
}

/// Returns an `fdstat`: type, flags, rights and inherited rights.
pub fn fdstat(descriptor: &Descriptor) -> [u8; 24] {
    let file_type = match descriptor.handle {
        Handle::Stream(_) => FileType::Terminal,
        Handle::File { .. } => FileType::File,
        Handle::Folder { .. } => FileType::Folder,
    };
    let mut layout = Layout([0; 24]);
    layout.set(0, &[file_type as u8]);
    layout.set(2, &descriptor.flags.to_le_bytes());
    layout.set(8, &descriptor.rights.to_le_bytes());
    layout.set(16, &descriptor.inheriting.to_le_bytes());
    layout.0
}

/// A file as `filestat` describes it.
#[derive(Debug, Clone, Copy)]
pub struct FileStat {
    /// The serial number.
    pub inode: u64,
    /// The type.
    pub file_type: FileType,
    /// The length in bytes.
    pub size: u64,
}

impl From<Stream> for FileStat {
    fn from(stream: Stream) -> Self {
        FileStat {
            inode: match stream {
                Stream::Input => 1,
                Stream::Output => 2,
                Stream::Error => 3,
            },
            file_type: FileType::Terminal,
            size: 0,
        }
    }
}

impl FileStat {
    /// Returns a `filestat`; its times are 0. It has 64 bytes, or 56 before preview 1, where the number
    /// of links was a `u32`.
    pub fn bytes(&self, version: Version) -> Vec<u8> {
        let mut layout = Layout([0; 64]);
        layout.set(8, &self.inode.to_le_bytes());
        layout.set(16, &[self.file_type as u8]);
        match version {
            Version::Preview1 => {
                layout.set(24, &1_u64.to_le_bytes());
                layout.set(32, &self.size.to_le_bytes());
                layout.0.to_vec()
            }
            Version::Unstable => {
                layout.set(20, &1_u32.to_le_bytes());
                layout.set(24, &self.size.to_le_bytes());
                layout.0.iter().take(56).copied().collect()
            }
        }
    }
}

/// Returns a `prestat` of a folder whose name has this many bytes.
pub fn prestat(name: u32) -> [u8; 8] {
    let mut layout = Layout([0; 8]);
    layout.set(4, &name.to_le_bytes());
    layout.0
}

/// Returns a `dirent` without the name. `next` is the number of the next entry.
pub fn dirent(next: u64, inode: u64, name: u32, file_type: FileType) -> [u8; DIRENT] {
    let mut layout = Layout([0; DIRENT]);
    layout.set(0, &next.to_le_bytes());
    layout.set(8, &inode.to_le_bytes());
    layout.set(16, &name.to_le_bytes());
    layout.set(20, &[file_type as u8]);
    layout.0
}

/// A place in a file from which `fd_seek` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// The beginning.
    Start,
    /// The position of the file descriptor.
    Position,
    /// The end.
    End,
}

impl Whence {
    /// Returns the place with a number. The versions number them differently.
    pub fn of_number(version: Version, number: u64) -> Option<Whence> {
        let places = match version {
            Version::Preview1 => [Whence::Start, Whence::Position, Whence::End],
            Version::Unstable => [Whence::Position, Whence::End, Whence::Start],
        };
        places.get(usize::try_from(number).ok()?).copied()
    }
}

/// An event that a guest waits for in `poll_oneoff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// The guest's own value, which its event returns.
    pub userdata: u64,
    /// The type of the event: 0 for a clock, 1 for reading, 2 for writing.
    pub tag: u8,
    /// The event, or the error for an unknown one.
    pub what: Result<Awaited, Errno>,
}

/// What a subscription waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// A time.
    Clock {
        /// The clock.
        id: u32,
        /// The time in nanoseconds.
        timeout: u64,
        /// Whether `timeout` is a time of the clock, not a duration.
        is_absolute: bool,
    },
    /// Bytes to read.
    Read {
        /// The file descriptor.
        fd: u32,
    },
    /// Capacity to write.
    Write {
        /// The file descriptor.
        fd: u32,
    },
}

impl Subscription {
    /// Returns the size in bytes. Before preview 1, the subscription of a clock began with one more
    /// number.
    pub fn size(version: Version) -> usize {
        match version {
            Version::Preview1 => 48,
            Version::Unstable => 56,
        }
    }

    /// Reads a subscription.
    pub fn read(version: Version, bytes: &[u8]) -> Subscription {
        let clock = match version {
            Version::Preview1 => 16,
            Version::Unstable => 24,
        };
        let tag = bytes.get(8).copied().unwrap_or(u8::MAX);
        let what = match tag {
            0 => Ok(Awaited::Clock {
                id: u32_at(bytes, clock),
                timeout: u64_at(bytes, clock + 8),
                is_absolute: u32_at(bytes, clock + 24) & 1 != 0,
            }),
            1 => Ok(Awaited::Read {
                fd: u32_at(bytes, 16),
            }),
            2 => Ok(Awaited::Write {
                fd: u32_at(bytes, 16),
            }),
            _ => Err(Errno::Inval),
        };
        Subscription {
            userdata: u64_at(bytes, 0),
            tag,
            what,
        }
    }

    /// Returns the event of this subscription: the number of bytes that can be read or written, or an
    /// error.
    pub fn event(&self, outcome: Result<u64, Errno>) -> [u8; EVENT] {
        let mut layout = Layout([0; EVENT]);
        layout.set(0, &self.userdata.to_le_bytes());
        layout.set(8, &outcome.map_or_else(Errno::number, |_| 0).to_le_bytes());
        layout.set(10, &[self.tag]);
        layout.set(16, &outcome.unwrap_or(0).to_le_bytes());
        layout.0
    }
}

/// Reads a little-endian number; 0 if it is not inside `bytes`.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .unwrap_or([0; N])
}
