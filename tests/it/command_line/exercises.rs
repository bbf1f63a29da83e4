//! The exercises: their files, their solutions, and wrong answers.

use crate::support::command::{Folder, TestCommand, in_repository, linmem};

/// The exercises, and the ending of the file to mend.
const EXERCISES: [(&str, &str); 10] = [
    ("length", "steps"),
    ("encoded", "steps"),
    ("stride", "steps"),
    ("stale", "steps"),
    ("once", "steps"),
    ("overrun", "wat"),
    ("bounds", "wat"),
    ("twice", "wat"),
    ("area", "wat"),
    ("balance", "steps"),
];

fn answer(name: &str, which: &str, ending: &str) -> String {
    let path = in_repository("tests/exercises").join(format!("{name}.{which}.{ending}"));
    path.to_str().unwrap().to_owned()
}

#[test]
fn exercises_are_listed() {
    let list = linmem(&["exercise"]).success();
    let names: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names, EXERCISES.map(|(name, _)| name));
    assert!(
        list.lines().all(|line| line.chars().count() <= 80),
        "{list}"
    );
}

/// The solution passes. The files as they are written, and another wrong answer, fail.
#[test]
fn solutions_pass_and_wrong_answers_fail() {
    for (name, ending) in EXERCISES {
        let folder = Folder::new();
        let written = folder.run(&["exercise", name]).success();
        let file = format!("{name}.{ending}");
        assert!(written.contains(&format!("Mend {file};")), "{written}");
        let test = |file: &str| folder.run(&["test", "--exercise", name, file]);
        let text = test(&answer(name, "solution", ending)).success();
        assert!(text.contains("1 session: 1 ok, 0 failed"), "{text}");
        for wrong in [file, answer(name, "wrong", ending)] {
            let run = test(&wrong);
            assert_eq!(run.status, 1, "{name}: {wrong}\n{}", run.stdout);
        }
    }
}

#[test]
fn files_are_not_replaced_without_force() {
    let folder = Folder::new().with("overrun.wat", "mine");
    folder
        .run(&["exercise", "overrun"])
        .assert_refused(&["overrun.wat exists", "--force"]);
    assert_eq!(folder.read("overrun.wat"), "mine");
    assert!(!folder.path().join("overrun.steps").exists());
    folder.run(&["exercise", "overrun", "--force"]).success();
    assert!(folder.read("overrun.wat").starts_with(";; Two consecutive"));
}

#[test]
fn a_class_is_graded_with_a_report() {
    let folder = Folder::new();
    let files = [
        answer("area", "solution", "wat"),
        answer("area", "wrong", "wat"),
    ];
    let mut args = vec!["test", "--exercise", "area", "--junit", "r.xml"];
    args.extend(files.iter().map(String::as_str));
    let run = TestCommand::new(&args).current_dir(folder.path()).run();
    assert_eq!(run.status, 1);
    assert!(run.stdout.contains("2 sessions: 1 ok, 1 failed"));
    let report = folder.read("r.xml");
    assert!(
        report.contains("tests=\"2\"") && report.contains("failures=\"1\""),
        "{report}"
    );
}

#[test]
fn other_files_and_names_are_refused() {
    linmem(&["exercise", "legnth"]).assert_refused(&["did you mean `length`?"]);
    linmem(&["test", "--exercise", "algebra", "a.wat"])
        .assert_refused(&["there is no exercise \"algebra\"; `linmem exercise` lists them"]);
    let folder = Folder::new().with("a.steps", "module \"overrun.wat\"\n");
    let run = folder.run(&["test", "--exercise", "overrun", "a.steps"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("give a .wat or .wasm module"));
}
