//! `--format cast`: the terminal stepping through a session that has run, as an asciicast that
//! asciinema plays.
//!
//! The app and the drawing are those of the terminal; the times of the keys are computed. The same
//! session gives the same bytes.

use std::io::{self, Write};

use linmem::app::{self, Action, App, Effect, Message};
use linmem::protocol::{Report, Request};
use linmem::terminal::Canvas;
use linmem::timeline::{Moment, StepRecord, Timeline};
use linmem::ui::{Screen, Theme};
use serde_json::json;

/// Milliseconds that a step stays on the screen, at least.
const STEP: u64 = 1500;
/// Milliseconds for each word of a step's prose.
const READING_TIME: u64 = 300;
/// Milliseconds that a store inside a step stays on the screen.
const STORE: u64 = 300;

/// The most stores of a step that are shown one by one, before its end.
const MAX_STORES: usize = 40;

/// The most steps that are shown.
const MAX_STEPS: usize = 400;

/// Writes the steps up to `until`, or all, on a screen of `size` columns and rows.
///
/// # Errors
/// Those of `out`.
pub fn write(
    timeline: &Timeline,
    until: Option<Moment>,
    size: (u16, u16),
    theme: &Theme,
    out: &mut dyn Write,
) -> io::Result<()> {
    let last = until
        .map_or(usize::MAX, |until| until.step)
        .min(timeline.steps().len().saturating_sub(1));
    let last = last.min(MAX_STEPS - 1);
    let mut player = Player::new(timeline, size, theme, out)?;
    player.open()?;
    for step in timeline.steps().iter().take(last + 1) {
        player.step(step)?;
    }
    // The last frame stays as long as the others.
    player.out("")
}

struct Player<'a> {
    timeline: &'a Timeline,
    app: App,
    canvas: Canvas,
    theme: &'a Theme,
    out: &'a mut dyn Write,
    /// Milliseconds since the start.
    now: u64,
}

impl<'a> Player<'a> {
    fn new(
        timeline: &'a Timeline,
        size: (u16, u16),
        theme: &'a Theme,
        out: &'a mut dyn Write,
    ) -> io::Result<Self> {
        let app = App::new(size, Vec::new(), false);
        let player = Player {
            timeline,
            app,
            canvas: Canvas::new(size)?,
            theme,
            out,
            now: 0,
        };
        let title = format!("linmem {}", linmem::safe::cut(&timeline.title, 100));
        let header = json!({
            "version": 2, "width": size.0, "height": size.1, "title": title, "env": { "TERM": "xterm-256color" },
        });
        writeln!(player.out, "{header}")?;
        Ok(player)
    }

    /// Opens the session. Nothing is drawn before step 0 has run.
    fn open(&mut self) -> io::Result<()> {
        let Timeline {
            title,
            guest,
            inputs,
            planned,
            ..
        } = self.timeline;
        let opened = Timeline::new(
            title.clone(),
            guest.clone(),
            inputs.clone(),
            planned.clone(),
        );
        let opened = opened.with_document_of(self.timeline);
        self.report(Report::Opened(Box::new(opened)));
        self.out("\x1b[?25l\x1b[2J\x1b[H")
    }

    /// Shows a step as the terminal does, and each of its stores where it is a call.
    fn step(&mut self, record: &StepRecord) -> io::Result<()> {
        // Step 0 was requested when the session was opened.
        if record.index > 0 {
            let effects = app::update(&mut self.app, Action::Next);
            if !matches!(effects.as_slice(), [Effect::Session(Request::Advance)]) {
                return Ok(());
            }
        }
        self.report(Report::Step(Box::new(record.clone())));
        self.frame()?;
        self.now += STEP.max(
            self.timeline
                .words_of(record.index)
                .saturating_mul(READING_TIME),
        );
        if record.call.is_none() || record.stores == 0 {
            return Ok(());
        }
        app::update(&mut self.app, Action::Unfold);
        self.frame()?;
        self.now += STEP;
        for _ in 0..record.events.len().min(MAX_STORES) {
            app::update(&mut self.app, Action::Next);
            self.frame()?;
            self.now += STORE;
        }
        self.now += STEP - STORE;
        app::update(&mut self.app, Action::End);
        app::update(&mut self.app, Action::Unfold);
        self.frame()?;
        self.now += STEP;
        Ok(())
    }

    fn report(&mut self, report: Report) {
        app::on_message(&mut self.app, Message::Session(report));
    }

    fn frame(&mut self) -> io::Result<()> {
        let bytes = self.canvas.frame(&Screen::compute(&self.app, self.theme))?;
        self.out(&String::from_utf8_lossy(&bytes))
    }

    fn out(&mut self, data: &str) -> io::Result<()> {
        let time = serde_json::Value::from(self.now as f64 / 1000.0);
        writeln!(self.out, "{}", json!([time, "o", data]))
    }
}
