//! The search for text and bytes in the memory shown, and the jump to an address.

use super::address_names::{self, UnknownName};
use super::viewport;
use crate::app::{Action, App, Overlay, Search};
use crate::safe;
use crate::timeline::Image;

/// What a typed line searches for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wanted {
    /// Bytes that memory contains.
    Bytes(Vec<u8>),
    /// `@name+offset` or `@0x400`, where the name is one of `App::names`.
    Address {
        /// The address that `offset` is added to.
        base: Base,
        /// The number of bytes to add.
        offset: i128,
    },
}

/// The base of an address.
#[derive(Debug, Clone, PartialEq)]
pub enum Base {
    /// An address, in bytes.
    Number(u64),
    /// A name that has an address.
    Name(String),
}

/// Why a search found no place to go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The hex digits are not pairs.
    #[error("Bytes are pairs of hex digits: hex\"ff fe 00\".")]
    Bytes,
    /// A text in quotes has an unknown escape.
    #[error("The escapes are \\n \\t \\r \\0 \\\\ \\\" and \\u{{…}}.")]
    Escape,
    /// The line is empty.
    #[error("There is nothing to find.")]
    Empty,
    /// The address is neither a number nor a name.
    #[error("An address is a number or a name: @0x400, @1024, @ptr, @ptr+12, @stack, @heap.")]
    Address,
    /// No name in an address is known.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// The address is not in memory.
    #[error("{address:#x} is past the end of memory, which has {len:#x} bytes.")]
    PastTheEnd {
        /// The address, in bytes.
        address: u64,
        /// The length of memory, in bytes.
        len: u64,
    },
    /// The address is less than 0.
    #[error("This address is before the start of memory.")]
    BeforeTheStart,
}

/// Parses a line: `@0x400`, `@1024`, `@ptr+12` are addresses; `hex"ff fe"` and `ff fe` are bytes;
/// anything else is text, which may have quotes and then the escapes of the steps language.
///
/// # Errors
/// The line is none of these, or nothing.
pub fn parse(typed: &str) -> Result<Wanted, SearchError> {
    if let Some(place) = typed.trim().strip_prefix('@') {
        return address(place.trim());
    }
    let trimmed = typed.trim();
    if let Some(inner) = trimmed.strip_prefix("hex\"") {
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        return non_empty(hex(inner).ok_or(SearchError::Bytes)?);
    }
    if let Some(inner) = trimmed
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return non_empty(unescape(inner).ok_or(SearchError::Escape)?.into_bytes());
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

fn non_empty(bytes: Vec<u8>) -> Result<Wanted, SearchError> {
    if bytes.is_empty() {
        Err(SearchError::Empty)
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

fn address(place: &str) -> Result<Wanted, SearchError> {
    let (base, offset) = match place.rfind(['+', '-']).map(|at| place.split_at(at)) {
        Some((base, offset)) => {
            let (sign, digits) = offset.split_at(1);
            let size = i128::from(number(digits.trim()).ok_or(SearchError::Address)?);
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
        .ok_or(SearchError::Address)
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

/// Opens the line for what to find.
pub(in crate::app) fn open(app: &mut App) {
    app.overlay = Overlay::Search {
        input: tui_input::Input::default(),
    };
}

/// Searches for what was typed. A line that cannot be parsed stays open.
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
        Err(error) => app.notify_error(error.to_string()),
    }
}

/// Replaces an address by its number.
///
/// # Errors
/// The name is not known, or the address is not in memory.
fn resolve(app: &App, wanted: Wanted) -> Result<Wanted, SearchError> {
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
        Ok(address) => Err(SearchError::PastTheEnd { address, len }),
        Err(_) => Err(SearchError::BeforeTheStart),
    }
}

/// Returns the address that `place` is, written as after `@`: `0x400`, `ptr+12`.
///
/// # Errors
/// It is none, the name is not known, or the address is not in memory.
pub(in crate::app) fn address_of(app: &App, place: &str) -> Result<u64, SearchError> {
    match resolve(app, address(place.trim())?)? {
        Wanted::Address {
            base: Base::Number(address),
            ..
        } => Ok(address),
        Wanted::Address { .. } | Wanted::Bytes(_) => Err(SearchError::Address),
    }
}

/// Goes to the next match.
pub(in crate::app) fn find_next(app: &mut App) {
    find_from(app, app.cursor.saturating_add(1));
}

/// Goes to the previous match.
pub(in crate::app) fn find_previous(app: &mut App) {
    let Some(search) = &app.search else {
        return notify_no_search(app);
    };
    let memory = app.memory();
    let before = memory.rfind(&search.needle, app.cursor);
    let found = before.or_else(|| last_place(&memory, &search.needle));
    arrive(
        app,
        found,
        before.is_none(),
        "Continued from the end of memory.",
    );
}

fn find_from(app: &mut App, from: u64) {
    let Some(search) = &app.search else {
        return notify_no_search(app);
    };
    let memory = app.memory();
    let ahead = memory.find(&search.needle, from);
    let found = ahead.or_else(|| memory.find(&search.needle, 0));
    arrive(
        app,
        found,
        ahead.is_none(),
        "Continued from the start of memory.",
    );
}

fn last_place(memory: &Image, needle: &[u8]) -> Option<u64> {
    memory.rfind(needle, memory.len())
}

fn arrive(app: &mut App, found: Option<u64>, wrapped: bool, if_wrapped: &str) {
    let Some(search) = &mut app.search else {
        return;
    };
    search.found = found;
    let len = search.needle.len() as u64;
    match found {
        Some(at) => {
            if wrapped {
                app.notify(if_wrapped);
            }
            viewport::go_to(app, at, len);
        }
        None => {
            let typed = safe::cut(search.typed.trim(), 40);
            app.notify_error(format!("{typed} is not in the memory of this step."));
        }
    }
}

fn notify_no_search(app: &mut App) {
    let find = app.keys.key_of(Action::OpenSearch);
    app.notify(format!("There is no search yet: press {find} first."));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: &[u8]) -> Result<Wanted, SearchError> {
        Ok(Wanted::Bytes(bytes.to_vec()))
    }

    fn number(n: u64, offset: i128) -> Result<Wanted, SearchError> {
        Ok(Wanted::Address {
            base: Base::Number(n),
            offset,
        })
    }

    #[test]
    fn lines_are_parsed_as_people_mean_them() {
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
