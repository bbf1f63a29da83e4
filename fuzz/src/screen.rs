//! The terminal program over a recorded session: any keys, at any size.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use linmem::app::{self, App, Effect, Message};
use linmem::protocol::{Report, Request};
use linmem::timeline::{StepRecord, Timeline};
use linmem::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::assert_safe;

const SIZES: [(u16, u16); 6] = [(120, 40), (80, 24), (200, 50), (40, 12), (1, 1), (15, 3)];
const KEYS: &[u8] = b"  llhhgGoooj]}[{wrfFbc?/nN12345@0tv\t";

/// Presses the keys; the steps arrive as they are asked for. Draws now and then.
pub fn check(announced: Timeline, records: Vec<StepRecord>, keys: &[u8]) {
    let mut records = records.into_iter();
    let size = SIZES[keys.first().map_or(0, |key| *key as usize) % SIZES.len()];
    let mut app = App::new(size, Vec::new(), true);
    let opened = Report::Opened(Box::new(announced));
    let mut effects = app::on_message(&mut app, Message::Session(opened));
    for (nth, key) in keys.iter().enumerate() {
        while let Some(Effect::Session(Request::Advance)) = effects.pop() {
            let step = records.next();
            let report = step.map_or(Report::Ended, |step| Report::Step(Box::new(step)));
            effects = app::on_message(&mut app, Message::Session(report));
        }
        if nth % 6 == 5 {
            let (columns, rows) = SIZES[*key as usize % SIZES.len()];
            app::resize(&mut app, (columns, rows));
        }
        if nth % 3 == 0 {
            show(&app);
        }
        effects = app::key(&mut app, event(*key));
    }
    show(&app);
}

fn event(key: u8) -> KeyEvent {
    let code = match key {
        0..128 => KeyCode::Char(KEYS[key as usize % KEYS.len()] as char),
        128..240 => KeyCode::Char((key - 96) as char),
        240..244 => KeyCode::Enter,
        244..248 => KeyCode::Esc,
        248..250 => KeyCode::PageDown,
        _ => KeyCode::PageUp,
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn show(app: &App) {
    let (columns, rows) = app.size;
    let mut terminal =
        Terminal::new(TestBackend::new(columns, rows)).expect("a test's terminal always is");
    terminal
        .draw(|frame| draw(frame, app, &Theme::dark()))
        .expect("and can be drawn on");
    for cell in terminal.backend().buffer().content() {
        assert_safe(cell.symbol(), false);
    }
}
