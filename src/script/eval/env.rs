//! What an expression can ask of the session it runs in.

use crate::safe;
use crate::script::ast::{CallPart, HostFunctionName};
use crate::value::{OutOfMemory, Value};

/// The values outside an expression: variables, the guest and files.
///
/// Every method but [`EvalEnv::variable`] has a default that refuses, for places where no guest
/// runs.
pub trait EvalEnv {
    /// Returns the value of `name`, or `None` where nothing has bound it yet.
    fn variable(&self, name: &str) -> Option<&Value>;

    /// Returns the current size of memory in 64 KiB pages.
    ///
    /// # Errors
    /// The guest has no memory, or no guest runs here.
    fn pages(&self) -> Result<u64, EnvError> {
        Err(EnvError::Unavailable("pages()"))
    }

    /// Returns how many times the guest has called a host function so far.
    ///
    /// # Errors
    /// The import is unknown, or no guest runs here.
    fn calls(&self, _function: &HostFunctionName) -> Result<u64, EnvError> {
        Err(EnvError::Unavailable("calls(…)"))
    }

    /// Returns a part of call `index` of a host function, counted from 0.
    ///
    /// # Errors
    /// There is no such call, the part is not recorded, or no guest runs here.
    fn call_part(
        &self,
        _function: &HostFunctionName,
        part: CallPart,
        _index: u64,
    ) -> Result<Vec<Value>, EnvError> {
        Err(EnvError::Unavailable(part.function()))
    }

    /// Returns all that the guest has printed on a stream so far.
    ///
    /// # Errors
    /// It printed more than is recorded, or no guest runs here.
    fn printed(&self, _stream: OutputStream) -> Result<String, EnvError> {
        Err(EnvError::Unavailable("printed"))
    }

    /// Returns the bytes of a file of the guest.
    ///
    /// # Errors
    /// There is no such file, or no guest runs here.
    fn provided(&self, _path: &str) -> Result<Vec<u8>, EnvError> {
        Err(EnvError::Unavailable("provided"))
    }

    /// Returns the number of a new object of the host.
    ///
    /// # Errors
    /// No guest runs here.
    fn new_object(&self) -> Result<u64, EnvError> {
        Err(EnvError::Unavailable("object"))
    }

    /// Reads the file at `path`, a path as the script writes it.
    ///
    /// # Errors
    /// The file cannot be read, or no files can be read here.
    fn file(&self, _path: &str) -> Result<Vec<u8>, EnvError> {
        Err(EnvError::Unavailable("file(…)"))
    }
}

/// A stream that a guest prints on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output, `printed(1)`.
    Output,
    /// Standard error, `printed(2)`.
    Error,
}

impl OutputStream {
    /// Returns the stream with the number of its file descriptor.
    pub fn of_number(number: i128) -> Option<OutputStream> {
        match number {
            1 => Some(OutputStream::Output),
            2 => Some(OutputStream::Error),
            _ => None,
        }
    }

    /// Returns the stream's name.
    pub fn as_str(self) -> &'static str {
        match self {
            OutputStream::Output => "standard output",
            OutputStream::Error => "standard error",
        }
    }
}

