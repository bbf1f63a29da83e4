//! Notices name the keys in force, not those of the table.

use super::*;
use crate::app::execution::state::ReplayGoal;
use crate::app::keymap::{BINDINGS, Choice};
use crate::testing::timelines;

/// Every action whose keys can be chosen has a key of its own that the table does not know.
fn remapped() -> Keymap {
    let chosen = BINDINGS
        .iter()
        .filter(|binding| binding.can_be_chosen())
        .zip('一'..);
    let choices: Vec<Choice> = chosen
        .map(|(binding, key)| Choice {
            action: binding.slug(),
            keys: vec![key.to_string()],
        })
        .collect();
    Keymap::with(&choices).unwrap()
}

/// Performs an action under other keys and returns the notice.
fn notice_of(mut app: App, action: Action) -> String {
    app.keys = remapped();
    update(&mut app, action);
    notice(&app).to_owned()
}

/// Returns the sample session stopped by a failure of `step`.
fn stopped_at(step: usize) -> App {
    let mut app = opened(SIZE);
    let mut records = default_records();
    records.truncate(step + 1);
    records[step].outcome = Outcome::Failed;
    run(&mut app, advance(), &records);
    press(&mut app, "7 G");
    run(&mut app, advance(), &records);
    app
}

fn with(state: SessionState) -> App {
    let mut app = app(SIZE, 7);
    app.session = state;
    app
}

#[test]
fn notices_about_the_session_name_the_keys_in_force() {
    let keys = remapped();
    let key = |action| keys.key_of(action);
    let (back, edit, choose) = (
        key(Action::Back),
        key(Action::EditInputs),
        key(Action::ChooseSession),
    );
    let (next, stop, quit) = (key(Action::Next), key(Action::Escape), key(Action::Quit));
    let step = key(Action::OpenPrompt);
    assert_eq!(
        notice_of(app(SIZE, 7), Action::Next),
        format!(
            "The session is over: {back} goes back, {step} types another step, {edit} edits the \
             inputs, {choose} chooses a session."
        )
    );
    assert_eq!(
        notice_of(stopped_at(3), Action::Next),
        format!(
            "The session stopped at step 3, which failed: {back} goes back, {step} types a step \
             in its place, {edit} edits the inputs."
        )
    );
    let mut waiting = opened(SIZE);
    run(&mut waiting, advance(), &default_records());
    assert_eq!(
        notice_of(waiting, Action::Down),
        format!("This is the last step that has run: {next} runs the next one.")
    );
    let replaying = SessionState::Replaying {
        done: 0,
        steps: 3,
        purpose: ReplayGoal::Advance { goal: None },
        follows: true,
        progress: Progress::default(),
        cancelling: false,
    };
    assert_eq!(
        notice_of(with(replaying), Action::Next),
        format!("The earlier steps run again first; {stop} cancels that.")
    );
    assert_eq!(
        notice_of(
            with(SessionState::Broken("it is garbage".into())),
            Action::Next
        ),
        format!("This session could not be opened: {choose} chooses another, {quit} leaves.")
    );
    assert_eq!(
        notice_of(app(SIZE, 3), Action::NextLesson),
        format!("No lesson is open: {choose} lists them.")
    );
}

#[test]
fn notices_about_bytes_and_findings_name_the_keys_in_force() {
    let keys = remapped();
    let key = |action| keys.key_of(action);
    let (next, back, fold) = (key(Action::Next), key(Action::Back), key(Action::Unfold));
    assert_eq!(
        notice_of(app(SIZE, 4), Action::Unfold),
        format!("Step 4, 14 stores: {next} and {back} walk through, {fold} folds.")
    );
    let mut written = app(SIZE, 4);
    update(&mut written, Action::WhoWrote);
    let before = key(Action::PreviousTouch);
    assert_eq!(
        notice_of(written, Action::WhoWrote),
        format!("This is the last write to this byte; {before} goes to the previous one.")
    );
    assert_eq!(
        notice_of(app(SIZE, 4), Action::Blamed),
        format!(
            "This step has no finding: {} goes to the next one.",
            key(Action::NextFinding)
        )
    );
    assert_eq!(
        notice_of(app(SIZE, 5), Action::NextChange),
        format!(
            "This step changed no bytes; {} marks everything changed since the start.",
            key(Action::Cumulative)
        )
    );
    let mut silent = app(SIZE, 4);
    silent.mouse = false;
    assert_eq!(
        notice_of(silent, Action::Mouse),
        format!("The mouse is on; {} turns it off.", key(Action::Mouse))
    );
    let mut many = app_over(timelines::one_step_of_writes(0x400, 9), SIZE, 0);
    (many.cursor, many.keys) = (0x400, keys.clone());
    let rows = byte_inspector::Inspection::of(&many, 2).rows;
    assert!(
        rows.contains(&(
            "before that",
            format!("others: {before} goes back through them")
        )),
        "{rows:?}"
    );
}
