//! Tells what a file is by its content, never by its name: a binary module, a text one, or
//! something else, and what.

use std::path::Path;

use wasmparser::Parser;

use super::{Assembled, GuestError};
use crate::safe;

const MAGIC: &[u8] = b"\0asm";

/// Longest line of a text module that an error shows.
const LONGEST_LINE: usize = 400;

/// Longest line of a text module that line tables are made for, in bytes. Their writer looks
/// through the rest of the line for each instruction; and nobody finds an instruction by the number
/// of such a line.
const LONGEST_TABLED: usize = 1 << 16;

/// Takes a file's bytes for a module. A text module is made a binary one, with line tables; a
/// binary one is `None`.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Option<Assembled>, GuestError> {
    if bytes.is_empty() {
        return Err(GuestError::Empty { name: name.into() });
    }
    if bytes.starts_with(MAGIC) {
        return check_whole(name, bytes).map(|()| None);
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if wat::Detect::from_bytes(text) == wat::Detect::WasmText => {
            let wasm = assemble(name, text)?;
            check_whole(name, &wasm)?;
            Ok(Some(Assembled {
                text: text.into(),
                wasm,
            }))
        }
        _ => Err(GuestError::NotWasm {
            name: name.into(),
            looks: looks_like(bytes),
        }),
    }
}

fn assemble(name: &str, text: &str) -> Result<Vec<u8>, GuestError> {
    let path = if name.is_empty() { "guest.wat" } else { name };
    let mut parser = wat::Parser::new();
    // The writer of line tables asserts that no name holds a NUL, which a quoted identifier or an
    // annotation may.
    let has_quoted_names = text.contains("$\"") || text.contains("@name");
    let has_lines = text.split('\n').all(|line| line.len() <= LONGEST_TABLED);
    if !path.contains('\0') && !has_quoted_names && has_lines {
        parser.generate_dwarf(wat::GenerateDwarf::Lines);
    }
    parser
        .parse_str(Some(Path::new(path)), text)
        .map_err(|error| {
            let message = error.to_string();
            match message.contains("parsing components disabled") {
                true => GuestError::Component { name: name.into() },
                false => GuestError::Text {
                    message: shown(&message),
                },
            }
        })
}

/// The text format's message, each line safe to print; without the source line where that is too
/// long to be read.
fn shown(message: &str) -> String {
    let too_long = message.lines().any(|line| line.len() > LONGEST_LINE);
    let lines = message.lines().take(if too_long { 2 } else { usize::MAX });
    lines
        .map(|line| safe::cut(line, LONGEST_LINE))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Refuses a component, and a module in which a section runs past the end of the file.
fn check_whole(name: &str, wasm: &[u8]) -> Result<(), GuestError> {
    let cut_short = |place: &str| GuestError::Truncated {
        name: name.into(),
        end: wasm.len() as u64,
        place: place.into(),
    };
    let Some((header, mut rest)) = wasm.split_at_checked(8) else {
        return Err(cut_short("the header"));
    };
    if Parser::is_component(header) {
        return Err(GuestError::Component { name: name.into() });
    }
    while let Some((id, after)) = rest.split_first() {
        let place = section_name(*id);
        let (len, contents) = leb128(after).ok_or_else(|| cut_short(place))?;
        rest = usize::try_from(len)
            .ok()
            .and_then(|len| contents.get(len..))
            .ok_or_else(|| cut_short(place))?;
    }
    Ok(())
}

/// A section's length and what follows it. An overlong number reads as 0, for validation to refuse.
fn leb128(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(i + 1..)?));
        }
    }
    if bytes.len() < 5 {
        None
    } else {
        Some((0, &[]))
    }
}

fn section_name(id: u8) -> &'static str {
    match id {
        0 => "a custom section",
        1 => "the type section",
        2 => "the import section",
        3 => "the function section",
        4 => "the table section",
        5 => "the memory section",
        6 => "the global section",
        7 => "the export section",
        8 => "the start section",
        9 => "the element section",
        10 => "the code section",
        11 => "the data section",
        12 => "the data count section",
        13 => "the tag section",
        _ => "a section of a kind that does not exist",
    }
}

/// What the first bytes look like, as the rest of "is not a WebAssembly module: ".
fn looks_like(bytes: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 13] = [
        (b"\x1f\x8b", "it is compressed with gzip; unpack it first"),
        (
            b"\x28\xb5\x2f\xfd",
            "it is compressed with zstd; unpack it first",
        ),
        (b"PK\x03\x04", "it is a zip archive; unpack it first"),
        (
            b"\x7fELF",
            "it is an ELF program for this kind of machine; build it for a wasm target",
        ),
        (b"MZ", "it is a Windows program; build it for a wasm target"),
        (
            b"\xcf\xfa\xed\xfe",
            "it is a macOS program; build it for a wasm target",
        ),
        (b"!<arch>\n", "it is a static library; link it into a .wasm"),
        (
            b"BC\xc0\xde",
            "it is LLVM bitcode; compile and link it into a .wasm",
        ),
        (b"\xff\xfe", "it is text in UTF-16; save it as UTF-8"),
        (b"\xfe\xff", "it is text in UTF-16; save it as UTF-8"),
        (
            b"version https://git-lfs",
            "it is a Git LFS pointer; fetch the file itself with `git lfs pull`",
        ),
        (b"%PDF", "it is a PDF"),
        (b"\x89PNG", "it is a PNG picture"),
    ];
    if let Some((_, looks)) = KNOWN.iter().find(|(start, _)| bytes.starts_with(start)) {
        return (*looks).into();
    }
    let trimmed = bytes.trim_ascii_start();
    if trimmed.first() == Some(&b'<') {
        return "it looks like an HTML page, perhaps an error page that was saved in the module's \
                place"
            .into();
    }
    let start = bytes.get(..16).unwrap_or(bytes);
    if trimmed.is_empty() {
        return "it holds nothing but white space".into();
    }
    if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) {
        let line = trimmed
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or(trimmed);
        if line.starts_with(b"module \"") {
            return format!(
                "it is a session; name the module that it runs on: {}",
                safe::lossy(line, 60)
            );
        }
        return format!(
            "it is text that begins with \"{}\", where a text module begins with (module",
            safe::lossy(line, 40)
        );
    }
    let hex: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "it begins with the bytes {}, where a module begins with 00 61 73 6d",
        hex.join(" ")
    )
}
