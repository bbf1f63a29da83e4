//! One page with a whole run: steps, memory before and after, every store to step through, and the
//! transcript for readers without scripts and for paper. The page works from `file://` and loads
//! nothing.
//!
//! The record is in the page as JSON, and `html/page.js` shows it. What a page holds is bounded
//! (see `html/page_data.rs`), however much a session did; the page states what it leaves out.

mod accepted_answers;
mod escape;
mod page_data;
mod row_selection;
mod transcript;

use std::io::{self, BufWriter, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use sha2::{Digest, Sha256};

use crate::report::common::guest_header::{memory_limits, short_sha256};
use crate::report::common::lesson_view;
use crate::report::common::options::Options;
use crate::report::common::summary;
use crate::safe;
use crate::timeline::Timeline;
use escape::{ScriptData, text};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
const BODY: &str = include_str!("html/body.html");

/// What the page of a lesson has besides.
const LESSON_STYLE: &str = include_str!("html/lesson.css");
const LESSON_SCRIPT: &str = include_str!("html/lesson.js");

/// Characters of a title, of a path and of a value that are shown before it is cut.
const CUT: usize = 200;

/// Writes the page. It always has all steps; `options.until` is the moment that it opens at.
///
/// The page of a lesson asks the questions. It has no transcript, and its record is encoded, so that
/// its source does not show at a glance what comes.
pub(super) fn write(timeline: &Timeline, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let is_lesson = options.lesson.is_some();
    let heading = match is_lesson {
        true => lesson_view::heading(timeline),
        false => lesson_view::title(timeline),
    };
    let title = text(&safe::cut(&heading, CUT));
    let (lesson_style, lesson_script) = match is_lesson {
        true => (LESSON_STYLE, LESSON_SCRIPT),
        false => ("", ""),
    };
    // One script, as the parts share their names within it.
    let script = format!("{lesson_script}{SCRIPT}");
    let style = format!("{STYLE}{lesson_style}");
    // Only this script and these styles are in effect and nothing is loaded, so that text of a
    // guest can do nothing here.
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        fingerprint(&script),
        fingerprint(&style),
    );
    let class = if is_lesson { " class=\"lesson\"" } else { "" };
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
         http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" \
         content=\"light dark\">\n<title>{title} · \
         linmem</title>\n<style>{style}</style>\n</head>\n<body{class}>\n"
    )?;
    write_header(timeline, &title, is_lesson, &mut out)?;
    match is_lesson {
        true => out.write_all(LESSON_INTRO.as_bytes())?,
        false => out.write_all(INTRO.as_bytes())?,
    }
    out.write_all(BODY.as_bytes())?;
    if !is_lesson {
        transcript::write(timeline, timeline.steps().len(), &mut out)?;
    }
    out.write_all(b"</main>\n")?;
    write_record(timeline, options, &mut out)?;
    write!(out, "<script>{script}</script>\n</body>\n</html>\n")?;
    out.flush()
}

/// The beginning of the body: a link past the rest, and what a reader without scripts sees.
const INTRO: &str = concat!(
    "<a class=\"skip\" href=\"#transcript\">Skip to the transcript</a>\n<main>\n<noscript><p ",
    "class=\"notice\">Without scripts this page shows only the transcript below. With scripts it ",
    "steps through the steps and their stores.</p></noscript>\n",
);
const LESSON_INTRO: &str = concat!(
    "<a class=\"skip\" href=\"#happened-title\">Skip to the step</a>\n<main>\n<noscript><p ",
    "class=\"notice\">This lesson asks questions and checks the answers, for which it needs ",
    "scripts. It loads nothing from the network.</p></noscript>\n",
);

/// Writes the record: as JSON, or in the page of a lesson as JSON in base64.
fn write_record(timeline: &Timeline, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    if options.lesson.is_none() {
        out.write_all(b"<script type=\"application/json\" id=\"record\">")?;
        page_data::write(timeline, options, &mut ScriptData(&mut *out))?;
    } else {
        out.write_all(b"<script type=\"text/plain\" id=\"record\" data-encoding=\"base64\">")?;
        let mut encoder = EncoderWriter::new(&mut *out, &STANDARD);
        page_data::write(timeline, options, &mut encoder)?;
        encoder.finish()?;
    }
    out.write_all(b"</script>\n")
}

/// Returns a SHA-256 fingerprint as a Content Security Policy has it
/// (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
fn fingerprint(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

fn write_header(
    timeline: &Timeline,
    title: &str,
    is_lesson: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let guest = &timeline.guest;
    writeln!(out, "<header>\n<h1>{title}</h1>")?;
    // How the run ended would give answers of a lesson away.
    if !is_lesson {
        let closing = text(&summary::closing_line(timeline, timeline.steps().len()));
        writeln!(out, "<p class=\"closing\">{closing}</p>")?;
    }
    writeln!(out, "<dl class=\"facts\">")?;
    if !guest.path.is_empty() && !is_lesson {
        let path = text(&safe::cut(&guest.path, CUT));
        let (bytes, sha256) = (guest.bytes, text(&short_sha256(guest)));
        writeln!(
            out,
            "<div><dt>guest</dt><dd><code>{path}</code>, {bytes} bytes, sha256 {sha256}</dd></div>"
        )?;
    }
    if let Some(memory) = &guest.memory {
        let limits = memory_limits(memory);
        writeln!(out, "<div><dt>memory</dt><dd>{limits}</dd></div>")?;
    }
    for input in &timeline.inputs {
        let name = text(&safe::cut(&input.name, CUT));
        let value = text(&input.value.brief(CUT));
        writeln!(
            out,
            "<div><dt>input {name}</dt><dd><code>{value}</code></dd></div>"
        )?;
    }
    writeln!(out, "</dl>\n</header>")
}
