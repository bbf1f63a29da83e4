//! `--format cast`: the terminal stepping through a session that has run, as an asciicast that
//! asciinema plays.
//!
//! The app and the drawing are those of the terminal; only the keys are pressed by a clock that
//! nobody waits for. The same session gives the same bytes.

use std::io::{self, Write};

use linmem::app::{self, Action, App, Effect, Message};
use linmem::terminal::Canvas;
use linmem::timeline::{Moment, StepRecord, Timeline};
use linmem::ui::Theme;
use serde_json::json;

/// Milliseconds that a step, and a store inside one, stays on the screen.
const STEP: u64 = 1500;
const STORE: u64 = 300;

/// Stores of one step that are walked through one by one, before its end is shown.
const MOST_STORES: usize = 40;

/// Steps that are walked through; nobody watches more.
const MOST_STEPS: usize = 400;

/// Writes the steps up to `until`, or all, on a screen of `size` columns and rows.
///
/// # Errors
/// Fails where `out` does.
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
    let last = last.min(MOST_STEPS - 1);
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

    /// The session before its first step. Nothing is drawn before step 0 is there.
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
        app::receive(&mut self.app, Message::Opened(Box::new(opened)));
        self.out("\x1b[?25l\x1b[2J\x1b[H")
    }

    /// Runs a step as the terminal would, and walks through its stores where it is a call.
    fn step(&mut self, record: &StepRecord) -> io::Result<()> {
        if record.index > 0 && app::update(&mut self.app, Action::Next) != Effect::Advance {
            return Ok(());
        }
        app::receive(&mut self.app, Message::Step(Box::new(record.clone())));
        self.frame()?;
        self.now += STEP;
        if record.call.is_none() || record.stores == 0 {
            return Ok(());
        }
        app::update(&mut self.app, Action::Unfold);
        self.frame()?;
        self.now += STEP;
        for _ in 0..record.events.len().min(MOST_STORES) {
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

    fn frame(&mut self) -> io::Result<()> {
        let bytes = self.canvas.frame(&self.app, self.theme)?;
        self.out(&String::from_utf8_lossy(&bytes))
    }

    fn out(&mut self, data: &str) -> io::Result<()> {
        let time = serde_json::Value::from(self.now as f64 / 1000.0);
        writeln!(self.out, "{}", json!([time, "o", data]))
    }
}
