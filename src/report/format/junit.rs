//! The results of many runs as JUnit XML, which CI servers read. Times are left out: the same runs
//! give the same bytes.

use std::fmt::Write as _;
use std::io;

use crate::report::common::options::Options;
use crate::timeline::Timeline;

/// Lines of a transcript that are shown below a failure: its last ones, which tell of it.
const LINES: usize = 60;

/// One session that was to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The file as the person named it.
    pub file: String,
    pub verdict: Verdict,
}

/// How a session went.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Passed,
    /// It ran, and something is wrong with the run.
    Failed {
        message: String,
        transcript: String,
    },
    /// It could not be run.
    Unusable {
        message: String,
    },
}

impl Case {
    /// A session that ran; `problem` is what [`crate::report::problem`] says of it.
    pub fn ran(file: String, timeline: &Timeline, problem: Option<String>) -> Case {
        let Some(message) = problem else {
            return Case {
                file,
                verdict: Verdict::Passed,
            };
        };
        let mut out = Vec::new();
        // Writing to memory does not fail.
        let _ = super::write(timeline, &Options::default(), &mut out);
        let text = String::from_utf8_lossy(&out).into_owned();
        Case {
            file,
            verdict: Verdict::Failed {
                message,
                transcript: excerpt(&text),
            },
        }
    }
}

fn excerpt(transcript: &str) -> String {
    let lines: Vec<&str> = transcript.lines().collect();
    let hidden = lines.len().saturating_sub(LINES);
    let kept = lines.get(hidden..).unwrap_or_default().join("\n");
    if hidden > 0 {
        format!("… {hidden} lines before\n{kept}\n")
    } else {
        format!("{kept}\n")
    }
}

/// Writes one suite with a case for each session, in their order. Fails only where `out` does.
pub fn write_junit(cases: &[Case], out: &mut dyn io::Write) -> io::Result<()> {
    let count = |is: fn(&Verdict) -> bool| cases.iter().filter(|case| is(&case.verdict)).count();
    let failures = count(|verdict| matches!(verdict, Verdict::Failed { .. }));
    let errors = count(|verdict| matches!(verdict, Verdict::Unusable { .. }));
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"",
        cases.len()
    );
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"linmem\" {counts}>")?;
    writeln!(out, "  <testsuite name=\"linmem\" {counts} skipped=\"0\">")?;
    for case in cases {
        let file = escaped(&case.file);
        let open = format!("    <testcase classname=\"linmem\" name=\"{file}\" file=\"{file}\"");
        match &case.verdict {
            Verdict::Passed => writeln!(out, "{open}/>")?,
            Verdict::Failed {
                message,
                transcript,
            } => {
                let (message, transcript) = (escaped(message), escaped(transcript));
                writeln!(
                    out,
                    "{open}>\n      <failure message=\"{message}\">{transcript}</failure>\n    \
                     </testcase>"
                )?;
            }
            Verdict::Unusable { message } => {
                let first = escaped(message.lines().next().unwrap_or_default());
                let message = escaped(message);
                writeln!(
                    out,
                    "{open}>\n      <error message=\"{first}\">{message}</error>\n    </testcase>"
                )?;
            }
        }
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// Text as XML 1.0 may hold it, in an attribute or between tags. What it may not hold at all stands
/// as `\u{…}`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => drop(write!(out, "{}", c.escape_unicode())),
            c if c.is_control() => drop(write!(out, "{}", c.escape_unicode())),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_may_not_hold_is_escaped() {
        let evil = "<a b='\"'>&]]>\0\u{8}\u{1b}[0m\r\n\t\u{7f}\u{85}\u{fffe}é🦀";
        let expected = concat!(
            "&lt;a b=&apos;&quot;&apos;&gt;&amp;]]&gt;\\u{0}\\u{8}\\u{1b}[0m\\u{d}\n\t",
            "\\u{7f}\\u{85}\\u{fffe}é🦀",
        );
        assert_eq!(escaped(evil), expected);
    }

    #[test]
    fn a_long_transcript_is_cut_at_its_beginning() {
        let text: String = (0..100).map(|i| format!("{i}\n")).collect();
        let cut = excerpt(&text);
        assert!(
            cut.starts_with("… 40 lines before\n40\n") && cut.ends_with("\n99\n"),
            "{cut}"
        );
    }
}
