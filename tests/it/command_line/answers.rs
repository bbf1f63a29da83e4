//! `linmem who`, `linmem memory` and `linmem query`: answers about a run without the screen.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::command::{Folder, Run, linmem, read_in_repository, spawn};
use crate::support::json_keys::{self, Foreign, Seen};

/// A guest that stores one byte again and again, and traps at its end.
const GUEST: &str = r#"(module
  (import "env" "fill" (func $fill (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "abcd")
  (func (export "count") (param $n i32)
    (loop $again
      (i32.store8 (i32.const 64) (local.get $n))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))))
  (func (export "ask") (call $fill (i32.const 66)))
  (func (export "stop") unreachable))
"#;

const STEPS: &str = r#"module "guest.wat"
import env.fill(at) writes at, "!"
call count(20)
call ask()
write 65, "xy"
let here = 60 + 4
"#;

fn folder() -> Folder {
    Folder::new()
        .with("guest.wat", GUEST)
        .with("a.steps", STEPS)
        .with("trap.steps", format!("{STEPS}call stop()\ncall count(1)\n"))
}

#[track_caller]
fn json(run: Run) -> Value {
    serde_json::from_str(&run.success()).unwrap()
}

/// Sends lines to `linmem query`, and returns its answers without the greeting.
#[track_caller]
fn query(args: &[&str], lines: &str) -> Vec<Value> {
    let args = [&["query"], args].concat();
    let output = folder().command(&args).stdin(lines).run().success();
    let mut lines = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let greeting: Value = lines.next().unwrap();
    assert_eq!(greeting["schema"], "linmem.query/1");
    lines.collect()
}

#[test]
fn who_names_the_last_writer_and_those_before_it() {
    let text = linmem(&["who", "0x40c"]).success();
    assert!(
        text.starts_with("0x40c, after step 7: last written by\n"),
        "{text}"
    );
    assert!(text.contains("4.1  0x40c    1 byte   00 → 20"), "{text}");
    assert!(
        text.contains("guest $add_wasm_is_cool, wasm_is_cool.wat:"),
        "{text}"
    );
    assert!(
        text.contains("line 7: n   = call add_wasm_is_cool(len(text))"),
        "{text}"
    );

    let folder = folder();
    let answer = json(folder.run(&["who", "64..4", "a.steps", "--format", "json"]));
    assert_eq!(answer["schema"], "linmem.who/1");
    let runs = answer["runs"].as_array().unwrap();
    let lasts: Vec<String> = runs
        .iter()
        .map(|run| {
            let last = &run["last"];
            let (by, at) = (&last["writer"]["by"], &last["at"]);
            format!("{} {} {by} {at}", run["address"], run["length"]).replace('"', "")
        })
        .collect();
    assert_eq!(lasts, ["64 1 guest 1.20", "65 2 host 3.1", "67 1 data 0.1"]);
    // The host overwrote what the import wrote to one of its two bytes.
    let earlier = &runs[1]["earlier"];
    assert_eq!(earlier[0]["writer"]["import"], "env.fill");
    assert_eq!(earlier[0]["address"], 66);
    assert_eq!(
        (&earlier[0]["before"], &earlier[0]["after"]),
        (&"63".into(), &"21".into())
    );
    assert_eq!(earlier[1]["writer"]["segment"], 0);
    assert_eq!(earlier[1]["before"], "0000");
}

#[test]
fn an_answer_names_a_moment_that_can_be_asked_about() {
    let folder = folder();
    let answer = json(folder.run(&["who", "64", "a.steps", "--format", "json"]));
    let at = answer["runs"][0]["last"]["at"].as_str().unwrap();
    assert_eq!(at, "1.20");
    let before = json(folder.run(&[
        "who",
        "64",
        "a.steps",
        "--previous",
        "--at",
        at,
        "--format",
        "json",
    ]));
    assert_eq!(before["touch"]["at"], "1.19");
    let next = json(folder.run(&[
        "who", "64", "a.steps", "--next", "--at", "1.19", "--format", "json",
    ]));
    assert_eq!(next["touch"]["at"], at);
    let bytes = folder.run(&[
        "memory", "64", "1", "a.steps", "--at", "1.19", "--format", "json",
    ]);
    assert_eq!(json(bytes)["bytes"], "02");
}

