//! The results of `linmem test` as JUnit XML, which CI servers read.
//!
//! Times are left out, so that the same runs give the same bytes.

use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::report::common::options::Options;
use crate::safe;
use crate::timeline::Timeline;

/// The name of the report, of its suite and of the class of all cases.
const NAME: &str = "linmem";

/// Lines of a transcript that are kept: its last ones, which are about the failure.
const LINES: usize = 60;

/// A session that was to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The session's file as it was given.
    pub file: String,
    /// How the session went.
    pub verdict: Verdict,
}

/// How a session went.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The session ran, and nothing is wrong.
    Passed,
    /// The session ran, and something is wrong.
    Failed {
        /// The first problem, in one line.
        message: String,
        /// The end of the text transcript.
        transcript: String,
    },
    /// A signal ended the session, or the command before it ran the session. This is neither a
    /// success nor a failure.
    Interrupted {
        /// How far the session came.
        message: String,
    },
    /// The session could not be run.
    Unusable {
        /// The error, with its causes on further lines.
        message: String,
    },
}

impl Case {
    /// Returns the case of a session that ran, given the result of [`crate::report::problem`].
    pub fn ran(file: String, timeline: &Timeline, problem: Option<String>) -> Case {
        let verdict = match problem {
            Some(message) if timeline.interrupted => Verdict::Interrupted { message },
            None => Verdict::Passed,
            Some(message) => {
                let mut transcript = Vec::new();
                // Writing to a vector cannot fail.
                let _ = super::write(timeline, &Options::default(), &mut transcript);
                Verdict::Failed {
                    message,
                    transcript: last_lines(&String::from_utf8_lossy(&transcript)),
                }
            }
        };
        Case { file, verdict }
    }
}

/// Returns the last [`LINES`] lines, after a line that counts the others.
fn last_lines(transcript: &str) -> String {
    let lines: Vec<&str> = transcript.lines().collect();
    let hidden = lines.len().saturating_sub(LINES);
    let kept = lines.get(hidden..).unwrap_or_default().join("\n");
    match hidden {
        0 => format!("{kept}\n"),
        _ => format!("… {hidden} lines before\n{kept}\n"),
    }
}

/// Writes one suite with a case for each session, in order.
///
/// # Errors
/// Those of `out`.
pub fn write_junit(cases: &[Case], out: &mut dyn io::Write) -> io::Result<()> {
    let mut suite = TestSuite::new(NAME);
    suite.add_test_cases(cases.iter().map(test_case));
    let mut report = Report::new(NAME);
    report.add_test_suite(suite);
    let xml = report.to_string().map_err(io::Error::other)?;
    out.write_all(xml.as_bytes())
}

fn test_case(case: &Case) -> TestCase {
    let status = match &case.verdict {
        Verdict::Passed => TestCaseStatus::success(),
        Verdict::Failed {
            message,
            transcript,
        } => non_success(NonSuccessKind::Failure, message, transcript),
        Verdict::Interrupted { message } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(escaped(message));
            status
        }
        Verdict::Unusable { message } => {
            let first = message.lines().next().unwrap_or_default();
            non_success(NonSuccessKind::Error, first, message)
        }
    };
    let file = escaped(&case.file);
    let mut test_case = TestCase::new(file.as_str(), status);
    test_case.set_classname(NAME);
    test_case.extra.insert("file".into(), file.into());
    test_case
}

fn non_success(kind: NonSuccessKind, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(escaped(message));
    status.set_description(escaped(text));
    status
}

/// Escapes characters that XML 1.0 does not allow: `quick_junit` would drop them
/// (<https://www.w3.org/TR/xml/#charsets>). Line breaks stay.
fn escaped(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(safe::plain).collect();
    let text = lines.join("\n");
    text.replace('\u{fffe}', "\\u{fffe}")
        .replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_does_not_allow_are_escaped() {
        let cases = [Case {
            file: "<a b='\"'>&]]>\0\u{8}\u{1b}[0m\r\u{7f}\u{85}\u{fffe}é🦀".into(),
            verdict: Verdict::Unusable {
                message: "one\ntwo\u{1b}[2J".into(),
            },
        }];
        let mut out = Vec::new();
        write_junit(&cases, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let file = concat!(
            "&lt;a b=&apos;&quot;&apos;&gt;&amp;]]&gt;\\0\\u{8}\\u{1b}[0m\\r",
            "\\u{7f}\\u{85}\\u{fffe}é🦀",
        );
        assert!(text.contains(&format!("file=\"{file}\"")), "{text}");
        assert!(text.contains("message=\"one\""), "{text}");
        assert!(text.contains(">one\ntwo\\u{1b}[2J</error>"), "{text}");
    }

    #[test]
    fn a_long_transcript_is_cut_at_its_beginning() {
        let text: String = (0..100).map(|i| format!("{i}\n")).collect();
        let cut = last_lines(&text);
        assert!(
            cut.starts_with("… 40 lines before\n40\n") && cut.ends_with("\n99\n"),
            "{cut}"
        );
    }
}
