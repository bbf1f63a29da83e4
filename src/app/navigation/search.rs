//! Finding text, bytes and addresses in the memory shown.

use super::{address_names, viewport};
use crate::app::{Action, App, Overlay, Search};
use crate::safe;
use crate::timeline::Image;

/// What the typed line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    Bytes(Vec<u8>),
    /// `@name+offset` or `@0x400`: a name is that of a pointer variable or of a part of memory.
    Address {
        base: Base,
        offset: i128,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    Number(u64),
    Name(String),
}

/// Reads a line: `@0x400`, `@1024`, `@ptr+12` are addresses; `hex"ff fe"` and `ff fe` are bytes;
/// anything else is text, which may stand in quotes with the escapes of the steps language. The
/// error says what is wrong with it.
pub fn parse(typed: &str) -> Result<Wanted, String> {
    if let Some(place) = typed.trim().strip_prefix('@') {
        return address(place.trim());
    }
    let trimmed = typed.trim();
    if let Some(inner) = trimmed.strip_prefix("hex\"") {
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        let bytes = hex(inner)
            .ok_or_else(|| "Bytes are pairs of hex digits: hex\"ff fe 00\".".to_owned())?;
        return non_empty(bytes);
    }
    if let Some(inner) = trimmed
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        let text = unescape(inner)
            .ok_or_else(|| "The escapes are \\n \\t \\r \\0 \\\\ \\\" and \\u{…}.".to_owned())?;
        return non_empty(text.into_bytes());
    }
    let pairs: Vec<&str> = trimmed.split_whitespace().collect();
    if pairs.len() > 1
        && pairs.iter().all(|pair| pair.len() == 2)
        && let Some(bytes) = hex(trimmed)
    {
        return Ok(Wanted::Bytes(bytes));
    }
    non_empty(typed.as_bytes().to_vec())
}

fn non_empty(bytes: Vec<u8>) -> Result<Wanted, String> {
    if bytes.is_empty() {
        Err("There is nothing to find.".to_owned())
    } else {
        Ok(Wanted::Bytes(bytes))
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            '\\' => '\\',
            '"' => '"',
            'u' => {
                let rest = chars.as_str().strip_prefix('{')?;
                let (digits, after) = rest.split_once('}')?;
                chars = after.chars();
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        });
    }
    Some(out)
}

fn address(place: &str) -> Result<Wanted, String> {
    let help = || {
        "An address is a number or a name: @0x400, @1024, @ptr, @ptr+12, @stack, @heap.".to_owned()
    };
    let (base, offset) = match place.rfind(['+', '-']).map(|at| place.split_at(at)) {
        Some((base, offset)) => {
            let (sign, digits) = offset.split_at(1);
            let size = i128::from(number(digits.trim()).ok_or_else(help)?);
            (base.trim(), if sign == "-" { -size } else { size })
        }
        None => (place, 0),
    };
    let starts_like_a_name =
        base.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '.'));
    if starts_like_a_name {
        return Ok(Wanted::Address {
            base: Base::Name(base.to_owned()),
            offset,
        });
    }
    number(base)
        .map(|n| Wanted::Address {
            base: Base::Number(n),
            offset,
        })
        .ok_or_else(help)
}

