//! A module that is loaded without validation, as an earlier process found it valid. If it was not, a
//! session is refused: nothing that reads the code meanwhile relies on its validity.

use linmem::guest::Guest;
use linmem::session::Session;
use linmem::testing::sessions;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::support::command::in_repository;

const RUST_WASM: &str = "guest/rust/wasm_is_cool.wasm";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn code_that_is_not_valid_is_refused_and_stops_nothing(
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..40),
    ) {
        let mut bytes = std::fs::read(in_repository(RUST_WASM)).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guest.wasm");
        std::fs::write(&file, &bytes).unwrap();
        let valid = Guest::load(&file);
        // The sections are read in any case, so there may be another error than that of a validation.
        let Ok(known) = Guest::load_known(&file, |_| true) else {
            prop_assert!(valid.is_err());
            return Ok(());
        };
        let opened = Session::open(sessions::config(known, ""));
        match (valid.err(), opened.err()) {
            (None, _) => {}
            (Some(invalid), refused) => {
                prop_assert_eq!(refused.map(|error| error.to_string()), Some(invalid.to_string()));
            }
        }
    }
}