#[test]
fn few_writers_are_listed_unless_all_are_asked_for() {
    let folder = folder();
    let count = |args: &[&str]| {
        let answer = json(folder.run(args));
        let run = &answer["runs"][0];
        (
            run["earlier"].as_array().unwrap().len(),
            run["more_earlier"].clone(),
        )
    };
    assert_eq!(
        count(&["who", "64", "a.steps", "--format", "json"]),
        (8, true.into())
    );
    assert_eq!(
        count(&["who", "64", "a.steps", "--all", "--format", "json"]),
        (20, false.into())
    );
    let text = folder.run(&["who", "64", "a.steps"]).success();
    assert!(
        text.contains("earlier writes are left out; --all lists"),
        "{text}"
    );
    let text = folder.run(&["who", "64", "a.steps", "--all"]).success();
    assert!(!text.contains("left out"), "{text}");
    assert_eq!(text.matches("guest $count").count(), 20);

    // Each run is one store, so that there are more runs than are listed.
    let steps: String = (0..40).map(|i| format!("write {i}, \"x\"\n")).collect();
    let folder = folder.with("many.steps", format!("module \"guest.wat\"\n{steps}"));
    let few = json(folder.run(&["who", "0..40", "many.steps", "--format", "json"]));
    assert_eq!(few["runs"].as_array().unwrap().len(), 32);
    assert_eq!(few["more_runs"], true);
    let all = json(folder.run(&["who", "0..40", "many.steps", "--all", "--format", "json"]));
    assert_eq!(all["runs"].as_array().unwrap().len(), 40);
    assert_eq!(all["more_runs"], false);
}

#[test]
fn a_byte_that_nobody_wrote_is_an_answer() {
    let text = linmem(&["who", "0x500..4"]).success();
    assert_eq!(
        text,
        "0x500..0x504, 4 bytes, after step 7: never written; memory starts as zeros\n"
    );
    let answer = json(linmem(&["who", "0x500", "--format", "json"]));
    assert_eq!(answer["runs"][0]["last"], Value::Null);
    let text = linmem(&["who", "0x500", "--next"]).success();
    assert_eq!(
        text,
        "0x500, in step 0, after event 0 of 1: no later write\n"
    );
}

#[test]
fn memory_is_printed_as_rows_bytes_and_json() {
    let text = linmem(&["memory", "ptr", "26"]).success();
    assert!(text.contains("00000400 │ 44 69 64 20"), "{text}");
    assert!(text.contains("Did you know Was"), "{text}");
    // The rows are those of the transcript.
    let transcript = linmem(&["run", "--at", "6"]).success();
    let row = text.lines().find(|line| line.contains("00000410")).unwrap();
    assert!(transcript.contains(row), "{row}\n{transcript}");

    let raw = linmem(&["memory", "ptr", "12", "--format", "raw"]).success();
    assert_eq!(raw, "Did you know");
    let whole = linmem(&["memory", "0x10", "0x10000 - 0x10", "--format", "raw"]).success();
    assert_eq!(whole.len(), 0xfff0);
    let before = json(linmem(&[
        "memory", "0x40c", "3", "--at", "4.2", "--format", "json",
    ]));
    assert_eq!(before["bytes"], "205700");
    assert_eq!(before["at"], "4.2");
}

#[test]
fn impossible_questions_are_refused() {
    for (args, texts) in [
        (
            &["who", "0x10000"][..],
            &["0x10000 is outside memory", "after step 7"][..],
        ),
        (&["who", "0xffff..2"], &["choose a length of at most 1"]),
        (&["who", "0..0"], &["the length is 0"]),
        (&["who", "0..1 << 20"], &["at most 65536"]),
        (&["who", "0..1 << 40"], &["the length is 1099511627776"]),
        (&["who", "ptr", "--at", "0"], &["step 1 binds it"]),
        (&["who", "nobody"], &["`nobody` is not an expression"]),
        (&["who", "\x1b[2J"], &["\\u{1b}"]),
        (
            &["who", "0", "--at", "9"],
            &["--at 9: the session ran steps 0 to 7"],
        ),
        (
            &["who", "0", "--at", "1.1"],
            &["--at 1.1: step 1 wrote nothing"],
        ),
        (
            &["who", "0", "--at", "4.15"],
            &["the last event of step 4 is 14"],
        ),
        (&["who", "0", "--at", "x"], &["expected a step's number"]),
        (
            &["who", "0", "--next", "--previous"],
            &["cannot be used with"],
        ),
        (
            &["who", "0", "no-such.steps"],
            &["there is no file no-such.steps"],
        ),
        (&["memory", "0", "0x10001"], &["past the end of memory"]),
        (&["memory", "0", "1 << 31"], &["at most 1048576"]),
        (
            &["memory", "0", "1 << 31", "--format", "raw"],
            &["past the end of memory"],
        ),
        (&["memory", "0"], &["LENGTH"]),
        (&["query", "-"], &["standard input has the questions"]),
        (
            &["query", "--stdin", "-"],
            &["standard input has the questions"],
        ),
        (&["query", "--at", "9"], &["--at 9"]),
    ] {
        linmem(args).assert_refused(texts);
    }
}

