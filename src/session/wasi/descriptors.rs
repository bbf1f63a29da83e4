//! The guest's file descriptors: only standard input, output and error.

use crate::script::eval::OutputStream;

use super::errno::Errno;

/// The rights of a file descriptor, as bits of WASI's `rights` type.
pub mod rights {
    /// To call `fd_read`.
    pub const FD_READ: u64 = 1 << 1;
    /// To call `fd_fdstat_set_flags`.
    pub const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    /// To call `fd_write`.
    pub const FD_WRITE: u64 = 1 << 6;
    /// To call `fd_filestat_get`.
    pub const FD_FILESTAT_GET: u64 = 1 << 21;
    /// To wait for the file descriptor in `poll_oneoff`.
    pub const POLL_FD_READWRITE: u64 = 1 << 27;
}

/// The bits of all flags of a file descriptor: append, dsync, nonblock, rsync, sync.
const ALL_FLAGS: u64 = 0b1_1111;

/// A standard stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard input.
    Input,
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

impl Stream {
    /// Returns the stream as one that a guest prints on, if it is one.
    pub fn output(self) -> Option<OutputStream> {
        match self {
            Stream::Input => None,
            Stream::Output => Some(OutputStream::Output),
            Stream::Error => Some(OutputStream::Error),
        }
    }

    /// Returns the rights of the stream. There is no right to seek: C libraries then take the stream
    /// for a terminal, and print each line at once.
    fn rights(self) -> u64 {
        let direction = if self == Stream::Input {
            rights::FD_READ
        } else {
            rights::FD_WRITE
        };
        direction
            | rights::FD_FDSTAT_SET_FLAGS
            | rights::FD_FILESTAT_GET
            | rights::POLL_FD_READWRITE
    }
}

/// An open file descriptor.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// The stream that it refers to.
    pub stream: Stream,
    /// Its flags.
    pub flags: u16,
    /// The rights that the guest has for it.
    pub rights: u64,
}

impl Descriptor {
    fn new(stream: Stream) -> Self {
        Descriptor {
            stream,
            flags: 0,
            rights: stream.rights(),
        }
    }

    /// Checks that the guest has the right `right`.
    ///
    /// # Errors
    /// `ENOTCAPABLE` if the guest has dropped it.
    pub fn check_right(&self, right: u64) -> Result<(), Errno> {
        if self.rights & right == right {
            Ok(())
        } else {
            Err(Errno::Notcapable)
        }
    }
}

/// The open file descriptors. No file can be opened, so there are at most the three standard ones.
#[derive(Debug)]
pub struct Descriptors([Option<Descriptor>; 3]);

impl Default for Descriptors {
    fn default() -> Self {
        Descriptors(
            [Stream::Input, Stream::Output, Stream::Error]
                .map(|stream| Some(Descriptor::new(stream))),
        )
    }
}

impl Descriptors {
    fn slot(&mut self, fd: u32) -> Result<&mut Option<Descriptor>, Errno> {
        self.0
            .get_mut(fd as usize)
            .filter(|slot| slot.is_some())
            .ok_or(Errno::Badf)
    }

    /// Returns the open file descriptor `fd`.
    ///
    /// # Errors
    /// `EBADF` if it is not open; this holds for all methods.
    pub fn get(&self, fd: u32) -> Result<Descriptor, Errno> {
        self.0
            .get(fd as usize)
            .copied()
            .flatten()
            .ok_or(Errno::Badf)
    }

    /// Returns a file descriptor that can be read.
    ///
    /// # Errors
    /// `EBADF` if it cannot be read, `ENOTCAPABLE` if the guest has dropped the right.
    pub fn readable(&self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.get(fd)?;
        let is_input = descriptor.stream == Stream::Input;
        if is_input {
            descriptor.check_right(rights::FD_READ).map(|()| descriptor)
        } else {
            Err(Errno::Badf)
        }
    }

    /// Returns a file descriptor that can be written.
    ///
    /// # Errors
    /// `EBADF` if it cannot be written, `ENOTCAPABLE` if the guest has dropped the right.
    pub fn writable(&self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.get(fd)?;
        let is_input = descriptor.stream == Stream::Input;
        if is_input {
            Err(Errno::Badf)
        } else {
            descriptor
                .check_right(rights::FD_WRITE)
                .map(|()| descriptor)
        }
    }

    /// Closes a file descriptor.
    pub fn close(&mut self, fd: u32) -> Result<(), Errno> {
        *self.slot(fd)? = None;
        Ok(())
    }

    /// Moves a file descriptor to the number `to`, whose old descriptor is closed.
    pub fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        let moved = self.slot(from)?.take();
        if let Some(slot) = self.0.get_mut(to as usize) {
            *slot = moved;
        }
        Ok(())
    }

    /// Sets the flags of a file descriptor.
    ///
    /// # Errors
    /// `EINVAL` for bits that are not flags.
    pub fn set_flags(&mut self, fd: u32, flags: u64) -> Result<(), Errno> {
        self.get(fd)?.check_right(rights::FD_FDSTAT_SET_FLAGS)?;
        let flags = u16::try_from(flags)
            .ok()
            .filter(|flags| u64::from(*flags) & !ALL_FLAGS == 0)
            .ok_or(Errno::Inval)?;
        if let Some(descriptor) = self.slot(fd)? {
            descriptor.flags = flags;
        }
        Ok(())
    }

    /// Sets the rights of a file descriptor. Rights can only be dropped, and none are inherited.
    ///
    /// # Errors
    /// `ENOTCAPABLE` for a right that the guest does not have.
    pub fn set_rights(&mut self, fd: u32, base: u64, inheriting: u64) -> Result<(), Errno> {
        self.get(fd)?.check_right(base)?;
        if inheriting != 0 {
            return Err(Errno::Notcapable);
        }
        if let Some(descriptor) = self.slot(fd)? {
            descriptor.rights = base;
        }
        Ok(())
    }
}
