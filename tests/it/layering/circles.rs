//! The modules inside a part form no circles: of two modules in one folder at most one may depend on
//! the other, directly or through others.
//!
//! A file depends on the modules whose items it names through `crate::` or `super::`. A name that an
//! outer module imports counts as an item of the module that it is imported from. Items of an outer
//! module itself do not count, and neither does test code.

use std::collections::{BTreeMap, BTreeSet};

use super::scanner::{Token, text};
use super::{Source, sources};

/// The circles that exist, by folder. A circle that is opened must be removed here, and a new one
/// must be opened instead of added.
const KNOWN_CIRCLES: &[(&str, &[&str])] = &[
    // WASI functions act on the running guest, whose state includes that of WASI.
    ("session", &["imports", "wasi"]),
    // A recording settles its first entries while its step still runs, so it owns the replay that
    // settles recordings.
    (
        "timeline/event_log",
        &[
            "build",
            "changes",
            "leaf_index",
            "range_query",
            "recording",
            "summary",
        ],
    ),
];

/// A path of modules or names below `src`.
type Path = Vec<String>;

/// The dependencies between the modules of a folder, with the place of the first reference.
type Graph = BTreeMap<(String, String), String>;

#[test]
fn modules_form_no_new_circles() {
    let graphs = graphs(&sources());
    let mut found = Vec::new();
    for (folder, graph) in &graphs {
        for circle in circles(graph) {
            let places: Vec<String> = graph
                .iter()
                .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
                .map(|((from, to), place)| format!("  {place}: `{from}` names `{to}`"))
                .collect();
            found.push((folder.join("/"), circle, places.join("\n")));
        }
    }
    let is_known = |folder: &str, circle: &BTreeSet<String>| {
        KNOWN_CIRCLES.iter().any(|(known, members)| {
            *known == folder
                && members
                    .iter()
                    .copied()
                    .eq(circle.iter().map(String::as_str))
        })
    };
    let new: Vec<String> = found
        .iter()
        .filter(|(folder, circle, _)| !is_known(folder, circle))
        .map(|(folder, circle, places)| format!("src/{folder}: {circle:?}\n{places}"))
        .collect();
    assert!(
        new.is_empty(),
        "these modules form a circle; move what both need into a third one:\n{}",
        new.join("\n")
    );
    for (folder, members) in KNOWN_CIRCLES {
        assert!(
            found.iter().any(|(at, circle, _)| at == folder
                && members
                    .iter()
                    .copied()
                    .eq(circle.iter().map(String::as_str))),
            "src/{folder}: the circle {members:?} does not exist any more; remove it from KNOWN_CIRCLES"
        );
    }
}

/// Returns the dependencies between the modules of each folder.
fn graphs(sources: &[Source]) -> BTreeMap<Path, Graph> {
    let modules: BTreeMap<Path, &Source> = sources
        .iter()
        .map(|source| (module_path(&source.below), source))
        .collect();
    let imports: BTreeMap<&Path, BTreeMap<String, Path>> = modules
        .iter()
        .map(|(path, source)| (path, imports(path, &source.code())))
        .collect();
    let mut graphs: BTreeMap<Path, Graph> = BTreeMap::new();
    for (path, source) in &modules {
        if source.is_test_file() {
            continue;
        }
        for (target, line) in named_paths(path, &source.code()) {
            let target = resolve(&target, &modules, &imports);
            let common = path.iter().zip(&target).take_while(|(a, b)| a == b).count();
            // References between parts are in the table of parts.
            let (Some(from), Some(to), 1..) = (path.get(common), target.get(common), common) else {
                continue;
            };
            graphs
                .entry(path[..common].to_vec())
                .or_default()
                .entry((from.clone(), to.clone()))
                .or_insert_with(|| format!("src/{}:{line}", source.below));
        }
    }
    graphs
}

/// Returns the path of the module in a file, given the path of the file below `src`.
fn module_path(below: &str) -> Path {
    let mut path: Path = below
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if matches!(
        path.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        path.pop();
    }
    path
}

/// Returns the path of the module that a path leads to. A name that a module imports leads on to the
/// module that it is imported from.
fn resolve(
    path: &Path,
    modules: &BTreeMap<Path, &Source>,
    imports: &BTreeMap<&Path, BTreeMap<String, Path>>,
) -> Path {
    let mut path = path.clone();
    // Imports of imports end after a few rounds.
    for _ in 0..8 {
        let depth = (0..=path.len())
            .rev()
            .find(|depth| modules.contains_key(&path[..*depth]))
            .unwrap_or(0);
        let module = path[..depth].to_vec();
        let imported = path
            .get(depth)
            .and_then(|name| imports.get(&module)?.get(name))
            .filter(|imported| **imported != path);
        match imported {
            Some(imported) => path.clone_from(imported),
            None => return module,
        }
    }
    path
}

