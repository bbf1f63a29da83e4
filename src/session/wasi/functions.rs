//! The functions of WASI preview 1 and of `wasi_unstable`: their types, and what each does here.
//!
//! Source: [preview 1](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md).

use wasmer::{FunctionType, Type, Value as Wasm};

use crate::script::ast::ImportName;
use crate::session::imports::{HostTrap, Running};

use super::abi::Version;
use super::calls::{Caller, Completion};
use super::errno::{Errno, Failure};

/// The results of a call for the guest, and the name of the error if they are one.
pub type Answer = (Vec<Wasm>, Option<&'static str>);

/// A function of one version of the interface.
#[derive(Clone, Copy)]
pub struct Call {
    version: Version,
    function: &'static Function,
}

/// One row of the table of functions.
struct Function {
    name: &'static str,
    /// The types of the parameters, a letter each: `i` for i32, `I` for i64.
    params: &'static str,
    handler: Handler,
}

/// How a call is carried out.
enum Handler {
    /// Runs the code of the function.
    Run(fn(&mut Caller<'_, '_, '_>) -> Completion),
    /// Refuses the call with `errno`. The arguments with the numbers `fds` are file descriptors; if
    /// one of them is not open, that is the error.
    Refuse { fds: &'static [usize], errno: Errno },
}

impl Call {
    /// Returns the function called `name`, whatever type the guest imports it with.
    pub fn named(name: &ImportName) -> Option<Call> {
        let version = Version::of_module(&name.module)?;
        let function = table(version).find(|function| function.name == name.name)?;
        Some(Call { version, function })
    }

    /// Returns the type of the function.
    pub fn ty(&self) -> FunctionType {
        let params = self.function.params.chars().map(|letter| match letter {
            'I' => Type::I64,
            _ => Type::I32,
        });
        let results = if self.function.name == "proc_exit" {
            Vec::new()
        } else {
            vec![Type::I32]
        };
        FunctionType::new(params.collect::<Vec<_>>(), results)
    }

    /// Returns whether parameter `index` is an i64.
    fn is_wide(&self, index: usize) -> bool {
        self.function.params.as_bytes().get(index) == Some(&b'I')
    }

    /// Carries the call out.
    ///
    /// # Errors
    /// The guest does not continue: it exited, or made the host write too much.
    pub fn perform(&self, running: &mut Running<'_, '_>) -> Result<Answer, HostTrap> {
        let mut caller = Caller::new(running, self.version, |index| self.is_wide(index));
        let completion = match &self.function.handler {
            Handler::Run(run) => run(&mut caller),
            Handler::Refuse { fds, errno } => Err(caller.refusal(fds, *errno).into()),
        };
        match completion {
            Ok(()) => Ok((vec![Wasm::I32(0)], None)),
            Err(Failure::Errno(errno)) => Ok((
                vec![Wasm::I32(i32::from(errno.number()))],
                Some(errno.name()),
            )),
            Err(Failure::Trap(trap)) => Err(trap),
        }
    }
}

/// Returns the names of the functions of a version and their parameters, a letter each: `i` for
/// i32, `I` for i64.
#[cfg(any(test, feature = "testing"))]
pub fn functions(version: Version) -> impl Iterator<Item = (&'static str, &'static str)> {
    table(version).map(|function| (function.name, function.params))
}

/// Returns the functions of a version.
fn table(version: Version) -> impl Iterator<Item = &'static Function> {
    let is_newer =
        move |function: &Function| function.name == "sock_accept" && version == Version::Unstable;
    FUNCTIONS.iter().filter(move |function| !is_newer(function))
}

const fn run(
    name: &'static str,
    params: &'static str,
    handler: fn(&mut Caller<'_, '_, '_>) -> Completion,
) -> Function {
    Function {
        name,
        params,
        handler: Handler::Run(handler),
    }
}

const fn refuse(
    name: &'static str,
    params: &'static str,
    fds: &'static [usize],
    errno: Errno,
) -> Function {
    Function {
        name,
        params,
        handler: Handler::Refuse { fds, errno },
    }
}

/// All functions of preview 1. `wasi_unstable` has all of them but `sock_accept`.
static FUNCTIONS: [Function; 46] = [
    run("args_get", "ii", |caller| caller.args_get()),
    run("args_sizes_get", "ii", |caller| caller.args_sizes_get()),
    run("environ_get", "ii", |caller| caller.environ_get()),
    run("environ_sizes_get", "ii", |caller| {
        caller.environ_sizes_get()
    }),
    run("clock_res_get", "ii", |caller| caller.clock_res_get()),
    run("clock_time_get", "iIi", |caller| caller.clock_time_get()),
    run("fd_advise", "iIIi", |caller| caller.fd_advise()),
    run("fd_allocate", "iII", |caller| caller.fd_allocate()),
    run("fd_close", "i", |caller| caller.fd_close()),
    run("fd_datasync", "i", |caller| caller.fd_sync()),
    run("fd_fdstat_get", "ii", |caller| caller.fd_fdstat_get()),
    run("fd_fdstat_set_flags", "ii", |caller| {
        caller.fd_fdstat_set_flags()
    }),
    run("fd_fdstat_set_rights", "iII", |caller| {
        caller.fd_fdstat_set_rights()
    }),
    run("fd_filestat_get", "ii", |caller| caller.fd_filestat_get()),
    run("fd_filestat_set_size", "iI", |caller| {
        caller.fd_filestat_set_size()
    }),
    run("fd_filestat_set_times", "iIIi", |caller| {
        caller.fd_filestat_set_times()
    }),
    run("fd_pread", "iiiIi", |caller| caller.fd_pread()),
    run("fd_prestat_get", "ii", |caller| caller.fd_prestat_get()),
    run("fd_prestat_dir_name", "iii", |caller| {
        caller.fd_prestat_dir_name()
    }),
    run("fd_pwrite", "iiiIi", |caller| caller.fd_pwrite()),
    run("fd_read", "iiii", |caller| caller.fd_read()),
    run("fd_readdir", "iiiIi", |caller| caller.fd_readdir()),
    run("fd_renumber", "ii", |caller| caller.fd_renumber()),
    run("fd_seek", "iIii", |caller| caller.fd_seek()),
    run("fd_sync", "i", |caller| caller.fd_sync()),
    run("fd_tell", "ii", |caller| caller.fd_tell()),
    run("fd_write", "iiii", |caller| caller.fd_write()),
    run("path_create_directory", "iii", |caller| {
        caller.path_create_directory()
    }),
    run("path_filestat_get", "iiiii", |caller| {
        caller.path_filestat_get()
    }),
    run("path_filestat_set_times", "iiiiIIi", |caller| {
        caller.path_filestat_set_times()
    }),
    run("path_link", "iiiiiii", |caller| caller.path_link()),
    run("path_open", "iiiiiIIii", |caller| caller.path_open()),
    run("path_readlink", "iiiiii", |caller| caller.path_readlink()),
    run("path_remove_directory", "iii", |caller| {
        caller.path_remove_directory()
    }),
    run("path_rename", "iiiiii", |caller| caller.path_rename()),
    run("path_symlink", "iiiii", |caller| caller.path_symlink()),
    run("path_unlink_file", "iii", |caller| {
        caller.path_unlink_file()
    }),
    run("poll_oneoff", "iiii", |caller| caller.poll_oneoff()),
    run("proc_exit", "i", |caller| caller.proc_exit()),
    run("proc_raise", "i", |caller| caller.proc_raise()),
    run("sched_yield", "", |_| Ok(())),
    run("random_get", "ii", |caller| caller.random_get()),
    refuse("sock_accept", "iii", &[0], Errno::Notsock),
    refuse("sock_recv", "iiiiii", &[0], Errno::Notsock),
    refuse("sock_send", "iiiii", &[0], Errno::Notsock),
    refuse("sock_shutdown", "ii", &[0], Errno::Notsock),
];