#[test]
fn a_run_that_trapped_is_answered_about() {
    let folder = folder();
    let run = folder.run(&["who", "64", "trap.steps"]).assert_status(0);
    assert!(
        run.stderr
            .starts_with("the run stopped at step 5 (trapped)"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("1.20"), "{}", run.stdout);
    let query = folder
        .command(&["query", "trap.steps"])
        .stdin("{\"id\":1,\"steps\":{}}\n{\"id\":2,\"findings\":{}}\n")
        .run()
        .assert_status(0);
    let lines: Vec<Value> = query
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&lines[0]["status"], &lines[0]["steps"]),
        (&"trapped".into(), &6.into())
    );
    assert!(lines[0]["problem"].as_str().unwrap().contains("step 5"));
    assert_eq!(lines[1]["steps"][5]["outcome"], "trapped");
    assert_eq!(lines[2]["findings"][0]["index"], 5);
    assert_eq!(lines[2]["findings"][0]["severity"], "error");
}

#[test]
fn a_byte_that_memory_does_not_have_yet_has_a_next_write() {
    let steps = format!("{STEPS}grow 1\nwrite 65536, \"z\"\n");
    let folder = folder().with("grow.steps", steps);
    let before = folder.run(&["who", "65536", "grow.steps", "--at", "4"]);
    before.assert_refused(&["0x10000 is outside memory", "after step 4"]);
    let next = folder
        .run(&["who", "65536", "grow.steps", "--next", "--at", "4"])
        .success();
    assert!(next.contains("next written by\n   6.1"), "{next}");
    let after = folder.run(&["who", "65536..2", "grow.steps"]).success();
    assert!(
        after.contains("0x10001, after step 6: never written"),
        "{after}"
    );
}

#[test]
fn a_module_and_a_recording_are_answered_about() {
    let folder = folder();
    let run = folder.run(&["memory", "64", "4", "guest.wat", "--format", "raw"]);
    // The import is not defined, which is no failure until it is called.
    assert_eq!(run.assert_status(0).stdout, "abcd");
    let recording = "tests/hosts/double_release.hostlog";
    let answer = json(linmem(&["who", "0..65536", recording, "--format", "json"]));
    let runs = answer["runs"].as_array().unwrap();
    let host = runs
        .iter()
        .find_map(|run| run["last"].get("host"))
        .expect("a line of the host");
    assert!(host["file"].as_str().unwrap().ends_with("js"), "{host}");
}