/// Returns the names that the module at `path` imports, with their full paths.
fn imports(path: &Path, tokens: &[Token]) -> BTreeMap<String, Path> {
    let children: BTreeSet<&str> = tokens
        .windows(3)
        .filter(|window| window[0].text == "mod" && window[2].text == ";")
        .map(|window| window[1].text.as_str())
        .collect();
    let mut imports = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.text != "use" {
            continue;
        }
        let start = text(tokens, at + 1);
        let (prefix, next) = match children.contains(start) {
            true => (path.clone(), at + 1),
            false => match root(path, tokens, at + 1) {
                Some((prefix, next)) => (prefix, next),
                None => continue,
            },
        };
        let mut leaves = Vec::new();
        tree(tokens, next, prefix, &mut leaves);
        for (leaf, alias, _) in leaves {
            if let Some(name) = alias.or_else(|| leaf.last().cloned()) {
                imports.insert(name, leaf);
            }
        }
    }
    imports
}

/// Returns every path that the tokens name through `crate`, `self` or `super`, with its line.
fn named_paths(path: &Path, tokens: &[Token]) -> Vec<(Path, u32)> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let is_inside_path = at.checked_sub(1).is_some_and(|at| text(tokens, at) == "::");
        if is_inside_path {
            continue;
        }
        if let Some((prefix, next)) = root(path, tokens, at) {
            let mut leaves = Vec::new();
            tree(tokens, next, prefix, &mut leaves);
            found.extend(leaves.into_iter().map(|(leaf, _, line)| (leaf, line)));
        }
    }
    found
}

/// Parses `crate::`, `self::` or `super::`, as often as it is repeated. Returns the module that it
/// leads to and the index of the token after it.
fn root(path: &Path, tokens: &[Token], at: usize) -> Option<(Path, usize)> {
    let (mut module, mut at) = match text(tokens, at) {
        "crate" => (Path::new(), at),
        "self" | "super" => {
            let mut module = path.clone();
            module.extend(super::inner_modules(&tokens[..at]));
            if text(tokens, at) == "super" {
                module.pop();
            }
            (module, at)
        }
        _ => return None,
    };
    while text(tokens, at + 1) == "::" && text(tokens, at + 2) == "super" {
        module.pop();
        at += 2;
    }
    (text(tokens, at + 1) == "::").then_some((module, at + 2))
}

/// Parses the rest of a path, or a tree of paths in braces. Adds each path with its alias and its
/// line to `leaves`, and returns the index of the token after it.
fn tree(
    tokens: &[Token],
    at: usize,
    mut path: Path,
    leaves: &mut Vec<(Path, Option<String>, u32)>,
) -> usize {
    let mut at = at;
    loop {
        if text(tokens, at) == "{" {
            at += 1;
            while at < tokens.len() && text(tokens, at) != "}" {
                at = tree(tokens, at, path.clone(), leaves);
                if text(tokens, at) == "," {
                    at += 1;
                }
            }
            return at + 1;
        }
        let Some(token) = tokens.get(at) else {
            return at;
        };
        match token.text.as_str() {
            "self" | "*" => {}
            name if name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
                path.push(name.to_owned());
            }
            _ => return at + 1,
        }
        if text(tokens, at + 1) == "::" {
            at += 2;
            continue;
        }
        let alias = (text(tokens, at + 1) == "as").then(|| text(tokens, at + 2).to_owned());
        at += if alias.is_some() { 3 } else { 1 };
        leaves.push((path, alias, token.line));
        return at;
    }
}

/// Returns the circles of a graph: its strongly connected components with more than one module.
fn circles(graph: &Graph) -> Vec<BTreeSet<String>> {
    let nodes: BTreeSet<&String> = graph.keys().flat_map(|(from, to)| [from, to]).collect();
    let reachable = |start: &String| {
        let mut reached: BTreeSet<&String> = BTreeSet::new();
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for (from, to) in graph.keys() {
                if from == node && reached.insert(to) {
                    open.push(to);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        nodes.iter().map(|node| (*node, reachable(node))).collect();
    let mut circles: Vec<BTreeSet<String>> = Vec::new();
    for node in nodes {
        if circles.iter().any(|circle| circle.contains(node)) {
            continue;
        }
        let circle: BTreeSet<String> = reached[node]
            .iter()
            .filter(|other| reached[**other].contains(node))
            .map(|other| (*other).clone())
            .collect();
        if circle.len() > 1 {
            circles.push(circle);
        }
    }
    circles
}

#[test]
fn circles_are_found_with_their_places() {
    let sources = [
        (
            "a/mod.rs",
            "mod b; mod c; mod d; use c::Deep; pub struct Own;",
        ),
        ("a/b.rs", "use super::{Deep, Own};"),
        ("a/c.rs", "use crate::a::{d::{self, X as Y}};"),
        (
            "a/d.rs",
            "fn f() { super::b::g() }\n#[cfg(test)] mod tests { use super::super::c; }",
        ),
        ("a/tests.rs", "use super::b; use super::d;"),
        ("e.rs", "use crate::a;"),
    ]
    .map(|(below, source)| Source::new(below, source));
    let graphs = graphs(&sources);
    assert_eq!(graphs.len(), 1);
    let graph = &graphs[&vec!["a".to_owned()]];
    let edges: Vec<String> = graph
        .iter()
        .map(|((from, to), place)| format!("{from} {to} {place}"))
        .collect();
    assert_eq!(
        edges,
        ["b c src/a/b.rs:1", "c d src/a/c.rs:1", "d b src/a/d.rs:1"]
    );
    let circle = ["b", "c", "d"].map(str::to_owned);
    assert_eq!(circles(graph), [BTreeSet::from(circle)]);
}
