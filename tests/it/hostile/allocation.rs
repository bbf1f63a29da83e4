//! Where the system has no memory for a large value, the step fails, and the process goes on.

use std::fs::File;
use std::process::Command;

use crate::support::command::Folder;

/// The address space of the process, in KiB: what the engine reserves, and somewhat less than 1 GB.
const ADDRESS_SPACE: u64 = 17_600_000;

const GUEST: &str = r#"(module (import "a" "f" (func $f))
    (memory (export "memory") 4096)
    (func (export "import") (call $f)))"#;

/// Runs steps under the limit. Returns the exit status and the output.
fn run(steps: &str) -> (Option<i32>, String) {
    let folder = Folder::new()
        .with("guest.wat", GUEST)
        .with("s.steps", format!("module \"guest.wat\"\n{steps}\n"));
    let file = File::create(folder.join("large.bin")).unwrap();
    file.set_len(200_000_000).unwrap();
    let limited = format!("ulimit -v {ADDRESS_SPACE}; exec \"$0\" run s.steps");
    let output = Command::new("sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_linmem")])
        .current_dir(folder.path())
        .env("XDG_CONFIG_HOME", "/dev/null")
        .env("XDG_CACHE_HOME", "/dev/null")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[test]
fn a_value_that_does_not_fit_into_memory_fails_its_step() {
    let repeat = "repeat(\"x\", 200000000)";
    for steps in [
        format!("let a = {repeat}"),
        format!("let a = {repeat} ++ {repeat}"),
        format!("write 0, {repeat}"),
        format!("import a.f() writes 0, {repeat}\ncall import()"),
        "import a.f() x = reads 0, 200000000 as bytes\ncall import()".into(),
        "x = read 0, 200000000 as bytes".into(),
        "x = read 0, 200000000 as utf8".into(),
        "let x = file(\"large.bin\")".into(),
        "let x = utf16(repeat(\"x\", 60000000))".into(),
        "let a = repeat(\"x\", 40000000)\nlet b = a ++ a\nlet c = b ++ a\nlet d = c".into(),
    ] {
        let (status, output) = run(&steps);
        assert_eq!(status, Some(1), "{steps}: {output}");
        assert!(output.contains("no memory left"), "{steps}: {output}");
        assert!(output.contains("stopped at step"), "{steps}: {output}");
    }
}

#[test]
fn smaller_values_are_built_under_the_same_limit() {
    let steps = "let a = repeat(\"x\", 20000000)\nwrite 0, a\nx = read 0, 20000000 as utf8";
    let (status, output) = run(steps);
    assert_eq!(status, Some(0), "{output}");
    assert!(output.contains("all ok"), "{output}");
}
