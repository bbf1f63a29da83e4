//! Reports of timelines, as text.

use linmem::report::{self, Format, Options};
use linmem::timeline::Timeline;

pub fn report(timeline: &Timeline, options: &Options) -> String {
    let mut out = Vec::new();
    report::write(timeline, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub fn as_format(timeline: &Timeline, format: Format) -> String {
    report(
        timeline,
        &Options {
            format,
            ..Options::default()
        },
    )
}

pub fn text(timeline: &Timeline) -> String {
    as_format(timeline, Format::Text)
}

pub fn json(timeline: &Timeline) -> String {
    as_format(timeline, Format::Json)
}

/// Returns a JSON trace without the size of its history, which depends on the machine.
pub fn without_history_bytes(json: &str) -> String {
    let lines = json.split_inclusive('\n');
    lines
        .filter(|line| !line.trim_start().starts_with("\"history_bytes\""))
        .collect()
}
