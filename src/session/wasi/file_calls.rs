//! Carries out the WASI functions of files and folders. A stream is no file: for each function there is
//! an error that a standard stream gets.

use super::abi::{self, FileStat, FileType, Whence};
use super::calls::{CHUNK, Caller, Completion};
use super::descriptors::{APPEND, Descriptor, Descriptors, Handle, rights};
use super::errno::{Errno, Failure};
use super::file_tree::{FileTree, NodeId};

/// The longest path in bytes.
const MAX_PATH: u64 = 4096;
/// The name of the folder that is open at the start.
const ROOT_NAME: &str = "/";

/// The flags of `path_open`, as bits of WASI's `oflags` type.
mod open_flags {
    /// Create the file if it does not exist.
    pub const CREATE: u64 = 1;
    /// Fail if it is not a folder.
    pub const FOLDER: u64 = 2;
    /// Fail if it exists.
    pub const EXCLUSIVE: u64 = 4;
    /// Make it empty.
    pub const TRUNCATE: u64 = 8;
    /// All of them.
    pub const ALL: u64 = 15;
}

impl Caller<'_, '_, '_> {
    fn files(&mut self) -> &mut FileTree {
        &mut self.wasi().files
    }

    /// Returns the file of the descriptor in the first argument.
    ///
    /// # Errors
    /// `on_stream` for a stream, `EISDIR` for a folder, `EBADF`.
    fn file(&mut self, on_stream: Errno) -> Result<NodeId, Errno> {
        let fd = self.fd();
        match self.descriptors().get(fd)?.handle {
            Handle::File { node, .. } => Ok(node),
            Handle::Folder { .. } => Err(Errno::Isdir),
            Handle::Stream(_) => Err(on_stream),
        }
    }

    /// Returns the folder of a descriptor.
    ///
    /// # Errors
    /// `ENOTDIR` for anything else, `EBADF`.
    fn folder(&mut self, fd: u64) -> Result<NodeId, Errno> {
        let fd = u32::try_from(fd).map_err(|_| Errno::Badf)?;
        match self.descriptors().get(fd)?.handle {
            Handle::Folder { node, .. } => Ok(node),
            Handle::File { .. } | Handle::Stream(_) => Err(Errno::Notdir),
        }
    }

    /// Checks two descriptors before any path is read.
    ///
    /// # Errors
    /// `EBADF` if one of them is not open, or else `ENOTDIR` if one is not a folder.
    fn check_folders(&mut self, first: u64, second: u64) -> Result<(), Errno> {
        for fd in [first, second] {
            self.descriptors().get(fd as u32)?;
        }
        self.folder(first)?;
        self.folder(second).map(|_| ())
    }

    /// Reads a path.
    ///
    /// # Errors
    /// `ENAMETOOLONG`, `EFAULT`, `EILSEQ` if it is not UTF-8, `EINVAL` if it has a NUL.
    fn path(&self, at: u64, len: u64) -> Result<String, Errno> {
        if len > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        let path = String::from_utf8(self.read(at, len)?).map_err(|_| Errno::Ilseq)?;
        match path.contains('\0') {
            true => Err(Errno::Inval),
            false => Ok(path),
        }
    }

    /// Returns the folder and the path in the arguments from the one with this number on: a
    /// descriptor, the path's address and its length.
    fn path_in(&mut self, fd: usize, path: usize) -> Result<(NodeId, String), Errno> {
        let args = self.args;
        let arg = |index: usize| args.get(index).copied().unwrap_or_default();
        let folder = self.folder(arg(fd))?;
        let path = self.path(arg(path), arg(path.saturating_add(1)))?;
        Ok((folder, path))
    }

    pub fn fd_advise(&mut self) -> Completion {
        self.file(Errno::Spipe)?;
        Ok(())
    }

    pub fn fd_allocate(&mut self) -> Completion {
        let node = self.file(Errno::Nodev)?;
        let [_, offset, len, ..] = self.args;
        let end = offset.checked_add(len).ok_or(Errno::Fbig)?;
        if end > self.files().len(node)? {
            self.files().set_len(node, end)?;
        }
        Ok(())
    }

    /// Carries out `fd_sync` and `fd_datasync`. What was written is there already.
    pub fn fd_sync(&mut self) -> Completion {
        let fd = self.fd();
        match self.descriptors().get(fd)?.handle {
            Handle::Stream(_) => Err(Errno::Inval.into()),
            Handle::File { .. } | Handle::Folder { .. } => Ok(()),
        }
    }

    pub fn fd_filestat_set_size(&mut self) -> Completion {
        let node = self.file(Errno::Inval)?;
        let [_, size, ..] = self.args;
        self.check_writable()?;
        Ok(self.files().set_len(node, size)?)
    }

    /// Carries out `fd_filestat_set_times`. All times stay 0, so that two runs are equal.
    pub fn fd_filestat_set_times(&mut self) -> Completion {
        let fd = self.fd();
        match self.descriptors().get(fd)?.handle {
            Handle::Stream(_) => Err(Errno::Notcapable.into()),
            Handle::File { .. } | Handle::Folder { .. } => Ok(()),
        }
    }

    fn check_writable(&mut self) -> Result<(), Errno> {
        let fd = self.fd();
        self.descriptors().writable(fd).map(|_| ())
    }

    pub fn fd_pread(&mut self) -> Completion {
        let node = self.file(Errno::Spipe)?;
        let fd = self.fd();
        self.descriptors().readable(fd)?;
        let [_, _, _, offset, read, ..] = self.args;
        self.check(read, 4)?;
        let done = self.read_file(node, offset)?;
        self.write_number(read, done)
    }

    pub fn fd_pwrite(&mut self) -> Completion {
        let node = self.file(Errno::Spipe)?;
        self.check_writable()?;
        let [_, _, _, offset, written, ..] = self.args;
        self.check(written, 4)?;
        let done = self.write_file(node, offset)?;
        self.write_number(written, done)
    }

    /// Reads from a file into the buffers of the guest, and returns the number of bytes.
    pub fn read_file(&mut self, node: NodeId, from: u64) -> Result<u64, Failure> {
        let mut position = from;
        for (at, len) in self.buffers()? {
            let mut done = 0;
            while done < len {
                let file = self.files().bytes_of(node)?;
                let rest = usize::try_from(position).ok();
                let rest = rest.and_then(|start| file.get(start..)).unwrap_or_default();
                let now = rest.len().min(CHUNK);
                let now = usize::try_from(len - done).map_or(now, |left| now.min(left));
                let chunk = rest.get(..now).unwrap_or_default().to_vec();
                if chunk.is_empty() {
                    return Ok(position.saturating_sub(from));
                }
                self.write(at.saturating_add(done), &chunk)?;
                done = done.saturating_add(now as u64);
                position = position.saturating_add(now as u64);
            }
        }
        Ok(position.saturating_sub(from))
    }

    /// Writes the buffers of the guest to a file, and returns the number of bytes. A file that cannot
    /// take all of them gets the first ones.
    pub fn write_file(&mut self, node: NodeId, to: u64) -> Result<u64, Failure> {
        let mut position = to;
        for (at, len) in self.buffers()? {
            let mut done = 0;
            while done < len {
                let now = (len - done).min(CHUNK as u64);
                let chunk = self.read(at.saturating_add(done), now)?;
                match self.files().write_at(node, position, &chunk) {
                    Ok(()) => {}
                    Err(_) if position > to => return Ok(position.saturating_sub(to)),
                    Err(error) => return Err(error.into()),
                }
                done = done.saturating_add(now);
                position = position.saturating_add(now);
            }
        }
        Ok(position.saturating_sub(to))
    }

    /// Carries out `fd_write` on a file.
    pub fn write_at_position(&mut self, descriptor: &Descriptor) -> Completion {
        let Handle::File { node, position } = descriptor.handle else {
            return Err(Errno::Badf.into());
        };
        let [fd, _, _, written, ..] = self.args;
        self.check(written, 4)?;
        let to = match descriptor.flags & APPEND {
            0 => position,
            _ => self.files().len(node)?,
        };
        let done = self.write_file(node, to)?;
        self.descriptors()
            .set_position(fd as u32, to.saturating_add(done))?;
        self.write_number(written, done)
    }

    /// Carries out `fd_read` on a file.
    pub fn read_at_position(&mut self, node: NodeId, position: u64) -> Completion {
        let [fd, _, _, read, ..] = self.args;
        self.check(read, 4)?;
        let done = self.read_file(node, position)?;
        self.descriptors()
            .set_position(fd as u32, position.saturating_add(done))?;
        self.write_number(read, done)
    }

    pub fn fd_seek(&mut self) -> Completion {
        let [fd, delta, whence, at, ..] = self.args;
        let descriptor = self.descriptors().get(fd as u32)?;
        let whence = Whence::of_number(self.version, whence).ok_or(Errno::Inval)?;
        let Handle::File { node, position } = descriptor.handle else {
            return Err(match descriptor.handle {
                Handle::Folder { .. } => Errno::Isdir.into(),
                _ => Errno::Spipe.into(),
            });
        };
        let from = match whence {
            Whence::Start => 0,
            Whence::Position => position,
            Whence::End => self.files().len(node)?,
        };
        let to = from
            .checked_add_signed(delta.cast_signed())
            .ok_or(Errno::Inval)?;
        self.check(at, 8)?;
        self.descriptors().set_position(fd as u32, to)?;
        self.write(at, &to.to_le_bytes())
    }

    pub fn fd_tell(&mut self) -> Completion {
        let [fd, at, ..] = self.args;
        match self.descriptors().get(fd as u32)?.handle {
            Handle::File { position, .. } => self.write(at, &position.to_le_bytes()),
            Handle::Folder { .. } => Err(Errno::Isdir.into()),
            Handle::Stream(_) => Err(Errno::Spipe.into()),
        }
    }

    /// Returns whether the descriptor in the first argument was open when the guest started.
    ///
    /// # Errors
    /// `EBADF` if it was not, which is how a guest finds the end of their list.
    fn check_preopened(&mut self) -> Result<(), Errno> {
        let fd = self.fd();
        match self.descriptors().get(fd)?.handle {
            Handle::Folder {
                is_preopened: true, ..
            } => Ok(()),
            _ => Err(Errno::Badf),
        }
    }

    pub fn fd_prestat_get(&mut self) -> Completion {
        self.check_preopened()?;
        let [_, at, ..] = self.args;
        self.write(at, &abi::prestat(ROOT_NAME.len() as u32))
    }

    pub fn fd_prestat_dir_name(&mut self) -> Completion {
        self.check_preopened()?;
        let [_, at, len, ..] = self.args;
        if len < ROOT_NAME.len() as u64 {
            return Err(Errno::Nametoolong.into());
        }
        self.write(at, ROOT_NAME.as_bytes())
    }

    /// Carries out `fd_readdir(fd, buffer, length, cookie, used)`. The cookie is the number of an
    /// entry. An entry that does not fit is cut, and the guest asks again.
    pub fn fd_readdir(&mut self) -> Completion {
        let [fd, buffer, len, cookie, used, ..] = self.args;
        let folder = self.folder(fd)?;
        self.check(buffer, len)?;
        self.check(used, 4)?;
        let room = usize::try_from(len).map_err(|_| Errno::Inval)?;
        let entries = self.files().entries(folder)?;
        let first = usize::try_from(cookie).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        for (number, entry) in (1_u64..).zip(&entries).skip(first) {
            let file_type = self.stat(entry.node).file_type;
            let name = entry.name.as_bytes();
            let name_len = u32::try_from(name.len()).unwrap_or(u32::MAX);
            let inode = entry.node.inode();
            bytes.extend(abi::dirent(number, inode, name_len, file_type));
            bytes.extend(name);
            if bytes.len() >= room {
                break;
            }
        }
        bytes.truncate(room);
        self.write(buffer, &bytes)?;
        self.write_number(used, bytes.len() as u64)
    }

    /// Returns what is known of a file or folder.
    pub fn stat(&mut self, node: NodeId) -> FileStat {
        let files = self.files();
        let (file_type, size) = match files.len(node) {
            Ok(len) => (FileType::File, len),
            Err(_) => (FileType::Folder, 0),
        };
        FileStat {
            inode: node.inode(),
            file_type,
            size,
        }
    }

    pub fn path_create_directory(&mut self) -> Completion {
        let (folder, path) = self.path_in(0, 1)?;
        self.files().create_folder(folder, &path)?;
        Ok(())
    }

    pub fn path_filestat_get(&mut self) -> Completion {
        let (folder, path) = self.path_in(0, 2)?;
        let [_, _, _, _, at, ..] = self.args;
        let node = self.files().lookup(folder, &path)?;
        let stat = self.stat(node).bytes(self.version);
        self.write(at, &stat)
    }

    /// Carries out `path_filestat_set_times`. All times stay 0, so that two runs are equal.
    pub fn path_filestat_set_times(&mut self) -> Completion {
        let (folder, path) = self.path_in(0, 2)?;
        self.files().lookup(folder, &path)?;
        Ok(())
    }

    pub fn path_link(&mut self) -> Completion {
        let [from, _, _, _, to, ..] = self.args;
        self.check_folders(from, to)?;
        Err(Errno::Notsup.into())
    }

    /// Carries out `path_readlink`: no path is that of a link.
    pub fn path_readlink(&mut self) -> Completion {
        let (folder, path) = self.path_in(0, 1)?;
        self.files().lookup(folder, &path)?;
        Err(Errno::Inval.into())
    }

    pub fn path_symlink(&mut self) -> Completion {
        let [_, _, fd, ..] = self.args;
        self.folder(fd)?;
        Err(Errno::Notsup.into())
    }

    pub fn path_remove_directory(&mut self) -> Completion {
        let (folder, path) = self.path_in(0, 1)?;
        Ok(self.files().remove_folder(folder, &path)?)
    }

    pub fn path_unlink_file(&mut self) -> Completion {
        let (folder, path) = self.path_in(0, 1)?;
        Ok(self.files().unlink(folder, &path)?)
    }

    pub fn path_rename(&mut self) -> Completion {
        let [old, _, _, new, ..] = self.args;
        self.check_folders(old, new)?;
        let (old, old_path) = self.path_in(0, 1)?;
        let (new, new_path) = self.path_in(3, 4)?;
        Ok(self.files().rename((old, &old_path), (new, &new_path))?)
    }

    /// Carries out `path_open(fd, lookup_flags, path, length, open_flags, rights, inheriting, flags,
    /// opened)`.
    pub fn path_open(&mut self) -> Completion {
        let (folder, path) = self.path_in(0, 2)?;
        let [_, _, _, _, how, base, inheriting, flags, opened] = self.args;
        let flags = Descriptors::flags(flags)?;
        self.check(opened, 4)?;
        let node = self.open_node(folder, &path, how)?;
        let is_folder = self.files().is_folder(node);
        let (handle, all) = match is_folder {
            true => (
                Handle::Folder {
                    node,
                    is_preopened: false,
                },
                rights::FOLDER,
            ),
            false => (Handle::File { node, position: 0 }, rights::FILE),
        };
        if is_folder && how & open_flags::FOLDER == 0 && base & rights::FD_WRITE != 0 {
            return Err(Errno::Isdir.into());
        }
        let fd = self.descriptors().open(Descriptor {
            handle,
            flags,
            rights: base & all,
            inheriting: inheriting & (rights::FILE | rights::FOLDER),
        })?;
        self.files().open(node);
        self.write_number(opened, u64::from(fd))
    }

    /// Returns the file or folder that `path_open` opens. It is created or made empty if the flags ask
    /// for that.
    fn open_node(&mut self, folder: NodeId, path: &str, how: u64) -> Result<NodeId, Errno> {
        let has = |flag: u64| how & flag != 0;
        let is_contradictory = has(open_flags::CREATE) && has(open_flags::FOLDER);
        if how & !open_flags::ALL != 0 || is_contradictory {
            return Err(Errno::Inval);
        }
        let files = self.files();
        let place = files.place(folder, path)?;
        let node = match files.at(&place) {
            Ok(_) if has(open_flags::CREATE) && has(open_flags::EXCLUSIVE) => {
                return Err(Errno::Exist);
            }
            Ok(node) => node,
            Err(Errno::Noent) if has(open_flags::CREATE) => return files.create_file(&place),
            Err(error) => return Err(error),
        };
        if has(open_flags::FOLDER) && !files.is_folder(node) {
            return Err(Errno::Notdir);
        }
        if has(open_flags::TRUNCATE) {
            files.set_len(node, 0)?;
        }
        Ok(node)
    }
}
