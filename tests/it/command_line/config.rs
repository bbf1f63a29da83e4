//! The configuration file: where it is found, what it changes, what overrides it, and what is
//! refused.

use crate::support::command::{Folder, Run, TestCommand, in_repository};
use crate::support::pty::Pty;

/// The configuration file in its folder.
const FILE: &str = "linmem/config.toml";

/// A folder for configuration, with or without a file in it.
struct Home(Folder);

impl Home {
    fn empty() -> Home {
        Home(Folder::new())
    }

    fn with(text: &str) -> Home {
        Home(Folder::new().with(FILE, text))
    }

    fn run(&self, args: &[&str]) -> Run {
        TestCommand::new(args)
            .env("XDG_CONFIG_HOME", self.0.path())
            .run()
    }

    /// Returns what the program prints when it succeeds.
    #[track_caller]
    fn stdout(&self, args: &[&str]) -> String {
        self.run(args).success()
    }

    /// Starts the program in a terminal.
    fn spawn(&self, args: &[&str]) -> Pty {
        let folder = self.0.path().to_str().unwrap();
        Pty::spawn(args, 40, 120, &[("XDG_CONFIG_HOME", folder)])
    }

    /// Starts the program in a terminal and waits until step 0 has run.
    fn screen(&self, args: &[&str]) -> Pty {
        let mut pty = self.spawn(args);
        pty.wait_for_text("0 instantiate");
        pty
    }
}

/// Returns the lines of a page that set something.
fn set(page: &str) -> Vec<&str> {
    page.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect()
}

const ALL: &str = "theme = \"light\"\nascii = true\nmouse = false\n[limits]\nmax-memory = \"2MiB\"\n[keys]\nnext-step = [\"z\", \"ctrl-n\"]\nhelp = \"W\"\n";

#[test]
fn config_prints_each_setting_and_its_origin() {
    let home = Home::empty();
    let page = home.stdout(&["config"]);
    assert_eq!(
        set(&page),
        [
            "theme = \"dark\"",
            "color = \"auto\"",
            "ascii = false",
            "mouse = true",
            "cache = true",
            "[limits]",
            "max-memory = \"1GiB\"",
            "max-time = \"10s\"",
            "max-stores = \"4M\"",
            "max-history = \"auto\"",
            "[keys]"
        ]
    );
    let path = home.0.arg(FILE);
    assert!(page.contains(&format!("save this as {path}")), "{page}");
    assert_eq!(home.stdout(&["config", "--path"]), format!("{path}\n"));
    let (settings, keys) = page.split_once("[keys]\n").unwrap();
    insta::assert_snapshot!("page", settings.replace(&path, "FILE"));
    assert!(
        keys.contains("# Leaves the program.\n# quit = [\"q\"]\n"),
        "{keys}"
    );

    let page = Home::with(ALL).stdout(&["config"]);
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
fn printed_config_can_be_saved_as_the_config_file() {
    let first = Home::with(ALL).stdout(&["config"]);
    let again = Home::with(&first).stdout(&["config"]);
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
fn the_screen_shows_configured_keys() {
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
fn settings_apply_to_lessons() {
    let home = Home::with("ascii = true\nmouse = false\n[keys]\nnext-step = \"z\"\n");
    let mut pty = home.screen(&["lesson", "1"]);
    pty.wait_for("the configured theme and keys", |screen| {
        let text = screen.contents();
        text.is_ascii() && text.contains("z next")
    });
    pty.send("zzzz");
    pty.wait_for_text("z goes on without");
    let mut pty = home.screen(&["lesson", "1", "--ascii=false", "--no-mouse=false"]);
    pty.wait_for("the command line overrides the file", |screen| {
        !screen.contents().is_ascii()
    });
}

#[test]
fn command_line_overrides_the_config_file() {
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
fn printed_output_ignores_the_users_config_file() {
    let home = Home::with("ascii = true\nnonsense = 1\n[limits]\nmax-memory = \"64KiB\"\n");
    let session = in_repository("guest/examples/growing.steps");
    let session = session.to_str().unwrap();
    let bare = Home::empty();
    home.0.write(
        "named.toml",
        "ascii = true\n[limits]\nmax-memory = \"64KiB\"\n",
    );
    let named = home.0.arg("named.toml");
    for args in [
        &["run", session][..],
        &["test", session],
        &["diff", session, session],
        &[session],
    ] {
        let (with_file, without) = (home.run(args), bare.run(args));
        assert_eq!(with_file.status, without.status, "{args:?}");
        assert_eq!(with_file.stdout, without.stdout, "{args:?}");
        assert_eq!(with_file.stderr, without.stderr, "{args:?}");
    }
    // A file that is named by `--config` applies, with its limit.
    let run = home
        .run(&["run", session, "--config", &named])
        .assert_status(1);
    assert!(run.stdout.is_ascii(), "{}", run.stdout);
    // The command line overrides it.
    let args = [
        "run",
        session,
        "--config",
        &named,
        "--max-memory",
        "1GiB",
        "--ascii=false",
    ];
    assert!(!home.stdout(&args).is_ascii());
}

#[test]
fn invalid_settings_are_refused_with_their_position() {
    let home =
        Home::with("[limits]\nmax-memery = \"1GiB\"\nmax-time = true\n[keys]\nquit = \"w\"\n");
    let message = home.run(&["config"]).refusal();
    let file = home.0.arg(FILE);
    for line in [
        ":2:1: there is no setting `max-memery`; did you mean `max-memory`?",
        ":3:12: max-time: expected a time such as 500ms, 10s or 2m, or 0 for no limit, found true",
        ":5:8: `w` would mean both who-wrote-this and quit; choose another key for one of them",
    ] {
        let line = format!("{file}{line}");
        assert!(message.contains(&line), "{line}: {message}");
    }
    // The screen does not open with half a configuration.
    assert_eq!(home.spawn(&[]).wait_for_end(), 2);

    home.run(&["config", "--config", "none/at/all.toml"])
        .assert_refused(&["cannot read the configuration none/at/all.toml"]);
    home.run(&["config", "--config", "x.toml", "--no-config"])
        .assert_refused(&[]);
    home.0.write(FILE, b"theme = \"\xff\"");
    home.run(&["config"]).assert_refused(&["is not UTF-8 text"]);
    home.0.write(FILE, "theme = [");
    home.run(&["config"]).assert_refused(&["config.toml:1:"]);
}
