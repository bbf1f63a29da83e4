//! Derives steps from a recording of a host. The guest runs once with the recording as its host, and
//! each crossing becomes a statement of the steps language. What the host wrote is what differs from
//! memory as the guest left it, so this needs the guest's own writes, which only a run has.

mod pointer_names;
mod setup;
mod translate;

pub use translate::{TranslateError, Translation, TranslationOptions, translate};
