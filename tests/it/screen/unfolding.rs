//! The default session's call, unfolded into its fourteen stores: as text, as JSON, and on the
//! screen.

use linmem::app::Action;
use linmem::report::{self, Format, Options};
use linmem::session::Session;
use linmem::timeline::Timeline;

use crate::support::live::{self, Live};

const CALL: usize = 4;

fn timeline() -> Timeline {
    let (mut session, mut timeline) = Session::open(live::opening()).unwrap();
    while let Some(step) = session.advance() {
        timeline.push(step);
    }
    timeline
}

fn written(format: Format) -> String {
    let mut out = Vec::new();
    report::write(
        &timeline(),
        &Options {
            format,
            stores: true,
            ..Options::default()
        },
        &mut out,
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn in_text() {
    let text = written(Format::Text);
    let from = text.find("✓ 4").unwrap();
    let to = text.find("✓ 5").unwrap();
    insta::assert_snapshot!(&text[from..to]);
}

#[test]
fn in_json() {
    let trace: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
    let step = &trace["steps"][CALL];
    assert_eq!(
        (step["stores"].as_u64(), step["stores_recorded"].as_u64()),
        (Some(14), Some(14))
    );
    let events = step["events"].as_array().unwrap();
    assert_eq!(events.len(), 14);
    insta::assert_snapshot!(
        events
            .iter()
            .map(|event| format!("{event}\n"))
            .collect::<String>()
    );
}

fn unfolded(size: (u16, u16), stores: usize) -> Live {
    let mut live = Live::open(size);
    for _ in 0..CALL {
        live.press(Action::Next);
    }
    live.press(Action::Unfold);
    for _ in 0..stores {
        live.press(Action::Next);
    }
    live
}

#[test]
fn on_the_screen() {
    insta::assert_snapshot!("screen_120x40", unfolded((120, 40), 7).screen());
    insta::assert_snapshot!("screen_80x24", unfolded((80, 24), 7).screen());
    insta::assert_snapshot!("screen_40x12", unfolded((40, 12), 7).screen());
}

#[test]
fn back_from_each_store_is_where_one_was() {
    let mut live = unfolded((120, 40), 0);
    // What is said when a step is unfolded goes with the next key.
    live.press(Action::Next);
    live.press(Action::Back);
    let mut seen = vec![live.screen()];
    for _ in 0..14 {
        live.press(Action::Next);
        seen.push(live.screen());
    }
    for earlier in seen.iter().rev().skip(1) {
        live.press(Action::Back);
        assert_eq!(live.screen(), *earlier);
    }
}
