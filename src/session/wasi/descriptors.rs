//! The guest's file descriptors: standard input, output and error, and the files and folders in
//! memory.

use crate::script::eval::OutputStream;

use super::errno::Errno;
use super::file_tree::NodeId;

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
    /// All rights for a file: to read and write, to seek, and to ask for and set what is known of it.
    pub const FILE: u64 = 0x08e0_01ff;
    /// All rights for a folder: those of functions of paths, of `fd_readdir`, and to ask what is known
    /// of it.
    pub const FOLDER: u64 = 0x07bf_fe18;
}

/// The bits of all flags of a file descriptor: append, dsync, nonblock, rsync, sync.
const ALL_FLAGS: u64 = 0b1_1111;
/// The flag to write at the end of the file.
pub const APPEND: u16 = 1;
/// The most file descriptors that are open.
const MAX_OPEN: usize = 1024;

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

/// What a file descriptor refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handle {
    /// A standard stream.
    Stream(Stream),
    /// A file.
    File {
        /// The file.
        node: NodeId,
        /// The place of the next byte to read or write.
        position: u64,
    },
    /// A folder.
    Folder {
        /// The folder.
        node: NodeId,
        /// Whether it was open when the guest started.
        is_preopened: bool,
    },
}

impl Handle {
    /// Returns the file or folder.
    pub fn node(self) -> Option<NodeId> {
        match self {
            Handle::Stream(_) => None,
            Handle::File { node, .. } | Handle::Folder { node, .. } => Some(node),
        }
    }
}

/// An open file descriptor.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// What it refers to.
    pub handle: Handle,
    /// Its flags.
    pub flags: u16,
    /// The rights that the guest has for it.
    pub rights: u64,
    /// The rights that the guest can have for what it opens with it.
    pub inheriting: u64,
}

impl Descriptor {
    fn of_stream(stream: Stream) -> Self {
        Descriptor {
            handle: Handle::Stream(stream),
            flags: 0,
            rights: stream.rights(),
            inheriting: 0,
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

/// The open file descriptors.
#[derive(Debug)]
pub struct Descriptors(Vec<Option<Descriptor>>);

impl Default for Descriptors {
    fn default() -> Self {
        let streams = [Stream::Input, Stream::Output, Stream::Error];
        Descriptors(
            streams
                .map(|stream| Some(Descriptor::of_stream(stream)))
                .to_vec(),
        )
    }
}

impl Descriptors {
    /// Returns flags that a guest gives.
    ///
    /// # Errors
    /// `EINVAL` for bits that are not flags.
    pub fn flags(flags: u64) -> Result<u16, Errno> {
        u16::try_from(flags)
            .ok()
            .filter(|flags| u64::from(*flags) & !ALL_FLAGS == 0)
            .ok_or(Errno::Inval)
    }

    /// Opens the folder that all files are in.
    pub fn open_root(&mut self) {
        self.0.push(Some(Descriptor {
            handle: Handle::Folder {
                node: NodeId::ROOT,
                is_preopened: true,
            },
            flags: 0,
            rights: rights::FOLDER,
            inheriting: rights::FOLDER | rights::FILE,
        }));
    }

    /// Adds a file descriptor, and returns its number: the lowest that is free.
    ///
    /// # Errors
    /// `EMFILE` if too many are open.
    pub fn open(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        let free = self.0.iter().position(Option::is_none);
        let fd = free.unwrap_or(self.0.len());
        if fd >= MAX_OPEN {
            return Err(Errno::Mfile);
        }
        match self.0.get_mut(fd) {
            Some(slot) => *slot = Some(descriptor),
            None => self.0.push(Some(descriptor)),
        }
        u32::try_from(fd).map_err(|_| Errno::Mfile)
    }

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
    /// `EBADF` if it cannot be read, `EISDIR` for a folder, `ENOTCAPABLE` if the guest does not have
    /// the right.
    pub fn readable(&self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.get(fd)?;
        match descriptor.handle {
            Handle::Stream(Stream::Output | Stream::Error) => return Err(Errno::Badf),
            Handle::Folder { .. } => return Err(Errno::Isdir),
            Handle::Stream(Stream::Input) | Handle::File { .. } => {}
        }
        descriptor.check_right(rights::FD_READ).map(|()| descriptor)
    }

    /// Returns a file descriptor that can be written.
    ///
    /// # Errors
    /// `EBADF` if it cannot be written, `EISDIR` for a folder, `ENOTCAPABLE` if the guest does not
    /// have the right.
    pub fn writable(&self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.get(fd)?;
        match descriptor.handle {
            Handle::Stream(Stream::Input) => return Err(Errno::Badf),
            Handle::Folder { .. } => return Err(Errno::Isdir),
            Handle::Stream(Stream::Output | Stream::Error) | Handle::File { .. } => {}
        }
        descriptor
            .check_right(rights::FD_WRITE)
            .map(|()| descriptor)
    }

    /// Sets the place of the next byte of a file to read or write.
    pub fn set_position(&mut self, fd: u32, to: u64) -> Result<(), Errno> {
        if let Some(descriptor) = self.slot(fd)?
            && let Handle::File { position, .. } = &mut descriptor.handle
        {
            *position = to;
        }
        Ok(())
    }

    /// Closes a file descriptor, and returns what it referred to.
    pub fn close(&mut self, fd: u32) -> Result<Handle, Errno> {
        let closed = self.slot(fd)?.take().ok_or(Errno::Badf)?;
        Ok(closed.handle)
    }

    /// Moves a file descriptor to the number `to`, whose old descriptor is closed. Returns what that
    /// referred to, unless both are one.
    pub fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Handle>, Errno> {
        let replaced = self.get(to)?.handle;
        let moved = self.slot(from)?.take();
        if let Some(slot) = self.0.get_mut(to as usize) {
            *slot = moved;
        }
        Ok(Some(replaced).filter(|_| from != to))
    }

    /// Sets the flags of a file descriptor.
    ///
    /// # Errors
    /// `EINVAL` for bits that are not flags.
    pub fn set_flags(&mut self, fd: u32, flags: u64) -> Result<(), Errno> {
        self.get(fd)?.check_right(rights::FD_FDSTAT_SET_FLAGS)?;
        let flags = Descriptors::flags(flags)?;
        if let Some(descriptor) = self.slot(fd)? {
            descriptor.flags = flags;
        }
        Ok(())
    }

    /// Sets the rights of a file descriptor. Rights can only be dropped.
    ///
    /// # Errors
    /// `ENOTCAPABLE` for a right that the guest does not have.
    pub fn set_rights(&mut self, fd: u32, base: u64, inheriting: u64) -> Result<(), Errno> {
        let descriptor = self.get(fd)?;
        descriptor.check_right(base)?;
        if inheriting & !descriptor.inheriting != 0 {
            return Err(Errno::Notcapable);
        }
        if let Some(descriptor) = self.slot(fd)? {
            descriptor.rights = base;
            descriptor.inheriting = inheriting;
        }
        Ok(())
    }
}