#[test]
fn query_answers_each_line_in_order() {
    let answers = query(
        &["a.steps"],
        r#"{"id": 1, "who": {"address": "here", "at": "4"}}
{"id": {"deep": [1.50, "é"]}, "memory": {"address": 64, "length": "4"}}
{"id": "n", "next": {"address": 64, "at": "1.3"}}
{"id": "p", "previous": {"address": 64, "at": "1.3"}}
{"value": {"expression": "here + 1"}}
{"id": null, "steps": {}}
{"id": 7, "regions": {"at": 1}}
"#,
    );
    assert_eq!(answers[0]["who"]["runs"][0]["last"]["at"], "1.20");
    assert_eq!(answers[1]["id"].to_string(), r#"{"deep":[1.50,"é"]}"#);
    assert_eq!(answers[1]["memory"]["bytes"], "01787964");
    assert_eq!(answers[2]["next"]["touch"]["at"], "1.4");
    assert_eq!(answers[3]["previous"]["touch"]["at"], "1.2");
    assert_eq!(
        answers[4]["value"].to_string(),
        r#"{"type":"int","value":65}"#
    );
    assert_eq!(answers[5]["steps"].as_array().unwrap().len(), 5);
    assert_eq!(answers[6]["regions"]["parts"][0]["kind"], "data");
    assert_eq!(answers.len(), 7);
}

/// Lines without an answer, each with the code of its error. Lines are in the order of the codes of the
/// page.
#[test]
fn errors_are_answers() {
    let value = |expression: &str| {
        let expression = Value::from(expression);
        format!(r#"{{"id": 5, "value": {{"expression": {expression}}}}}"#)
    };
    let who = |fields: &str| format!(r#"{{"id": 5, "who": {{{fields}}}}}"#);
    let lines = [
        ("no json".to_owned(), "not-json"),
        (String::new(), "not-json"),
        ("{\"id\": \"\u{1b}\"}".to_owned(), "not-json"),
        ("[".repeat(100_000), "not-json"),
        (value(&"1".repeat(1 << 20)), "line-too-long"),
        ("[]".to_owned(), "not-a-question"),
        (r#"{"id": 5, "which": {}}"#.to_owned(), "not-a-question"),
        (who(r#""address": 0, "at": "9""#), "no-such-moment"),
        (who(r#""address": 0, "at": "2.7""#), "no-such-moment"),
        (value("here +"), "not-an-expression"),
        (value("nobody"), "not-an-expression"),
        (value("1 / 0"), "no-value"),
        (who(r#""address": "here", "at": 1"#), "no-value"),
        (who(r#""address": 0, "length": 0"#), "bad-length"),
        (
            who(r#""address": 0, "length": 1099511627776"#),
            "bad-length",
        ),
        (who(r#""address": 65536"#), "outside-memory"),
        (who(r#""address": 18446744073709551615"#), "outside-memory"),
        (value("repeat(\"a\", 2000000)"), "too-large"),
    ];
    let mut input: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    // The last line has no line break.
    input.push_str(&value("here"));
    let answers = query(&["a.steps"], &input);
    assert_eq!(answers.len(), lines.len() + 1);
    assert_eq!(answers[lines.len()]["value"]["value"], 64);
    let page = read_in_repository("docs/query.md");
    let (_, table) = page.split_once("### Errors").unwrap();
    let mut codes: Vec<&str> = lines.iter().map(|(_, code)| *code).collect();
    for ((line, code), answer) in lines.iter().zip(&answers) {
        let start: String = line.chars().take(60).collect();
        assert_eq!(answer["error"]["code"], *code, "{start}");
        let has_id = !["not-json", "line-too-long"].contains(code) && line.starts_with('{');
        assert_eq!(answer["id"].is_null(), !has_id, "{start}");
    }
    codes.dedup();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let described: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(described, codes);
}

/// Asserts that the rows of a page between two texts describe exactly the keys of the documents.
#[track_caller]
fn assert_described(page: &str, [from, to]: [&str; 2], documents: &[Value], foreign: Foreign) {
    let page = read_in_repository(page);
    let (_, rest) = page.split_once(from).unwrap();
    let (part, _) = rest.split_once(to).unwrap();
    let mut seen = Seen::new();
    for document in documents {
        json_keys::note(document, foreign, &mut seen);
    }
    json_keys::assert_agree(&json_keys::described(part), &seen);
}

#[test]
fn json_page_describes_every_key_of_who_and_memory() {
    let recording = "tests/hosts/double_release.hostlog";
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let mut last = linmem_json(&["who", "64..4"]);
    let mut touch = linmem_json(&["who", "64", "--previous"]);
    let written = keys(&last["runs"][0]["last"]);
    assert_eq!(keys(&touch["touch"]), written);
    assert_eq!(keys(&last["runs"][0]["earlier"][0]), written);
    touch["touch"] = serde_json::json!({});
    let mut none = linmem_json(&["who", "900"]);
    none["touch"] = Value::Null;
    // The first step has no line.
    last["runs"].as_array_mut().unwrap().truncate(3);
    let hosts = json(linmem(&["who", "0..65536", recording, "--format", "json"]));
    let foreign = Foreign {
        values: &["earlier", "host", "writer"],
        names: &[],
    };
    let documents = [last, touch, none, hosts];
    assert_described("docs/json.md", ["## who", "## memory"], &documents, foreign);
    let memory = linmem_json(&["memory", "64", "4"]);
    let part = ["## memory", "# The description of a module"];
    assert_described("docs/json.md", part, &[memory], Foreign::default());
}

/// Returns the document of a command about the session of this test.
#[track_caller]
fn linmem_json(args: &[&str]) -> Value {
    let args = [args, &["a.steps", "--format", "json"]].concat();
    json(folder().run(&args))
}

#[test]
fn query_page_describes_every_key() {
    let folder = folder();
    let lines = "{\"steps\":{}}\n{\"findings\":{}}\n{\"regions\":{}}\n";
    let mut greetings = Vec::new();
    let mut answers = Vec::new();
    for file in ["a.steps", "trap.steps"] {
        let run = folder.command(&["query", file]).stdin(lines).run();
        let output = run.assert_status(0).stdout;
        let mut lines = output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        greetings.push(lines.next().unwrap());
        for mut answer in lines {
            let answer: &mut serde_json::Map<String, Value> =
                Value::as_object_mut(&mut answer).unwrap();
            answer.remove("id");
            if let Some(Value::Array(findings)) = answer.get_mut("findings") {
                for finding in findings {
                    finding
                        .as_object_mut()
                        .unwrap()
                        .retain(|key, _| key == "index");
                }
            }
            answers.push(Value::Object(answer.clone()));
        }
    }
    let page = "docs/query.md";
    let part = ["### The greeting", "### Questions"];
    assert_described(page, part, &greetings, Foreign::default());
    let documents: Vec<Value> = answers;
    let mut seen = Seen::new();
    for document in &documents {
        json_keys::note(document, Foreign::default(), &mut seen);
    }
    seen.retain(|key, _| key.contains(['.', '[']));
    let page = read_in_repository(page);
    let (_, lists) = page.split_once("These are the keys of lists:").unwrap();
    let (lists, _) = lists.split_once("### Errors").unwrap();
    json_keys::assert_agree(&json_keys::described(lists), &seen);
}

#[test]
fn the_moment_of_the_command_line_is_that_of_questions_without_one() {
    let answers = query(
        &["a.steps", "--at", "1.3"],
        "{\"memory\":{\"address\":64,\"length\":1}}\n{\"memory\":{\"address\":64,\"length\":1,\"at\":1}}\n",
    );
    assert_eq!(answers[0]["memory"]["bytes"], "12");
    assert_eq!(answers[1]["memory"]["bytes"], "01");
}

/// Each answer comes before the next question is sent, and a reader that leaves is no error.
#[test]
fn answers_are_flushed_one_by_one() {
    let mut child = spawn(
        Command::new(env!("CARGO_BIN_EXE_linmem"))
            .args(["query", "--no-cache"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    )
    .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut next_line = |line: &mut String| {
        line.clear();
        output.read_line(line).unwrap();
    };
    let mut line = String::new();
    next_line(&mut line);
    assert!(line.contains("linmem.query/1"), "{line}");
    for id in 0..3 {
        writeln!(
            input,
            "{{\"id\":{id},\"value\":{{\"expression\":\"ptr\"}}}}"
        )
        .unwrap();
        next_line(&mut line);
        assert!(line.starts_with(&format!("{{\"id\":{id},")), "{line}");
    }
    drop(output);
    // The program may end before it reads this.
    let _ = writeln!(input, "{{\"steps\":{{}}}}");
    drop(input);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(0));
}

/// Returns whether there is a Python; prints that a test is left out if not.
fn has_python() -> bool {
    let found = Command::new("python3").args(["-c", "pass"]).status();
    let has_python = found.is_ok_and(|status| status.success());
    if !has_python {
        eprintln!("left out: no python3 on the PATH");
    }
    has_python
}

/// Returns the contents of the first fenced block of a language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let fence = format!("```{language}\n");
    let (_, rest) = page.split_once(&fence).expect("the page has such a block");
    rest.split_once("```").unwrap().0
}

#[test]
fn the_python_client_of_the_page_prints_what_the_page_shows() {
    if !has_python() {
        return;
    }
    let page = read_in_repository("docs/query.md");
    let folder = Folder::new().with("client.py", block(&page, "python"));
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_linmem"));
    let mut path = vec![program.parent().unwrap().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let output = Command::new("python3")
        .arg("client.py")
        .current_dir(folder.path())
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("XDG_CONFIG_HOME", "/dev/null")
        .env("XDG_CACHE_HOME", "/dev/null")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        block(&page, "text")
    );
}
