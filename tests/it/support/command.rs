//! Runs the program, in a folder of its own where needed, and checks how it ended.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The time that no run takes unless it is endless.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Held while a process starts. A pseudo-terminal is inheritable for a moment after it was opened, and
/// a process that inherits it keeps the terminal of another test open.
pub static START: Mutex<()> = Mutex::new(());

/// Starts a process.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    let _guard = START.lock().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Returns the path of a file of the repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Reads a file of the repository.
pub fn read_in_repository(path: &str) -> String {
    fs::read_to_string(in_repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Runs the program in the root of the repository.
pub fn linmem(args: &[impl AsRef<OsStr>]) -> Run {
    TestCommand::new(args).run()
}

/// A temporary folder in which the program runs.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    /// Returns the folder of `tests/hosts/NAME.mjs` with its guest.
    pub fn of_host(name: &str) -> Folder {
        let text = read_in_repository(&format!("tests/hosts/{name}.wat"));
        let host = read_in_repository(&format!("tests/hosts/{name}.mjs"));
        Folder::new()
            .with("app.mjs", host)
            .with("guest.wasm", wat::parse_str(text).unwrap())
    }

    /// Adds a file.
    pub fn with(self, name: &str, contents: impl AsRef<[u8]>) -> Folder {
        self.write(name, contents);
        self
    }

    /// Writes a file, and the folders that it is in.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Returns the path of a file as an argument.
    pub fn arg(&self, name: &str) -> String {
        self.join(name).into_os_string().into_string().unwrap()
    }

    pub fn command(&self, args: &[impl AsRef<OsStr>]) -> TestCommand {
        TestCommand::new(args).current_dir(self.path())
    }

    pub fn run(&self, args: &[impl AsRef<OsStr>]) -> Run {
        self.command(args).run()
    }
}

/// The program with its arguments. By default it runs in the root of the repository, with nothing on
/// its standard input and without the configuration and the cache of the user.
pub struct TestCommand {
    command: Command,
    stdin: Vec<u8>,
}

impl TestCommand {
    pub fn new(args: &[impl AsRef<OsStr>]) -> TestCommand {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linmem"));
        command
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("XDG_CONFIG_HOME", "/dev/null")
            .env("XDG_CACHE_HOME", "/dev/null")
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        TestCommand {
            command,
            stdin: Vec::new(),
        }
    }

    pub fn current_dir(mut self, folder: &Path) -> TestCommand {
        self.command.current_dir(folder);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> TestCommand {
        self.command.env(name, value);
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> TestCommand {
        self.stdin = bytes.into();
        self
    }

    /// Starts the program, for a test that acts while it runs.
    pub fn spawn(mut self) -> Child {
        let mut child = spawn(&mut self.command).unwrap();
        // A program that does not read its standard input closes it, which is not an error here.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        child
    }

    pub fn run(self) -> Run {
        let started = Instant::now();
        let output = self.spawn().wait_with_output().unwrap();
        Run::new(output, started.elapsed())
    }
}

/// A run of the program that has ended.
#[derive(Debug)]
pub struct Run {
    /// The exit status.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    pub duration: Duration,
}

impl Run {
    /// # Panics
    /// Panics where the program was killed by a signal, panicked, took too long or did not write
    /// UTF-8.
    #[track_caller]
    pub fn new(output: Output, duration: Duration) -> Run {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let status = output
            .status
            .code()
            .unwrap_or_else(|| panic!("ended by a signal: {:?}\n{stderr}", output.status));
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(duration < PATIENCE, "took {duration:?}");
        Run {
            status,
            stdout,
            stderr,
            duration,
        }
    }

    /// Asserts the exit status.
    #[track_caller]
    pub fn assert_status(self, status: i32) -> Run {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that nothing was written to standard error and returns standard output.
    #[track_caller]
    pub fn quiet(self) -> String {
        assert_eq!(self.stderr, "");
        self.stdout
    }

    /// Asserts exit status 0 and nothing on standard error; returns standard output.
    #[track_caller]
    pub fn success(self) -> String {
        self.assert_status(0).quiet()
    }

    /// Asserts that the input was refused before anything ran: exit status 2, nothing on standard
    /// output, and an error that contains `texts`.
    #[track_caller]
    pub fn assert_refused(self, texts: &[&str]) -> Run {
        let run = self.assert_status(2).assert_contains(texts);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        run
    }

    /// Asserts that the input was refused and returns the message.
    #[track_caller]
    pub fn refusal(self) -> String {
        self.assert_refused(&[]).stderr
    }

    /// Asserts that the run stopped at a step, after a transcript of all steps before it, and that
    /// the output contains `texts`.
    #[track_caller]
    pub fn assert_stopped(self, texts: &[&str]) -> Run {
        let run = self.assert_status(1).assert_contains(texts);
        assert_eq!(run.stderr, "");
        assert!(
            run.stdout.contains("instantiate") && run.stdout.contains("stopped at step "),
            "{}",
            run.stdout
        );
        run
    }

    /// Asserts exit status 0 and that the output contains `texts`.
    #[track_caller]
    pub fn assert_ok(self, texts: &[&str]) -> Run {
        self.assert_status(0).assert_contains(texts)
    }

    /// Asserts that the output contains `texts` and no character that a terminal would interpret.
    #[track_caller]
    pub fn assert_contains(self, texts: &[&str]) -> Run {
        let output = format!("{}{}", self.stdout, self.stderr);
        let raw = output
            .chars()
            .find(|c| *c != '\n' && linmem::safe::is_unsafe(*c));
        assert_eq!(raw, None, "a raw character in:\n{output}");
        for text in texts {
            assert!(
                output.contains(text),
                "{text:?} is missing in:\n{}",
                output.chars().take(4000).collect::<String>()
            );
        }
        self
    }
}

/// Runs steps on a guest, with more arguments.
pub fn steps_on(guest: impl AsRef<[u8]>, steps: &str, args: &[&str]) -> Run {
    Folder::new()
        .with("guest.wat", guest)
        .with("s.steps", format!("module \"guest.wat\"\n{steps}\n"))
        .run(&[&["run", "s.steps"], args].concat())
}

/// Runs a module without a script.
pub fn module(name: &str, contents: impl AsRef<[u8]>) -> Run {
    Folder::new().with(name, contents).run(&["run", name])
}
