//! Recordings of hosts: `linmem record`.

use crate::support::command::Folder;

const RECORDING: &str = r#"{"format":"linmem.host/1","recorder":"test"}
{"module":0,"bytes":"AGFzbQEAAAA="}
{"instance":0,"module":0,"given":[]}
{"created":0,"exports":[]}
{"function":0,"instance":0,"export":"f"}
{"call":0,"args":[]}
{"return":[]}
"#;

#[test]
fn a_recording_is_checked() {
    let folder = Folder::new()
        .with("a.hostlog", RECORDING)
        .with("cut.hostlog", &RECORDING[..RECORDING.len() - 5])
        .with(
            "b.hostlog",
            format!("{RECORDING}{{\"call\":7,\"args\":[]}}\n"),
        );
    let checked = folder.run(&["record", "--check", "a.hostlog"]);
    assert_eq!(checked.status, 0);
    assert_eq!(
        checked.stdout,
        "a.hostlog: 1 module, 1 instance, 1 crossing\n"
    );
    let checked = folder.run(&["record", "--check", "cut.hostlog"]);
    assert_eq!(checked.status, 0);
    assert!(
        checked
            .stdout
            .ends_with("; its last line was cut and is left out\n"),
        "{}",
        checked.stdout
    );
    folder
        .run(&["record", "--check", "b.hostlog"])
        .assert_refused(&[
            "b.hostlog",
            "line 8: there is no function 7 before this line",
        ]);
    folder
        .run(&["record", "--check", "none.hostlog"])
        .assert_refused(&["cannot read none.hostlog"]);
}