/// Why an [`EvalEnv`] has no answer. Messages are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// A function of the guest or of files where there are none.
    #[error("`{}` cannot be used here; use it in a step", form(.0))]
    Unavailable(&'static str),
    /// The guest has no memory to measure; the reason is a sentence that is safe to print.
    #[error("{0}")]
    NoMemory(String),
    /// An import that neither the guest nor the script names.
    #[error("the guest has no import {import}; {}", imported_names(imported))]
    UnknownImport {
        /// The import as the script writes it, safe to print.
        import: String,
        /// The imports that the guest has, written in the same way.
        imported: Vec<String>,
    },
    /// A variable that is no callback.
    #[error("`{0}` is not a callback; name an import as `MODULE.NAME`")]
    NotACallback(String),
    /// A call of an import that has not happened.
    #[error(
        "{import} was called {}, so there is no call {index}; the first is call 0",
        crate::text::count(*count, "time")
    )]
    NoSuchCall {
        /// The import as the script writes it, safe to print.
        import: String,
        /// How many calls there were.
        count: u64,
        /// The call that was asked for, counted from 0.
        index: u64,
    },
    /// A call of an import that is not among the first ones, which are recorded.
    #[error("only the {} of the first {recorded} calls of {import} are recorded", part.noun())]
    CallNotRecorded {
        /// The import as the script writes it, safe to print.
        import: String,
        /// The number of calls that are recorded.
        recorded: usize,
        /// The part that was asked for.
        part: CallPart,
    },
    /// A call of an import that has not ended yet, or that trapped.
    #[error("call {index} of {import} did not return, so it has no {}", part.noun())]
    NotReturned {
        /// The import as the script writes it, safe to print.
        import: String,
        /// The call that was asked for, counted from 0.
        index: u64,
        /// The part that was asked for.
        part: CallPart,
    },
    /// A call of an import whose values are more than is recorded.
    #[error(
        "the {} of call {index} of {import} are not recorded; those of all calls together can \
         take at most {} MiB",
        part.noun(),
        limit >> 20
    )]
    CallTooLarge {
        /// The import as the script writes it, safe to print.
        import: String,
        /// The call that was asked for, counted from 0.
        index: u64,
        /// The part that was asked for.
        part: CallPart,
        /// The most bytes of all values that are recorded.
        limit: usize,
    },
    /// More output than is recorded.
    #[error(
        "the guest has printed {total} bytes on {}, but only {recorded} of them are recorded; \
         print less in one step, or check the text that a function returns",
        stream.as_str()
    )]
    OutputNotRecorded {
        /// The stream.
        stream: OutputStream,
        /// How many bytes the guest has printed on it.
        total: u64,
        /// How many of them are recorded.
        recorded: u64,
    },
    /// A file that the guest does not have.
    #[error("the guest has no file {}; {}", quoted(path), file_names(files))]
    NoSuchFile {
        /// The path as the script writes it.
        path: String,
        /// The paths of all files that it has.
        files: Vec<String>,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Returns the form of a call of a function, unless `function` is one.
fn form(function: &str) -> String {
    if function.ends_with(')') {
        function.to_owned()
    } else {
        format!("{function}(…)")
    }
}

/// Returns the second half of the message about an unknown import: at most eight names.
fn imported_names(imported: &[String]) -> String {
    const MAX_NAMES: usize = 8;
    if imported.is_empty() {
        return "it imports nothing".to_owned();
    }
    let names: Vec<&str> = imported
        .iter()
        .take(MAX_NAMES)
        .map(String::as_str)
        .collect();
    format!("it imports {}", names.join(", "))
}

/// Returns the second half of the message about a file that does not exist: at most eight paths.
fn file_names(files: &[String]) -> String {
    match files {
        [] => "it has no files".to_owned(),
        files => {
            let names = files.iter().map(|path| safe::quoted(path, 60));
            format!("its files are {}", crate::text::list::first(names, 8))
        }
    }
}

/// Why `file("…")` cannot read a file. Messages quote the path and are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A name that a built-in session does not have.
    #[error("there is no file {} in this built-in session", quoted(.0))]
    NotBuiltIn(String),
    /// A path that leads out of the folder of the steps file.
    #[error(
        "{} leads out of the steps file's folder; a script can read only files below it",
        quoted(.0)
    )]
    OutsideFolder(String),
    /// A folder, a device or another thing that is not a file.
    #[error("{} is not a file", quoted(.0))]
    NotAFile(String),
    /// A file above the limit.
    #[error("{} is {size} bytes long; the limit is {limit}", quoted(.path))]
    TooLarge {
        /// The path as the script writes it.
        path: String,
        /// The length of the file in bytes.
        size: u64,
        /// The most bytes that can be read.
        limit: u64,
    },
    /// The system has no memory for the bytes of a file.
    #[error("cannot read {}: {error}", quoted(.path))]
    OutOfMemory {
        /// The path as the script writes it.
        path: String,
        /// The length of the file.
        error: OutOfMemory,
    },
    /// The operating system refused.
    #[error("cannot read {}: {reason}", quoted(.path))]
    Unreadable {
        /// The path as the script writes it.
        path: String,
        /// The operating system's message.
        reason: String,
    },
}

impl FileError {
    /// Returns the error for a path that the operating system refused to read.
    pub(crate) fn unreadable(path: &str, error: &std::io::Error) -> Self {
        FileError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }
}

fn quoted(path: &str) -> String {
    safe::quoted(path, 200)
}
