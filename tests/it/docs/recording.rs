//! The page about recordings of hosts has the hosts and the output of their replays.

use crate::support::command::{Folder, in_repository, read_in_repository};

const PAGE: &str = "docs/recording.md";

/// Asserts that the page has `expected` between `<!-- NAME -->` and `<!-- /NAME -->`, or writes it there.
#[track_caller]
fn assert_block(name: &str, expected: &str) {
    let page = read_in_repository(PAGE);
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&open).unwrap();
    let (found, after) = rest.split_once(&close).unwrap();
    if std::env::var("LINMEM_RENEW").is_ok_and(|value| value == "1") {
        let renewed = format!("{before}{open}{expected}{close}{after}");
        std::fs::write(in_repository(PAGE), renewed).unwrap();
    } else {
        assert!(
            found == expected,
            "{PAGE} has another {name}; LINMEM_RENEW=1 writes this:\n{expected}"
        );
    }
}

#[test]
fn the_page_about_recordings_has_the_hosts_and_their_replays() {
    for (name, finding) in [
        ("kept_view", "warning: detached-view"),
        ("freed_twice", "error: double-release"),
    ] {
        let source = read_in_repository(&format!("guest/hosts/{name}.mjs"));
        assert_block(&format!("{name}.mjs"), &format!("```js\n{source}```\n"));
        let log = format!("{name}.hostlog");
        let recording = read_in_repository(&format!("guest/hosts/{log}"));
        let folder = Folder::new().with(&log, recording);
        let run = folder.run(&["run", &log]).stdout;
        assert!(run.contains(finding), "{run}");
        assert_block(&log, &format!("```text\n{run}```\n"));
    }
}
