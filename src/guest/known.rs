//! Modules that an earlier process found valid, so that their functions are not validated again.

use std::path::Path;

use super::{Guest, GuestError, Validation, read, sha256_of};

impl Guest {
    /// Loads a module from a file like [`Guest::load`]. `is_known` returns whether an earlier process
    /// found a file with this SHA-256 valid. Such a file is not validated again, which would take as
    /// long as everything else here.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Guest::load`].
    pub fn load_known(
        path: &Path,
        is_known: impl FnOnce(&[u8; 32]) -> bool,
    ) -> Result<Guest, GuestError> {
        let name = path.display().to_string();
        Guest::known(&name, read(path)?, path.parent(), is_known)
    }

    /// Loads a module from the bytes of a file in `folder` like [`Guest::from_bytes_in`]. For
    /// `is_known` see [`Guest::load_known`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Guest::from_bytes_in`].
    pub fn known_from_bytes_in(
        folder: &Path,
        name: &str,
        bytes: Vec<u8>,
        is_known: impl FnOnce(&[u8; 32]) -> bool,
    ) -> Result<Guest, GuestError> {
        Guest::known(name, bytes, Some(folder), is_known)
    }

    fn known(
        name: &str,
        given: Vec<u8>,
        folder: Option<&Path>,
        is_known: impl FnOnce(&[u8; 32]) -> bool,
    ) -> Result<Guest, GuestError> {
        let sha256 = sha256_of(&given);
        let validation = match is_known(&sha256) {
            true => Validation::Earlier,
            false => Validation::Now,
        };
        let guest = Guest::described(name, given, folder, validation)?.supported()?;
        let _ = guest.0.sha256.set(sha256);
        Ok(guest)
    }

    /// Returns the guest after its functions were validated, which an earlier process may have done.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Guest::load`], except those of reading the file.
    pub(crate) fn validated(&self) -> Result<Guest, GuestError> {
        match self.0.is_validated {
            true => Ok(self.clone()),
            false => Guest::new(self.name(), self.0.given.clone(), self.0.folder.as_deref()),
        }
    }
}
