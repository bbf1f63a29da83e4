//! The guest's exports as the line of `:` needs them: by kind, and by the shape of their types.

use crate::app::App;
use crate::timeline::ExportFacts;

/// Returns the exports of a kind: `func`, `global`.
pub(super) fn exports<'a>(app: &'a App, kind: &'a str) -> impl Iterator<Item = &'a ExportFacts> {
    app.timeline
        .guest
        .exports
        .iter()
        .filter(move |export| export.kind == kind)
}

/// Returns how many parameters and results a function of type `ty` has.
pub(super) fn arity(ty: &str) -> Option<(usize, usize)> {
    let (params, results) = ty.split_once(" -> ")?;
    let results = if results.starts_with('(') {
        listed(results)
    } else {
        1
    };
    Some((listed(params), results))
}

/// Returns how many types there are in parentheses.
fn listed(types: &str) -> usize {
    let inner = types
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_default();
    let mut depth = 0usize;
    let commas = inner.chars().filter(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ',' && depth == 0
    });
    let commas = commas.count();
    if inner.is_empty() { 0 } else { commas + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_counted() {
        let rows = [
            ("() -> ()", Some((0, 0))),
            ("(i32) -> i32", Some((1, 1))),
            ("(i32, (ref null (a, b)), i64) -> (f32, f64)", Some((3, 2))),
            ("(mut i32)", None),
        ];
        for (ty, expected) in rows {
            assert_eq!(arity(ty), expected, "{ty}");
        }
    }
}
