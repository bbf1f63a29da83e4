//! Texts of a guest stay text in Markdown, HTML and SVG.

use linmem::report::{Format, Options};
use linmem::timeline::Moment;
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use quick_xml::events::Event as XmlEvent;

use super::timelines;
use crate::support::reports::{as_format, report};

/// Asserts that a Markdown report has no links, images, tables, quotes or HTML of the guest.
#[track_caller]
fn assert_plain_markdown(report: &str) {
    let mut is_session = false;
    for event in Parser::new_ext(report, pulldown_cmark::Options::all()) {
        match event {
            Event::Html(html) if html.trim() == "<!-- linmem: the session -->" => is_session = true,
            Event::Html(html) | Event::InlineHtml(html) => {
                assert_eq!(html.trim(), "<!-- -->", "in\n{report}");
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                // Only the session at the end contains statements.
                let is_known = if is_session {
                    &*info == "steps"
                } else {
                    ["text", "diff"].contains(&&*info)
                };
                assert!(is_known, "a block of {info:?} in\n{report}");
            }
            Event::Start(
                Tag::Link { .. } | Tag::Image { .. } | Tag::Table(_) | Tag::BlockQuote(_),
            ) => {
                panic!("{event:?} in\n{report}")
            }
            _ => {}
        }
    }
}

/// Asserts that a picture is well-formed XML with known elements, and returns the number of texts.
#[track_caller]
pub fn assert_well_formed(svg: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    let mut texts = 0;
    loop {
        match reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error} in\n{svg}"))
        {
            XmlEvent::Eof => return texts,
            XmlEvent::Start(tag) => {
                let known = ["svg", "title", "style", "text"];
                assert!(
                    known.iter().any(|name| tag.name().as_ref() == *name),
                    "{tag:?}"
                );
                assert!(
                    tag.attributes().all(|attribute| attribute.is_ok()),
                    "{tag:?}"
                );
                texts += usize::from(tag.name().as_ref() == "text");
            }
            XmlEvent::DocType(_) | XmlEvent::CData(_) => {
                panic!("{svg}")
            }
            _ => {}
        }
    }
}

/// Asserts that a page contains no script, style or reference of the guest.
#[track_caller]
fn assert_inert_page(page: &str) {
    let count = |what: &str| page.to_lowercase().matches(what).count();
    assert_eq!(
        (
            count("<script"),
            count("</script"),
            count("<!--"),
            count("<style")
        ),
        (2, 2, 0, 1)
    );
    assert!(!page.contains(['\u{2028}', '\u{202e}', '\u{1b}']));
    // No tag refers to another resource.
    let body = page
        .split_once("</style>")
        .unwrap()
        .1
        .split_once("<script")
        .unwrap()
        .0;
    for tag in body
        .split('<')
        .filter_map(|tag| tag.split_once('>'))
        .map(|(tag, _)| tag)
    {
        let refers = [" src", " on", "style", "http", "url("]
            .iter()
            .any(|word| tag.to_lowercase().contains(word));
        assert!(
            !refers && (!tag.contains("href") || tag.contains("href=\"#")),
            "{tag}"
        );
    }
    let style = page
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    assert!(!style.contains("@import") && !style.contains("url("));
    let json = page
        .split_once("id=\"record\">")
        .unwrap()
        .1
        .split_once("</script>")
        .unwrap()
        .0;
    serde_json::from_str::<serde_json::Value>(json).unwrap();
}

/// Asserts that no format takes `bad` for markup.
fn assert_escaped(bad: &str) {
    let timeline = timelines::hostile(bad);
    assert_plain_markdown(&as_format(&timeline, Format::Markdown));
    assert_inert_page(&as_format(&timeline, Format::Html));
    for step in 0..timeline.steps().len() {
        let until = Some(Moment::end_of(step));
        assert!(
            assert_well_formed(&report(
                &timeline,
                &Options {
                    format: Format::Svg,
                    until,
                    ..Options::default()
                }
            )) > 2
        );
    }
}

#[test]
fn guest_text_is_escaped_in_markup() {
    for bad in [
        "</script><script>alert(1)</script>",
        "<!-- --><img src=x onerror=alert(1)>",
        "```\n```steps\nwrite 0, \"x\"\n```",
        "[a](javascript:alert(1)) ![b](http://c) @someone #1",
        "a\x1b[2J\u{202e}\n\x07é\"'\u{2028}\u{fffe}]]>&amp;",
        "| a | b |\n|---|---|\n# x\n> y\n- z\n1. w",
        "~~~steps",
        "<!-- linmem: the session -->",
    ] {
        assert_escaped(bad);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn arbitrary_text_is_escaped_in_markup(bad in "[`<>!\\-&\"'\\[\\]()#|~*_@/:a-z\\\\\n\u{1b}\u{202e}\u{2028} ]{1,40}") {
        assert_escaped(&bad);
    }
}
