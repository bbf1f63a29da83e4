use super::*;
use crate::timeline::PAGE;
use crate::timeline::event_log::tests::model::{FILL, sites, slot};

#[test]
fn what_takes_long_to_settle_is_settled_while_the_step_runs() {
    let before = Image::zeroed(PAGE);
    let fills: Vec<u8> = (0..4096u64)
        .flat_map(|n| slot(FILL, 0, PAGE | (n & 0xff) << 32))
        .collect();
    let stores: Vec<u8> = (0..1 << 18)
        .flat_map(|n| slot(1, n as u32 % 4096, n))
        .collect();
    for (much, events) in [(fills, 4096), (stores, 1 << 18)] {
        let mut recording = Recording::over(before.clone(), sites());
        recording.push_slots(&much);
        assert!(recording.settled_part.is_none());
        recording.push_slots(&slot(3, 8, 0x0102_0304));
        assert!(recording.settled_part.is_some(), "{events} events");
        assert_eq!(
            recording.undo_last_store(),
            Some((3, 8)),
            "the last store can be taken back all the same"
        );
        recording.push_slots(&slot(3, 12, 0x0506_0708));
        let settled = recording.settle(&before);
        assert_eq!(
            (settled.events.len(), settled.stores),
            (events + 1, events as u64 + 1)
        );
        assert_eq!(settled.memory.read(12, 4), 0x0506_0708u32.to_le_bytes());
    }
}
