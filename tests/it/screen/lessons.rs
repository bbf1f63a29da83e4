//! The lessons: their results, that the built-in ones match the files, and their screens.

use std::collections::BTreeSet;
use std::path::PathBuf;

use linmem::app::course::AnswerError;
use linmem::app::{self, Action, App, Course, Effect, Lesson, SessionChoice, keymap};
use linmem::script::eval::{self, EnvError, EvalEnv};
use linmem::script::parse_expression;
use linmem::session::SessionConfig;
use linmem::testing::driver::Driver;
use linmem::testing::live_session::LiveSession;
use linmem::testing::sessions;
use linmem::timeline::Status;
use linmem::value::Value;

use crate::support::command::{Folder, Run, TestCommand, in_repository, read_in_repository};
use crate::support::screen_text::screen_text;

/// The expected results of a lesson.
struct Expected {
    file: &'static str,
    steps: usize,
    /// The steps and the kinds of the findings that the lesson expects.
    mistakes: &'static [(usize, &'static str)],
    /// The steps of the questions, with their answers.
    answers: &'static [(usize, &'static str)],
    /// The step that fails, or reveals that an earlier one did.
    surprise: usize,
}

#[rustfmt::skip]
const LESSONS: [Expected; 29] = [
    Expected { file: "01-bytes", steps: 14, mistakes: &[(8, "out-of-bounds")],
        answers: &[(4, "\"I\""), (6, "65535")], surprise: 8 },
    Expected { file: "02-protocol", steps: 12, mistakes: &[],
        answers: &[(4, "8"), (6, "\"HELLO\"")], surprise: 7 },
    Expected { file: "03-strings", steps: 15, mistakes: &[(5, "invalid-utf8")],
        answers: &[(2, "5"), (12, "\"Tom\"")], surprise: 5 },
    Expected { file: "04-numbers", steps: 17, mistakes: &[],
        answers: &[(1, "\"78\""), (7, "false"), (14, "-1")], surprise: 8 },
    Expected { file: "05-moving", steps: 12, mistakes: &[(8, "stale-pointer")],
        answers: &[(6, "false")], surprise: 8 },
    Expected { file: "06-ownership", steps: 16, mistakes: &[(6, "use-after-release")],
        answers: &[(8, "1024")], surprise: 6 },
    Expected { file: "07-in-place", steps: 14, mistakes: &[],
        answers: &[(6, "2")], surprise: 8 },
    Expected { file: "08-overrun", steps: 16, mistakes: &[(8, "overrun")],
        answers: &[(7, "114")], surprise: 8 },
    Expected { file: "09-out-of-bounds", steps: 16, mistakes: &[(7, "trap"), (9, "trap")],
        answers: &[(4, "16128"), (8, "false")], surprise: 9 },
    Expected { file: "10-structs", steps: 15, mistakes: &[],
        answers: &[(5, "36"), (12, "true")], surprise: 4 },
    Expected { file: "11-toolchains", steps: 17, mistakes: &[(15, "use-after-release")],
        answers: &[(8, "10")], surprise: 15 },
    Expected { file: "12-growing", steps: 13, mistakes: &[(7, "growth-refused"), (9, "out-of-bounds")],
        answers: &[(2, "1024"), (6, "-1")], surprise: 7 },
    Expected { file: "13-locals", steps: 10, mistakes: &[(7, "dangling-stack-pointer")],
        answers: &[(1, "0"), (5, "4")], surprise: 7 },
    Expected { file: "14-imports", steps: 10, mistakes: &[],
        answers: &[(3, "\"o\"")], surprise: 4 },
    Expected { file: "15-rollback", steps: 12, mistakes: &[(3, "trap"), (6, "trap")],
        answers: &[(2, "40")], surprise: 3 },
    Expected { file: "16-double-free", steps: 14, mistakes: &[(3, "double-release"), (7, "allocated-twice")],
        answers: &[(6, "1024")], surprise: 3 },
    Expected { file: "17-isolation", steps: 10, mistakes: &[(3, "trap")],
        answers: &[(2, "2")], surprise: 3 },
    Expected { file: "18-function-pointers", steps: 15, mistakes: &[(9, "overrun"), (14, "trap")],
        answers: &[(8, "1000")], surprise: 9 },
    Expected { file: "19-alignment", steps: 8, mistakes: &[],
        answers: &[(2, "1")], surprise: 3 },
    Expected { file: "20-dead-frame", steps: 14, mistakes: &[(2, "dangling-stack-pointer"), (7, "dangling-stack-pointer")],
        answers: &[(5, "false")], surprise: 2 },
    Expected { file: "21-who-frees", steps: 14, mistakes: &[(9, "double-release")],
        answers: &[(8, "2")], surprise: 9 },
    Expected { file: "22-nul", steps: 10, mistakes: &[],
        answers: &[(4, "\"AnnaABC\"")], surprise: 5 },
    Expected { file: "23-results", steps: 12, mistakes: &[(8, "address-and-length-swapped")],
        answers: &[(7, "256")], surprise: 8 },
    Expected { file: "24-utf16", steps: 12, mistakes: &[],
        answers: &[(2, "8")], surprise: 3 },
    Expected { file: "25-leak", steps: 15, mistakes: &[(6, "leak")],
        answers: &[(3, "1040")], surprise: 6 },
    Expected { file: "26-canonical-abi", steps: 17, mistakes: &[(9, "use-after-release")],
        answers: &[(8, "3")], surprise: 9 },
    Expected { file: "27-real-host", steps: 17, mistakes: &[(12, "double-release"), (15, "allocated-twice")],
        answers: &[(3, "0")], surprise: 12 },
    Expected { file: "28-padding", steps: 17, mistakes: &[(10, "padding-written")],
        answers: &[(3, "12"), (12, "false")], surprise: 13 },
    Expected { file: "29-struct-result", steps: 13, mistakes: &[],
        answers: &[(5, "1")], surprise: 7 },
];

