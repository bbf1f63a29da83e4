//! The lessons: what each comes to, that they are built in as they lie in the folder, and how they
//! look to a learner.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::drawn::drawn;
use linmem::app::{self, Action, App, Course, Effect, Lesson, Message, SessionChoice, keymap};
use linmem::script;
use linmem::session::files::Files;
use linmem::session::limits::{CancelHandle, Limits};
use linmem::session::{Session, SessionConfig};
use linmem::timeline::{Status, Timeline};

/// What a lesson comes to.
struct Expected {
    file: &'static str,
    steps: usize,
    /// The kinds of findings that it expects, with their steps.
    mistakes: &'static [(usize, &'static str)],
    /// The questions' steps, with their answers.
    answers: &'static [(usize, &'static str)],
    /// The step that goes wrong, or shows that one did.
    surprise: usize,
}

#[rustfmt::skip]
const LESSONS: [Expected; 11] = [
    Expected { file: "01-bytes", steps: 13, mistakes: &[(8, "out-of-bounds")],
        answers: &[(4, "\"I\""), (6, "65535")], surprise: 8 },
    Expected { file: "02-protocol", steps: 11, mistakes: &[],
        answers: &[(4, "8"), (6, "\"HELLO\"")], surprise: 7 },
    Expected { file: "03-strings", steps: 18, mistakes: &[(5, "invalid-utf8")],
        answers: &[(2, "5"), (12, "\"Tom\""), (14, "8")], surprise: 5 },
    Expected { file: "04-numbers", steps: 15, mistakes: &[],
        answers: &[(1, "\"78\""), (7, "false"), (13, "-1")], surprise: 8 },
    Expected { file: "05-moving", steps: 11, mistakes: &[(7, "stale-pointer")],
        answers: &[(5, "false")], surprise: 7 },
    Expected { file: "06-ownership", steps: 22, mistakes: &[(6, "use-after-release"), (18, "leak")],
        answers: &[(8, "1024")], surprise: 6 },
    Expected { file: "07-in-place", steps: 13, mistakes: &[],
        answers: &[(6, "false")], surprise: 8 },
    Expected { file: "08-overrun", steps: 15, mistakes: &[(8, "overrun")],
        answers: &[(7, "114")], surprise: 8 },
    Expected { file: "09-out-of-bounds", steps: 14, mistakes: &[(7, "trap"), (9, "trap")],
        answers: &[(4, "16128"), (8, "false")], surprise: 9 },
    Expected { file: "10-structs", steps: 15, mistakes: &[],
        answers: &[(5, "36"), (12, "true")], surprise: 4 },
    Expected { file: "11-toolchains", steps: 28, mistakes: &[(19, "use-after-release")],
        answers: &[(18, "\"dd\"")], surprise: 19 },
];

const SIZE: (u16, u16) = (80, 24);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("guest/lessons")
}

fn opening(name: &str) -> SessionConfig {
    let files = Files::Folder(folder());
    let file = format!("{name}.md");
    let script = script::parse(
        &file,
        &std::fs::read_to_string(folder().join(&file)).unwrap(),
    )
    .unwrap();
    let guest = files.module(script.module().unwrap()).unwrap();
    SessionConfig {
        title: name.into(),
        script,
        guest,
        files,
        sets: Vec::new(),
        limits: Limits {
            max_time: None,
            ..Limits::default()
        },
        control: CancelHandle::default(),
        stdin: Default::default(),
    }
}

fn run(name: &str) -> Timeline {
    let (mut session, mut timeline) = Session::open(opening(name)).unwrap();
    while let Some(step) = session.advance() {
        timeline.push(step);
    }
    timeline
}

