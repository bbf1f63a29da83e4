//! What one frame shows, computed once: the rectangles of the panes and their contents as data.
//!
//! Drawing and hit tests read the same view, so that a click hits what is drawn.

use std::sync::Arc;

use super::field_tree::FieldPane;
use super::hex_dump::HexDump;
use super::layout::{self, Layout, content};
use super::memory_map::{MemoryMap, cells_in};
use super::source::SourceView;
use super::step_list::{self, ListLine};
use crate::app::App;
use crate::timeline::Span;

/// The panes of one frame.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub layout: Layout,
    pub hex_dump: HexDump,
    /// The bytes that the memory panes show, or would show if they were on the screen.
    pub window: Span,
    /// The lines of the steps pane; none where it is not shown.
    pub step_list: Vec<ListLine>,
    /// The contents of the source pane, where it is shown.
    pub source: Option<SourceView>,
    /// The rows of the fields, where they are shown.
    pub fields: Option<FieldPane>,
    /// Whether a part of memory has a type, so that there are fields.
    pub has_fields: bool,
    /// The map, where it is shown.
    pub map: Option<Arc<MemoryMap>>,
}

impl View {
    /// Computes the view of this state.
    pub fn compute(app: &App) -> View {
        let layout = Layout::of(app.size, app.pane);
        let rows = layout
            .memory_rows()
            .unwrap_or_else(|| layout::memory_rows(app));
        let step_list = layout
            .steps
            .map(|area| step_list::lines(app, content(area).height));
        View {
            hex_dump: HexDump::compute(app, rows),
            window: layout::window_of(app, rows),
            step_list: step_list.unwrap_or_default(),
            source: layout.source.map(|_| SourceView::of(app)),
            fields: layout
                .fields
                .map(|area| FieldPane::compute(app, content(area).height)),
            has_fields: app.has_fields(),
            map: layout.map.map(|area| app.memory_map(cells_in(area.width))),
            layout,
        }
    }
}
