//! The real program in a pseudo-terminal: it takes the terminal over, gives it back on every way
//! out, and stays awake.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::pty::{self, Pty, Start};

/// On the screen once step 0 has run.
const DONE: &str = "✓ 0 instantiate";

fn open() -> Pty {
    open_with(&Start::default())
}

/// The default session, with its first screen drawn.
fn open_with(start: &Start) -> Pty {
    let mut pty = Pty::start(start);
    pty.wait_for("the first screen", |screen| {
        let text = screen.contents();
        screen.alternate_screen() && text.contains("linmem") && text.contains(DONE)
    });
    pty
}

/// A session in whose only call the guest never comes back; no limit of time ends it.
fn open_endless() -> (Pty, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let guest =
        r#"(module (memory (export "memory") 1) (func (export "spin") (loop $again (br $again))))"#;
    fs::write(folder.path().join("spin.wat"), guest).unwrap();
    fs::write(
        folder.path().join("spin.steps"),
        "module \"spin.wat\"\ncall spin()\n",
    )
    .unwrap();
    let session = folder.path().join("spin.steps");
    let mut pty = Pty::spawn(
        &[session.to_str().unwrap(), "--max-time", "0"],
        30,
        120,
        &[],
    );
    pty.wait_for_text(DONE);
    pty.send(" ");
    pty.wait_for("the call runs", |screen| {
        screen.contents().to_lowercase().contains("running")
    });
    (pty, folder)
}

fn holds(bytes: &[u8], part: &str) -> bool {
    bytes
        .windows(part.len())
        .any(|window| window == part.as_bytes())
}

/// The alternate screen is left, the cursor is shown, the mouse and pastes are as before: in the
/// bytes, and so on a screen.
#[track_caller]
fn assert_restored(pty: &Pty) {
    let last_entry = pty
        .written
        .windows(8)
        .rposition(|w| w == b"\x1b[?1049h")
        .expect("the alternate screen was used");
    let after = &pty.written[last_entry..];
    for mode in [
        "\x1b[?1049l",
        "\x1b[?2004l",
        "\x1b[?1000l",
        "\x1b[?1006l",
        "\x1b[?25h",
    ] {
        assert!(
            holds(after, mode),
            "{:?} is missing\n{}",
            mode,
            pty.picture()
        );
    }
    let screen = pty.screen();
    assert!(
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste(),
        "{}",
        pty.picture()
    );
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    assert!(!holds(&pty.written, "panicked"), "{}", pty.picture());
}

/// Runs a way out: what to do to an open program, and the exit status that follows.
#[track_caller]
fn assert_way_out(leave: impl FnOnce(&mut Pty), status: u32) -> Pty {
    let modes = pty::fresh_modes();
    let mut pty = open();
    assert_ne!(pty.modes(), modes, "raw mode");
    leave(&mut pty);
    assert_eq!(pty.wait_for_end(), status, "{}", pty.picture());
    assert_restored(&pty);
    assert_eq!(pty.modes(), modes);
    pty
}

#[test]
fn q_leaves_nothing_behind() {
    let pty = assert_way_out(|pty| pty.send("q"), 0);
    assert!(
        !pty.screen().contents().contains("instantiate"),
        "{}",
        pty.picture()
    );
}

#[test]
fn capital_q_leaves_the_last_frame() {
    let mut pty = assert_way_out(|pty| pty.send("Q"), 0);
    // The frame is as high as the screen; the line for the prompt pushes its first row out of it.
    pty.scroll_back(1);
    let text = pty.screen().contents();
    assert!(
        text.contains("linmem") && text.contains("instantiate"),
        "{}",
        pty.picture()
    );
    assert_eq!(
        pty.screen().cursor_position().1,
        0,
        "the prompt starts on a line of its own\n{}",
        pty.picture()
    );
}

#[test]
fn control_c_leaves_while_nothing_runs() {
    assert_way_out(|pty| pty.send("\x03"), 0);
}

