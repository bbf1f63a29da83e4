//! The folders of the platform in which the program has files of its own.

use std::path::PathBuf;

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

/// The name of the program's own folder in each of them.
const OWN: &str = "linmem";

/// Returns the folder for configuration: `~/.config/linmem` on Linux.
pub fn config() -> Option<PathBuf> {
    Some(choose_base_strategy().ok()?.config_dir().join(OWN))
}

/// Returns the folder for what can be made again: `~/.cache/linmem` on Linux.
pub fn cache() -> Option<PathBuf> {
    Some(choose_base_strategy().ok()?.cache_dir().join(OWN))
}

/// Returns the folder for what is remembered from one start to the next: `~/.local/state/linmem` on
/// Linux, and the data folder on a platform without one for state.
pub fn state() -> Option<PathBuf> {
    let folders = choose_base_strategy().ok()?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(state.join(OWN))
}
