//! `s` in the terminal: the moment shown goes to a file, and never over another unasked.

use std::fs;

use crate::support::pty::Pty;

/// ctrl-u, which empties the line.
const CLEAR: &str = "\x15";

#[test]
fn what_an_ascii_screen_saves_is_ascii() {
    let folder = tempfile::tempdir().unwrap();
    let mut pty = Pty::spawn(&["--ascii", "--at", "4"], 30, 120, &[]);
    pty.wait_for_text("after step 4");
    for file in ["a.txt", "a.svg", "a.md"] {
        let path = folder.path().join(file);
        pty.send("s");
        pty.wait_for_text("save as");
        pty.send(format!("{CLEAR}{}\r", path.to_str().unwrap()));
        pty.wait_for(file, |screen| {
            screen.contents().contains("Saved ") && screen.contents().contains(file)
        });
        assert!(fs::read_to_string(path).unwrap().is_ascii(), "{file}");
    }
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn a_moment_is_saved_and_nothing_is_replaced_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let name = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut pty = Pty::spawn(&["--at", "4.7"], 30, 120, &[]);
    pty.wait_for_text("after store 7 of 14");
    pty.send("s");
    pty.wait_for_text("wasm_is_cool-4.7.svg");
    pty.send(format!("{CLEAR}{}\r", name("a.png")));
    pty.wait_for_text(".svg for a picture");
    pty.send(format!("{CLEAR}{}\r", name("a.svg")));
    pty.wait_for_text("Saved ");
    let picture = fs::read_to_string(name("a.svg")).unwrap();
    assert!(
        picture.contains("memory after 7 of 14 events of step 4"),
        "{picture}"
    );
    fs::write(name("a.svg"), "kept").unwrap();
    pty.send("s");
    pty.wait_for_text("save as");
    pty.send(format!("{CLEAR}{}\r", name("a.svg")));
    pty.wait_for_text("exists already: enter replaces it");
    assert_eq!(fs::read_to_string(name("a.svg")).unwrap(), "kept");
    pty.send("\r");
    pty.wait_for_text("Saved ");
    assert_eq!(fs::read_to_string(name("a.svg")).unwrap(), picture);
    for (file, begins) in [
        ("a.html", "<!doctype html>"),
        ("a.md", "# "),
        ("a.json", "{"),
        ("a.txt", "wasm_is_cool\n"),
    ] {
        pty.send("s");
        pty.wait_for_text("save as");
        pty.send(format!("{CLEAR}{}\r", name(file)));
        pty.wait_for(file, |screen| {
            screen.contents().contains("Saved ") && screen.contents().contains(file)
        });
        assert!(
            fs::read_to_string(name(file)).unwrap().starts_with(begins),
            "{file}"
        );
    }
    pty.send("s");
    pty.wait_for_text("save as");
    pty.send(format!("{CLEAR}{}\r", name("none/a.svg")));
    pty.wait_for_text("nothing was saved");
    pty.send("\x1b");
    pty.wait_for("the line is closed", |screen| {
        !screen.contents().contains("save as")
    });
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}
