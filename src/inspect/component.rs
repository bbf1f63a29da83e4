//! The core modules of a component, as text and JSON.

use std::io;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::writer::MarginWriter;
use super::{Format, Options, paths};
use crate::guest::Component;
use crate::safe;
use crate::text::{count, list};

/// Most core modules that are listed as text.
const MOST_MODULES: usize = 40;

/// Most exports of a core module that are named, and the characters of each.
const MOST_EXPORTS: usize = 3;
const NAME: usize = 40;

/// Characters of a path that are shown before it is cut.
const PATH: usize = 400;

/// Lists the core modules of a component.
///
/// # Errors
/// Those of `out`.
pub fn write(component: &Component, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    match options.format {
        Format::Text => write_text(component, options, out),
        Format::Json => {
            safe::json::write_pretty(&document(component), &mut *out)?;
            out.write_all(b"\n")?;
            out.flush()
        }
    }
}

fn sha256(component: &Component) -> String {
    let digest = Sha256::digest(component.bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_text(component: &Component, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut out = MarginWriter::new(options, out);
    out.edge(&safe::cut(component.name(), PATH), true)?;
    out.edge(&count(component.bytes().len(), "byte"), false)?;
    out.edge(&format!("sha256 {}", sha256(component)), false)?;
    out.part("component")?;
    let modules = count(component.count(), "core module");
    out.text(
        &format!("a component with {modules}; each may have a memory"),
        0,
    )?;
    out.part("modules")?;
    for number in 0..component.count().min(MOST_MODULES) {
        let bytes = component.core_module(number).map_or(0, <[u8]>::len);
        out.text(
            &format!(
                "{number}: {}; {}",
                count(bytes, "byte"),
                contents(component, number)
            ),
            3,
        )?;
    }
    if component.count() > MOST_MODULES {
        let more = component.count() - MOST_MODULES;
        out.line(&format!("{more} more; --format json has them all"))?;
    }
    out.part("next")?;
    let path = paths::shell(component.name());
    out.line(&format!("linmem inspect {path} --core 0"))?;
    out.line(&format!("linmem init {path} --core 0 > core.steps"))
}

/// Returns what a core module imports and exports, in a few words.
fn contents(component: &Component, number: usize) -> String {
    let Some(guest) = component.describe(number) else {
        return "not a valid module".into();
    };
    let exports = guest.exports();
    let imports = count(guest.imports().len(), "import");
    if exports.is_empty() {
        return format!("{imports}, no exports");
    }
    let names = exports.iter().map(|export| safe::cut(&export.name, NAME));
    format!("{imports}; exports {}", list::first(names, MOST_EXPORTS))
}

fn document(component: &Component) -> Value {
    let modules: Vec<Value> = (0..component.count())
        .map(|number| {
            let guest = component.describe(number);
            json!({
                "number": number,
                "bytes": component.core_module(number).map_or(0, <[u8]>::len),
                "imports": guest.as_ref().map(|guest| guest.imports().len()),
                "exports": guest.as_ref().map(|guest| guest.exports().len()),
            })
        })
        .collect();
    json!({
        "schema": "linmem.inspect/1",
        "path": component.name(),
        "bytes": component.bytes().len(),
        "sha256": sha256(component),
        "form": "component",
        "core_modules": modules,
    })
}
