//! The configuration, on the program itself: where it is found, what it changes, what wins, and
//! what is refused.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::pty::Pty;

/// A folder for configuration, with a file in it or without.
struct Home(TempDir);

impl Home {
    fn empty() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn with(text: &str) -> Home {
        let home = Home::empty();
        fs::create_dir(home.0.path().join("linmem")).unwrap();
        fs::write(home.file(), text).unwrap();
        home
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("linmem/config.toml")
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    }

    fn linmem(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linmem"));
        command
            .args(args)
            .env("XDG_CONFIG_HOME", self.0.path())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    fn printed(&self, args: &[&str]) -> String {
        let (status, out, err) = self.linmem(args);
        assert_eq!((status, err.as_str()), (0, ""), "{args:?}");
        out
    }

    /// The program in a terminal, on the default session, its first screen drawn.
    fn screen(&self, args: &[&str]) -> Pty {
        let mut pty = Pty::spawn(
            args,
            40,
            120,
            &[("XDG_CONFIG_HOME", self.0.path().to_str().unwrap())],
        );
        pty.wait_for("the first screen", |screen| {
            screen.contents().contains("0 instantiate")
        });
        pty
    }
}

/// The lines that set something.
fn set(page: &str) -> Vec<&str> {
    page.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect()
}

const ALL: &str = "theme = \"light\"\nascii = true\nmouse = false\n[limits]\nmax-memory = \"2MiB\"\n[keys]\nnext-step = [\"z\", \"ctrl-n\"]\nhelp = \"W\"\n";

#[test]
fn the_page_says_what_is_in_force_and_where_it_comes_from() {
    let home = Home::empty();
    let page = home.printed(&["config"]);
    assert_eq!(
        set(&page),
        [
            "theme = \"dark\"",
            "color = \"auto\"",
            "ascii = false",
            "mouse = true",
            "[limits]",
            "max-memory = \"1GiB\"",
            "max-time = \"10s\"",
            "max-stores = \"4M\"",
            "[keys]"
        ]
    );
    let path = home.file().to_str().unwrap().to_string();
    assert!(page.contains(&format!("save this as {path}")), "{page}");
    assert_eq!(home.printed(&["config", "--path"]), format!("{path}\n"));
    let (settings, keys) = page.split_once("[keys]\n").unwrap();
    insta::assert_snapshot!("page", settings.replace(&path, "FILE"));
    assert!(
        keys.contains("# Leaves the program.\n# quit = [\"q\"]\n"),
        "{keys}"
    );

    let page = Home::with(ALL).printed(&["config"]);
    for line in [
        "theme = \"light\"   # from the file",
        "color = \"auto\"",
        "mouse = false   # from the file",
        "max-memory = \"2MiB\"   # from the file",
        "next-step = [\"z\", \"ctrl-n\"]   # from the file",
        "# quit = [\"q\"]",
    ] {
        assert!(page.lines().any(|l| l == line), "{line}: {page}");
    }
    assert!(
        page.contains("# Read from ") && !page.contains("save this as"),
        "{page}"
    );
}

#[test]
fn the_page_saved_as_the_file_means_the_same() {
    let first = Home::with(ALL).printed(&["config"]);
    let again = Home::with(&first).printed(&["config"]);
    assert_eq!(set(&again).len(), set(&first).len());
    let values = |page: &str| -> Vec<String> {
        set(page)
            .iter()
            .map(|line| line.replace("   # from the file", ""))
            .collect()
    };
    assert_eq!(values(&again), values(&first));
}

#[test]
fn the_screen_shows_the_keys_that_were_chosen() {
    let home = Home::with(
        "[keys]\nnext-step = [\"z\", \"ctrl-n\"]\nhelp = \"W\"\nunfold = \"u\"\nquit = \"Z\"\n",
    );
    let mut pty = home.screen(&[]);
    let status = |screen: &vt100::Screen| {
        screen
            .contents()
            .lines()
            .last()
            .unwrap_or_default()
            .to_string()
    };
    pty.wait_for("the status line names them", |screen| {
        let line = status(screen);
        line.contains("z next")
            && line.contains("W help")
            && line.contains("Z quit")
            && !line.contains("space")
    });
    pty.send("z");
    pty.wait_for_text("✓ 1 ptr");
    pty.send(" ?W");
    pty.wait_for_text("keys and marks");
    pty.wait_for("the help names them", |screen| {
        let text = screen.contents();
        text.contains("z ctrl-n") && text.contains("400u goes to")
    });
    pty.send("\x1bZ");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn a_lesson_is_a_screen_too() {
    let home = Home::with("ascii = true\nmouse = false\n[keys]\nnext-step = \"z\"\n");
    let mut pty = home.screen(&["lesson", "1"]);
    pty.wait_for("the look and the keys that were chosen", |screen| {
        let text = screen.contents();
        text.is_ascii() && text.contains("z next")
    });
    pty.send("zzzz");
    pty.wait_for_text("z goes on without");
    let mut pty = home.screen(&["lesson", "1", "--ascii=false", "--no-mouse=false"]);
    pty.wait_for("the command line wins", |screen| {
        !screen.contents().is_ascii()
    });
}

#[test]
fn the_file_changes_the_look_and_the_command_line_wins() {
    let home = Home::with("ascii = true\ncolor = \"never\"\n");
    let is_ascii = |screen: &vt100::Screen| screen.contents().is_ascii();
    let mut pty = home.screen(&[]);
    pty.wait_for("only ASCII", is_ascii);
    let mut pty = home.screen(&["--ascii=false"]);
    pty.wait_for("more than ASCII", |screen| !is_ascii(screen));
    let mut pty = home.screen(&["--no-config"]);
    pty.wait_for("more than ASCII", |screen| !is_ascii(screen));
}

#[test]
fn what_is_printed_does_not_depend_on_a_home() {
    let home = Home::with("ascii = true\nnonsense = 1\n[limits]\nmax-memory = \"64KiB\"\n");
    let session = concat!(env!("CARGO_MANIFEST_DIR"), "/guest/examples/growing.steps");
    let (bare, named) = (
        Home::empty(),
        home.write(
            "named.toml",
            "ascii = true\n[limits]\nmax-memory = \"64KiB\"\n",
        ),
    );
    for args in [
        &["run", session][..],
        &["test", session],
        &["diff", session, session],
        &[session],
    ] {
        assert_eq!(home.linmem(args), bare.linmem(args), "{args:?}");
    }
    let (status, out, _) = home.linmem(&["run", session, "--config", &named]);
    assert_eq!(status, 1, "a file that is named counts, its limit too");
    assert!(out.is_ascii(), "{out}");
    let (status, out, _) = home.linmem(&[
        "run",
        session,
        "--config",
        &named,
        "--max-memory",
        "1GiB",
        "--ascii=false",
    ]);
    assert_eq!(status, 0, "the command line wins: {out}");
    assert!(!out.is_ascii());
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let home =
        Home::with("[limits]\nmax-memery = \"1GiB\"\nmax-time = true\n[keys]\nquit = \"w\"\n");
    let (status, out, err) = home.linmem(&["config"]);
    assert_eq!((status, out.as_str()), (2, ""));
    let file = home.file();
    for line in [
        ":2:1: there is no setting `max-memery`; did you mean `max-memory`?",
        ":3:12: max-time: expected a time such as 500ms, 10s or 2m, or 0 for no limit, found true",
        ":5:8: `w` would mean both who-wrote-this and quit; choose another key for one of them",
    ] {
        assert!(
            err.contains(&format!("{}{line}", file.display())),
            "{line}: {err}"
        );
    }
    let mut pty = Pty::spawn(
        &[],
        40,
        120,
        &[("XDG_CONFIG_HOME", home.0.path().to_str().unwrap())],
    );
    assert_eq!(
        pty.wait_for_end(),
        2,
        "the screen is not opened with half a configuration"
    );

    let missing = home.linmem(&["config", "--config", "none/at/all.toml"]);
    assert_eq!(missing.0, 2);
    assert!(
        missing
            .2
            .contains("cannot read the configuration none/at/all.toml"),
        "{}",
        missing.2
    );
    let both = home.linmem(&["config", "--config", "x.toml", "--no-config"]);
    assert_eq!(both.0, 2);
    fs::write(home.file(), b"theme = \"\xff\"").unwrap();
    assert!(home.linmem(&["config"]).2.contains("is not UTF-8 text"));
    fs::write(home.file(), "theme = [").unwrap();
    let (status, _, err) = home.linmem(&["config"]);
    assert!(status == 2 && err.contains("config.toml:1:"), "{err}");
}
