//! The prompt, branches, and the overview of a guest, at each size.

use linmem::app::prompt::Feedback;
use linmem::app::{self, App, Message, Overlay, keymap};
use linmem::protocol::{ReplayError, Report};
use linmem::testing::apps;
use linmem::timeline::{AbiHints, ExportFacts, ImportFacts, UndefinedImport};
use linmem::ui::Theme;
use linmem::wasm_types::ValueType::{F32, F64, I32, I64};
use linmem::wasm_types::{ExternType, GlobalType};

use super::{plain, screen, text, with};

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 12)];

fn press(app: &mut App, keys: &str) {
    for key in keys.split(' ') {
        app::key(app, keymap::parse(key).unwrap());
    }
}

/// Returns the standard session at its end, with `line` typed after `:` and then `keys` pressed.
fn typed(size: (u16, u16), line: &str, keys: &str) -> App {
    let mut app = apps::app(size, 7);
    press(&mut app, ":");
    for c in line.chars() {
        app::key(&mut app, crossterm_key(c));
    }
    if !keys.is_empty() {
        press(&mut app, keys);
    }
    app
}

fn crossterm_key(c: char) -> crossterm::event::KeyEvent {
    crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char(c),
        crossterm::event::KeyModifiers::NONE,
    )
}

fn each_size(states: impl Fn((u16, u16)) -> App) -> String {
    SIZES
        .map(|size| plain(&states(size)))
        .join(&format!("{}\n", "=".repeat(120)))
}

#[test]
fn prompt_shows_hints_mistakes_and_choices() {
    insta::assert_snapshot!(
        "prompt_hint",
        each_size(|size| typed(size, "x = read ptr, 4 as bytes", ""))
    );
    insta::assert_snapshot!(
        "prompt_mistake",
        each_size(|size| typed(size, "call add_wasm_is_col(len(text))", "enter"))
    );
    insta::assert_snapshot!(
        "prompt_choices",
        each_size(|size| typed(size, "x = read ptr, 4 as ", "tab tab tab"))
    );
}

#[test]
fn carets_follow_a_scrolled_line() {
    let long = format!("write ptr, \"{}\" ++ nowhere ++ 1", "abc ".repeat(40));
    for size in SIZES {
        let app = typed(size, &long, "enter");
        let Overlay::Prompt(prompt) = &app.overlay else {
            panic!()
        };
        assert!(matches!(prompt.feedback, Feedback::Mistake(_)));
        let drawn = plain(&app);
        let line = drawn.lines().find(|l| l.starts_with(" : ")).unwrap();
        let carets = drawn
            .lines()
            .find(|l| l.trim_start().starts_with('^'))
            .unwrap();
        assert_eq!(line.find("nowhere"), carets.find('^'), "{drawn}");
    }
}

#[test]
fn branches_are_shown_in_the_header() {
    let states = |size| {
        let mut app = apps::app(size, 7);
        press(&mut app, "3 G :");
        app::paste(&mut app, "write ptr, \"other\"");
        press(&mut app, "enter");
        app
    };
    let drawn = plain(&states((120, 40)));
    assert!(drawn.contains("branch 2 of 2, step 3 of 3"), "{drawn}");
    assert!(
        drawn.contains("running again what ran before … 0 of 4   esc cancels"),
        "{drawn}"
    );
    let back = |size| {
        with(states(size), |app| {
            let differs = ReplayError::Differs {
                step: 2,
                difference: "n was 1 and is 2 now".into(),
            };
            let report = Report::ReplayFailed(differs);
            drop(app::on_message(app, Message::Session(report)))
        })
    };
    insta::assert_snapshot!("prompt_differs", plain(&back((80, 24))));
}

/// Returns the overview of a guest that has no script, with an undefined import.
fn bare(size: (u16, u16)) -> App {
    let mut app = apps::app(size, 7);
    app.timeline = app.timeline.until(0);
    app.moment.step = 0;
    let guest = &mut app.timeline.guest;
    guest.exports.push(ExportFacts {
        name: "a-name\u{1b}[2J that is\u{202e} long and longer than most".into(),
        ty: ExternType::func(&[I32, I64, F32, F64], &[I32, I64]),
    });
    guest.exports.push(ExportFacts {
        name: "limit".into(),
        ty: ExternType::Global(GlobalType {
            ty: I32,
            mutable: true,
        }),
    });
    guest.imports.push(ImportFacts {
        module: "env".into(),
        name: "log".into(),
        ty: ExternType::func(&[I32], &[]),
    });
    guest.abi_hints = AbiHints {
        families: vec!["looks much like a fixed buffer, whose address a function answers, because get_wasm_memory_buffer_pointer answers where one lies".into()],
        exports: ["linear memory", "pointer getter", "transform", "function", "value"].map(String::from).to_vec(),
        examples: vec!["ptr = call get_wasm_memory_buffer_pointer()".into(), "write ptr, \"Hello\"".into(), "n = call add_wasm_is_cool(5)".into()],
        undefined: vec![UndefinedImport { name: "env.log".into(), line: "import env.log(a0)".into() }],
    };
    app.overlay = Overlay::Guest { scroll: 0 };
    app
}

#[test]
fn overview_introduces_a_module() {
    insta::assert_snapshot!("overview", each_size(bare));
    for size in SIZES {
        let drawn = text(&screen(&bare(size), &Theme::mono().with_ascii()));
        assert!(drawn.is_ascii(), "{drawn}");
        let mut last = bare(size);
        last.overlay = Overlay::Guest { scroll: u16::MAX };
        assert!(
            plain(&last).contains("import env.log(a0)"),
            "{}",
            plain(&last)
        );
    }
}
