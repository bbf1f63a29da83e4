//! The interface's structures as they lie in memory.

use super::descriptors::{Descriptor, Stream};
use super::errno::Errno;
use super::functions::Version;

/// The `filetype` of a terminal.
const CHARACTER_DEVICE: u8 = 2;

/// Bytes of an `event`.
pub const EVENT: usize = 32;
/// Bytes of an `iovec`, a buffer's address and length.
pub const IOVEC: u64 = 8;

/// A structure while it is laid out; what is not put stays zero.
struct Layout<const N: usize>([u8; N]);

impl<const N: usize> Layout<N> {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = at
            .checked_add(bytes.len())
            .and_then(|end| self.0.get_mut(at..end))
        {
            place.copy_from_slice(bytes);
        }
    }
}

/// `fdstat`: type, flags, rights, and the rights that what is opened through it may have.
pub fn fdstat(descriptor: &Descriptor) -> [u8; 24] {
    let mut layout = Layout([0; 24]);
    layout.put(0, &[CHARACTER_DEVICE]);
    layout.put(2, &descriptor.flags.to_le_bytes());
    layout.put(8, &descriptor.rights.to_le_bytes());
    layout.0
}

/// `filestat`: 64 bytes, where preview 1 made the number of links a u64; 56 before.
pub fn filestat(version: Version, stream: Stream) -> Vec<u8> {
    let inode: u64 = match stream {
        Stream::Input => 1,
        Stream::Output => 2,
        Stream::Error => 3,
    };
    let mut layout = Layout([0; 64]);
    layout.put(8, &inode.to_le_bytes());
    layout.put(16, &[CHARACTER_DEVICE]);
    match version {
        Version::Preview1 => {
            layout.put(24, &1_u64.to_le_bytes());
            layout.0.to_vec()
        }
        Version::Unstable => {
            layout.put(20, &1_u32.to_le_bytes());
            layout.0.iter().take(56).copied().collect()
        }
    }
}

/// What a guest waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// Handed back with the event.
    pub userdata: u64,
    /// As it is written there: 0 a clock, 1 to read, 2 to write.
    pub tag: u8,
    pub what: Result<Awaited, Errno>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    Clock {
        id: u32,
        timeout: u64,
        is_absolute: bool,
    },
    Read {
        fd: u32,
    },
    Write {
        fd: u32,
    },
}

impl Subscription {
    /// In bytes. Before preview 1, a clock's subscription had one more number in front.
    pub fn size(version: Version) -> usize {
        match version {
            Version::Preview1 => 48,
            Version::Unstable => 56,
        }
    }

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

    /// The event that ends it, with the number of bytes that can be read or written.
    pub fn event(&self, outcome: Result<u64, Errno>) -> [u8; EVENT] {
        let mut layout = Layout([0; EVENT]);
        layout.put(0, &self.userdata.to_le_bytes());
        layout.put(8, &outcome.map_or_else(Errno::number, |_| 0).to_le_bytes());
        layout.put(10, &[self.tag]);
        layout.put(16, &outcome.unwrap_or(0).to_le_bytes());
        layout.0
    }
}

/// A little-endian number; what lies behind the end counts as zero.
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