fn number(text: &str) -> Option<u64> {
    let text = text.replace('_', "");
    if text.starts_with('+') {
        return None;
    }
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// Opens the line to type what to find.
pub(in crate::app) fn open(app: &mut App) {
    app.overlay = Overlay::Search {
        input: tui_input::Input::default(),
    };
}

/// Does what was typed; a line that cannot be read stays open with the reason.
pub(in crate::app) fn confirm(app: &mut App) {
    let Overlay::Search { input } = &app.overlay else {
        return;
    };
    let typed = input.value().to_owned();
    match parse(&typed).and_then(|wanted| resolve(app, wanted)) {
        Ok(Wanted::Bytes(needle)) => {
            app.overlay = Overlay::None;
            app.search = Some(Search {
                typed,
                needle,
                found: None,
            });
            find_from(app, app.cursor);
        }
        Ok(Wanted::Address {
            base: Base::Number(at),
            ..
        }) => {
            app.overlay = Overlay::None;
            viewport::go_to(app, at, 1);
        }
        Ok(Wanted::Address { .. }) => {}
        Err(why) => app.complain(why),
    }
}

/// Turns an address into a plain number inside memory.
fn resolve(app: &App, wanted: Wanted) -> Result<Wanted, String> {
    let Wanted::Address { base, offset } = wanted else {
        return Ok(wanted);
    };
    let start = match base {
        Base::Number(n) => n,
        Base::Name(name) => address_names::find(app, &name)?,
    };
    let len = app.memory().len();
    let at = i128::from(start).saturating_add(offset);
    match u64::try_from(at) {
        Ok(at) if at < len => Ok(Wanted::Address {
            base: Base::Number(at),
            offset: 0,
        }),
        Ok(at) => Err(format!(
            "{at:#x} lies past the end of memory, which has {len:#x} bytes."
        )),
        Err(_) => Err("That address lies before the start of memory.".to_owned()),
    }
}

pub(in crate::app) fn find_next(app: &mut App) {
    find_from(app, app.cursor.saturating_add(1));
}

pub(in crate::app) fn find_previous(app: &mut App) {
    let Some(search) = &app.search else {
        return nothing_sought(app);
    };
    let memory = app.memory();
    let before = memory.rfind(&search.needle, app.cursor);
    let found = before.or_else(|| last_place(&memory, &search.needle));
    arrive(
        app,
        found,
        before.is_none(),
        "From the end of memory again.",
    );
}

fn find_from(app: &mut App, from: u64) {
    let Some(search) = &app.search else {
        return nothing_sought(app);
    };
    let memory = app.memory();
    let ahead = memory.find(&search.needle, from);
    let found = ahead.or_else(|| memory.find(&search.needle, 0));
    arrive(
        app,
        found,
        ahead.is_none(),
        "From the start of memory again.",
    );
}

fn last_place(memory: &Image, needle: &[u8]) -> Option<u64> {
    memory.rfind(needle, memory.len())
}

fn arrive(app: &mut App, found: Option<u64>, wrapped: bool, wrapped_words: &str) {
    let Some(search) = &mut app.search else {
        return;
    };
    search.found = found;
    let len = search.needle.len() as u64;
    match found {
        Some(at) => {
            if wrapped {
                app.say(wrapped_words);
            }
            viewport::go_to(app, at, len);
        }
        None => {
            let typed = safe::cut(search.typed.trim(), 40);
            app.complain(format!("{typed} is nowhere in the memory of this step."));
        }
    }
}

fn nothing_sought(app: &mut App) {
    let find = app.keys.key_of(Action::OpenSearch);
    app.say(format!(
        "Nothing is being looked for yet: press {find} first."
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: &[u8]) -> Result<Wanted, String> {
        Ok(Wanted::Bytes(bytes.to_vec()))
    }

    fn number(n: u64, offset: i128) -> Result<Wanted, String> {
        Ok(Wanted::Address {
            base: Base::Number(n),
            offset,
        })
    }

    #[test]
    fn lines_are_read_as_people_mean_them() {
        assert_eq!(parse("Did you"), bytes(b"Did you"));
        assert_eq!(parse(" Wasm"), bytes(b" Wasm"));
        assert_eq!(parse("ff fe"), bytes(b"\xff\xfe"));
        assert_eq!(parse("hex\"FF fe00\""), bytes(b"\xff\xfe\0"));
        assert_eq!(parse("\"ff fe\""), bytes(b"ff fe"));
        assert_eq!(parse(r#""a\n\u{e9}""#), bytes("a\né".as_bytes()));
        assert_eq!(parse("be"), bytes(b"be"));
        assert_eq!(parse("is my hat"), bytes(b"is my hat"));
        assert_eq!(parse("é 日"), bytes("é 日".as_bytes()));
        assert_eq!(parse("@0x400"), number(1024, 0));
        assert_eq!(parse(" @1_024-0x10"), number(1024, -16));
        assert_eq!(
            parse("@.rodata"),
            Ok(Wanted::Address {
                base: Base::Name(".rodata".into()),
                offset: 0
            })
        );
        assert_eq!(
            parse("@ptr + 12"),
            Ok(Wanted::Address {
                base: Base::Name("ptr".into()),
                offset: 12
            })
        );
    }

    #[test]
    fn lines_that_mean_nothing_are_refused_with_a_reason() {
        for typed in [
            "",
            "hex\"f\"",
            "hex\"\"",
            "@",
            "@+",
            "@0x",
            "@0x+1",
            "@12z",
            "@ptr+x",
            r#""\q""#,
            r#""\u{d800}""#,
        ] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }
}
