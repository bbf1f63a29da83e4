//! One page with a whole run: steps, memory before and after, every store to step through, and the
//! transcript for readers without scripts and for paper. The page works from `file://` and loads
//! nothing.
//!
//! The record is in the page as JSON, and `html/page.js` shows it. What a page holds is bounded
//! (see `html/page_data.rs`), however much a session did; the page states what it leaves out.

mod escape;
mod page_data;
mod row_selection;
mod transcript;

use std::io::{self, BufWriter, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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

/// Characters of a title, of a path and of a value that are shown before it is cut.
const CUT: usize = 200;

/// Writes the page. It always has all steps; `options.until` is the moment that it opens at.
pub(super) fn write(timeline: &Timeline, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let steps = timeline.steps().len();
    let title = text(&safe::cut(&lesson_view::title(timeline), CUT));
    // Only this script and these styles are in effect and nothing is loaded, so that text of a
    // guest can do nothing here.
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        fingerprint(SCRIPT),
        fingerprint(STYLE),
    );
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
         http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" \
         content=\"light dark\">\n<title>{title} · \
         linmem</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )?;
    write_header(timeline, steps, &title, &mut out)?;
    out.write_all(BODY.as_bytes())?;
    transcript::write(timeline, steps, &mut out)?;
    out.write_all(b"</main>\n<script type=\"application/json\" id=\"record\">")?;
    page_data::write(timeline, options, &mut ScriptData(&mut out))?;
    write!(
        out,
        "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )?;
    out.flush()
}

/// Returns a SHA-256 fingerprint as a Content Security Policy has it
/// (<https://www.w3.org/TR/CSP3/#grammardef-hash-source>).
fn fingerprint(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

fn write_header(
    timeline: &Timeline,
    steps: usize,
    title: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let guest = &timeline.guest;
    let closing = text(&summary::closing_line(timeline, steps));
    writeln!(
        out,
        "<header>\n<h1>{title}</h1>\n<p class=\"closing\">{closing}</p>\n<dl class=\"facts\">"
    )?;
    if !guest.path.is_empty() {
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
