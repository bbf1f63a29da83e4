//! The functions of WASI preview 1 by name and type, and of the version before it, `wasi_unstable`.

use wasmer::{FunctionType, Type};

use crate::script::ast::ImportName;

/// Which of the two interfaces a guest was built for. They share their functions but for one, and
/// differ in the layout of two structures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `wasi_unstable`, also known as snapshot 0.
    Unstable,
    /// `wasi_snapshot_preview1`.
    Preview1,
}

impl Version {
    pub fn of(module: &str) -> Option<Version> {
        match module {
            "wasi_unstable" => Some(Version::Unstable),
            "wasi_snapshot_preview1" => Some(Version::Preview1),
            _ => None,
        }
    }
}

/// One function of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub version: Version,
    pub name: &'static str,
    /// A letter each: `i` for i32, `I` for i64.
    params: &'static str,
}

impl Call {
    /// The function of this name, whatever type the guest imports it as.
    pub fn named(name: &ImportName) -> Option<Call> {
        let version = Version::of(&name.module)?;
        let (name, params) = functions(version).find(|(known, _)| *known == name.name)?;
        Some(Call {
            version,
            name,
            params,
        })
    }

    /// Whether this parameter is an i64.
    pub fn is_wide(&self, index: usize) -> bool {
        self.params.as_bytes().get(index) == Some(&b'I')
    }

    /// Its type in the interface.
    pub fn ty(&self) -> FunctionType {
        let params = self
            .params
            .chars()
            .map(|c| if c == 'I' { Type::I64 } else { Type::I32 });
        let results = if self.name == "proc_exit" {
            Vec::new()
        } else {
            vec![Type::I32]
        };
        FunctionType::new(params.collect::<Vec<_>>(), results)
    }
}

/// Returns the names of the functions of a version and their parameters, a letter each: `i` for
/// i32, `I` for i64.
pub fn functions(version: Version) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_newer = move |name: &str| name == "sock_accept" && version == Version::Unstable;
    FUNCTIONS
        .into_iter()
        .filter(move |(name, _)| !is_newer(name))
}

const FUNCTIONS: [(&str, &str); 46] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_get", "ii"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("sched_yield", ""),
    ("random_get", "ii"),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];
