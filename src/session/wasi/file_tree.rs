//! The files that a WASI program can reach. All of them are in memory: the ones that the script
//! provides, and the ones that the guest creates. Nothing of the machine's own files is here.

use std::collections::BTreeMap;

use super::errno::Errno;
use super::path::{PathPart, RelativePath};

/// The most bytes of all files together.
const MAX_BYTES: u64 = 256 << 20;
/// The most files and folders.
const MAX_NODES: usize = 1 << 16;

/// A file or folder, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(usize);

impl NodeId {
    /// The folder that all others are in.
    pub const ROOT: NodeId = NodeId(0);

    /// Returns the serial number, as `filestat` has it. The standard streams have the first three.
    pub fn inode(self) -> u64 {
        u64::try_from(self.0).unwrap_or(u64::MAX).saturating_add(4)
    }
}

/// The content of a file or folder.
#[derive(Debug)]
enum Content {
    File(Vec<u8>),
    Folder {
        parent: NodeId,
        entries: BTreeMap<String, NodeId>,
    },
}

#[derive(Debug)]
struct Node {
    content: Content,
    /// How many file descriptors it has.
    open: usize,
    /// Whether it has a name. A file without one is there while it is open.
    has_name: bool,
}

/// What is at a path, or the place for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Place<'p> {
    /// The folder.
    folder: NodeId,
    /// The name in it; `None` for the folder itself.
    name: Option<&'p str>,
    /// Whether the path ends in `/`, so that it is the path of a folder.
    is_folder: bool,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The file or folder.
    pub node: NodeId,
    /// Its name.
    pub name: String,
}

/// All files and folders.
#[derive(Debug)]
pub struct FileTree {
    nodes: Vec<Option<Node>>,
    /// How many bytes the files have together.
    bytes: u64,
}

impl Default for FileTree {
    fn default() -> Self {
        let root = Node {
            content: Content::Folder {
                parent: NodeId::ROOT,
                entries: BTreeMap::new(),
            },
            open: 1,
            has_name: true,
        };
        FileTree {
            nodes: vec![Some(root)],
            bytes: 0,
        }
    }
}

impl FileTree {
    /// Adds a file that the script provides, with the folders that its path names.
    ///
    /// # Errors
    /// `EEXIST` if the path is taken, `ENOTDIR` if a part of it is a file, `EINVAL` if it names no
    /// file, `ENOTCAPABLE` if it leads out, `ENOSPC` above the limits.
    pub fn provide(&mut self, path: &str, bytes: Vec<u8>) -> Result<(), Errno> {
        let path = path.trim_start_matches('/');
        let mut at = 0;
        while let Some(slash) = path.get(at..).and_then(|rest| rest.find('/')) {
            at = at.saturating_add(slash).saturating_add(1);
            let folder = path.get(..at).unwrap_or_default();
            match self.lookup(NodeId::ROOT, folder) {
                Ok(_) => {}
                Err(Errno::Noent) => {
                    self.create_folder(NodeId::ROOT, folder)?;
                }
                Err(error) => return Err(error),
            }
        }
        let place = self.place(NodeId::ROOT, path)?;
        if place.name.is_none() || place.is_folder {
            return Err(Errno::Inval);
        }
        let node = self.create_file(&place)?;
        self.write_at(node, 0, &bytes)
    }

    /// Returns the bytes of a file by its path from the root.
    ///
    /// # Errors
    /// `ENOENT` if there is none, `EISDIR` for a folder, and those of [`FileTree::lookup`].
    pub fn file(&self, path: &str) -> Result<&[u8], Errno> {
        let node = self.lookup(NodeId::ROOT, path.trim_start_matches('/'))?;
        self.bytes_of(node)
    }

