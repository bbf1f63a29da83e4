//! Keys as people write them (`ctrl-z`, `space`, `→`) and as the terminal reports them. Knows no
//! actions.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Parses a key such as `g`, `G`, `ctrl-z`, `shift-tab` or `shift-←`; `None` for anything else.
pub fn parse(spec: &str) -> Option<KeyEvent> {
    let mut modifiers = KeyModifiers::NONE;
    let mut name = spec;
    while let Some((word, rest)) = name.split_once('-').filter(|(_, rest)| !rest.is_empty()) {
        modifiers |= match word {
            "ctrl" => KeyModifiers::CONTROL,
            "alt" => KeyModifiers::ALT,
            "shift" => KeyModifiers::SHIFT,
            _ => return None,
        };
        name = rest;
    }
    let code = match name {
        "→" | "right" => KeyCode::Right,
        "←" | "left" => KeyCode::Left,
        "↑" | "up" => KeyCode::Up,
        "↓" | "down" => KeyCode::Down,
        "space" => KeyCode::Char(' '),
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backspace" => KeyCode::Backspace,
        "del" => KeyCode::Delete,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        name => {
            let mut chars = name.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => KeyCode::Char(c),
                _ => return None,
            }
        }
    };
    Some(normal(KeyEvent::new(code, modifiers)))
}

/// Returns the one form of a key that terminals report in several: shift is part of a character,
/// `shift-tab` is a key of its own, and `ctrl` takes letters of either case.
pub(crate) fn normal(event: KeyEvent) -> KeyEvent {
    let held = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
    let without_shift = held - KeyModifiers::SHIFT;
    match event.code {
        KeyCode::Char(c) if held.contains(KeyModifiers::CONTROL) => {
            KeyEvent::new(KeyCode::Char(c.to_ascii_lowercase()), without_shift)
        }
        KeyCode::Char(c) if held.contains(KeyModifiers::SHIFT) => {
            KeyEvent::new(KeyCode::Char(c.to_ascii_uppercase()), without_shift)
        }
        KeyCode::Tab if held.contains(KeyModifiers::SHIFT) => {
            KeyEvent::new(KeyCode::BackTab, without_shift)
        }
        KeyCode::BackTab | KeyCode::Enter | KeyCode::Backspace | KeyCode::Esc => {
            KeyEvent::new(event.code, without_shift)
        }
        code => KeyEvent::new(code, held),
    }
}

/// Returns the character that a key types. `ctrl` and `alt` together are AltGr on some keyboards.
pub(crate) fn typed(event: KeyEvent) -> Option<char> {
    let held = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    match event.code {
        KeyCode::Char(c)
            if held.is_empty() || held == KeyModifiers::CONTROL | KeyModifiers::ALT =>
        {
            Some(if event.modifiers.contains(KeyModifiers::SHIFT) {
                c.to_ascii_uppercase()
            } else {
                c
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_reported_keys_are_equal() {
        let rows = [
            ("G", KeyCode::Char('G'), KeyModifiers::SHIFT),
            ("G", KeyCode::Char('g'), KeyModifiers::SHIFT),
            ("?", KeyCode::Char('?'), KeyModifiers::SHIFT),
            (
                "ctrl-c",
                KeyCode::Char('C'),
                KeyModifiers::CONTROL | KeyModifiers::SHIFT,
            ),
            ("shift-tab", KeyCode::BackTab, KeyModifiers::SHIFT),
            ("shift-tab", KeyCode::Tab, KeyModifiers::SHIFT),
            ("shift-←", KeyCode::Left, KeyModifiers::SHIFT),
            ("space", KeyCode::Char(' '), KeyModifiers::NONE),
            ("-", KeyCode::Char('-'), KeyModifiers::NONE),
        ];
        for (spec, code, modifiers) in rows {
            assert_eq!(
                parse(spec),
                Some(normal(KeyEvent::new(code, modifiers))),
                "{spec}"
            );
        }
        assert_eq!(parse("hyper-x"), None);
        assert_eq!(parse("Hom"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn shortcuts_type_nothing() {
        let event = |modifiers| KeyEvent::new(KeyCode::Char('q'), modifiers);
        assert_eq!(typed(event(KeyModifiers::NONE)), Some('q'));
        assert_eq!(typed(event(KeyModifiers::CONTROL)), None);
        assert_eq!(
            typed(event(KeyModifiers::CONTROL | KeyModifiers::ALT)),
            Some('q')
        );
        assert_eq!(
            typed(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE)),
            None
        );
    }
}
