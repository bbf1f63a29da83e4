//! Branches: where a step is typed after going back, what had run after that moment is kept whole,
//! and one key brings it back.
//!
//! Owns which branch is shown, and which branch the live guest has run. Runs nothing.

use std::collections::VecDeque;

use super::state::SessionState;
use crate::app::panes::inside_step::OpenChildren;
use crate::app::{Action, App};
use crate::script::ast::Statement;
use crate::timeline::{Moment, Timeline};

/// The most branches that are kept besides the one shown; the one shown least recently goes first.
const MAX_HIDDEN: usize = 50;

/// A branch that is not shown.
#[derive(Debug, Clone)]
struct Branch {
    number: usize,
    timeline: Timeline,
    moment: Moment,
    unfolded: bool,
    opened: OpenChildren,
    setup: Vec<Statement>,
}

/// All branches but the one that is shown, which the app itself holds.
#[derive(Debug, Clone)]
pub struct Branches {
    /// The first one is shown next.
    hidden: VecDeque<Branch>,
    /// The number of the branch shown, counted from 1 in the order they were made.
    number: usize,
    made: usize,
    /// The number of the branch at whose end the live guest is.
    live: usize,
}

impl Default for Branches {
    fn default() -> Self {
        Branches {
            hidden: VecDeque::new(),
            number: 1,
            made: 1,
            live: 1,
        }
    }
}

impl Branches {
    /// Returns whether the live guest is at the end of the branch shown.
    pub(in crate::app) fn is_live(&self) -> bool {
        self.live == self.number
    }

    /// Takes note that the live guest is at the end of the branch shown.
    pub(in crate::app) fn set_live(&mut self) {
        self.live = self.number;
    }

    /// Returns whether no other branch was ever made.
    pub(in crate::app) fn is_first(&self) -> bool {
        self.made == 1
    }

    /// Returns the number of branches that are not shown.
    pub fn hidden(&self) -> usize {
        self.hidden.len()
    }
}

impl App {
    /// Returns the number of the branch shown and the number of branches, where there are several.
    pub fn branch(&self) -> Option<(usize, usize)> {
        (self.branches.hidden() > 0).then_some((self.branches.number, self.branches.made))
    }
}

/// Begins a branch that has the steps up to `base`, and shows it. The state is at rest.
pub(in crate::app) fn begin(app: &mut App, base: usize) {
    let shorter = app.timeline.until(base);
    begin_with(app, shorter);
    app.moment = Moment::end_of(base);
    forget_timeline(app);
}

/// Begins a branch that has the same steps, and shows it.
pub(in crate::app) fn begin_copy(app: &mut App) {
    let same = app.timeline.clone();
    begin_with(app, same);
}

fn begin_with(app: &mut App, timeline: Timeline) {
    let old = hide(app, timeline);
    app.branches.hidden.push_front(old);
    app.branches.hidden.truncate(MAX_HIDDEN);
    app.branches.made += 1;
    app.branches.number = app.branches.made;
}

/// Drops the branch shown and returns to the one it began from.
pub(in crate::app) fn undo(app: &mut App) {
    let Some(old) = app.branches.hidden.pop_front() else {
        return;
    };
    if app.branches.number == app.branches.made {
        app.branches.made = app.branches.made.saturating_sub(1);
    }
    show(app, old);
}

/// Shows the next branch in the place of this one.
pub(in crate::app) fn swap(app: &mut App) {
    if app.session.is_running() {
        app.notify_error("A step is running: ctrl-c cancels it, then change the branch.");
        return;
    }
    if app.session.is_opening() && app.branches.hidden() > 0 {
        app.notify_error("The guest is being opened: change the branch when it is.");
        return;
    }
    let Some(next) = app.branches.hidden.pop_front() else {
        let key = app.keys.key_of(Action::OpenPrompt);
        app.notify(format!(
            "There is no other branch: going back and typing a step with {key} makes one."
        ));
        return;
    };
    let old = hide(app, Timeline::default());
    app.branches.hidden.push_back(old);
    show(app, next);
    let (number, made) = (app.branches.number, app.branches.made);
    let last = app.timeline.steps().len().saturating_sub(1);
    let key = app.keys.key_of(Action::SwapBranch);
    app.notify(format!(
        "Branch {number} of {made}: it ends after step {last}. {key} goes to the next."
    ));
}

/// Takes the branch shown out of the app, and puts `timeline` in the place of its timeline.
fn hide(app: &mut App, timeline: Timeline) -> Branch {
    Branch {
        number: app.branches.number,
        timeline: std::mem::replace(&mut app.timeline, timeline),
        moment: app.moment,
        unfolded: app.unfolded,
        opened: app.opened.clone(),
        setup: app.setup.clone(),
    }
}

fn show(app: &mut App, branch: Branch) {
    app.branches.number = branch.number;
    (app.timeline, app.moment, app.unfolded) = (branch.timeline, branch.moment, branch.unfolded);
    app.opened = branch.opened;
    app.setup = branch.setup;
    forget_timeline(app);
}

/// Forgets what was computed from another timeline.
fn forget_timeline(app: &mut App) {
    app.finding = None;
    app.arrived = None;
    app.clear_cache();
    if !matches!(app.session, SessionState::Broken(_)) {
        app.session = SessionState::at_rest(&app.timeline);
    }
}