#[test]
fn signals_that_end_a_program_restore_the_terminal_first() {
    for (signal, status) in [
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
    ] {
        assert_way_out(|pty| pty.signal(signal), status);
    }
}

#[test]
fn control_z_gives_the_terminal_back_until_the_program_goes_on() {
    let mut pty = open();
    let raw = pty.modes();
    for _ in 0..2 {
        pty.send("\x1a");
        pty.wait_for_state('T');
        pty.wait_for("the terminal is given back", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor()
        });
        assert_ne!(pty.modes(), raw);
        assert_restored(&pty);
        pty.signal(Signal::CONT);
        pty.wait_for("the screen is drawn again", |screen| {
            screen.alternate_screen() && screen.contents().contains("instantiate")
        });
        assert_eq!(pty.modes(), raw);
    }
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
    assert_restored(&pty);
}

#[test]
fn a_stop_from_outside_is_followed_by_a_whole_new_screen() {
    for stop in [Signal::STOP, Signal::TSTP] {
        let mut pty = open();
        pty.signal(stop);
        pty.wait_for_state('T');
        let before = pty.written.len();
        pty.resize(20, 100);
        pty.signal(Signal::CONT);
        pty.wait_for("the new size is filled", |screen| {
            !screen.contents().is_empty()
        });
        pty.wait_for_text("instantiate");
        pty.send("q");
        assert_eq!(pty.wait_for_end(), 0);
        assert!(
            holds(&pty.written[before..], "\x1b[?1049h"),
            "{}",
            pty.picture()
        );
    }
}

#[test]
fn a_new_size_is_drawn_at_once() {
    let mut pty = open();
    for (rows, cols) in [(24, 80), (12, 40), (50, 200), (30, 120)] {
        let before = pty.written.len();
        pty.resize(rows, cols);
        pty.wait_for_bytes(before, "\x1b[?2026l");
        pty.wait_for(
            "the header and the keys are drawn at their places",
            |screen| {
                let row = |row: u16| {
                    screen
                        .rows(0, cols)
                        .nth(usize::from(row))
                        .unwrap_or_default()
                };
                row(0).trim_end().len() > usize::from(cols) / 2 && row(rows - 1).contains("q quit")
            },
        );
        assert!(
            (0..rows).all(|row| !pty.screen().row_wrapped(row)),
            "{}",
            pty.picture()
        );
    }
    for (rows, cols) in [(1, 1), (2, 200), (50, 3), (24, 80)] {
        pty.resize(rows, cols);
    }
    pty.wait_for_text("linmem");
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0, "{}", pty.picture());
}

#[test]
fn the_end_of_the_terminal_is_the_end_of_the_program() {
    // Without a controlling terminal no signal tells of the end: the program has to see it.
    for is_controlling in [true, false] {
        let mut pty = open_with(&Start {
            is_controlling,
            ..Start::default()
        });
        pty.hang_up();
        assert_eq!(pty.wait_for_end(), 129);
    }
}

#[test]
fn an_idle_program_sleeps() {
    let mut pty = open();
    // Half a sequence: it is waited for, not asked for.
    pty.send("\x1b[1");
    pty.wait_for_quiet();
    let before = pty.ticks();
    let written = pty.written.len();
    let mut waits = 0;
    pty.wait_for("a second passes", |_| {
        waits += 1;
        waits > 20
    });
    assert!(
        pty.ticks() - before <= 5,
        "{} ticks of 10 ms used",
        pty.ticks() - before
    );
    assert_eq!(
        pty.written.len(),
        written,
        "drawn though nothing happened\n{}",
        pty.picture()
    );
}