const SIZE: (u16, u16) = (80, 24);

fn folder() -> PathBuf {
    in_repository("guest/lessons")
}

fn config(name: &str) -> SessionConfig {
    let path = folder().join(format!("{name}.md"));
    SessionConfig {
        title: name.into(),
        limits: sessions::without_time_limit(),
        ..sessions::file_config(&path)
    }
}

/// Runs the program in the folder of the lessons, with an empty folder for its state.
fn linmem(args: &[&str]) -> Run {
    let state = Folder::new();
    TestCommand::new(args)
        .current_dir(&folder())
        .env("XDG_STATE_HOME", state.path())
        .env("NO_COLOR", "1")
        .run()
}

#[track_caller]
fn stdout(args: &[&str]) -> String {
    linmem(args).success()
}

#[test]
fn lessons_have_their_mistakes_and_answers() {
    for lesson in &LESSONS {
        let timeline = sessions::run(config(lesson.file));
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
                    .map(move |f| (s.index, f.kind.as_str()))
            })
            .collect();
        assert_eq!(mistakes, lesson.mistakes, "{file}");
        // All other findings are notes.
        let open: Vec<_> = timeline
            .open_findings()
            .map(|(step, f)| (step.index, f.kind.as_str()))
            .collect();
        assert!(
            open.iter().all(|(_, kind)| [
                "memory-grew",
                "pointer-not-refetched",
                "handed-out-again",
                "stack-address-returned"
            ]
            .contains(kind)),
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
        assert!(
            lesson.steps <= 17,
            "{file}: more than 16 steps after instantiation"
        );
    }
}

