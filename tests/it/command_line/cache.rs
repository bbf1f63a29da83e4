//! Compiled modules are kept from one start to the next, in a folder that nobody else can write to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::command::{Folder, Run, TestCommand};

/// A module that takes long enough to compile to be kept.
fn large_module() -> String {
    let function = |n: u32| {
        let store =
            |at| format!("(i32.store (i32.const {at}) (i32.add (local.get 0) (i32.const {n})))");
        let stores: String = (0..40).map(|at| store(at * 4)).collect();
        format!("(func (export \"f{n}\") (param i32) {stores})")
    };
    let functions: String = (0..400).map(function).collect();
    format!("(module (memory (export \"memory\") 1) {functions})")
}

/// A session on that module, and a folder for caches.
struct Cache(Folder);

impl Cache {
    fn new() -> Cache {
        Cache(
            Folder::new()
                .with("large.wat", large_module())
                .with("large.steps", "module \"large.wat\"\ncall f7(1)\n"),
        )
    }

    fn run(&self, args: &[&str]) -> Run {
        TestCommand::new(args)
            .current_dir(self.0.path())
            .env("XDG_CACHE_HOME", self.0.join("cache"))
            .run()
    }

    fn folder(&self) -> PathBuf {
        self.0.join("cache/linmem/compiled")
    }

    fn entries(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder()).into_iter().flatten();
        files.map(|file| file.unwrap().path()).collect()
    }

    /// Returns the file of the compiled module.
    #[track_caller]
    fn entry(&self) -> PathBuf {
        let entries = self.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0].clone()
    }
}

#[test]
fn a_module_is_compiled_once_and_kept() {
    let cache = Cache::new();
    let first = cache.run(&["run", "large.steps"]).success();
    let written = fs::read(cache.entry()).unwrap();
    let second = cache.run(&["run", "large.steps"]).success();
    assert_eq!(first, second);
    assert_eq!(fs::read(cache.entry()).unwrap(), written);
    let modes = [cache.folder(), cache.entry()];
    assert_eq!(
        modes.map(|path| path.metadata().unwrap().permissions().mode() & 0o777),
        [0o700, 0o600]
    );
    let usage = cache.run(&["cache"]).success();
    assert!(usage.contains("1 compiled module, "), "{usage}");
    // Another limit of memory is another module.
    cache
        .run(&["run", "large.steps", "--max-memory", "1MiB"])
        .success();
    assert_eq!(cache.entries().len(), 2);
    let cleared = cache.run(&["cache", "--clear"]).success();
    assert!(cleared.contains("removed 2 compiled modules"), "{cleared}");
    assert_eq!(cache.entries().len(), 0);
}

#[test]
fn a_damaged_entry_is_replaced_without_a_word() {
    let cache = Cache::new();
    let expected = cache.run(&["run", "large.steps"]).success();
    let written = fs::read(cache.entry()).unwrap();
    let mut damaged = written.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for bytes in [&damaged[..], &written[..100], b""] {
        fs::write(cache.entry(), bytes).unwrap();
        let run = cache.run(&["run", "large.steps"]);
        assert_eq!((run.stderr.as_str(), run.stdout.as_str()), ("", &*expected));
        assert_eq!(fs::read(cache.entry()).unwrap().len(), written.len());
    }
}

#[test]
fn a_folder_that_others_may_use_is_not_used() {
    let cache = Cache::new();
    fs::create_dir_all(cache.folder()).unwrap();
    fs::set_permissions(cache.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    let run = cache.run(&["run", "large.steps"]).assert_status(0);
    assert!(run.stderr.contains("chmod 700"), "{}", run.stderr);
    assert_eq!(cache.entries().len(), 0);
    let refused = cache.run(&["cache"]).assert_status(2);
    assert!(refused.stderr.contains("chmod 700"), "{}", refused.stderr);
}

#[test]
fn nothing_is_kept_where_that_is_not_wanted_or_not_possible() {
    let cache = Cache::new();
    let config = cache.0.join("config/linmem");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "cache = false\n").unwrap();
    let run = TestCommand::new(&["run", "large.steps"])
        .current_dir(cache.0.path())
        .env("XDG_CACHE_HOME", cache.0.join("cache"))
        .env("XDG_CONFIG_HOME", cache.0.join("config"));
    run.run().success();
    cache.run(&["run", "large.steps", "--no-cache"]).success();
    cache.run(&["--no-cache", "run", "large.steps"]).success();
    assert_eq!(cache.entries().len(), 0);
    let empty = cache.run(&["cache"]).success();
    assert!(empty.contains("0 compiled modules"), "{empty}");
    // A file in the place of the folder: there can be none.
    let blocked = TestCommand::new(&["run", "large.steps"])
        .current_dir(cache.0.path())
        .env("XDG_CACHE_HOME", cache.0.join("large.wat"));
    blocked.run().success();
}
