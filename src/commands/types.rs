//! `linmem types`: the layouts of types, of a module's debug information or of a steps file.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use linmem::data_types::{TypeSource, TypeTable};
use linmem::guest::{DebugTypes, Guest};
use linmem::inspect::Options;
use linmem::inspect::types::{TypeList, write_type, write_types};
use linmem::{safe, text};

use crate::cli::TypesArgs;

use super::load::{self, core_module, is_module};
use super::{input_file, inspect};

/// The most names that a list has without `--all`.
const MOST_NAMES: usize = 100;

/// The most names in a message.
const MOST_SIMILAR: usize = 5;

/// Characters of a name in a message.
const NAME: usize = 100;

pub fn types(args: &TypesArgs) -> Result<ExitCode> {
    let options = inspect::options(&args.output);
    let is_steps = args.core.is_none() && is_steps_file(&args.file);
    let mut out = BufWriter::new(io::stdout().lock());
    match is_steps {
        true => of_steps_file(args, &options, &mut out)?,
        false => of_module(args, &options, &mut out)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns whether a file is a session, by its ending.
fn is_steps_file(file: &Path) -> bool {
    let ending = file.extension().unwrap_or_default();
    load::is_stdin(file) || !is_module(file, &[]) && (ending == "steps" || ending == "md")
}

fn of_module(args: &TypesArgs, options: &Options, out: &mut dyn Write) -> Result<()> {
    let _notice = input_file::notice_of_wait(&args.file);
    let guest = Guest::load_for_inspection(&core_module(&args.file, args.core))?;
    let mut types = guest.debug_types();
    if types.is_empty() {
        bail!(
            "{} has no types in debug information; compile it with -g and do not strip it, or \
             declare types in a steps file: type Point = {{ x: f32, y: f32 }}",
            guest.name()
        );
    }
    let Some(name) = &args.name else {
        let filter = args.filter.as_deref().unwrap_or_default();
        let list = TypeList::of_module(guest.name(), &types, filter, args.all);
        return write_list(args, list, options, out);
    };
    let mut table = TypeTable::default();
    let Some(id) = types.find(name, &mut table) else {
        let known = types.names();
        let known: Vec<&str> = known.iter().map(|ty| ty.name.as_str()).collect();
        bail!(unknown(guest.name(), name, &known));
    };
    let matches = types.matches(name);
    let found = matches.first().map_or(name.as_str(), String::as_str);
    write_type(guest.name(), found, (&table, id), options, out)?;
    note_others(name, &matches);
    Ok(())
}

fn of_steps_file(args: &TypesArgs, options: &Options, out: &mut dyn Write) -> Result<()> {
    let (mut script, guest) = load::for_types(&args.file)?;
    let mut debug = guest.as_ref().map(Guest::debug_types);
    match &mut debug {
        Some(source) => script.resolve_types(source)?,
        None => script.resolve_types(&mut ())?,
    }
    let mut table = TypeTable::clone(script.types());
    let path = safe::plain(&script.source.name);
    let Some(name) = &args.name else {
        let filter = args.filter.as_deref().unwrap_or_default();
        let list = TypeList::of_table(&path, &table, filter);
        if list.types.is_empty() && filter.is_empty() {
            bail!(
                "{path} names no types; declare one: type Point = {{ x: f32, y: f32 }}, or list \
                 those of its module: linmem types MODULE"
            );
        }
        return write_list(args, list, options, out);
    };
    let found = table.find_any(name);
    let found = found.or_else(|| debug.as_mut()?.find(name, &mut table));
    let Some(id) = found else {
        let known: Vec<String> = known_names(&table, debug.as_ref());
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        bail!(unknown(&path, name, &known));
    };
    write_type(&path, name, (&table, id), options, out)?;
    Ok(())
}

fn known_names(table: &TypeTable, debug: Option<&DebugTypes>) -> Vec<String> {
    let declared = table.named().map(|(name, _)| name.to_owned());
    let debug = debug.map(DebugTypes::names).unwrap_or_default();
    declared
        .chain(debug.into_iter().map(|ty| ty.name))
        .collect()
}

fn write_list(
    args: &TypesArgs,
    list: TypeList,
    options: &Options,
    out: &mut dyn Write,
) -> Result<()> {
    if let Some(filter) = args.filter.as_deref()
        && list.types.is_empty()
        && list.variables.is_empty()
    {
        bail!(
            "no name of a type in {} contains {}",
            list.path,
            safe::quoted(filter, NAME)
        );
    }
    let list = TypeList {
        most: if args.all { usize::MAX } else { MOST_NAMES },
        ..list
    };
    Ok(write_types(&list, options, out)?)
}

/// Returns the message for a name that no type has, with the names nearest to it.
fn unknown(path: &str, name: &str, known: &[&str]) -> String {
    let last = |known: &str| -> String {
        let end = known.find('<').unwrap_or(known.len());
        let start = known.get(..end).and_then(|part| part.rfind("::"));
        let start = start.map_or(0, |at| at.saturating_add(2));
        known.get(start..).unwrap_or(known).to_owned()
    };
    let lower = name.to_lowercase();
    let mut similar: Vec<&str> = Vec::new();
    let short: Vec<String> = known.iter().map(|known| last(known)).collect();
    if let Some(near) = text::nearest(name, short.iter().map(String::as_str)) {
        let of = short.iter().zip(known).filter(|(short, _)| *short == near);
        similar.extend(of.map(|(_, known)| *known));
    }
    let containing = known
        .iter()
        .filter(|known| known.to_lowercase().contains(&lower));
    similar.extend(containing);
    let mut names: Vec<String> = Vec::new();
    for similar in similar {
        let shown = safe::quoted(similar, NAME);
        if !names.contains(&shown) && names.len() < MOST_SIMILAR {
            names.push(shown);
        }
    }
    let name = safe::quoted(name, NAME);
    match names.is_empty() {
        true => format!("{path} has no type {name}; `linmem types FILE` lists those that it has"),
        false => format!(
            "{path} has no type {name}; similar names: {}",
            names.join(", ")
        ),
    }
}

/// Writes to standard error that a name may mean other types too.
fn note_others(name: &str, matches: &[String]) {
    let Some((_, others @ [_, ..])) = matches.split_first() else {
        return;
    };
    let shown: Vec<String> = others
        .iter()
        .take(MOST_SIMILAR)
        .map(|other| safe::quoted(other, NAME))
        .collect();
    let more = match others.len().saturating_sub(MOST_SIMILAR) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    // Standard error is the last resort.
    let _ = writeln!(
        io::stderr(),
        "note: {} also ends the names of {}{more}",
        safe::quoted(name, NAME),
        shown.join(", ")
    );
}
