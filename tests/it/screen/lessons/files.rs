//! The files of the lessons and the commands about them.

use super::*;

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
