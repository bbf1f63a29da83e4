//! The known name that a misspelt one is nearest to: the policy of every "did you mean".

/// Characters of the longest name that is compared. The cost grows with the length, and few people
/// type longer names.
const LONGEST: usize = 100;

/// Characters of the shortest name that counts as the beginning of a longer one.
const SHORTEST_BEGINNING: usize = 3;

/// Returns the candidate that `name` is most likely a misspelling of, or `None` if none is near.
///
/// A candidate is near if few edits make `name` into it: insertions, deletions, substitutions and
/// swaps of neighbours, without regard to case. One edit is allowed in names of up to 5 characters,
/// two up to 8, three in longer ones, and none in a single character. A candidate that begins with
/// `name` comes after those. Among equals the first one wins. `name` itself is no candidate.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().take(LONGEST + 1).count();
    let allowed = match length {
        0 | 1 => 0,
        2..=5 => 1,
        6..=8 => 2,
        ..=LONGEST => 3,
        _ => return None,
    };
    let lower = name.to_lowercase();
    let distance = |candidate: &str| {
        let missing = candidate.chars().take(2 * LONGEST).count().abs_diff(length);
        let candidate = candidate.to_lowercase();
        let edits = (missing <= allowed)
            .then(|| strsim::damerau_levenshtein(&lower, &candidate))
            .filter(|edits| *edits <= allowed);
        let is_beginning = length >= SHORTEST_BEGINNING && candidate.starts_with(&lower);
        edits.or(is_beginning.then_some(allowed + missing))
    };
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| Some((distance(candidate)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_near_if_few_edits_make_it_another() {
        let names = ["add", "add_one", "buffer", "strings", "max-memory", "n"];
        let rows = [
            ("ad", Some("add")),
            ("ADD", Some("add")),
            ("bufer", Some("buffer")),
            ("bfefur", None),
            ("sringts", Some("strings")),
            ("max-memery", Some("max-memory")),
            ("max_memery", Some("max-memory")),
            ("nn", Some("n")),
            ("m", None),
            ("frobnicate", None),
            ("", None),
        ];
        for (name, expected) in rows {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }

    #[test]
    fn the_beginning_of_a_name_is_near_after_all_others() {
        assert_eq!(nearest("add", ["add_one"]), Some("add_one"));
        assert_eq!(nearest("add", ["add_one", "ad"]), Some("ad"));
        assert_eq!(nearest("add", ["add_two_more", "add_one"]), Some("add_one"));
        assert_eq!(nearest("ad", ["add_one"]), None);
    }

    #[test]
    fn equal_and_very_long_names_are_no_suggestions() {
        assert_eq!(nearest("a1", ["a1", "a2", "a3"]), Some("a2"));
        assert_eq!(nearest(&"x".repeat(101), [&*"x".repeat(100)]), None);
    }
}
