//! Detects by the content of a file, never by its name, whether it is a binary module, a text
//! module, or something else.

use std::path::Path;

use wasmparser::Parser;

use super::{Assembled, GuestError, component};
use crate::safe;

const MAGIC: &[u8] = b"\0asm";

/// The longest line of a text module in an error, in bytes.
const MAX_SHOWN_LINE: usize = 400;

/// The longest line of a text module for which line tables are written, in bytes. Their writer
/// scans the rest of the line for each instruction, and nobody finds an instruction by the number
/// of such a line.
const MAX_LINE_WITH_TABLES: usize = 1 << 16;

/// Reads the bytes of a file as a module. A text module is assembled, with line tables; for a
/// binary one the result is `None`.
///
/// # Errors
///
/// Returns an error if the bytes are no module, or one that is incomplete or invalid.
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
            contents: describe_contents(bytes),
        }),
    }
}

fn assemble(name: &str, text: &str) -> Result<Vec<u8>, GuestError> {
    let path = if name.is_empty() { "guest.wat" } else { name };
    let mut parser = wat::Parser::new();
    // The writer of line tables asserts that no name contains a NUL, which a quoted identifier or
    // an annotation may.
    let has_quoted_names = text.contains("$\"") || text.contains("@name");
    let has_lines = text
        .split('\n')
        .all(|line| line.len() <= MAX_LINE_WITH_TABLES);
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
                    message: printable_message(&message),
                },
            }
        })
}

/// Returns a message of the text parser, each line safe to print. The source line is left out if it
/// is too long to be read.
fn printable_message(message: &str) -> String {
    let too_long = message.lines().any(|line| line.len() > MAX_SHOWN_LINE);
    let lines = message.lines().take(if too_long { 2 } else { usize::MAX });
    lines
        .map(|line| safe::cut(line, MAX_SHOWN_LINE))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Checks that a module is no component, and that no section ends after the file.
fn check_whole(name: &str, wasm: &[u8]) -> Result<(), GuestError> {
    let truncated = |place: &str| GuestError::Truncated {
        name: name.into(),
        end: wasm.len() as u64,
        place: place.into(),
    };
    let Some((header, mut rest)) = wasm.split_at_checked(8) else {
        return Err(truncated("the header"));
    };
    if Parser::is_component(header) {
        let modules = component::core_modules(wasm).map_or(0, |modules| modules.len());
        if modules > 0 {
            return Err(GuestError::CoreModules {
                name: name.into(),
                modules,
            });
        }
        return Err(GuestError::Component { name: name.into() });
    }
    while let Some((id, after)) = rest.split_first() {
        let place = section_name(*id);
        let (len, contents) = leb128(after).ok_or_else(|| truncated(place))?;
        rest = usize::try_from(len)
            .ok()
            .and_then(|len| contents.get(len..))
            .ok_or_else(|| truncated(place))?;
    }
    Ok(())
}

/// Returns the length of a section and what follows it. An overlong number is read as 0, and
/// validation finds it.
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

/// Returns what the first bytes look like, as the rest of "is not a WebAssembly module: ".
fn describe_contents(bytes: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 13] = [
        (b"\x1f\x8b", "it is compressed with gzip; unpack it first"),
        (
            b"\x28\xb5\x2f\xfd",
            "it is compressed with zstd; unpack it first",
        ),
        (b"PK\x03\x04", "it is a zip archive; unpack it first"),
        (
            b"\x7fELF",
            "it is a native ELF program; build it for a wasm target",
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
    if trimmed.is_empty() {
        return "it has nothing but white space".into();
    }
    if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) {
        return match trimmed.starts_with(b"module \"") {
            true => "it is a session; name the module that it runs on",
            false => "it is text, and a text module begins with (module",
        }
        .into();
    }
    "it is neither text nor a binary module, which begins with 00 61 73 6d".into()
}