fn linmem(folder: &Path, state: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linmem"));
    command
        .args(args)
        .current_dir(folder)
        .env("XDG_STATE_HOME", state)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn printed(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn each_lesson_comes_to_its_mistakes_and_answers() {
    for lesson in &LESSONS {
        let timeline = run(lesson.file);
        let file = lesson.file;
        assert_eq!(timeline.status(), Status::Ok, "{file}");
        assert_eq!(
            (timeline.steps().len(), timeline.planned.len()),
            (lesson.steps, lesson.steps),
            "{file}"
        );
        let steps = || timeline.steps().iter();
        let mistakes: Vec<(usize, &str)> = steps()
            .flat_map(|s| {
                s.findings
                    .iter()
                    .filter(|f| f.claimed)
                    .map(move |f| (s.index, f.kind.word()))
            })
            .collect();
        assert_eq!(mistakes, lesson.mistakes, "{file}");
        // Nothing but notes is left over.
        let open: Vec<_> = timeline
            .open_findings()
            .map(|(step, f)| (step.index, f.kind.word()))
            .collect();
        assert!(
            open.iter()
                .all(|(_, kind)| ["memory-grew", "pointer-not-refetched"].contains(kind)),
            "{file} {open:?}"
        );
        let mut answers: Vec<(usize, String)> = steps()
            .flat_map(|s| {
                s.answers
                    .iter()
                    .map(|a| (a.asked_in, a.value.as_ref().unwrap().brief(60)))
            })
            .collect();
        answers.sort();
        let expected: Vec<(usize, String)> = lesson
            .answers
            .iter()
            .map(|(s, a)| (*s, a.to_string()))
            .collect();
        assert_eq!(answers, expected, "{file}");
        let asked = steps().filter(|s| s.ask.is_some()).count();
        assert!((1..=3).contains(&asked) && asked == answers.len(), "{file}");
    }
}

#[test]
fn the_folder_and_the_list_are_one() {
    let state = tempfile::tempdir().unwrap();
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let expected: Vec<String> = LESSONS
        .iter()
        .flat_map(|l| [format!("{}.md", l.file), format!("{}.wat", l.file)])
        .collect();
    assert_eq!(found, expected);
    let list = printed(&linmem(&folder(), state.path(), &["lesson"]));
    let listed: Vec<String> = list
        .lines()
        .map_while(|line| line.trim().split_once("  "))
        .map(|(number, rest)| format!("{number:0>2}-{}", rest.split_whitespace().next().unwrap()))
        .collect();
    assert_eq!(listed, LESSONS.map(|l| l.file.to_string()));
    for line in list.lines().filter(|line| line.starts_with("  ")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lessons.md"))
            .unwrap();
    for line in list.lines().take(LESSONS.len()) {
        let (_, about) = line.rsplit_once("  ").unwrap();
        assert!(page.contains(about), "docs/lessons.md has no {about}");
    }
}

#[test]
fn what_is_built_in_is_what_lies_in_the_folder() {
    let state = tempfile::tempdir().unwrap();
    for (index, lesson) in LESSONS.iter().enumerate() {
        let number = (index + 1).to_string();
        let built_in = printed(&linmem(&folder(), state.path(), &["lesson", &number]));
        let from_file = printed(&linmem(
            &folder(),
            state.path(),
            &["run", &format!("{}.md", lesson.file)],
        ));
        let rest = |text: &str| text.split_once('\n').unwrap().1.to_owned();
        assert_eq!(rest(&built_in), rest(&from_file), "{}", lesson.file);
        assert!(
            built_in.starts_with(&format!("lesson {number} of 11\n")),
            "{built_in}"
        );
        assert!(
            !built_in.contains("Hint"),
            "{} tells a hint that nobody asked for",
            lesson.file
        );
    }
}

#[test]
fn every_lesson_passes_as_a_test() {
    let state = tempfile::tempdir().unwrap();
    let files: Vec<String> = LESSONS.iter().map(|l| format!("{}.md", l.file)).collect();
    let mut args = vec!["test", "--deny", "warnings"];
    args.extend(files.iter().map(String::as_str));
    let text = printed(&linmem(&folder(), state.path(), &args));
    assert!(text.ends_with("11 sessions: 11 ok, 0 failed\n"), "{text}");
}

#[test]
fn a_name_that_is_none_says_what_to_do() {
    let state = tempfile::tempdir().unwrap();
    let output = linmem(&folder(), state.path(), &["lesson", "trigonometry"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("there is no lesson \"trigonometry\"; `linmem lesson` lists them"),
        "{message}"
    );
}

/// A lesson behind the app, without a thread.
struct Learner {
    session: Session,
    app: App,
}

impl Learner {
    fn open(lesson: usize, size: (u16, u16)) -> Learner {
        let (session, mut timeline) = Session::open(opening(LESSONS[lesson].file)).unwrap();
        timeline.title = format!("lesson {} of 11", lesson + 1);
        let lessons = LESSONS.iter().map(|l| Lesson {
            name: l.file[3..].into(),
            description: format!("about {}", &l.file[3..]),
            finished: false,
        });
        let choice = SessionChoice {
            name: "wasm_is_cool".into(),
            description: "the default session".into(),
        };
        let mut app = App::new(size, vec![choice], true);
        app.course = Course::new(lessons.collect(), Some(lesson), |typed, _, _| {
            let value = typed.parse().map(linmem::value::Value::Int);
            value.map_err(|_| "expected a value".into())
        });
        let mut learner = Learner { session, app };
        let effect = app::receive(&mut learner.app, Message::Opened(Box::new(timeline)));
        learner.perform(effect);
        learner
    }

    fn press(&mut self, action: Action) {
        let effect = app::update(&mut self.app, action);
        self.perform(effect);
    }

    fn perform(&mut self, mut effect: Effect) {
        while effect == Effect::Advance {
            let step = self.session.advance();
            effect = app::receive(
                &mut self.app,
                step.map_or(Message::Ended, |step| Message::Step(Box::new(step))),
            );
        }
    }

    fn answer(&mut self, text: &str) {
        self.press(Action::Answer);
        app::paste(&mut self.app, text);
        self.press(Action::Confirm);
    }

    fn go_to(&mut self, step: usize) {
        while self.app.moment.step < step {
            self.press(Action::Next);
        }
    }

    fn screen(&self) -> String {
        drawn(&self.app)
    }
}

#[test]
fn the_screens_of_each_lesson() {
    for (index, lesson) in LESSONS.iter().enumerate() {
        let mut learner = Learner::open(index, SIZE);
        let mut screens = learner.screen();
        let question = lesson.answers[0].0;
        for step in BTreeSet::from([question, lesson.surprise, lesson.steps - 1]) {
            learner.go_to(step);
            screens += &learner.screen();
        }
        insta::assert_snapshot!(lesson.file, screens);
    }
}

/// The words of a step, its question, and what it comes to are all in view, with memory, on a
/// classic terminal.
#[test]
fn every_step_of_every_lesson_fits_the_classic_terminal() {
    let mut too_long = Vec::new();
    for (index, lesson) in LESSONS.iter().enumerate() {
        let mut learner = Learner::open(index, SIZE);
        for step in 0..lesson.steps {
            learner.go_to(step);
            for _ in 0..2 {
                learner.press(Action::Hint);
            }
            learner.press(Action::ByteLeft);
            let screen = learner.screen();
            assert!(
                screen.contains("after step") || screen.contains("before store"),
                "{screen}"
            );
            if screen.contains("more line") {
                too_long.push(format!("{} step {step}\n{screen}", lesson.file));
            }
        }
    }
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

#[test]
fn a_prediction_is_checked_after_the_step() {
    let says = |typed: &str| {
        let mut learner = Learner::open(0, SIZE);
        learner.go_to(6);
        assert_eq!(
            learner.app.context(),
            app::Context::Normal,
            "the question does not take the keys"
        );
        learner.answer(typed);
        assert_eq!(learner.app.moment.step, 7, "an answer runs the step");
        learner
            .screen()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(says("65535").contains("You said 65535: right."));
    assert!(says("65536").contains("You said 65536. Not quite: it is 65535 (0xffff)."));
    let skipped = says("");
    assert!(
        !skipped.contains("You said")
            && skipped.contains("The answer to the question of step 6: 65535")
    );
}

#[test]
fn what_was_said_stands_at_the_question_when_one_goes_back() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    learner.answer("1");
    learner.press(Action::Back);
    assert!(
        learner
            .screen()
            .contains("You said 1. The answer: 65535 (0xffff)."),
        "{}",
        learner.screen()
    );
    learner.press(Action::Answer);
    assert_eq!(learner.app.context(), app::Context::Normal);
    assert!(
        learner
            .screen()
            .contains("This question is answered already.")
    );
}

#[test]
fn a_number_that_cannot_be_read_keeps_the_line_open() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    learner.answer("0x4g");
    assert_eq!(
        (learner.app.context(), learner.app.moment.step),
        (app::Context::Answer, 6)
    );
    assert!(
        learner.screen().contains("expected a value"),
        "{}",
        learner.screen()
    );
    learner.press(Action::Close);
    assert_eq!(learner.app.context(), app::Context::Normal);
}

#[test]
fn a_hint_is_shown_when_it_is_asked_for() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    let hint = "a row of three bytes has the addresses 0, 1 and 2.";
    assert!(!learner.screen().contains(hint));
    learner.press(Action::Hint);
    let screen = learner.screen();
    assert!(
        screen.contains(hint) && !screen.contains("gives a hint"),
        "{screen}"
    );
    learner.press(Action::Hint);
    assert!(learner.screen().contains("That was all there is of hints."));
    learner.press(Action::Next);
    learner.press(Action::Hint);
    assert!(learner.screen().contains("There is no hint here."));
}

#[test]
fn a_lesson_names_the_keys_in_force() {
    let choice = |action: &str, key: &str| keymap::Choice {
        action: action.to_owned(),
        keys: vec![key.to_owned()],
    };
    let choices = [
        choice("answer", "A"),
        choice("hint", "T"),
        choice("next-step", "z"),
        choice("next-lesson", "W"),
    ];
    let mut learner = Learner::open(0, SIZE);
    learner.app.keys = keymap::Keymap::with(&choices).unwrap();
    learner.go_to(6);
    assert!(
        learner
            .screen()
            .contains("A answers  T gives a hint  z goes on without"),
        "{}",
        learner.screen()
    );
    learner.go_to(12);
    assert!(
        learner.screen().contains("W opens lesson 2, protocol."),
        "{}",
        learner.screen()
    );
    let mut last = Learner::open(10, SIZE);
    last.app.keys = keymap::Keymap::with(&[choice("choose-session", "S")]).unwrap();
    last.go_to(27);
    assert!(
        last.screen()
            .contains("That was the last one: S lists them all."),
        "{}",
        last.screen()
    );
}

#[test]
fn a_lesson_ends_with_what_was_learnt_and_the_way_to_the_next() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(12);
    let screen = learner.screen();
    assert!(
        screen.contains("Memory is a row of bytes")
            && screen.contains("L opens lesson 2, protocol."),
        "{screen}"
    );
    assert!(learner.app.course.lessons[0].finished);
    assert_eq!(
        app::update(&mut learner.app, Action::NextLesson),
        Effect::Open(2),
        "behind the one session"
    );
    assert_eq!(learner.app.course.open, Some(1));
    let mut last = Learner::open(10, SIZE);
    last.go_to(27);
    assert!(
        last.screen()
            .contains("That was the last one: p lists them all."),
        "{}",
        last.screen()
    );
    last.press(Action::NextLesson);
    assert!(last.screen().contains("This was the last lesson"));
}

#[test]
fn lessons_stand_behind_the_sessions_in_the_list() {
    let mut learner = Learner::open(2, SIZE);
    learner.go_to(17);
    learner.press(Action::ChooseSession);
    insta::assert_snapshot!("choosing", learner.screen());
    learner.press(Action::Down);
    assert_eq!(
        app::update(&mut learner.app, Action::Confirm),
        Effect::Open(4)
    );
    assert_eq!(learner.app.course.open, Some(3));
    learner.press(Action::ChooseSession);
    learner.press(Action::First);
    assert_eq!(
        app::update(&mut learner.app, Action::Confirm),
        Effect::Open(0)
    );
    assert_eq!(learner.app.course.open, None, "a session is no lesson");
}

#[test]
fn the_question_comes_first_where_not_all_fits() {
    let mut learner = Learner::open(4, (40, 12));
    learner.go_to(5);
    let screen = learner.screen();
    let (question, prose) = (
        screen.find("Is it the new text?"),
        screen.find("Something else"),
    );
    assert!(
        question.is_some() && question < prose.or(Some(usize::MAX)),
        "{screen}"
    );
    assert!(screen.contains("i answers"), "{screen}");
}

#[test]
fn keys_and_the_way_on_are_not_cut_where_it_is_narrow() {
    let mut learner = Learner::open(0, (40, 30));
    learner.go_to(6);
    assert!(
        learner
            .screen()
            .contains("i answers  H gives a hint\n space goes on without"),
        "{}",
        learner.screen()
    );
    learner.go_to(12);
    assert!(
        learner.screen().contains("L opens lesson 2,\n protocol."),
        "{}",
        learner.screen()
    );
}

/// The page for teachers: its lesson and its guest, run as they stand there.
#[test]
fn the_example_for_teachers_runs() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lessons.md"))
            .unwrap();
    let between = |open: &str, close: &str| {
        let start = page.find(open).unwrap_or_else(|| panic!("no {open}")) + open.len();
        page[start..].split(close).next().unwrap().to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("my-lesson.md"),
        between("````markdown\n", "````"),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("counter.wat"),
        between("```wat\n", "```"),
    )
    .unwrap();
    let text = printed(&linmem(folder.path(), folder.path(), &["my-lesson.md"]));
    for part in [
        "The answer to the question of step 2: 0.",
        "wrapped around",
        "wide == 256",
        "✓",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        !text.contains("keeps the last two digits"),
        "the hint stays hidden\n{text}"
    );
    printed(&linmem(
        folder.path(),
        folder.path(),
        &["test", "my-lesson.md"],
    ));
}
