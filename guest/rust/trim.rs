//! Cuts the standard library's debug information out of the linked guest, and the builder's folders out of the rest.
//!
//! `trim LINKED OBJECT OUT`: LINKED is the guest as the linker made it, OBJECT the crate's own object file.
//!
//! Linked whole, the guest has 5 MB, nearly all of it debug information of the standard library, most of that about
//! functions which the linker dropped. The linker puts the crate's object first, so of each debug section the first
//! bytes, as many as the object has, are the crate's own; offsets between the sections stay what they were.

use std::{env, fs, process};

type Result<T> = std::result::Result<T, String>;

/// These index all units by name; with one unit left nobody needs them.
const DROPPED: [&str; 2] = [".debug_pubnames", ".debug_pubtypes"];
/// The linker changes nothing in these, so they prove that the crate's object really came first.
const UNCHANGED: [&str; 2] = [".debug_abbrev", ".debug_str"];

fn main() {
    if let Err(message) = run() {
        eprintln!("error: {message}");
        process::exit(1);
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (linked, object, out) = match arguments.as_slice() {
        [linked, object, out] => (linked, object, out),
        _ => return Err("usage: trim LINKED OBJECT OUT".into()),
    };
    let read = |path: &String| fs::read(path).map_err(|e| format!("{path}: {e}"));
    let (linked, object) = (read(linked)?, read(object)?);
    fs::write(out, trim(&linked, &object)?).map_err(|e| format!("{out}: {e}"))
}

fn trim(linked: &[u8], object: &[u8]) -> Result<Vec<u8>> {
    let own = sections(object)?;
    let mut out = linked[..8].to_vec();
    for section in sections(linked)? {
        let name = match section.name {
            Some(name) if name.starts_with(".debug_") => name,
            _ => {
                push_section(&mut out, section.id, section.payload);
                continue;
            }
        };
        let part = match own.iter().find(|s| s.name == Some(name)) {
            Some(part) if !DROPPED.contains(&name) => part,
            _ => continue,
        };
        let kept = section.content().get(..part.content().len()).ok_or("the linked section is the shorter one")?;
        if UNCHANGED.contains(&name) && kept != part.content() {
            return Err(format!("{name} does not begin with the crate's own: the linker's order is not as expected"));
        }
        let kept = if name == ".debug_line" { without_folders(kept)? } else { kept.to_vec() };
        let mut payload = Vec::new();
        push_number(&mut payload, name.len());
        payload.extend(name.as_bytes());
        payload.extend(kept);
        push_section(&mut out, 0, &payload);
    }
    Ok(out)
}

/// The line table with each folder of the standard library's sources shortened to begin at `library/`, wherever the
/// builder's machine has them. Folders stand in the table's header (DWARF 4, 6.2.4), which holds two lengths to adjust.
fn without_folders(table: &[u8]) -> Result<Vec<u8>> {
    let number = |at: usize| table.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let (length, header) = number(0).zip(number(6)).ok_or("the line table is too short")?;
    if table.get(4..6) != Some(&[4, 0]) || length + 4 != table.len() {
        return Err("the crate's line table is not one table of DWARF 4".into());
    }
    // Behind the second length: five single bytes, then one byte for each opcode but the first.
    let opcode_base = usize::from(*table.get(15).ok_or("the line table is too short")?);
    let folders = 15 + opcode_base;
    let mut out = table.get(..folders).ok_or("the line table is too short")?.to_vec();
    let mut rest = &table[folders..];
    loop {
        let end = rest.iter().position(|b| *b == 0).ok_or("a folder's name does not end")?;
        let (folder, behind) = rest.split_at(end);
        rest = behind;
        if folder.is_empty() {
            break;
        }
        let text = std::str::from_utf8(folder).map_err(|e| e.to_string())?;
        let kept = match text.find("/library/") {
            Some(at) if text.starts_with('/') => &text[at + 1..],
            _ => text,
        };
        out.extend(kept.as_bytes());
        out.push(0);
        rest = &rest[1..];
    }
    out.extend(rest);
    let removed = table.len() - out.len();
    for (at, value) in [(0, length - removed), (6, header - removed)] {
        out[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
    }
    Ok(out)
}

struct Section<'a> {
    id: u8,
    /// Of a custom section.
    name: Option<&'a str>,
    payload: &'a [u8],
    content_at: usize,
}

impl<'a> Section<'a> {
    /// The payload without the name.
    fn content(&self) -> &'a [u8] {
        &self.payload[self.content_at..]
    }
}

fn sections(module: &[u8]) -> Result<Vec<Section<'_>>> {
    let mut rest = module.strip_prefix(b"\0asm\x01\0\0\0").ok_or("not a WebAssembly module")?;
    let mut sections = Vec::new();
    while let Some((id, behind)) = rest.split_first() {
        let (size, behind) = take_number(behind)?;
        let payload = behind.get(..size).ok_or("a section is cut off")?;
        rest = &behind[size..];
        let (name, content_at) = if *id == 0 {
            let (length, text) = take_number(payload)?;
            let name = text.get(..length).and_then(|n| std::str::from_utf8(n).ok()).ok_or("a section's name is bad")?;
            (Some(name), payload.len() - text.len() + length)
        } else {
            (None, 0)
        };
        sections.push(Section { id: *id, name, payload, content_at });
    }
    Ok(sections)
}

fn push_section(out: &mut Vec<u8>, id: u8, payload: &[u8]) {
    out.push(id);
    push_number(out, payload.len());
    out.extend(payload);
}

/// LEB128, unsigned.
fn take_number(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[i + 1..]));
        }
    }
    Err("a number does not end".into())
}

fn push_number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