#[test]
fn a_burst_of_keys_draws_few_frames_and_loses_none() {
    let mut pty = open();
    let frames = |pty: &Pty| {
        pty.written
            .windows(8)
            .filter(|w| w == b"\x1b[?2026h")
            .count()
    };
    let before = frames(&pty);
    // Past the 1024 bytes that crossterm's own reader takes at once.
    pty.send([b"j".repeat(1500), b"k".repeat(1499), b"q".to_vec()].concat());
    assert_eq!(pty.wait_for_end(), 0);
    let drawn = frames(&pty) - before;
    assert!(drawn < 300, "{drawn} frames for 3000 keys");
}

#[test]
fn a_terminal_that_can_only_print_gets_the_transcript() {
    let mut pty = Pty::spawn(&[], 50, 120, &[("TERM", "dumb")]);
    assert_eq!(pty.wait_for_end(), 0);
    let text = String::from_utf8_lossy(&pty.written).into_owned();
    assert!(
        text.contains("instantiate") && text.contains("Wasm is cool!"),
        "{text}"
    );
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn a_pipe_gets_the_transcript() {
    let output = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("instantiate") && text.contains("Wasm is cool!"),
        "{text}"
    );
    assert!(!text.contains('\x1b'), "{text:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_paste_goes_into_the_input_as_one_text() {
    let mut pty = open();
    pty.send("e");
    pty.wait_for_text("enter runs again");
    // As keys, q would leave.
    pty.send("\x1b[200~quick brown\x1b[201~");
    pty.wait_for_text("quick brown");
    pty.send("\x1b");
    pty.wait_for("escape closes the inputs", |screen| {
        !screen.contents().contains("quick brown")
    });
    pty.send("q");
    assert_eq!(pty.wait_for_end(), 0);
}

#[test]
fn an_endless_guest_leaves_the_screen_awake_and_is_cancelled_by_escape() {
    let (mut pty, _folder) = open_endless();
    pty.resize(24, 80);
    pty.wait_for(
        "the line about the running call is the last of the new size",
        |screen| {
            screen
                .rows(0, 80)
                .nth(23)
                .is_some_and(|row| row.contains("is running"))
        },
    );
    pty.send("\x1b");
    pty.wait_for_text("⊘ 1 call spin()");
    pty.send("q");
    pty.wait_for_end();
    assert_restored(&pty);
}

#[test]
fn a_signal_ends_the_program_even_while_an_endless_guest_runs() {
    let (mut pty, _folder) = open_endless();
    pty.signal(Signal::TERM);
    assert_eq!(pty.wait_for_end(), 143);
    assert_restored(&pty);
}

#[test]
fn without_colours_marks_stay() {
    let mut pty = open_with(&Start {
        env: &[("NO_COLOR", "1")],
        ..Start::default()
    });
    // To the host's first write, so that there are changed bytes to mark.
    for _ in 0..4 {
        pty.send(" ");
    }
    pty.wait_for("a cell is underlined or reversed", |screen| {
        let (rows, cols) = screen.size();
        let cells = (0..rows.get()).flat_map(|row| (0..cols.get()).map(move |col| (row, col)));
        cells
            .filter_map(|(row, col)| screen.cell(row, col))
            .any(|cell| cell.underline() || cell.inverse())
    });
    pty.send("Q");
    assert_eq!(pty.wait_for_end(), 0);
    for parameters in styles(&pty.written) {
        for parameter in parameters.split(';') {
            let number: u32 = parameter
                .split(':')
                .next()
                .unwrap_or_default()
                .parse()
                .unwrap_or(0);
            let is_colour = matches!(number, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107);
            assert!(!is_colour, "a colour is set by {parameters:?}");
        }
    }
}

/// The parameters of each sequence that sets a style.
fn styles(written: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(written);
    let sequences = text.split("\x1b[").skip(1);
    let style = |sequence: &str| {
        let end = sequence.find(|c: char| !matches!(c, '0'..=';'))?;
        sequence[end..]
            .starts_with('m')
            .then(|| sequence[..end].to_owned())
    };
    sequences.filter_map(style).collect()
}
