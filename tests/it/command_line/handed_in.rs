//! `linmem answers`: lines of answers that learners handed in. `tests/page/lesson.rs` reads one that a
//! page wrote.

use sha2::{Digest, Sha256};

use crate::support::command::{Folder, linmem};

/// Returns a line with its checksum.
fn signed(line: &str) -> String {
    let digits = Sha256::digest(line.as_bytes());
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{line} sum={}", &digits[..16])
}

#[test]
fn a_line_of_another_version_or_lesson_is_named() {
    let folder = Folder::new().with(
        "in.txt",
        format!(
            "Dear teacher,\n{}\n{}\nlinmem.answers/1 bytes 00 q4=right:I sum=0123456789abcdef\n",
            signed("linmem.answers/1 bytes 0000000000000000 q4=right:I"),
            signed("linmem.answers/1 mine 0000000000000000 name=%1B[2J q4=open"),
        ),
    );
    let file = folder.join("in.txt");
    let file = file.to_str().unwrap();
    let printed = linmem(&["answers", file]).assert_status(1).stdout;
    for part in [
        "in.txt:2: the answers are to another version of the lesson",
        "in.txt:3: the lesson is not known: name its file with --lesson",
        "in.txt:4: the line was changed: its checksum does not fit",
        "3 lines, 3 with a problem",
        "\\u{1b}[2J",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    let csv = linmem(&["answers", file, "--format", "csv"])
        .assert_status(1)
        .stdout;
    assert!(csv.contains("file,line,name,lesson,right,missed,skipped,open,tries,problem\r\n"));
    assert!(csv.contains(",bytes,1,0,0,0,1,other-version\r\n"), "{csv}");
}

#[test]
fn a_file_without_answers_cannot_be_used() {
    let folder = Folder::new().with("empty.txt", "Nothing here.");
    let file = folder.join("empty.txt");
    linmem(&["answers", file.to_str().unwrap()]).assert_status(2);
    linmem(&["answers", folder.join("missing").to_str().unwrap()]).assert_status(2);
}

#[test]
fn the_page_of_a_lesson_shows_no_answer_in_its_source() {
    let page = linmem(&["lesson", "protocol", "--format", "html"]).success();
    assert!(page.contains("data-encoding=\"base64\"") && !page.contains("HELLO"));
    assert!(!page.contains("id=\"transcript\""));
    let handout = linmem(&["lesson", "protocol", "--format", "markdown"]).success();
    assert!(handout.contains("<details><summary>Answer</summary>"));
    assert!(handout.contains("<details><summary>In JavaScript</summary>"));
    assert!(handout.contains("new Uint8Array(memory.buffer).set("));
    linmem(&["lesson", "--format", "html"]).assert_status(2);
}
