//! The real binary run in a folder of its own, and its answer, checked for what holds of every
//! answer: the promised exit status, bounded time, no panic, and not a byte that a terminal would
//! act on.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Far above what any case takes, so that only what is endless meets it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with files in it, where the program runs.
pub struct Folder(TempDir);

/// What the program answered, checked for what holds of every answer.
pub struct Answer {
    pub status: i32,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn with(self, name: &str, contents: impl AsRef<[u8]>) -> Folder {
        fs::write(self.path().join(name), contents).unwrap();
        self
    }

    pub fn command(&self, args: &[impl AsRef<std::ffi::OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linmem"));
        command
            .current_dir(self.path())
            .args(args)
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[impl AsRef<std::ffi::OsStr>]) -> Answer {
        let begun = Instant::now();
        let output = self.command(args).output().unwrap();
        Answer::checked(&output, begun.elapsed())
    }
}

impl Answer {
    pub fn checked(output: &Output, took: Duration) -> Answer {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the output is UTF-8");
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        for stream in [&out, &err] {
            let raw = stream
                .chars()
                .find(|c| *c != '\n' && linmem::safe::is_unsafe(*c));
            assert_eq!(raw, None, "a raw character in:\n{stream}");
            assert!(!stream.contains("panicked"), "{stream}");
        }
        assert!(took < PATIENCE, "took {took:?}");
        let status = output
            .status
            .code()
            .unwrap_or_else(|| panic!("ended by a signal: {:?}\n{err}", output.status));
        Answer {
            status,
            out,
            err,
            took,
        }
    }

    /// The input cannot be used: nothing ran.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Answer {
        assert_eq!(self.status, 2, "{}{}", self.out, self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        self.says(words)
    }

    /// The run stopped at a step, and everything up to it is told.
    #[track_caller]
    pub fn stops(self, words: &[&str]) -> Answer {
        assert_eq!(self.status, 1, "{}{}", self.out, self.err);
        assert_eq!(self.err, "");
        assert!(
            self.out.contains("instantiate") && self.out.contains("stopped at step "),
            "{}",
            self.out
        );
        self.says(words)
    }

    #[track_caller]
    pub fn well(self, words: &[&str]) -> Answer {
        assert_eq!(self.status, 0, "{}{}", self.out, self.err);
        self.says(words)
    }

    #[track_caller]
    pub fn says(self, words: &[&str]) -> Answer {
        let all = format!("{}{}", self.out, self.err);
        for word in words {
            assert!(
                all.contains(word),
                "{word:?} is missing in:\n{}",
                all.chars().take(4000).collect::<String>()
            );
        }
        self
    }
}

/// Runs steps on a guest, with more arguments.
pub fn steps_on(guest: impl AsRef<[u8]>, lines: &str, more: &[&str]) -> Answer {
    let folder = Folder::new()
        .with("guest.wat", guest)
        .with("s.steps", format!("module \"guest.wat\"\n{lines}\n"));
    folder.run(&[&["run", "s.steps"], more].concat())
}

/// Opens a module by itself.
pub fn module(name: &str, contents: impl AsRef<[u8]>) -> Answer {
    Folder::new().with(name, contents).run(&["run", name])
}
