//! Branches: where a step was typed after going back, what had run after that moment is set aside
//! whole, and one key brings it back. Owns which branch is shown and at the end of which one the
//! live guest stands; runs nothing.

use std::collections::VecDeque;

use super::run;
use crate::app::{Action, App, Engine};
use crate::timeline::{Moment, Timeline};

/// The most branches that are kept aside; the one not looked at for the longest time goes first.
const MOST: usize = 50;

/// What has run and what was planned, as it was left.
#[derive(Debug, Clone)]
struct Branch {
    number: usize,
    timeline: Timeline,
    moment: Moment,
    unfolded: bool,
    setup: Vec<String>,
}

/// All branches but the one that is shown, which the app itself holds.
#[derive(Debug, Clone)]
pub struct Branches {
    /// The next one to be shown first.
    aside: VecDeque<Branch>,
    /// Of the branch that is shown, counted from 1 in the order they were made.
    number: usize,
    made: usize,
    /// The branch at whose end the live guest stands.
    live: usize,
}

impl Default for Branches {
    fn default() -> Self {
        Branches {
            aside: VecDeque::new(),
            number: 1,
            made: 1,
            live: 1,
        }
    }
}

impl Branches {
    /// Whether the live guest stands at the end of the branch that is shown.
    pub(in crate::app) fn is_live(&self) -> bool {
        self.live == self.number
    }

    /// The live guest stands at the end of the branch that is shown from now on.
    pub(in crate::app) fn bring_to_life(&mut self) {
        self.live = self.number;
    }

    /// Whether there has ever been another one.
    pub(in crate::app) fn is_first(&self) -> bool {
        self.made == 1
    }

    /// How many branches are set aside.
    pub fn set_aside(&self) -> usize {
        self.aside.len()
    }
}

impl App {
    /// The number of the branch that is shown and how many there are, where there is more than one.
    pub fn branch(&self) -> Option<(usize, usize)> {
        (self.branches.set_aside() > 0).then_some((self.branches.number, self.branches.made))
    }
}

/// Sets aside what is shown, and goes on from the end of step `base` of it in a new branch. The
/// engine is at rest.
pub(in crate::app) fn begin(app: &mut App, base: usize) {
    let shorter = app.timeline.until(base);
    begin_with(app, shorter);
    app.moment = Moment::end_of(base);
    refresh(app);
}

/// Sets aside what is shown, and goes on with the same in a new branch.
pub(in crate::app) fn begin_anew(app: &mut App) {
    let same = app.timeline.clone();
    begin_with(app, same);
}

fn begin_with(app: &mut App, timeline: Timeline) {
    let old = taken(app, timeline);
    app.branches.aside.push_front(old);
    app.branches.aside.truncate(MOST);
    app.branches.made += 1;
    app.branches.number = app.branches.made;
}

/// Goes back to the branch that was set aside last, and forgets the one that came of it.
pub(in crate::app) fn undo(app: &mut App) {
    let Some(old) = app.branches.aside.pop_front() else {
        return;
    };
    if app.branches.number == app.branches.made {
        app.branches.made = app.branches.made.saturating_sub(1);
    }
    show(app, old);
}

/// Shows the next branch in the place of this one.
pub(in crate::app) fn swap(app: &mut App) {
    if app.is_running() {
        app.complain("A step is running: ctrl-c cancels it, then change the branch.");
        return;
    }
    let Some(next) = app.branches.aside.pop_front() else {
        let key = app.keys.key_of(Action::OpenPrompt);
        app.say(format!(
            "Nothing is set aside: going back and typing a step with {key} makes a branch."
        ));
        return;
    };
    let old = taken(app, Timeline::default());
    app.branches.aside.push_back(old);
    show(app, next);
    let (number, made) = (app.branches.number, app.branches.made);
    let last = app.timeline.steps().len().saturating_sub(1);
    let key = app.keys.key_of(Action::SwapBranch);
    app.say(format!(
        "Branch {number} of {made}: it ends after step {last}. {key} goes to the next."
    ));
}

fn taken(app: &mut App, instead: Timeline) -> Branch {
    Branch {
        number: app.branches.number,
        timeline: std::mem::replace(&mut app.timeline, instead),
        moment: app.moment,
        unfolded: app.unfolded,
        setup: app.setup.clone(),
    }
}

fn show(app: &mut App, branch: Branch) {
    app.branches.number = branch.number;
    (app.timeline, app.moment, app.unfolded) = (branch.timeline, branch.moment, branch.unfolded);
    app.setup = branch.setup;
    refresh(app);
}

/// Forgets what was worked out from another timeline.
fn refresh(app: &mut App) {
    app.goal = None;
    app.goal_event = None;
    app.finding = None;
    app.arrived = None;
    app.forget_shown();
    if !matches!(app.engine, Engine::Broken(_)) {
        app.engine = run::at_rest(app);
    }
}
