//! The error numbers of WASI's `errno` type, which are the same in both versions.

use crate::session::imports::HostTrap;

/// An error that a call can return here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    /// The file descriptor is not open, or cannot be read or written.
    Badf = 8,
    /// A pointer or length is outside memory.
    Fault = 21,
    /// An argument is invalid.
    Inval = 28,
    /// The device does not support the operation.
    Nodev = 43,
    /// The function is not supported.
    Nosys = 52,
    /// The file descriptor is not a folder.
    Notdir = 54,
    /// The file descriptor is not a socket.
    Notsock = 57,
    /// The file descriptor has no position.
    Spipe = 70,
    /// The guest does not have the right, or has dropped it.
    Notcapable = 76,
}

impl Errno {
    /// Returns the error's number.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// Returns the error's name in C.
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

/// Why a call does not return 0.
#[derive(Debug, PartialEq)]
pub enum Failure {
    /// The call returns this error.
    Errno(Errno),
    /// The call ends the guest.
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
