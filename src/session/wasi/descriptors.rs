//! The guest's file descriptors: standard input, output and error, and nothing else.

use super::errno::Errno;

/// The rights that stand in a file descriptor's attributes, as bits.
pub mod rights {
    pub const FD_READ: u64 = 1 << 1;
    pub const FD_FDSTAT_SET_FLAGS: u64 = 1 << 3;
    pub const FD_WRITE: u64 = 1 << 6;
    pub const FD_FILESTAT_GET: u64 = 1 << 21;
    pub const POLL_FD_READWRITE: u64 = 1 << 27;
}

/// All flags that a file descriptor can have: append, dsync, nonblock, rsync, sync.
const ALL_FLAGS: u64 = 0b1_1111;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Input,
    Output,
    Error,
}

impl Stream {
    /// What a guest may do with it. There is no right to seek: that is how C libraries tell a
    /// terminal, and then they print each line at once.
    fn rights(self) -> u64 {
        let way = if self == Stream::Input {
            rights::FD_READ
        } else {
            rights::FD_WRITE
        };
        way | rights::FD_FDSTAT_SET_FLAGS | rights::FD_FILESTAT_GET | rights::POLL_FD_READWRITE
    }
}

/// An open file descriptor.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    pub stream: Stream,
    pub flags: u16,
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

    /// # Errors
    /// `ENOTCAPABLE` where the guest gave the right away.
    pub fn demand(&self, right: u64) -> Result<(), Errno> {
        if self.rights & right == right {
            Ok(())
        } else {
            Err(Errno::Notcapable)
        }
    }
}

/// No file can be opened, so there are never more than the three that a program starts with.
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

    /// # Errors
    /// `EBADF` where it is not open; so do all that follow.
    pub fn get(&self, fd: u32) -> Result<Descriptor, Errno> {
        self.0
            .get(fd as usize)
            .copied()
            .flatten()
            .ok_or(Errno::Badf)
    }

    /// One that can be read; else `EBADF`.
    pub fn readable(&self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.get(fd)?;
        let is_input = descriptor.stream == Stream::Input;
        if is_input {
            descriptor.demand(rights::FD_READ).map(|()| descriptor)
        } else {
            Err(Errno::Badf)
        }
    }

    /// One that can be written; else `EBADF`.
    pub fn writable(&self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.get(fd)?;
        let is_input = descriptor.stream == Stream::Input;
        if is_input {
            Err(Errno::Badf)
        } else {
            descriptor.demand(rights::FD_WRITE).map(|()| descriptor)
        }
    }

    pub fn close(&mut self, fd: u32) -> Result<(), Errno> {
        *self.slot(fd)? = None;
        Ok(())
    }

    /// Moves one to another's place, which is closed by that.
    pub fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        let moved = self.slot(from)?.take();
        if let Some(slot) = self.0.get_mut(to as usize) {
            *slot = moved;
        }
        Ok(())
    }

    /// `EINVAL` for bits that are no flags.
    pub fn set_flags(&mut self, fd: u32, flags: u64) -> Result<(), Errno> {
        self.get(fd)?.demand(rights::FD_FDSTAT_SET_FLAGS)?;
        let flags = u16::try_from(flags)
            .ok()
            .filter(|flags| u64::from(*flags) & !ALL_FLAGS == 0)
            .ok_or(Errno::Inval)?;
        if let Some(descriptor) = self.slot(fd)? {
            descriptor.flags = flags;
        }
        Ok(())
    }

    /// Rights are only ever given away: `ENOTCAPABLE` for any that the guest does not have. Nothing
    /// inherits here.
    pub fn set_rights(&mut self, fd: u32, base: u64, inheriting: u64) -> Result<(), Errno> {
        self.get(fd)?.demand(base)?;
        if inheriting != 0 {
            return Err(Errno::Notcapable);
        }
        if let Some(descriptor) = self.slot(fd)? {
            descriptor.rights = base;
        }
        Ok(())
    }
}
