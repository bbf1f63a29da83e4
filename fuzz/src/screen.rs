//! The terminal program over a recorded session: any keys, at any size.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use linmem::app::{self, App};
use linmem::testing::driver::{Driver, RecordedSteps};
use linmem::timeline::{StepRecord, Timeline};
use linmem::ui::{Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::assert_safe;

const SIZES: [(u16, u16); 6] = [(120, 40), (80, 24), (200, 50), (40, 12), (1, 1), (15, 3)];
const KEYS: &[u8] = b"  llhhgGoooj]}[{wrfFbc?/nN12345@0tv\t";

/// Presses `keys` in an app that runs `records`. Changes the size and draws now and then.
pub fn check(announced: Timeline, records: Vec<StepRecord>, keys: &[u8]) {
    let size = SIZES[keys.first().map_or(0, |key| *key as usize) % SIZES.len()];
    let app = App::new(size, Vec::new(), true);
    let mut driver = Driver::open(app, announced, RecordedSteps::new(records));
    for (nth, key) in keys.iter().enumerate() {
        if nth % 6 == 5 {
            let (columns, rows) = SIZES[*key as usize % SIZES.len()];
            app::resize(&mut driver.app, (columns, rows));
        }
        if nth % 3 == 0 {
            check_screen(&driver.app);
        }
        driver.key(event(*key));
    }
    check_screen(&driver.app);
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

/// Draws the screen and asserts that every cell is safe.
fn check_screen(app: &App) {
    let (columns, rows) = app.size;
    let mut terminal =
        Terminal::new(TestBackend::new(columns, rows)).expect("a test backend always opens");
    terminal
        .draw(|frame| draw(frame, app, &Theme::dark()))
        .expect("a test backend can be drawn on");
    for cell in terminal.backend().buffer().content() {
        assert_safe(cell.symbol(), false);
    }
}
