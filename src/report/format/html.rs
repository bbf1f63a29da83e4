//! One page that holds a whole run: steps, memory before and after, every store to scrub through,
//! and the transcript for readers without scripts and for paper. It works from `file://` and asks
//! nobody for anything.
//!
//! The record goes into the page as JSON; `html/page.js` shows it and knows nothing else. What a
//! page may hold is bounded (see `html/data.rs`), however much a session did; the page says what it
//! leaves out.

mod escape;
mod page_data;
mod row_selection;
mod transcript;

use std::io::{self, BufWriter, Write};

use sha2::{Digest, Sha256};

use crate::report::common::options::Options;
use crate::report::common::summary;
use crate::safe;
use crate::timeline::Timeline;
use crate::wasm_types::memory_size;
pub(super) use escape::text;
use escape::{Guarded, base64};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
const BODY: &str = include_str!("html/body.html");

/// Characters of a title, a path or a value that are shown before it is cut.
const CUT: usize = 200;

pub(super) fn write(timeline: &Timeline, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let shown = timeline.steps().len();
    let title = text(&safe::cut(&timeline.title, CUT));
    // Only this script and these styles count, and nothing is loaded: what a guest says can do
    // nothing here.
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
    header(timeline, shown, &title, &mut out)?;
    out.write_all(BODY.as_bytes())?;
    transcript::write(timeline, shown, &mut out)?;
    out.write_all(b"</main>\n<script type=\"application/json\" id=\"record\">")?;
    page_data::write(timeline, options, shown, &mut Guarded(&mut out))?;
    write!(
        out,
        "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )?;
    out.flush()
}

fn fingerprint(text: &str) -> String {
    base64(&Sha256::digest(text.as_bytes()))
}

fn header(timeline: &Timeline, shown: usize, title: &str, out: &mut dyn Write) -> io::Result<()> {
    let guest = &timeline.guest;
    let closing = text(&summary::closing(timeline, shown));
    writeln!(
        out,
        "<header>\n<h1>{title}</h1>\n<p class=\"closing\">{closing}</p>\n<dl class=\"facts\">"
    )?;
    if !guest.path.is_empty() {
        let path = text(&safe::cut(&guest.path, CUT));
        let print = text(
            &guest
                .sha256
                .chars()
                .take(12)
                .map(|c| if c.is_ascii() { c } else { '?' })
                .collect::<String>(),
        );
        writeln!(
            out,
            "<div><dt>guest</dt><dd><code>{path}</code>, {} bytes, sha256 {print}</dd></div>",
            guest.bytes
        )?;
    }
    if let Some(memory) = &guest.memory {
        let most = memory
            .max
            .map(|max| format!(", at most {}", memory_size(max)))
            .unwrap_or_default();
        writeln!(
            out,
            "<div><dt>memory</dt><dd>{}{most}</dd></div>",
            memory_size(memory.pages)
        )?;
    }
    for input in &timeline.inputs {
        let (name, value) = (
            text(&safe::cut(&input.name, CUT)),
            text(&input.value.brief(CUT)),
        );
        writeln!(
            out,
            "<div><dt>input {name}</dt><dd><code>{value}</code></dd></div>"
        )?;
    }
    writeln!(out, "</dl>\n</header>")
}
