//! `linmem lesson FOLDER`: a folder of lessons; and what `linmem test --lesson` finds in a lesson that
//! has choices.

use crate::support::command::Folder;

const GUEST: &str = "(module (memory (export \"memory\") 1))";

/// Returns a lesson with this heading.
fn lesson(heading: &str) -> String {
    format!(
        "# {heading}\n\nAn introduction.\n\n```steps\nmodule \"a.wat\"\n```\n\n```steps\nwrite 0, \
         u8(1)\n```\n\nThe end.\n"
    )
}

fn course() -> Folder {
    Folder::new()
        .with("10-second.md", lesson("Second"))
        .with("02-first.md", lesson("First \u{1b}[31m"))
        .with("README.md", "# About this folder\n\nNo steps here.\n")
        .with("notes.txt", "```steps\n")
        .with("a.wat", GUEST)
}

#[test]
fn a_folder_of_lessons_is_listed_in_its_order() {
    let folder = course();
    let list = folder.run(&["lesson", "."]).success();
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines[0], " 1  02-first   First \\u{1b}[31m");
    assert_eq!(lines[1], " 2  10-second  Second");
    assert!(
        lines[3].starts_with("Open one of them with: linmem lesson "),
        "{list}"
    );
    assert_eq!(lines.len(), 4, "{list}");

    let folder = folder.with("course.txt", "10-second\n02-first: 10-second\n");
    let list = folder.run(&["lesson", "."]).success();
    assert!(
        list.starts_with(" 1  10-second  Second\n 2  02-first "),
        "{list}"
    );
    let map = folder.run(&["lesson", ".", "--map"]).success();
    assert_eq!(map, " 1  10-second\n 2  02-first   after 10-second\n");
}

#[test]
fn a_folder_that_is_no_course_is_refused() {
    Folder::new()
        .run(&["lesson", "."])
        .assert_refused(&["has no lesson"]);
    let folder = course().with("course.txt", "10-second: 02-first\n02-first\n");
    folder
        .run(&["lesson", "."])
        .assert_refused(&["course.txt", "line 1: \"10-second\" needs \"02-first\""]);
    for option in [["--format", "html"], ["--export", "own"]] {
        folder
            .run(&["lesson", ".", option[0], option[1]])
            .assert_refused(&["is a folder", "NAME.md"]);
    }
}

#[test]
fn a_built_in_lesson_is_preferred_to_a_folder_of_its_name() {
    let folder = Folder::new()
        .with("bytes/one.md", lesson("One"))
        .with("bytes/a.wat", GUEST);
    let built_in = folder.run(&["lesson", "bytes"]).success();
    assert!(built_in.starts_with("lesson 1 of "), "{built_in}");
    let own = folder.run(&["lesson", "./bytes"]).success();
    assert!(own.starts_with(" 1  one  One\n"), "{own}");
}

#[test]
fn replies_that_no_choice_has_and_answers_in_a_question_are_reported() {
    let asks = |reply: &str, ask: &str, before: &str| {
        format!(
            "# A title\n\nAn introduction.\n\n```steps\nmodule \"a.wat\"\n```\n\nIt begins.\n\n\
             ```steps\nlet n = 114\n{before}```\n\nA hint comes.\n\nHint: look.\n\nIf {reply}: No.\
             \n\n```steps\nask {ask}\nwrite 0, u8(1)\n```\n\nThe end.\n"
        )
    };
    let choices = "\"What?\" = 2 choices \"it traps\", \"it works\"";
    for (reply, ask, before, part) in [
        (
            "traps",
            choices,
            "",
            "the reply to \"traps\" is never shown",
        ),
        ("3", choices, "", "the reply to \"3\" is never shown"),
        (
            "5",
            "\"Is it 114?\" = n",
            "",
            "the question of step 2 has its answer, 114",
        ),
        (
            "5",
            "\"How many?\" = n",
            "expect n == 114\n",
            "a step before the question of step 3",
        ),
    ] {
        let folder = Folder::new()
            .with("a.md", asks(reply, ask, before))
            .with("a.wat", GUEST);
        let run = folder.run(&["test", "--lesson", "a.md"]).assert_status(1);
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
    for (reply, ask) in [
        ("1", choices),
        ("It traps", choices),
        ("5", "\"Is it 1140?\" = n"),
    ] {
        let folder = Folder::new()
            .with("a.md", asks(reply, ask, "expect n == 57 * 2\n"))
            .with("a.wat", GUEST);
        folder.run(&["test", "--lesson", "a.md"]).success();
    }
}
