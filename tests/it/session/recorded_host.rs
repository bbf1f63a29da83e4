//! Recordings of hosts, replayed: each crossing is a step with the line of the host. The recordings
//! are files, so no Node is needed.

use serde_json::Value;

use crate::support::command::{Folder, in_repository, read_in_repository};

/// The recording of `tests/hosts/every_form.mjs`.
fn recording() -> String {
    std::fs::read_to_string(in_repository("tests/hosts/every_form.hostlog")).unwrap()
}

/// The lines before the host sets an element of a table.
fn before_table() -> String {
    let whole = recording();
    let end = whole.find("{\"set_table\"").unwrap();
    whole[..end].to_owned()
}

fn trace(folder: &Folder, file: &str) -> Value {
    let run = folder.run(&["run", file, "--format", "json"]);
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}{}", run.stdout, run.stderr))
}

fn texts(trace: &Value) -> Vec<&str> {
    let steps = trace["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["text"].as_str().unwrap())
        .collect()
}

#[test]
fn crossings_are_steps_with_the_line_of_the_host() {
    let folder = Folder::new().with("app.hostlog", before_table());
    let trace = trace(&folder, "app.hostlog");
    assert_eq!(trace["status"], "ok");
    let expected = [
        "instantiate",
        "call add(1, 2)",
        "call add(1, 3)",
        "call add(0, 0)",
        "call wide(-1, 2.5, 0.1)",
        "call pair(7)",
        "call log(4)",
        "expect trap call trap()",
        "expect trap call fail()",
        "call count(3)",
        "call keep(object(\"ref 0\"))",
        "write 0x64, hex\"01 02 03\"",
        "write 0xc8, u32(151587081)",
        "write 0x12c, hex\"01 02 03\"",
        "write 0x190, \"héllo\"",
        "write 0x1f4, hex\"ef be ad de\"",
        "write 0x258, \"buffer\"",
        "write 0x2bc, u16(65534)",
        "write 0x320, u8(42)",
        "call sum(0, 1000)",
        "grow 1",
        "write 0x11170, u8(7)",
        "call sum(69000, 2000)",
        "set counter = 5",
        "call next()",
        "call add(20, 22)",
    ];
    assert_eq!(texts(&trace), expected);
    let host = |step: usize| &trace["steps"][step]["host"];
    assert_eq!(host(11)["file"], "every_form.mjs");
    assert_eq!(
        (&host(11)["line"], &host(11)["before"]),
        (&39.into(), &false.into())
    );
    // An assignment to an element is no call of a method, so only the call after it is known.
    assert_eq!(
        (&host(18)["line"], &host(18)["before"]),
        (&47.into(), &true.into())
    );
    let narration = trace["steps"][18]["narration"].as_str().unwrap();
    assert!(
        narration.contains("before every_form.mjs:47:15, after its call before"),
        "{narration}"
    );
    let again = &trace["steps"][9]["imports_called"];
    assert_eq!(again[0]["name"], "env.again");
    assert_eq!(again[0]["calls"][0]["export"], "count");
    // What the host did in an import is a part of the step, with its line.
    let part = &trace["steps"][9]["children"][0]["children"][0];
    assert_eq!(
        (&part["at"], &part["text"]),
        (&"9/1/1".into(), &"call count(2)".into())
    );
    assert_eq!(
        (&part["host"]["file"], &part["host"]["line"]),
        (&"every_form.mjs".into(), &15.into())
    );
}

#[test]
fn a_recording_becomes_a_steps_file_that_runs_to_the_same_end() {
    let folder = Folder::new().with("app.hostlog", before_table());
    let written = folder.run(&[
        "run",
        "app.hostlog",
        "--format",
        "steps",
        "-o",
        "again.steps",
    ]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    let (first, again) = (trace(&folder, "app.hostlog"), trace(&folder, "again.steps"));
    assert_eq!(texts(&first), texts(&again));
    assert_eq!(again["status"], "ok");
    let calls = |trace: &Value| {
        let steps = trace["steps"].as_array().unwrap().clone();
        let call = |step: &Value| (step["call"].clone(), step["changes"].clone());
        steps.iter().map(call).collect::<Vec<_>>()
    };
    assert_eq!(calls(&first), calls(&again));
    folder
        .run(&["run", "app.hostlog", "--format", "steps"])
        .assert_refused(&["name a recording, and a steps file with --output"]);
}

#[test]
fn what_differs_from_the_recording_is_a_finding_with_its_cause() {
    let whole = before_table();
    for (from, to, message) in [
        (
            "{\"return\":[4319]}",
            "{\"return\":[4320]}",
            "the call returned (4319) here, and (4320) in the recording",
        ),
        (
            "{\"import\":9,\"args\":[3]}",
            "{\"import\":9,\"args\":[2]}",
            "the guest called env.again(3) here, and with (2) in the recording",
        ),
        (
            "{\"throw\":{\"kind\":\"trap\",\"message\":\"unreachable\"}}",
            "{\"return\":[]}",
            "the call did not return here",
        ),
    ] {
        assert!(whole.contains(from), "{from}");
        let folder = Folder::new().with("app.hostlog", whole.replacen(from, to, 1));
        let trace = trace(&folder, "app.hostlog");
        let last = trace["steps"].as_array().unwrap().last().unwrap();
        let findings = last["findings"].as_array().unwrap();
        let found = findings
            .iter()
            .find(|finding| finding["kind"] == "diverged");
        let found = found.unwrap_or_else(|| panic!("{message}: {findings:?}"));
        let text = found["message"].as_str().unwrap();
        assert!(text.contains(message), "{text}");
        assert_ne!(trace["status"], "ok");
    }
    // An element that is a function of the host is not replayed. Here it is the import `env.again`.
    let whole = recording();
    let set = "{\"set_table\":0,\"index\":1,\"function\":0";
    assert!(whole.contains(set));
    let other = whole.replacen(set, "{\"set_table\":0,\"index\":1,\"function\":9", 1);
    let folder = Folder::new().with("app.hostlog", other);
    let run = folder.run(&["run", "app.hostlog"]);
    assert_eq!(run.status, 1);
    let cause = "the host put a function of its own into a table, which is not replayed";
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains(cause), "{}", run.stdout);
}

#[test]
fn an_element_that_the_host_sets_to_an_export_is_replayed() {
    let folder = Folder::new().with("app.hostlog", recording());
    let run = folder.run(&["run", "app.hostlog"]).success();
    assert!(run.contains("set table[1] = export add"), "{run}");
    assert!(run.contains("call indirect(1, 3, 4)  → 7"), "{run}");
}

#[test]
fn a_recording_that_ends_in_a_call_is_replayed_up_to_there() {
    let whole = before_table();
    let end = whole.find("{\"answer\":[0]}").unwrap();
    let folder = Folder::new().with("app.hostlog", &whole[..end]);
    let run = folder.run(&["run", "app.hostlog"]);
    assert_eq!(run.status, 1);
    assert!(
        run.stdout.contains("the recording ends in this call"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("stopped at step 9"), "{}", run.stdout);
}

#[test]
fn another_instance_can_be_chosen() {
    let folder = Folder::new().with("app.hostlog", recording());
    let run = folder
        .run(&["run", "app.hostlog", "--instance", "1"])
        .success();
    assert!(run.contains("call add(5, 6)  → 11"), "{run}");
    folder
        .run(&["run", "app.hostlog", "--instance", "9"])
        .assert_refused(&["the recording has no instance 9; it has 5"]);
}

#[test]
fn the_line_of_a_mistake_in_the_readme_is_that_of_the_replay() {
    let log = read_in_repository("guest/hosts/freed_twice.hostlog");
    let folder = Folder::new().with("app.hostlog", log);
    let run = folder.run(&["run", "app.hostlog"]);
    assert_eq!(run.status, 1);
    let readme = read_in_repository("README.md");
    let start = readme.find("freed_twice.mjs:18:1").unwrap();
    let shown = readme[start..].split("\n```").next().unwrap();
    assert!(run.stdout.contains(shown), "{}", run.stdout);
}

fn recording_of_python(name: &str) -> Folder {
    let file = in_repository(&format!("tests/hosts/{name}.hostlog"));
    Folder::new().with("app.hostlog", std::fs::read_to_string(file).unwrap())
}

#[test]
fn a_python_host_is_replayed_with_its_lines() {
    let folder = recording_of_python("python_host");
    let trace = trace(&folder, "app.hostlog");
    assert_eq!(trace["status"], "ok");
    let expected = [
        "instantiate",
        "call add(1, 2)",
        "call add(0, 3)",
        "call wide(-1, 2.5, 0.1)",
        "call pair(7)",
        "call log(4)",
        "expect trap call trap()",
        "expect trap call fail()",
        "call count(3)",
        "write 0x64, hex\"01 02 03\"",
        "write 0xc8, \"héllo\"",
        "write 0x12c, u8(42)",
        "call sum(0, 1000)",
        "grow 1",
        "write 0x11170, u8(7)",
        "call sum(69000, 2000)",
        "set counter = 5",
        "call next()",
    ];
    assert_eq!(texts(&trace), expected);
    let host = |step: usize| &trace["steps"][step]["host"];
    assert_eq!(
        (&host(9)["file"], &host(9)["line"], &host(9)["before"]),
        (&"app.py".into(), &50.into(), &false.into())
    );
    // A write through a pointer is no call of the package, so only the call after it is known.
    assert_eq!(
        (&host(11)["line"], &host(11)["before"]),
        (&53.into(), &true.into())
    );
    let in_log = &trace["steps"][5]["children"][0]["children"][0];
    assert_eq!(
        (&in_log["text"], &in_log["host"]["function"]),
        (&"write 0x900, \"in an import\"".into(), &"log".into())
    );
    let nested = &trace["steps"][8]["children"][0]["children"][0];
    assert_eq!(
        (&nested["at"], &nested["text"], &nested["host"]["line"]),
        (&"8/1/1".into(), &"call count(2)".into(), &26.into())
    );
}

#[test]
fn the_line_of_a_python_host_that_is_wrong_is_named() {
    for (name, finding, line) in [
        (
            "python_double_release",
            "error: double-release",
            "app.py:40:5 in double_release: free(store, at)",
        ),
        (
            "python_pointer_kept",
            "error: use-after-release",
            "app.py:46:5 in pointer_kept: memory.write(store, b\"HELLO\", at)",
        ),
    ] {
        let folder = recording_of_python(name);
        let run = folder.run(&["run", "app.hostlog"]);
        assert_eq!(run.status, 1, "{name}");
        let (before, _) = run.stdout.split_once(finding).unwrap();
        let paragraph = before.rsplit("\n\n").nth(1).unwrap();
        let text = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(line), "{name}: {text}");
        assert_eq!(run.stdout.matches("error: ").count(), 1, "{}", run.stdout);
    }
}
