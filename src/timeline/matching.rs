//! Finds a step of one run in another run of the same session, whose script may have changed.

/// Returns the index of the text that equals `text` and is nearest to `index`; of two at the same
/// distance, the first one. Returns `None` where no text is equal.
pub fn nearest_equal<'a>(
    texts: impl Iterator<Item = &'a str>,
    text: &str,
    index: usize,
) -> Option<usize> {
    texts
        .enumerate()
        .filter(|(_, other)| *other == text)
        .map(|(at, _)| at)
        .min_by_key(|at| at.abs_diff(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_of_equal_texts_is_found() {
        let texts = ["a", "b", "a", "c", "a"];
        let nearest = |text, index| nearest_equal(texts.into_iter(), text, index);
        assert_eq!(nearest("a", 0), Some(0));
        assert_eq!(nearest("a", 1), Some(0));
        assert_eq!(nearest("a", 9), Some(4));
        assert_eq!(nearest("b", 4), Some(1));
        assert_eq!(nearest("d", 0), None);
    }
}
