//! The lessons: their results, that the built-in ones match the files, and their screens.

mod files;
mod learner;
mod table;

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

use learner::Learner;
use table::{CHOICES, LESSONS};

use crate::support::command::{Folder, Run, TestCommand, in_repository, read_in_repository};
use crate::support::screen_text::screen_text;

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
