//! What a recording of a host has about the statements that replay it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ImportName;
use crate::source::HostPlace;
use crate::value::Value;

/// What a recording of a host has about a step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordedStep {
    /// The host's line. Of a write that no method of the host made, it is the line of the next
    /// crossing.
    pub place: Option<Arc<HostPlace>>,
    /// Whether the write was made at an unknown place before `place`, after the crossing before.
    pub is_before_place: bool,
    /// The results of a call; `None` where it did not return.
    pub results: Option<Vec<Value>>,
    /// How the replay differs from the recording here. Nothing of it is replayed after this.
    pub divergence: Option<String>,
    /// The writes of the host into views that growth of memory had detached.
    pub detached: Vec<DetachedWrite>,
    /// The last step before this one in which memory grew.
    pub grown_in: Option<usize>,
}

/// A write of a recorded host into a view that growth of memory had detached.
#[derive(Debug, Clone, PartialEq)]
pub struct DetachedWrite {
    /// The name of the method that wrote, safe to print.
    pub method: String,
    /// The host's line.
    pub place: Option<Arc<HostPlace>>,
}

/// Where the host of a recording did what the actions of an import do: by import, by the number of
/// the call, and by the number of the action in it.
pub(crate) type RecordedActions = BTreeMap<ImportName, Vec<Vec<Option<Arc<HostPlace>>>>>;