#[test]
fn lesson_list_matches_the_folder() {
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
    let list = stdout(&["lesson"]);
    let listed: Vec<String> = list
        .lines()
        .map_while(|line| line.trim().split_once("  "))
        .map(|(number, rest)| format!("{number:0>2}-{}", rest.split_whitespace().next().unwrap()))
        .collect();
    assert_eq!(listed, LESSONS.map(|l| l.file.to_string()));
    for line in list.lines().filter(|line| line.starts_with("  ")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let page = read_in_repository("docs/lessons.md");
    for line in list.lines().take(LESSONS.len()) {
        let (_, about) = line.rsplit_once("  ").unwrap();
        assert!(page.contains(about), "docs/lessons.md has no {about}");
    }
}

#[test]
fn built_in_lessons_match_the_files() {
    for (index, lesson) in LESSONS.iter().enumerate() {
        let number = (index + 1).to_string();
        let built_in = stdout(&["lesson", &number]);
        let from_file = stdout(&["run", &format!("{}.md", lesson.file)]);
        let rest = |text: &str| text.split_once('\n').unwrap().1.to_owned();
        assert_eq!(rest(&built_in), rest(&from_file), "{}", lesson.file);
        assert!(
            built_in.starts_with(&format!("lesson {number} of 29\n")),
            "{built_in}"
        );
        assert!(
            !built_in.contains("Hint"),
            "{} shows a hint without a request",
            lesson.file
        );
    }
}

#[test]
fn lessons_pass_linmem_test() {
    let files: Vec<String> = LESSONS.iter().map(|l| format!("{}.md", l.file)).collect();
    let mut args = vec!["test", "--deny", "warnings"];
    args.extend(files.iter().map(String::as_str));
    let text = stdout(&args);
    assert!(text.ends_with("29 sessions: 29 ok, 0 failed\n"), "{text}");
}

#[test]
fn lessons_have_what_the_page_asks_for() {
    let files: Vec<String> = LESSONS.iter().map(|l| format!("{}.md", l.file)).collect();
    let mut args = vec!["test", "--lesson"];
    args.extend(files.iter().map(String::as_str));
    assert!(stdout(&args).ends_with("29 sessions: 29 ok, 0 failed\n"));
}

#[test]
fn a_lesson_that_gives_its_answer_away_is_reported() {
    let lesson = "# A title\n\nThe answer is 114.\n\n```steps\nmodule \"a.wat\"\nask \"How many?\" = \
                  114\nwrite 0, u8(1)\n```\n";
    let folder = Folder::new()
        .with("a.md", lesson)
        .with("a.wat", "(module (memory (export \"memory\") 1))");
    folder.run(&["test", "a.md"]).success();
    let text = folder
        .run(&["test", "--lesson", "a.md"])
        .assert_status(1)
        .stdout;
    for part in [
        "step 0 has no introduction",
        "no ending",
        "the question of step 1 has no hint",
        "the prose before the question of step 1 has its answer, 114",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn an_exported_lesson_runs_and_replaces_nothing() {
    let folder = Folder::new();
    let written = folder
        .run(&["lesson", "overrun", "--export", "own"])
        .success();
    assert!(written.contains("own/08-overrun.md"), "{written}");
    folder
        .run(&["test", "--lesson", "own/08-overrun.md"])
        .success();
    folder
        .run(&["lesson", "overrun", "--export", "own"])
        .assert_refused(&["exists"]);
    assert_eq!(
        folder.read("own/08-overrun.md"),
        read_in_repository("guest/lessons/08-overrun.md")
    );
}

#[test]
fn the_map_lists_every_lesson() {
    let map = stdout(&["lesson", "--map"]);
    assert_eq!(map.lines().count(), LESSONS.len());
    assert!(map.contains("20  dead-frame         after locals"), "{map}");
}

#[test]
fn unknown_lesson_names_are_refused() {
    linmem(&["lesson", "trigonometry"])
        .assert_refused(&["there is no lesson \"trigonometry\"; `linmem lesson` lists them"]);
}

/// Answers that name no variable.
struct NoNames;

impl EvalEnv for NoNames {
    fn variable(&self, _: &str) -> Option<&Value> {
        None
    }

    fn pages(&self) -> Result<u64, EnvError> {
        Ok(1)
    }
}

/// A lesson in the app.
struct Learner(Driver<LiveSession>);

impl Learner {
    /// Opens the lesson of this index.
    fn open(lesson: usize, size: (u16, u16)) -> Learner {
        Learner::with(lesson, size, |_| {})
    }

    /// Opens the lesson of this index in a course that `change` has changed.
    fn with(lesson: usize, size: (u16, u16), change: impl FnOnce(&mut Vec<Lesson>)) -> Learner {
        let lessons = LESSONS.iter().map(|l| Lesson {
            name: l.file[3..].into(),
            description: format!("about {}", &l.file[3..]),
            ..Lesson::default()
        });
        let choice = SessionChoice {
            name: "wasm_is_cool".into(),
            description: "the default session".into(),
        };
        let mut app = App::new(size, vec![choice], true);
        let mut lessons: Vec<Lesson> = lessons.collect();
        change(&mut lessons);
        app.course = Course::new(lessons, Some(lesson), |typed, _, _| {
            let expr = parse_expression(typed, &[]);
            let value = expr
                .ok()
                .and_then(|expr| eval::evaluate(&expr, &NoNames).ok());
            value.ok_or_else(|| AnswerError("expected a value".into()))
        });
        let config = SessionConfig {
            title: format!("lesson {} of 29", lesson + 1),
            ..config(LESSONS[lesson].file)
        };
        Learner(Driver::live(app, config))
    }

    fn app(&mut self) -> &mut App {
        &mut self.0.app
    }

    /// Performs an action that opens a session or a lesson. Returns its index.
    fn opens(&mut self, action: Action) -> Option<usize> {
        match app::update(self.app(), action)[..] {
            [Effect::OpenSession(index)] => Some(index),
            _ => None,
        }
    }

    fn update(&mut self, action: Action) {
        self.0.update(action);
    }

    fn answer(&mut self, text: &str) {
        self.update(Action::Answer);
        self.0.paste(text);
        self.update(Action::Confirm);
    }

    /// Goes forward to `step`.
    fn go_to(&mut self, step: usize) {
        while self.0.app.moment.step < step {
            self.update(Action::Next);
        }
    }

    fn screen(&self) -> String {
        screen_text(&self.0.app)
    }
}

#[test]
fn screens_of_each_lesson() {
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

/// The text of each step, its question and its result fit a terminal of 80 columns and 24 rows,
/// together with memory.
#[test]
fn lessons_fit_80_columns_and_24_rows() {
    let mut too_long = Vec::new();
    for (index, lesson) in LESSONS.iter().enumerate() {
        let mut learner = Learner::open(index, SIZE);
        for step in 0..lesson.steps {
            learner.go_to(step);
            for _ in 0..2 {
                learner.update(Action::Hint);
            }
            learner.update(Action::ByteLeft);
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
fn a_right_answer_shows_the_next_step() {
    let screen_after = |typed: &str| {
        let mut learner = Learner::open(0, SIZE);
        learner.go_to(6);
        assert_eq!(learner.0.app.context(), app::Context::Normal);
        learner.answer(typed);
        assert_eq!(learner.0.app.moment.step, 7, "an answer runs the step");
        learner
            .screen()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(screen_after("65535").contains("You answered 65535: right."));
    let skipped = screen_after("");
    assert!(
        !skipped.contains("You answered")
            && skipped.contains("The answer to the question of step 6: 65535")
    );
}

#[test]
fn a_wrong_answer_may_be_tried_again() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    for left in ["2 tries are left.", "One try is left."] {
        learner.answer("65536");
        assert_eq!(learner.0.app.moment.step, 6);
        let screen = learner.screen();
        assert!(screen.contains(&format!("Not 65536. {left}")), "{screen}");
        assert!(
            !screen.contains("65535"),
            "the answer is not shown\n{screen}"
        );
    }
    learner.answer("1");
    assert_eq!(
        learner.0.app.moment.step, 7,
        "the third try shows the answer"
    );
    assert!(
        learner
            .screen()
            .contains("You answered 1. Not quite: it is 65535 (0xffff)."),
        "{}",
        learner.screen()
    );
    learner.update(Action::Back);
    let screen = learner.screen();
    assert!(
        screen.contains("You answered 1. The answer: 65535 (0xffff).")
            && screen.contains("i answers again"),
        "{screen}"
    );
    learner.answer("65535");
    assert!(
        learner.screen().contains("You answered 65535: right."),
        "{}",
        learner.screen()
    );
}

#[test]
fn an_answer_of_another_kind_is_no_try() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    learner.answer("the last one");
    assert_eq!(learner.0.app.context(), app::Context::Answer);
    assert!(
        learner.screen().contains("A number is asked for."),
        "{}",
        learner.screen()
    );
}

/// The lessons whose questions have choices: one is chosen by its number or its text.
const CHOICES: [&str; 3] = ["17-isolation", "26-canonical-abi", "29-struct-result"];

/// Returns what a learner may type for an answer: equivalents of it, and answers that are no
/// equivalents.
fn equivalents(answer: &str) -> (Vec<String>, Vec<String>) {
    if let Ok(number) = answer.parse::<i64>() {
        let right = [
            format!("{number}"),
            format!("\"{number}\""),
            format!("{number}.0"),
            format!("{} + 1", number - 1),
            format!(" {}0x{:x}", if number < 0 { "-" } else { "" }, number.abs()),
        ];
        return (right.into(), vec![(number + 1).to_string()]);
    }
    let (right, wrong): (&[&str], &[&str]) = match answer {
        "true" => (&["true", "yes", "Y", "\"true\""], &["false", "no"]),
        "false" => (&["false", "no", "N", "\"false\""], &["true", "yes"]),
        _ => {
            let bare = answer.trim_matches('"');
            let right = vec![answer.to_owned(), bare.to_owned(), format!(" {bare} ")];
            let other_case = match bare.to_ascii_lowercase() {
                lower if lower == bare => bare.to_ascii_uppercase(),
                lower => lower,
            };
            let wrong = [format!("{bare}x"), other_case];
            return (right, wrong.into_iter().filter(|w| w != bare).collect());
        }
    };
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    (owned(right), owned(wrong))
}

#[test]
fn equivalents_of_every_answer_are_right() {
    for (index, lesson) in LESSONS.iter().enumerate() {
        for (step, answer) in lesson.answers {
            let (mut right, wrong) = equivalents(answer);
            let is_choice = CHOICES.contains(&lesson.file);
            right.retain(|typed| !is_choice || typed.trim_matches('"') == *answer);
            for typed in right {
                let mut learner = Learner::open(index, SIZE);
                learner.go_to(*step);
                learner.answer(&typed);
                // A wrong answer stays at the question.
                let at = learner.0.app.moment.step;
                assert!(at > *step, "{} step {step}: {typed}", lesson.file);
            }
            for typed in wrong {
                let mut learner = Learner::open(index, SIZE);
                learner.go_to(*step);
                learner.answer(&typed);
                assert_eq!(learner.0.app.moment.step, *step, "{} {typed}", lesson.file);
            }
        }
    }
}

/// The steps after an open question are neither listed nor shown, also where they have run to find
/// an answer out.
#[test]
fn what_comes_is_hidden_while_a_question_is_open() {
    for (index, lesson) in LESSONS.iter().enumerate() {
        let mut learner = Learner::open(index, (200, 60));
        let mut from = 0;
        for (step, _) in lesson.answers {
            learner.go_to(*step);
            for typed in ["", "-987654321"] {
                if !typed.is_empty() {
                    learner.answer(typed);
                    learner.update(Action::Close);
                }
                assert_eq!(learner.0.app.moment.step, *step, "{}", lesson.file);
                let screen = learner.screen();
                let planned = &learner.0.app.timeline.planned;
                for later in planned.iter().skip(step + 1) {
                    let text = later.text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let is_repeated = planned.iter().take(step + 1).any(|p| p.text == later.text);
                    assert!(is_repeated || !screen.contains(&text), "{text}\n{screen}");
                }
            }
            from = *step;
        }
        learner.go_to(from + 1);
        let text = learner.0.app.timeline.planned[from + 1].text.clone();
        let begins: String = text.chars().take(12).collect();
        assert!(
            learner.screen().contains(begins.split('"').next().unwrap()),
            "{text}"
        );
    }
}

#[test]
fn typing_at_a_question_answers_it() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    let cursor = learner.0.app.cursor;
    for (keys, line) in [("6 5", "65"), ("- 1", "-1"), ("\" a", "\"a"), ("enter", "")] {
        learner.0.press(keys);
        match &learner.0.app.overlay {
            app::Overlay::Answer { input, .. } => assert_eq!(input.value(), line, "{keys}"),
            _ => panic!("{keys} opens no line"),
        }
        learner.update(Action::Close);
    }
    learner.0.press("f o o space b a r");
    match &learner.0.app.overlay {
        app::Overlay::Answer { input, .. } => assert_eq!(input.value(), "foo bar"),
        _ => panic!("letters open no line"),
    }
    learner.update(Action::Close);
    assert_eq!(
        (learner.0.app.moment.step, learner.0.app.cursor),
        (6, cursor)
    );
    learner.0.press("H");
    assert!(learner.screen().contains("a row of three bytes"));
    learner.0.press("space");
    assert_eq!(
        learner.0.app.moment.step, 7,
        "space goes on without an answer"
    );
}

/// Finished means that each question was answered, and what was done is in the course.
#[test]
fn a_lesson_is_finished_when_its_questions_are_answered() {
    let mut learner = Learner::open(0, SIZE);
    learner.update(Action::Last);
    learner.go_to(12);
    let screen = learner.screen();
    assert!(
        screen.contains("You answered 0 of 2 questions right, 2 skipped."),
        "{screen}"
    );
    assert!(!learner.0.app.course.lessons[0].finished);
    for (step, answer) in [(4, "I"), (6, "65535")] {
        learner.0.go_to(step);
        learner.answer(answer);
    }
    let lesson = &learner.0.app.course.lessons[0];
    assert!(lesson.finished, "{:?}", lesson.progress);
    assert_eq!(lesson.progress.describe(), "2 of 2 right");
    assert_eq!(lesson.progress.questions[1].typed, ["65535"]);
}

#[test]
fn a_lesson_goes_on_where_it_was_left() {
    let mut first = Learner::open(0, SIZE);
    first.go_to(4);
    first.answer("I");
    first.go_to(7);
    let left = first.0.app.course.lessons[0].clone();
    let mut learner = Learner::with(0, SIZE, |lessons| lessons[0] = left.clone());
    let screen = learner.screen();
    assert!(
        screen.contains("Last time you came to step 7: L goes on there."),
        "{screen}"
    );
    learner.update(Action::NextLesson);
    assert_eq!(learner.0.app.moment.step, 7);
    learner.0.go_to(4);
    assert!(
        learner.screen().contains("You answered I: right."),
        "{}",
        learner.screen()
    );
}

#[test]
fn invalid_answers_keep_the_line_open() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    learner.answer("0x4g");
    assert_eq!(
        (learner.0.app.context(), learner.0.app.moment.step),
        (app::Context::Answer, 6)
    );
    assert!(
        learner.screen().contains("expected a value"),
        "{}",
        learner.screen()
    );
    learner.update(Action::Close);
    assert_eq!(learner.0.app.context(), app::Context::Normal);
}

#[test]
fn hints_are_shown_on_request() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(6);
    let hint = "a row of three bytes has the addresses 0, 1 and 2.";
    assert!(!learner.screen().contains(hint));
    learner.update(Action::Hint);
    let screen = learner.screen();
    assert!(
        screen.contains(hint) && !screen.contains("gives a hint"),
        "{screen}"
    );
    learner.update(Action::Hint);
    assert!(learner.screen().contains("No more hints."));
    learner.update(Action::Next);
    learner.update(Action::Hint);
    assert!(learner.screen().contains("This step has no hints."));
}

#[test]
fn lessons_name_configured_keys() {
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
    learner.0.app.keys = keymap::Keymap::with(&choices).unwrap();
    learner.go_to(6);
    assert!(
        learner
            .screen()
            .contains("A answers with a number  T gives a hint  z goes on without"),
        "{}",
        learner.screen()
    );
    learner.go_to(13);
    assert!(
        learner.screen().contains("W opens lesson 2, protocol."),
        "{}",
        learner.screen()
    );
    let mut last = Learner::open(28, SIZE);
    last.0.app.keys = keymap::Keymap::with(&[choice("choose-session", "S")]).unwrap();
    last.go_to(12);
    assert!(
        last.screen()
            .contains("That was the last one: S lists them all."),
        "{}",
        last.screen()
    );
}

#[test]
fn lessons_end_with_a_summary_and_the_next_lesson() {
    let mut learner = Learner::open(0, SIZE);
    learner.go_to(13);
    let screen = learner.screen();
    assert!(
        screen.contains("Memory is a row of bytes")
            && screen.contains("L opens lesson 2, protocol."),
        "{screen}"
    );
    assert_eq!(
        learner.opens(Action::NextLesson),
        Some(2),
        "lessons follow the one session"
    );
    assert_eq!(learner.0.app.course.open, Some(1));
    let mut last = Learner::open(28, SIZE);
    last.go_to(12);
    assert!(
        last.screen()
            .contains("That was the last one: p lists them all."),
        "{}",
        last.screen()
    );
    last.update(Action::NextLesson);
    assert!(last.screen().contains("This was the last lesson"));
}

#[test]
fn session_list_ends_with_the_lessons() {
    let mut learner = Learner::open(2, SIZE);
    learner.go_to(14);
    learner.update(Action::ChooseSession);
    insta::assert_snapshot!("choosing", learner.screen());
    learner.update(Action::Down);
    assert_eq!(learner.opens(Action::Confirm), Some(4));
    assert_eq!(learner.0.app.course.open, Some(3));
    learner.update(Action::ChooseSession);
    learner.update(Action::First);
    assert_eq!(learner.opens(Action::Confirm), Some(0));
    assert_eq!(learner.0.app.course.open, None, "a session is not a lesson");
}

#[test]
fn questions_come_first_on_small_screens() {
    let mut learner = Learner::open(4, (40, 12));
    learner.go_to(6);
    let screen = learner.screen();
    let (question, prose) = (
        screen.find("Is it the new text?"),
        screen.find("Something else"),
    );
    assert!(
        question.is_some() && question < prose.or(Some(usize::MAX)),
        "{screen}"
    );
    assert!(screen.contains("enter answers true or false"), "{screen}");
}

#[test]
fn narrow_screens_wrap_the_keys() {
    let mut learner = Learner::open(0, (40, 30));
    learner.go_to(6);
    assert!(
        learner
            .screen()
            .contains("enter answers with a number\n H gives a hint  space goes on without"),
        "{}",
        learner.screen()
    );
    learner.go_to(13);
    assert!(
        learner.screen().contains("L opens lesson 2,\n protocol."),
        "{}",
        learner.screen()
    );
}

/// The lesson and the guest of the page for teachers run as they are written there.
#[test]
fn example_of_the_lessons_page_runs() {
    let page = read_in_repository("docs/lessons.md");
    let between = |open: &str, close: &str| {
        let start = page.find(open).unwrap_or_else(|| panic!("no {open}")) + open.len();
        page[start..].split(close).next().unwrap().to_owned()
    };
    let folder = Folder::new()
        .with("my-lesson.md", between("````markdown\n", "````"))
        .with("counter.wat", between("```wat\n", "```"));
    let text = folder.run(&["my-lesson.md"]).success();
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
    folder.run(&["test", "my-lesson.md"]).success();
}
