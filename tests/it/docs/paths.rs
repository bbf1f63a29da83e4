//! The paths that the documents for contributors name.

use crate::support::command::{in_repository, read_in_repository};

/// Returns the paths of the repository that a document has in backticks.
fn paths(document: &str) -> Vec<&str> {
    let code = document.split('`').skip(1).step_by(2);
    let folders = ["src/", "tests/", "benches/", "fuzz/", "docs/", "guest/"];
    let is_path = |text: &&str| {
        folders.iter().any(|folder| text.starts_with(folder))
            && !text.contains(|c: char| c.is_whitespace() || "{<*…".contains(c))
            && !text.chars().any(|c| c.is_ascii_uppercase())
            // A fuzzing run writes there.
            && *text != "fuzz/artifacts/"
    };
    code.filter(is_path).collect()
}

#[test]
fn paths_in_the_documents_for_contributors_exist() {
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let document = read_in_repository(name);
        let paths = paths(&document);
        assert!(paths.len() > 10, "{name}: {paths:?}");
        // A path in a table about `src/` can leave that folder out.
        let exists = |path: &str| {
            let path = path.split("::").next().unwrap_or(path);
            in_repository(path).exists() || in_repository(&format!("src/{path}")).exists()
        };
        let missing: Vec<&str> = paths.into_iter().filter(|path| !exists(path)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "{name}");
    }
}
