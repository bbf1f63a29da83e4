//! Control of the terminal: the program takes it over, restores it however it ends, and stays
//! responsive.

use rustix::process::Signal;

use crate::support::command::{Folder, linmem};
use crate::support::pty::{self, Pty, Start};

/// The text on the screen after step 0 has run.
const DONE: &str = "✓ 0 instantiate";

fn open() -> Pty {
    open_with(&Start::default())
}

/// Starts the default session and waits for its first screen.
fn open_with(start: &Start) -> Pty {
    let mut pty = Pty::start(start);
    pty.wait_for("the first screen", |screen| {
        let text = screen.contents();
        screen.alternate_screen() && text.contains("linmem") && text.contains(DONE)
    });
    pty
}

/// Starts a session whose only call does not return, without a time limit, and runs the call.
fn open_endless() -> (Pty, Folder) {
    let guest =
        r#"(module (memory (export "memory") 1) (func (export "spin") (loop $again (br $again))))"#;
    let folder = Folder::new()
        .with("spin.wat", guest)
        .with("spin.steps", "module \"spin.wat\"\ncall spin()\n");
    let session = folder.arg("spin.steps");
    let mut pty = Pty::spawn(&[&session, "--max-time", "0"], 30, 120, &[]);
    pty.wait_for_text(DONE);
    pty.send(" ");
    pty.wait_for("the call runs", |screen| {
        screen.contents().to_lowercase().contains("running")
    });
    (pty, folder)
}

/// Returns whether `bytes` contain `part`.
fn holds(bytes: &[u8], part: &str) -> bool {
    bytes
        .windows(part.len())
        .any(|window| window == part.as_bytes())
}

/// Asserts that the program has left the alternate screen, shows the cursor, and has switched mouse
/// and bracketed paste off, both in the bytes and on the screen.
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

/// Asserts that `leave` ends an open program with `status`, and that the terminal is restored.
#[track_caller]
fn assert_exit(leave: impl FnOnce(&mut Pty), status: u32) -> Pty {
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
fn q_restores_the_screen() {
    let pty = assert_exit(|pty| pty.send("q"), 0);
    assert!(
        !pty.screen().contents().contains("instantiate"),
        "{}",
        pty.picture()
    );
}

#[test]
fn capital_q_keeps_the_last_frame() {
    let mut pty = assert_exit(|pty| pty.send("Q"), 0);
    // The frame fills the screen, and the line of the prompt scrolls its first row out.
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
        "the prompt is not on its own line\n{}",
        pty.picture()
    );
}

#[test]
fn ctrl_c_quits_while_nothing_runs() {
    assert_exit(|pty| pty.send("\x03"), 0);
}

#[test]
fn fatal_signals_restore_the_terminal() {
    for (signal, status) in [
        (Signal::TERM, 143),
        (Signal::HUP, 129),
        (Signal::INT, 130),
        (Signal::QUIT, 131),
    ] {
        assert_exit(|pty| pty.signal(signal), status);
    }
}

/// Each of these would end the program without this behaviour too. It still dies by the signal.
#[test]
fn signals_that_kill_restore_the_terminal() {
    let modes = pty::fresh_modes();
    for signal in [
        Signal::ABORT,
        Signal::ALARM,
        Signal::BUS,
        Signal::FPE,
        Signal::ILL,
        Signal::IO,
        Signal::POWER,
        Signal::PROF,
        Signal::SEGV,
        Signal::STKFLT,
        Signal::SYS,
        Signal::TRAP,
        Signal::USR1,
        Signal::USR2,
        Signal::VTALARM,
        Signal::XCPU,
    ] {
        let mut pty = open();
        pty.signal(signal);
        let status = pty.wait_for_status();
        assert!(status.signal().is_some(), "{signal:?}: {status:?}");
        assert_restored(&pty);
        assert_eq!(pty.modes(), modes, "{signal:?}");
    }
}

/// The traps of a guest are signals too.
#[test]
fn traps_do_not_end_the_program() {
    let guest = r#"(module (memory (export "memory") 1)
        (func (export "load") (result i32) (i32.load (i32.const 65536)))
        (func (export "divide") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
        (func (export "stop") (unreachable))
        (func $deep (export "deep") (call $deep)))"#;
    for call in ["load", "divide", "stop", "deep"] {
        let steps = format!("module \"m.wat\"\ncall {call}()\n");
        let folder = Folder::new().with("m.wat", guest).with("s.steps", &steps);
        let mut pty = Pty::spawn(&[&folder.arg("s.steps")], 30, 120, &[]);
        pty.wait_for_text(DONE);
        pty.send("G");
        pty.wait_for_text("✗ 1 call");
        pty.send("q");
        assert_eq!(pty.wait_for_end(), 0);
    }
}

#[test]
fn files_over_the_limit_of_the_system_are_an_error() {
    let folder = Folder::new();
    let path = folder.arg("out.html");
    let limited = format!(
        "ulimit -f 4; exec {} run --format html -o {path}",
        env!("CARGO_BIN_EXE_linmem")
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &limited])
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("File too large"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn ctrl_z_suspends_and_resumes() {
    let mut pty = open();
    let raw = pty.modes();
    for _ in 0..2 {
        pty.send("\x1a");
        pty.wait_for_state('T');
        pty.wait_for("the terminal is restored", |screen| {
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
fn the_screen_is_redrawn_after_an_external_stop() {
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
fn resizing_redraws_at_once() {
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
fn a_closed_terminal_ends_the_program() {
    // Without a controlling terminal there is no signal: the program has to detect the end.
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
    // Half a sequence: the program waits for the rest and does not poll.
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
        "the idle program wrote to the terminal\n{}",
        pty.picture()
    );
}

#[test]
fn bursts_of_keys_draw_few_frames() {
    let mut pty = open();
    let frames = |pty: &Pty| {
        pty.written
            .windows(8)
            .filter(|w| w == b"\x1b[?2026h")
            .count()
    };
    let before = frames(&pty);
    // More than the 1024 bytes that the reader of crossterm takes at once.
    pty.send([b"j".repeat(1500), b"k".repeat(1499), b"q".to_vec()].concat());
    assert_eq!(pty.wait_for_end(), 0);
    let drawn = frames(&pty) - before;
    assert!(drawn < 300, "{drawn} frames for 3000 keys");
}

#[test]
fn dumb_terminals_get_the_transcript() {
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
fn pipes_get_the_transcript() {
    let text = linmem(&[""; 0]).success();
    assert!(
        text.contains("instantiate") && text.contains("Wasm is cool!"),
        "{text}"
    );
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn pastes_are_one_input() {
    let mut pty = open();
    pty.send("e");
    pty.wait_for_text("enter runs again");
    // As a key, `q` would quit.
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
fn escape_cancels_an_endless_call() {
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
fn signals_end_the_program_during_an_endless_call() {
    let (mut pty, _folder) = open_endless();
    pty.signal(Signal::TERM);
    assert_eq!(pty.wait_for_end(), 143);
    assert_restored(&pty);
}

#[test]
fn marks_remain_without_color() {
    let mut pty = open_with(&Start {
        env: &[("NO_COLOR", "1")],
        ..Start::default()
    });
    // The first write of the host changes bytes, which are marked.
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

/// Returns the parameters of each sequence that sets a style.
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
