//! The line that a learner hands in. `lesson.js` writes it:
//!
//! ```text
//! linmem.answers/1 bytes 3f2a9c01d4e5b6a7 name=Ada q4=right:I q9=missed:65536,1,2 sum=…
//! ```
//!
//! Names and answers are percent-encoded, so that the parts are separated by blanks.

use sha2::{Digest, Sha256};

/// The beginning of a line, with the version of its form.
pub(super) const BEGINNING: &str = "linmem.answers/1";

/// The most questions and answers of a line that are read.
const MAX_QUESTIONS: usize = 200;
const MAX_TYPED: usize = 10;

/// The characters of the checksum.
const SUM: usize = 16;

/// A line that was handed in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HandedIn {
    /// The name of the lesson: not safe to print, as all texts of a line.
    pub lesson: String,
    /// The hash of the lesson that the answers are to.
    pub hash: String,
    /// The name that the learner gave; empty without one.
    pub learner: String,
    /// The questions, in order.
    pub questions: Vec<Question>,
    /// Whether the line has the form and the checksum that the page gave it.
    pub is_intact: bool,
}

/// A question and what was answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// The step that asks it.
    pub step: usize,
    pub outcome: Outcome,
    /// The answers as typed, in order.
    pub typed: Vec<String>,
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Right,
    Missed,
    Skipped,
    Open,
}

impl Outcome {
    const ALL: [Outcome; 4] = [
        Outcome::Right,
        Outcome::Missed,
        Outcome::Skipped,
        Outcome::Open,
    ];

    /// Returns the name in a line.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Outcome::Right => "right",
            Outcome::Missed => "missed",
            Outcome::Skipped => "skipped",
            Outcome::Open => "open",
        }
    }
}

impl HandedIn {
    /// Returns how many questions ended so.
    pub(super) fn count(&self, outcome: Outcome) -> usize {
        let questions = self.questions.iter();
        questions.filter(|q| q.outcome == outcome).count()
    }

    /// Returns the number of answers to all questions.
    pub(super) fn tries(&self) -> usize {
        self.questions.iter().map(|q| q.typed.len()).sum()
    }
}

/// Parses a line of text in which answers may be, such as a line of a quoted mail. What cannot be
/// read of them makes the line one that was changed.
pub(super) fn parse(text: &str) -> Option<HandedIn> {
    let line = text.get(text.find(BEGINNING)?..)?;
    let after = line.get(BEGINNING.len()..)?;
    if !after.starts_with(' ') {
        return None;
    }
    let (signed, sum) = line.split_once(" sum=").unwrap_or((line, ""));
    let sum = sum.get(..SUM).unwrap_or(sum);
    let mut handed_in = HandedIn {
        lesson: String::new(),
        hash: String::new(),
        learner: String::new(),
        questions: Vec::new(),
        is_intact: checksum(signed) == sum,
    };
    let mut parts = signed.split(' ').skip(1);
    let lesson = parts.next().and_then(decoded);
    handed_in.is_intact &= lesson.as_ref().is_some_and(|lesson| !lesson.is_empty());
    handed_in.lesson = lesson.unwrap_or_default();
    handed_in.hash = parts.next().unwrap_or_default().to_owned();
    for part in parts.take(MAX_QUESTIONS) {
        let is_read = read_part(part, &mut handed_in);
        handed_in.is_intact &= is_read.is_some();
    }
    Some(handed_in)
}

/// Reads `name=Ada` or `q4=right:5,6` into a line; `None` for anything else.
fn read_part(part: &str, into: &mut HandedIn) -> Option<()> {
    let (key, value) = part.split_once('=')?;
    if key == "name" {
        into.learner = decoded(value)?;
        return Some(());
    }
    let step = key.strip_prefix('q')?.parse().ok()?;
    let (outcome, typed) = value.split_once(':').unwrap_or((value, ""));
    let outcome = Outcome::ALL
        .into_iter()
        .find(|known| known.as_str() == outcome)?;
    let typed = typed.split(',').filter(|typed| !typed.is_empty());
    into.questions.push(Question {
        step,
        outcome,
        typed: typed
            .take(MAX_TYPED)
            .map(decoded)
            .collect::<Option<Vec<_>>>()?,
    });
    Some(())
}

/// Returns the checksum of a line without its end.
fn checksum(signed: &str) -> String {
    let digits = Sha256::digest(signed.as_bytes());
    let mut digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.truncate(SUM);
    digits
}

/// Returns a percent-encoded text as it was; `None` where it cannot be decoded.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-2.1>
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&pair).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(line: &str) -> String {
        format!("{line} sum={}", checksum(line))
    }

    const LINE: &str = "linmem.answers/1 bytes 0123456789abcdef name=Ada%20L q4=right:I \
                        q9=missed:65536,0x10000,%22a%22 q12=skipped q13=open";

    #[test]
    fn a_line_is_read_among_other_text() {
        let line = signed(LINE);
        for text in [
            line.clone(),
            format!("> My answers: {line} Regards"),
            format!("{line}\r"),
        ] {
            let read = parse(&text).unwrap();
            assert!(read.is_intact, "{text}");
            assert_eq!(
                (read.lesson.as_str(), read.learner.as_str()),
                ("bytes", "Ada L")
            );
            assert_eq!(read.questions[1].typed, ["65536", "0x10000", "\"a\""]);
            assert_eq!((read.count(Outcome::Right), read.tries()), (1, 4));
            assert_eq!(
                (read.count(Outcome::Skipped), read.count(Outcome::Open)),
                (1, 1)
            );
        }
        assert_eq!(parse("My answers are below."), None);
        assert_eq!(parse("linmem.answers/12 bytes"), None);
    }

    #[test]
    fn every_change_of_a_character_is_noticed() {
        let line = signed(LINE);
        for (at, _) in line.char_indices().skip(BEGINNING.len() + 1) {
            let mut changed = line.clone();
            let other = if line.get(at..=at) == Some("x") {
                "y"
            } else {
                "x"
            };
            changed.replace_range(at..=at, other);
            assert!(!parse(&changed).unwrap().is_intact, "{changed}");
        }
        assert!(!parse(LINE).unwrap().is_intact, "the checksum is missing");
        assert!(!parse("linmem.answers/1 ").unwrap().is_intact);
    }

    #[test]
    fn a_line_that_no_page_writes_is_changed_even_with_its_checksum() {
        for odd in [
            "q4=great",
            "q4",
            "4=right",
            "q=right",
            "q4=right:%zz",
            "name=%ff",
            "x=1",
        ] {
            let line = signed(&format!("linmem.answers/1 bytes 00 {odd}"));
            assert!(!parse(&line).unwrap().is_intact, "{odd}");
        }
    }
}