    /// Returns the paths of all files, in order.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        let mut folders = vec![(NodeId::ROOT, String::new())];
        while let Some((folder, path)) = folders.pop() {
            for (name, node) in self.entries_of(folder).into_iter().flatten() {
                let path = format!("{path}/{name}");
                match self.is_folder(*node) {
                    true => folders.push((*node, path)),
                    false => paths.push(path),
                }
            }
        }
        paths.sort();
        paths
    }

    /// Returns the place of a path in a folder.
    ///
    /// # Errors
    /// `ENOENT` for an empty path or a folder of it that does not exist, `ENOTDIR` if a part is a file,
    /// `ENOTCAPABLE` if the path leads out of the folder, `ENAMETOOLONG`.
    pub fn place<'p>(&self, folder: NodeId, path: &'p str) -> Result<Place<'p>, Errno> {
        let path = RelativePath::new(path)?;
        let (mut at, mut last) = (folder, None);
        for part in path.parts() {
            match part? {
                PathPart::Parent => at = self.parent(at)?,
                PathPart::Folder(name) => {
                    at = self.entry(at, name)?.ok_or(Errno::Noent)?;
                    if !self.is_folder(at) {
                        return Err(Errno::Notdir);
                    }
                }
                PathPart::Last(name) => last = Some(name),
            }
        }
        Ok(Place {
            folder: at,
            name: last,
            is_folder: path.is_folder(),
        })
    }

    /// Returns what is at a place.
    ///
    /// # Errors
    /// `ENOENT` if there is nothing, `ENOTDIR` if the place is that of a folder and a file is there.
    pub fn at(&self, place: &Place<'_>) -> Result<NodeId, Errno> {
        let node = match place.name {
            None => place.folder,
            Some(name) => self.entry(place.folder, name)?.ok_or(Errno::Noent)?,
        };
        if place.is_folder && !self.is_folder(node) {
            return Err(Errno::Notdir);
        }
        Ok(node)
    }

    /// Returns what is at a path in a folder.
    ///
    /// # Errors
    /// Those of [`FileTree::place`] and [`FileTree::at`].
    pub fn lookup(&self, folder: NodeId, path: &str) -> Result<NodeId, Errno> {
        self.at(&self.place(folder, path)?)
    }

    /// Creates an empty file at a place.
    ///
    /// # Errors
    /// `EEXIST` if something is there, `EISDIR` if the place is that of a folder, `ENOSPC` above the
    /// limit of files.
    pub fn create_file(&mut self, place: &Place<'_>) -> Result<NodeId, Errno> {
        if place.is_folder {
            return Err(Errno::Isdir);
        }
        self.create(place, Content::File(Vec::new()))
    }

    /// Creates a folder at a path.
    ///
    /// # Errors
    /// `EEXIST` if something is there, `ENOSPC` above the limit, and those of [`FileTree::place`].
    pub fn create_folder(&mut self, folder: NodeId, path: &str) -> Result<NodeId, Errno> {
        let place = self.place(folder, path)?;
        let content = Content::Folder {
            parent: place.folder,
            entries: BTreeMap::new(),
        };
        self.create(&place, content)
    }

    fn create(&mut self, place: &Place<'_>, content: Content) -> Result<NodeId, Errno> {
        let name = place.name.ok_or(Errno::Exist)?;
        if self.entry(place.folder, name)?.is_some() {
            return Err(Errno::Exist);
        }
        let node = Node {
            content,
            open: 0,
            has_name: true,
        };
        let id = match self.nodes.iter().position(Option::is_none) {
            Some(free) => NodeId(free),
            None if self.nodes.len() < MAX_NODES => {
                self.nodes.push(None);
                NodeId(self.nodes.len().saturating_sub(1))
            }
            None => return Err(Errno::Nospc),
        };
        if let Some(slot) = self.nodes.get_mut(id.0) {
            *slot = Some(node);
        }
        self.entries_mut(place.folder)?.insert(name.to_owned(), id);
        Ok(id)
    }

    /// Removes the name of a file. The file is there as long as it is open.
    ///
    /// # Errors
    /// `EISDIR` for a folder, and those of [`FileTree::lookup`].
    pub fn unlink(&mut self, folder: NodeId, path: &str) -> Result<(), Errno> {
        let place = self.place(folder, path)?;
        let node = self.at(&place)?;
        if self.is_folder(node) {
            return Err(Errno::Isdir);
        }
        self.remove_name(&place, node)
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// `ENOTDIR` for a file, `ENOTEMPTY`, `EINVAL` for the folder that the path begins in, and those of
    /// [`FileTree::lookup`].
    pub fn remove_folder(&mut self, folder: NodeId, path: &str) -> Result<(), Errno> {
        let place = self.place(folder, path)?;
        let node = self.at(&place)?;
        if place.name.is_none() {
            return Err(Errno::Inval);
        }
        if !self.entries_of(node)?.is_empty() {
            return Err(Errno::Notempty);
        }
        self.remove_name(&place, node)
    }

    /// Moves a file or folder to another path. A file or an empty folder that is there is replaced.
    ///
    /// # Errors
    /// `EISDIR`, `ENOTDIR` or `ENOTEMPTY` if what is there cannot be replaced, `EINVAL` if a folder
    /// would be inside itself, and those of [`FileTree::lookup`].
    pub fn rename(&mut self, from: (NodeId, &str), to: (NodeId, &str)) -> Result<(), Errno> {
        let (old, new) = (self.place(from.0, from.1)?, self.place(to.0, to.1)?);
        let node = self.at(&old)?;
        let (Some(old_name), Some(new_name)) = (old.name, new.name) else {
            return Err(Errno::Inval);
        };
        let is_folder = self.is_folder(node);
        if new.is_folder && !is_folder {
            return Err(Errno::Notdir);
        }
        let mut above = new.folder;
        while above != NodeId::ROOT {
            if above == node {
                return Err(Errno::Inval);
            }
            above = self.parent(above)?;
        }
        match self.entry(new.folder, new_name)? {
            Some(there) if there == node => return Ok(()),
            Some(there) => {
                match (is_folder, self.is_folder(there)) {
                    (false, true) => return Err(Errno::Isdir),
                    (true, false) => return Err(Errno::Notdir),
                    (true, true) if !self.entries_of(there)?.is_empty() => {
                        return Err(Errno::Notempty);
                    }
                    _ => {}
                }
                self.remove_name(&new, there)?;
            }
            None => {}
        }
        self.entries_mut(old.folder)?.remove(old_name);
        self.entries_mut(new.folder)?
            .insert(new_name.to_owned(), node);
        if let Ok(Content::Folder { parent, .. }) = self.content_mut(node) {
            *parent = new.folder;
        }
        Ok(())
    }

    fn remove_name(&mut self, place: &Place<'_>, node: NodeId) -> Result<(), Errno> {
        let name = place.name.ok_or(Errno::Inval)?;
        self.entries_mut(place.folder)?.remove(name);
        if let Some(Some(node)) = self.nodes.get_mut(node.0) {
            node.has_name = false;
        }
        self.remove_unused(node);
        Ok(())
    }

    /// Counts a file descriptor of a node.
    pub fn open(&mut self, node: NodeId) {
        if let Some(Some(node)) = self.nodes.get_mut(node.0) {
            node.open = node.open.saturating_add(1);
        }
    }

    /// Counts a file descriptor less.
    pub fn close(&mut self, node: NodeId) {
        if let Some(Some(node)) = self.nodes.get_mut(node.0) {
            node.open = node.open.saturating_sub(1);
        }
        self.remove_unused(node);
    }

    fn remove_unused(&mut self, node: NodeId) {
        let Some(slot) = self.nodes.get_mut(node.0) else {
            return;
        };
        if let Some(Node {
            content,
            open: 0,
            has_name: false,
        }) = slot
        {
            if let Content::File(bytes) = content {
                self.bytes = self.bytes.saturating_sub(length(bytes));
            }
            *slot = None;
        }
    }

    /// Returns whether a node is a folder.
    pub fn is_folder(&self, node: NodeId) -> bool {
        matches!(self.content(node), Ok(Content::Folder { .. }))
    }

    /// Returns the bytes of a file.
    ///
    /// # Errors
    /// `EISDIR` for a folder; this holds for all methods below.
    pub fn bytes_of(&self, node: NodeId) -> Result<&[u8], Errno> {
        match self.content(node)? {
            Content::File(bytes) => Ok(bytes),
            Content::Folder { .. } => Err(Errno::Isdir),
        }
    }

    /// Returns the length of a file in bytes.
    pub fn len(&self, node: NodeId) -> Result<u64, Errno> {
        self.bytes_of(node).map(length)
    }

    /// Writes bytes to a file, which is made longer with zeros if necessary.
    ///
    /// # Errors
    /// `ENOSPC` above the limit of all files.
    pub fn write_at(&mut self, node: NodeId, at: u64, bytes: &[u8]) -> Result<(), Errno> {
        if bytes.is_empty() {
            return self.bytes_of(node).map(|_| ());
        }
        let end = at.checked_add(length(bytes)).ok_or(Errno::Fbig)?;
        if end > self.len(node)? {
            self.set_len(node, end)?;
        }
        let range = usize::try_from(at).ok().zip(usize::try_from(end).ok());
        let (start, end) = range.ok_or(Errno::Fbig)?;
        if let Content::File(file) = self.content_mut(node)?
            && let Some(part) = file.get_mut(start..end)
        {
            part.copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Makes a file shorter, or longer with zeros.
    ///
    /// # Errors
    /// `ENOSPC` above the limit of all files.
    pub fn set_len(&mut self, node: NodeId, len: u64) -> Result<(), Errno> {
        let now = self.len(node)?;
        let all = self.bytes.saturating_sub(now).saturating_add(len);
        if all > MAX_BYTES {
            return Err(Errno::Nospc);
        }
        let new = usize::try_from(len).map_err(|_| Errno::Nospc)?;
        if let Content::File(file) = self.content_mut(node)? {
            let more = new.saturating_sub(file.len());
            file.try_reserve(more).map_err(|_| Errno::Nospc)?;
            file.resize(new, 0);
        }
        self.bytes = all;
        Ok(())
    }

    /// Returns the entries of a folder: itself as `.`, the folder it is in as `..`, then the others by
    /// name.
    ///
    /// # Errors
    /// `ENOTDIR` for a file.
    pub fn entries(&self, folder: NodeId) -> Result<Vec<Entry>, Errno> {
        let entry = |name: &str, node| Entry {
            node,
            name: name.to_owned(),
        };
        let parent = self.parent(folder)?;
        let own = [entry(".", folder), entry("..", parent)];
        let others = self.entries_of(folder)?.iter();
        Ok(own
            .into_iter()
            .chain(others.map(|(name, node)| entry(name, *node)))
            .collect())
    }

    fn content(&self, node: NodeId) -> Result<&Content, Errno> {
        let node = self.nodes.get(node.0).and_then(Option::as_ref);
        node.map(|node| &node.content).ok_or(Errno::Badf)
    }

    fn content_mut(&mut self, node: NodeId) -> Result<&mut Content, Errno> {
        let node = self.nodes.get_mut(node.0).and_then(Option::as_mut);
        node.map(|node| &mut node.content).ok_or(Errno::Badf)
    }

    fn entries_of(&self, folder: NodeId) -> Result<&BTreeMap<String, NodeId>, Errno> {
        match self.content(folder)? {
            Content::Folder { entries, .. } => Ok(entries),
            Content::File(_) => Err(Errno::Notdir),
        }
    }

    fn entries_mut(&mut self, folder: NodeId) -> Result<&mut BTreeMap<String, NodeId>, Errno> {
        match self.content_mut(folder)? {
            Content::Folder { entries, .. } => Ok(entries),
            Content::File(_) => Err(Errno::Notdir),
        }
    }

    fn entry(&self, folder: NodeId, name: &str) -> Result<Option<NodeId>, Errno> {
        Ok(self.entries_of(folder)?.get(name).copied())
    }

    fn parent(&self, folder: NodeId) -> Result<NodeId, Errno> {
        match self.content(folder)? {
            Content::Folder { parent, .. } => Ok(*parent),
            Content::File(_) => Err(Errno::Notdir),
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> FileTree {
        let mut tree = FileTree::default();
        tree.provide("/in.txt", b"hello".to_vec()).unwrap();
        tree.provide("/a/b/c.bin", vec![1, 2]).unwrap();
        tree
    }

    #[test]
    fn provided_files_have_their_folders() {
        let mut tree = tree();
        assert_eq!(tree.file("/in.txt"), Ok(&b"hello"[..]));
        assert_eq!(tree.file("a/b/c.bin"), Ok(&[1, 2][..]));
        assert_eq!(tree.paths(), ["/a/b/c.bin", "/in.txt"]);
        assert_eq!(tree.file("/a"), Err(Errno::Isdir));
        assert_eq!(tree.file("/in.txt/x"), Err(Errno::Notdir));
        assert_eq!(tree.file("/no"), Err(Errno::Noent));
        for (path, error) in [
            ("/in.txt", Errno::Exist),
            ("/in.txt/x", Errno::Notdir),
            ("/a/b", Errno::Exist),
            ("/../x", Errno::Notcapable),
            ("/new/", Errno::Inval),
            ("/", Errno::Noent),
        ] {
            assert_eq!(tree.provide(path, Vec::new()), Err(error), "{path}");
        }
    }

    #[test]
    fn no_path_leads_out_of_its_folder() {
        let tree = tree();
        let folder = tree.lookup(NodeId::ROOT, "a").unwrap();
        assert!(tree.lookup(folder, "b/../b/c.bin").is_ok());
        for path in ["..", "../in.txt", "b/../../in.txt", "/in.txt"] {
            assert_eq!(tree.lookup(folder, path), Err(Errno::Notcapable), "{path}");
        }
        assert_eq!(tree.lookup(folder, "b/c.bin/"), Err(Errno::Notdir));
        assert_eq!(
            tree.lookup(folder, &"x".repeat(256)),
            Err(Errno::Nametoolong)
        );
        assert_eq!(tree.lookup(NodeId::ROOT, "."), Ok(NodeId::ROOT));
    }

    #[test]
    fn a_removed_file_is_there_while_it_is_open() {
        let mut tree = tree();
        let file = tree.lookup(NodeId::ROOT, "in.txt").unwrap();
        tree.open(file);
        tree.unlink(NodeId::ROOT, "in.txt").unwrap();
        assert_eq!(tree.file("in.txt"), Err(Errno::Noent));
        assert_eq!(tree.bytes_of(file), Ok(&b"hello"[..]));
        tree.close(file);
        assert_eq!(tree.bytes_of(file), Err(Errno::Badf));
        assert_eq!(tree.bytes, 2);
    }

    #[test]
    fn folders_are_removed_and_moved_as_on_a_disk() {
        let mut tree = tree();
        let root = NodeId::ROOT;
        assert_eq!(tree.remove_folder(root, "a"), Err(Errno::Notempty));
        assert_eq!(tree.remove_folder(root, "in.txt"), Err(Errno::Notdir));
        assert_eq!(tree.remove_folder(root, "."), Err(Errno::Inval));
        assert_eq!(tree.unlink(root, "a"), Err(Errno::Isdir));
        assert_eq!(tree.rename((root, "a"), (root, "a/b/d")), Err(Errno::Inval));
        assert_eq!(
            tree.rename((root, "in.txt"), (root, "a")),
            Err(Errno::Isdir)
        );
        assert_eq!(
            tree.rename((root, "a"), (root, "in.txt")),
            Err(Errno::Notdir)
        );
        tree.rename((root, "a/b"), (root, "moved")).unwrap();
        assert_eq!(tree.paths(), ["/in.txt", "/moved/c.bin"]);
        let moved = tree.lookup(root, "moved").unwrap();
        assert_eq!(tree.parent(moved), Ok(root));
        tree.rename((root, "in.txt"), (root, "moved/c.bin"))
            .unwrap();
        assert_eq!(tree.file("/moved/c.bin"), Ok(&b"hello"[..]));
        assert_eq!(tree.bytes, 5);
        tree.remove_folder(root, "a").unwrap();
    }

    #[test]
    fn files_have_limits() {
        let mut tree = tree();
        let file = tree.lookup(NodeId::ROOT, "in.txt").unwrap();
        tree.write_at(file, 8, b"!").unwrap();
        assert_eq!(tree.bytes_of(file), Ok(&b"hello\0\0\0!"[..]));
        assert_eq!(tree.write_at(file, MAX_BYTES, b"!"), Err(Errno::Nospc));
        assert_eq!(tree.write_at(file, u64::MAX, b"!"), Err(Errno::Fbig));
        assert_eq!(tree.set_len(file, MAX_BYTES), Err(Errno::Nospc));
        tree.set_len(file, 1).unwrap();
        assert_eq!(tree.bytes, 3);
        assert_eq!(tree.len(NodeId::ROOT), Err(Errno::Isdir));
    }
}
