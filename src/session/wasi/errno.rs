//! The error numbers of WASI's `errno` type, which are the same in both versions.

use crate::session::imports::HostTrap;

/// An error that a call can return here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    /// The file descriptor is not open, or cannot be read or written.
    Badf = 8,
    /// Something is there already.
    Exist = 20,
    /// A pointer or length is outside memory.
    Fault = 21,
    /// A place in a file is too far.
    Fbig = 22,
    /// A path is not UTF-8.
    Ilseq = 25,
    /// An argument is invalid.
    Inval = 28,
    /// It is a folder.
    Isdir = 31,
    /// Too many files are open.
    Mfile = 33,
    /// A name or path is too long.
    Nametoolong = 37,
    /// The device does not support the operation.
    Nodev = 43,
    /// Nothing is at the path.
    Noent = 44,
    /// The files would be too large, or too many.
    Nospc = 51,
    /// The function is not supported.
    Nosys = 52,
    /// The file descriptor is not a folder.
    Notdir = 54,
    /// The folder is not empty.
    Notempty = 55,
    /// The file descriptor is not a socket.
    Notsock = 57,
    /// Links are not supported.
    Notsup = 58,
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
            Errno::Exist => "EEXIST",
            Errno::Fault => "EFAULT",
            Errno::Fbig => "EFBIG",
            Errno::Ilseq => "EILSEQ",
            Errno::Inval => "EINVAL",
            Errno::Isdir => "EISDIR",
            Errno::Mfile => "EMFILE",
            Errno::Nametoolong => "ENAMETOOLONG",
            Errno::Nodev => "ENODEV",
            Errno::Noent => "ENOENT",
            Errno::Nospc => "ENOSPC",
            Errno::Nosys => "ENOSYS",
            Errno::Notdir => "ENOTDIR",
            Errno::Notempty => "ENOTEMPTY",
            Errno::Notsock => "ENOTSOCK",
            Errno::Notsup => "ENOTSUP",
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
