//! The parts of a path that a WASI program passes. No path leads out of the folder that it starts
//! from.

use super::errno::Errno;

/// The longest name of a file, in bytes.
const MAX_NAME: usize = 255;
/// The most folders in a path.
const MAX_DEPTH: usize = 256;

/// A part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPart<'p> {
    /// `..`: the folder around the one before.
    Parent,
    /// A folder, by its name in the one before.
    Folder(&'p str),
    /// What the path means, by its name in the folder before.
    Last(&'p str),
}

/// A path in a folder. It is not absolute and has at least one byte.
#[derive(Debug, Clone, Copy)]
pub struct RelativePath<'p> {
    path: &'p str,
}

impl<'p> RelativePath<'p> {
    /// Checks the start of a path.
    ///
    /// # Errors
    /// `ENOENT` for an empty path, `ENOTCAPABLE` for an absolute one.
    pub fn new(path: &'p str) -> Result<Self, Errno> {
        match path {
            "" => Err(Errno::Noent),
            _ if path.starts_with('/') => Err(Errno::Notcapable),
            _ => Ok(RelativePath { path }),
        }
    }

    /// Returns whether the path can only be that of a folder, by its end.
    pub fn is_folder(self) -> bool {
        self.path.ends_with('/') || self.path.ends_with("/.") || self.path == "."
    }

    /// Returns the parts in order, without `.`. The last one is [`PathPart::Last`] unless it is
    /// `..`. A part can be `ENAMETOOLONG`, or `ENOTCAPABLE` if it leads out of the folder.
    pub fn parts(self) -> impl Iterator<Item = Result<PathPart<'p>, Errno>> {
        let is_part = |part: &&str| !part.is_empty() && *part != ".";
        let mut names = self.path.split('/').filter(is_part).peekable();
        let mut depth = 0_usize;
        std::iter::from_fn(move || {
            let name = names.next()?;
            if name.len() > MAX_NAME || depth >= MAX_DEPTH {
                return Some(Err(Errno::Nametoolong));
            }
            if name == ".." {
                let Some(outer) = depth.checked_sub(1) else {
                    return Some(Err(Errno::Notcapable));
                };
                depth = outer;
                return Some(Ok(PathPart::Parent));
            }
            depth = depth.saturating_add(1);
            Some(Ok(match names.peek() {
                Some(_) => PathPart::Folder(name),
                None => PathPart::Last(name),
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str) -> Result<Vec<PathPart<'_>>, Errno> {
        RelativePath::new(path)?.parts().collect()
    }

    #[test]
    fn parts_are_folders_and_what_the_path_means() {
        use PathPart::{Folder, Last, Parent};
        assert_eq!(
            parts("a//./b/c/"),
            Ok(vec![Folder("a"), Folder("b"), Last("c")])
        );
        assert_eq!(parts("a/.."), Ok(vec![Folder("a"), Parent]));
        assert_eq!(parts("."), Ok(Vec::new()));
        for (path, is_folder) in [("a", false), ("a/", true), ("a/.", true), (".", true)] {
            assert_eq!(
                RelativePath::new(path).unwrap().is_folder(),
                is_folder,
                "{path}"
            );
        }
    }

    #[test]
    fn paths_that_lead_out_and_long_names_are_refused() {
        for path in ["..", "a/../../b", "/a"] {
            assert_eq!(parts(path), Err(Errno::Notcapable), "{path}");
        }
        assert_eq!(parts(""), Err(Errno::Noent));
        assert!(parts(&"x".repeat(MAX_NAME)).is_ok());
        assert_eq!(parts(&"x".repeat(MAX_NAME + 1)), Err(Errno::Nametoolong));
        assert!(parts(&"x/".repeat(MAX_DEPTH)).is_ok());
        assert_eq!(parts(&"x/".repeat(MAX_DEPTH + 1)), Err(Errno::Nametoolong));
    }
}
