//! `s` saves the moment that is shown to a file, and replaces a file only after a confirmation.

use crate::support::command::Folder;
use crate::support::pty::Pty;

/// Ctrl-U, which clears the line.
const CLEAR: &str = "\x15";

#[test]
fn ascii_screens_save_ascii() {
    let folder = Folder::new();
    let mut pty = Pty::spawn(&["--ascii", "--at", "4"], 30, 120, &[]);
    pty.wait_for_text("after step 4");
    for file in ["a.txt", "a.svg", "a.md"] {
        pty.send("s");
        pty.wait_for_text("save as");
        pty.send(format!("{CLEAR}{}\r", folder.arg(file)));
        pty.wait_for(file, |screen| {
            screen.contents().contains("Saved ") && screen.contents().contains(file)
        });
        assert!(folder.read(file).is_ascii(), "{file}");
    }
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn moments_are_saved_without_replacing_files() {
    let folder = Folder::new();
    let mut pty = Pty::spawn(&["--at", "4.7"], 30, 120, &[]);
    pty.wait_for_text("after store 7 of 14");
    pty.send("s");
    pty.wait_for_text("wasm_is_cool-4.7.svg");
    pty.send(format!("{CLEAR}{}\r", folder.arg("a.png")));
    pty.wait_for_text(".svg for a picture");
    pty.send(format!("{CLEAR}{}\r", folder.arg("a.svg")));
    pty.wait_for_text("Saved ");
    let picture = folder.read("a.svg");
    assert!(
        picture.contains("memory after 7 of 14 events of step 4"),
        "{picture}"
    );
    folder.write("a.svg", "other");
    pty.send("s");
    pty.wait_for_text("save as");
    pty.send(format!("{CLEAR}{}\r", folder.arg("a.svg")));
    pty.wait_for_text("exists already: enter replaces it");
    assert_eq!(folder.read("a.svg"), "other");
    pty.send("\r");
    pty.wait_for_text("Saved ");
    assert_eq!(folder.read("a.svg"), picture);
    for (file, begins) in [
        ("a.html", "<!doctype html>"),
        ("a.md", "# "),
        ("a.json", "{"),
        ("a.txt", "wasm_is_cool\n"),
    ] {
        pty.send("s");
        pty.wait_for_text("save as");
        pty.send(format!("{CLEAR}{}\r", folder.arg(file)));
        pty.wait_for(file, |screen| {
            screen.contents().contains("Saved ") && screen.contents().contains(file)
        });
        assert!(folder.read(file).starts_with(begins), "{file}");
    }
    pty.send("s");
    pty.wait_for_text("save as");
    pty.send(format!("{CLEAR}{}\r", folder.arg("none/a.svg")));
    pty.wait_for_text("nothing was saved");
    pty.send("\x1b");
    pty.wait_for("the line is closed", |screen| {
        !screen.contents().contains("save as")
    });
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}
