//! What a WASI call answers: 0, or the number of an error. The numbers are those of the interface's
//! `errno` type, the same in both of its versions.

use crate::session::imports::HostTrap;

/// An error that a call can answer here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    /// No such file descriptor, or one that cannot be read, or written.
    Badf = 8,
    /// A pointer or a length leads out of memory.
    Fault = 21,
    Inval = 28,
    Nodev = 43,
    Nosys = 52,
    Notdir = 54,
    Notsock = 57,
    /// The file descriptor has no position to speak of.
    Spipe = 70,
    /// A right that the guest does not have, or has given away.
    Notcapable = 76,
}

impl Errno {
    pub fn number(self) -> u16 {
        self as u16
    }

    /// As C's headers call it.
    pub fn name(self) -> &'static str {
        match self {
            Errno::Badf => "EBADF",
            Errno::Fault => "EFAULT",
            Errno::Inval => "EINVAL",
            Errno::Nodev => "ENODEV",
            Errno::Nosys => "ENOSYS",
            Errno::Notdir => "ENOTDIR",
            Errno::Notsock => "ENOTSOCK",
            Errno::Spipe => "ESPIPE",
            Errno::Notcapable => "ENOTCAPABLE",
        }
    }
}

/// Why a call does not answer 0.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// The guest is told, and goes on.
    Errno(Errno),
    /// The guest does not go on.
    Trap(HostTrap),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Failure::Errno(errno)
    }
}

impl From<HostTrap> for Failure {
    fn from(trap: HostTrap) -> Self {
        Failure::Trap(trap)
    }
}
