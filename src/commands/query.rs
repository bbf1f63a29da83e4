//! `linmem query`: questions about one run, a line of JSON each, and their answers, a line each.

use std::io::{self, BufRead, BufWriter, Read, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use linmem::answers::{MAX_LINE, Request};
use linmem::report;
use linmem::timeline::{At, Timeline};

use crate::cli::QueryArgs;

use super::answers::about_run;
use super::load;
use super::run::no_such_moment;

pub fn query(args: &QueryArgs) -> Result<ExitCode> {
    let named = [&args.file, &args.session.stdin];
    if named.into_iter().flatten().any(|path| load::is_stdin(path)) {
        bail!("standard input has the questions, and cannot be anything else; name a file");
    }
    about_run(args.file.as_deref(), &args.session, |timeline| {
        let moment = match &args.session.at {
            Some(at) => Some(timeline.moment(at).map_err(no_such_moment)?),
            None => timeline.end(),
        };
        let mut out = BufWriter::new(io::stdout().lock());
        report::write_greeting(timeline, moment, &mut out)?;
        out.flush()?;
        let questions = &mut io::stdin().lock();
        answer_lines(timeline, args.session.at.as_ref(), questions, &mut out)
    })
}

/// Answers all lines of `input` in order. Each answer is flushed before the next line is read.
fn answer_lines(
    timeline: &Timeline,
    default_moment: Option<&At>,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<()> {
    let mut line = Vec::new();
    while let Some(length) = read_line(input, &mut line).context("cannot read standard input")? {
        let mut request = match length {
            Length::Whole => Request::parse(&line),
            Length::TooLong => Request::too_long(),
        };
        if let (Ok(question), Some(at)) = (&mut request.question, default_moment) {
            question.set_default_moment(at.clone());
        }
        let Request { id, question } = request;
        let answer = question.and_then(|question| question.answer(timeline));
        report::write_answer_line(&id, &answer, out)?;
        out.flush()?;
    }
    Ok(())
}

/// Whether a line was read as a whole.
enum Length {
    Whole,
    TooLong,
}

/// Reads the next line, without its line break, into `line`. Of a line that is too long, the rest is
/// skipped. Returns `None` at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<Length>> {
    line.clear();
    // One byte more shows that the line is too long, or is its line break.
    let most = MAX_LINE as u64 + 1;
    if input.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(Some(Length::Whole));
    }
    if line.len() <= MAX_LINE {
        return Ok(Some(Length::Whole));
    }
    line.clear();
    input.skip_until(b'\n')?;
    Ok(Some(Length::TooLong))
}
