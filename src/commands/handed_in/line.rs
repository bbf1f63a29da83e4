//! The line that a learner hands in. `lesson.js` writes it:
//!
//! ```text
//! linmem.answers/1 bytes 3f2a9c01d4e5b6a7 name=Ada q4=right:I q9=missed:65536,1,2 sum=…
//! ```
//!
//! Names and answers are percent-encoded, so that the parts are separated by blanks.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

/// The beginning of a line, with the version of its form.
pub(super) const BEGINNING: &str = "linmem.answers/1";

/// The most parts of a line, and the tries that a page gives to a question.
const MAX_QUESTIONS: usize = 1000;
const MAX_TYPED: usize = 3;

/// The most lines of text after the first into which a mail program may have folded a line.
const MAX_FOLDS: usize = 100;

/// What comes before the checksum, and the characters of the checksum.
const SUM_KEY: &str = " sum=";
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

/// Returns the lines of answers in a text, each with the number of the line of text in which it
/// begins, from 1. A line of text may have several, and mail programs fold one into several lines.
pub(super) fn all(text: &str) -> Vec<(usize, HandedIn)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        for (at, _) in line.match_indices(BEGINNING) {
            let Some(rest) = line.get(at..) else { continue };
            let end = rest.match_indices(BEGINNING).nth(1);
            let is_last = end.is_none();
            let rest = end.map_or(Some(rest), |(end, _)| rest.get(..end));
            let after = lines.get(index + 1..).filter(|_| is_last);
            let whole = unfolded(rest.unwrap_or_default(), after.unwrap_or_default());
            found.extend(parse(&whole).map(|handed_in| (index + 1, handed_in)));
        }
    }
    found
}

/// Returns a line of answers with the lines after it into which a mail program folded it, if they
/// have its end. Marks of a quotation are left out.
fn unfolded<'a>(line: &'a str, after: &[&str]) -> Cow<'a, str> {
    if line.contains(SUM_KEY) {
        return line.into();
    }
    let mut whole = line.trim_end().to_owned();
    for next in after.iter().take(MAX_FOLDS) {
        let next = next.trim_start_matches(['>', '|', ' ', '\t']).trim_end();
        if next.is_empty() || next.contains(BEGINNING) {
            break;
        }
        whole.push(' ');
        whole.push_str(next);
        if whole.contains(SUM_KEY) {
            return whole.into();
        }
    }
    line.into()
}

/// Parses a line of answers at the beginning of `line`. What no page writes makes it one that was
/// changed.
fn parse(line: &str) -> Option<HandedIn> {
    let after = line.strip_prefix(BEGINNING)?;
    if !after.starts_with(' ') {
        return None;
    }
    let (signed, sum) = line.split_once(SUM_KEY).unwrap_or((line, ""));
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
    for part in parts.by_ref().take(MAX_QUESTIONS) {
        let is_read = read_part(part, &mut handed_in);
        handed_in.is_intact &= is_read.is_some();
    }
    handed_in.is_intact &= parts.next().is_none();
    Some(handed_in)
}

/// Reads `name=Ada` or `q4=right:5,6` into a line; `None` for anything else, and for a name or a
/// question that comes twice.
fn read_part(part: &str, into: &mut HandedIn) -> Option<()> {
    let (key, value) = part.split_once('=')?;
    if key == "name" {
        let is_first = into.learner.is_empty() && into.questions.is_empty();
        into.learner = is_first.then(|| decoded(value)).flatten()?;
        return Some(());
    }
    let digits = key.strip_prefix('q')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let step = is_number.then(|| digits.parse().ok()).flatten()?;
    if into.questions.last().is_some_and(|last| step <= last.step) {
        return None;
    }
    let (outcome, typed) = value.split_once(':').unwrap_or((value, ""));
    let outcome = Outcome::ALL
        .into_iter()
        .find(|known| known.as_str() == outcome)?;
    let typed = typed.split(',').filter(|typed| !typed.is_empty());
    let typed: Vec<String> = typed.map(decoded).collect::<Option<_>>()?;
    let needs_answer = matches!(outcome, Outcome::Right | Outcome::Missed);
    if typed.len() > MAX_TYPED || (needs_answer && typed.is_empty()) {
        return None;
    }
    into.questions.push(Question {
        step,
        outcome,
        typed,
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
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
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
            let [(1, read)] = &all(&text)[..] else {
                panic!("{text}")
            };
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
        assert_eq!(all("My answers are below."), []);
        assert_eq!(all("linmem.answers/12 bytes"), []);
    }

    #[test]
    fn a_folded_line_is_read_and_one_without_its_end_is_not() {
        let line = signed(LINE);
        for folded in [
            line.replace(' ', "\r\n"),
            format!("> {}", line.replace(" q", "\n> q")),
            format!("> > {}", line.replace(" sum", " \n> >  sum")),
        ] {
            let found = all(&format!("Hello,\n{folded}\nRegards"));
            assert_eq!(found.len(), 1, "{folded}");
            assert!(found[0].0 == 2 && found[0].1.is_intact, "{folded}");
        }
        for cut in [LINE.to_owned(), line.replace(" sum", "\n\nsum")] {
            let found = all(&format!("{cut}\n\n{line}"));
            let intact: Vec<bool> = found.iter().map(|(_, line)| line.is_intact).collect();
            assert_eq!(intact, [false, true], "{cut}");
        }
    }

    #[test]
    fn each_of_several_in_a_line_of_text_is_read() {
        let line = signed(LINE);
        let changed = line.replace("right", "wrong");
        let found = all(&format!("\"{line}\",\"{changed}\",\"{line}\""));
        let intact: Vec<bool> = found.iter().map(|(_, line)| line.is_intact).collect();
        assert_eq!(intact, [true, false, true]);
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
            "q+4=right:1",
            "q4=right",
            "q4=missed",
            "q4=right:%+f",
            "q4=right:1,2,3,4",
            "q4=right:1 q4=right:1",
            "q4=right:1 q3=right:1",
            "q4=right:1 name=Ada",
            "name=Ada name=Bob",
        ] {
            let line = signed(&format!("linmem.answers/1 bytes 00 {odd}"));
            assert!(!parse(&line).unwrap().is_intact, "{odd}");
        }
        let many: String = (0..=MAX_QUESTIONS).map(|q| format!(" q{q}=open")).collect();
        let many = signed(&format!("linmem.answers/1 bytes 00{many}"));
        assert!(!parse(&many).unwrap().is_intact);
    }
}
