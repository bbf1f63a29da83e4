//! Findings of the ledger: what is wrong, and who did it.

use super::blocks::{Blocks, overlap};
use super::describe_bytes;
use super::ledger::{Act, Fault, Ledger, LedgerBlock, Owner, is_of_host};
use super::phrases::{describe_writer, name, the_bytes};
use super::pointers::Origin;
use crate::text::count;
use crate::timeline::{Finding, FindingKind, StepRecord, Use, UseKind};

/// Returns the finding of a fault.
pub(super) fn describe(fault: &Fault, blocks: &Blocks) -> Finding {
    match fault {
        Fault::ReleasedAgain { block, act } => released_again(block, act, blocks),
        Fault::NoBlock {
            address,
            around,
            act,
        } => no_block(*address, around.as_ref(), act, blocks),
        Fault::OtherLayout {
            block,
            size,
            alignment,
            act,
        } => other_layout(block, *size, *alignment, act, blocks),
        Fault::AllocatedTwice { block, act, span } => {
            let message = format!(
                "{} got {} from {}, but {} has them and was not released: it was allocated {}",
                subject(act),
                the_bytes(*span),
                name(&act.function),
                label(block, blocks),
                place(&block.allocated),
            );
            Finding::new(FindingKind::AllocatedTwice, message)
                .about(*span)
                .about(block.span)
                .blaming(block.allocated.step)
        }
        Fault::Written {
            block,
            span,
            writer,
        } => {
            let released = block.released.as_ref().unwrap_or(&block.allocated);
            let message = format!(
                "{} wrote {}, in {}, which {} had released {}",
                describe_writer(writer),
                the_bytes(*span),
                label(block, blocks),
                subject(released),
                place(released),
            );
            Finding::new(FindingKind::UseAfterRelease, message)
                .about(*span)
                .blaming(released.step)
        }
    }
}

fn released_again(block: &LedgerBlock, act: &Act, blocks: &Blocks) -> Finding {
    let first = block.released.as_ref().unwrap_or(&block.allocated);
    let message = format!(
        "{} released {} again with {}: {} had released it {}",
        subject(act),
        label(block, blocks),
        name(&act.function),
        subject(first),
        place(first),
    );
    Finding::new(FindingKind::DoubleRelease, message)
        .about(block.span)
        .blaming(first.step)
}

fn no_block(address: u64, around: Option<&LedgerBlock>, act: &Act, blocks: &Blocks) -> Finding {
    let at = match around {
        Some(block) => format!(
            "{address:#x} is {} after the start of {}",
            count(address.saturating_sub(block.span.start), "byte"),
            label(block, blocks)
        ),
        None => format!("no block begins at {address:#x}"),
    };
    let message = format!(
        "{} passed {address:#x} to {}, which takes the address of a block: {at}",
        subject(act),
        name(&act.function)
    );
    let finding = Finding::new(FindingKind::InvalidRelease, message).at(address);
    match around {
        Some(block) => finding.blaming(block.allocated.step),
        None => finding,
    }
}

fn other_layout(
    block: &LedgerBlock,
    size: u64,
    alignment: u64,
    act: &Act,
    blocks: &Blocks,
) -> Finding {
    let layout = |size: u64, alignment: u64| match alignment {
        0 => count(size, "byte"),
        _ => format!("{} with alignment {alignment}", count(size, "byte")),
    };
    let message = format!(
        "{} passed {} to {} for {}, but it was allocated {} as {}",
        subject(act),
        layout(size, alignment),
        name(&act.function),
        label(block, blocks),
        place(&block.allocated),
        layout(block.span.len, block.alignment),
    );
    Finding::new(FindingKind::MismatchedRelease, message)
        .about(block.span)
        .blaming(block.allocated.step)
}

impl Ledger {
    /// Checks an address that the host used. `origin` is where it came from.
    pub fn check_use(
        &self,
        record: &StepRecord,
        used: &Use,
        origin: Option<&Origin>,
        blocks: &Blocks,
    ) -> Option<Finding> {
        let verb = match used.how {
            UseKind::Read => "read",
            UseKind::Write => "wrote",
            UseKind::Named | UseKind::Passed => return None,
        };
        if let Some(finding) = self.check_null(used, origin, verb) {
            return Some(finding);
        }
        let block = self.released_in(used.span)?;
        let released = block.released.as_ref()?;
        let is_older = origin.is_none_or(|origin| origin.step < released.step);
        let is_sure = self.is_closed()
            || is_of_host(block) && origin.is_some_and(|o| o.step == block.allocated.step);
        if !is_older || !is_sure {
            return None;
        }
        let hit = overlap(block.span, used.span)?;
        let result = match used.how {
            UseKind::Read => format!(". The result is {}", describe_bytes(record, hit)),
            _ => String::new(),
        };
        let message = format!(
            "the host {verb} {}, in {}, which {} had released {}{result}",
            the_bytes(hit),
            label(block, blocks),
            subject(released),
            place(released),
        );
        let finding = Finding::new(FindingKind::UseAfterRelease, message).about(hit);
        Some(finding.blaming(released.step))
    }

    /// Checks whether an address comes from an allocation that failed.
    fn check_null(&self, used: &Use, origin: Option<&Origin>, verb: &str) -> Option<Finding> {
        let step = origin?.step;
        let failed = self.failed_in(step)?;
        if used.span.start > failed.size {
            return None;
        }
        let message = format!(
            "the host {verb} {} through {}, but {} returned 0 in step {step}: it could not allocate \
             {}",
            the_bytes(used.span),
            name(&origin?.name),
            name(&failed.function),
            count(failed.size, "byte"),
        );
        let finding = Finding::new(FindingKind::NullBlockUsed, message).about(used.span);
        Some(finding.blaming(step))
    }
}

/// Returns who made a call, as the subject of a sentence.
fn subject(act: &Act) -> String {
    match &act.owner {
        Owner::Host => "the host".into(),
        Owner::Guest(label) => format!("the guest, in {label},"),
        Owner::Unknown => "the guest or an import".into(),
    }
}

/// Returns when a call was made: `in step 4, after 2 stores`.
fn place(act: &Act) -> String {
    match act.events_before {
        0 => format!("in step {}", act.step),
        before => format!(
            "in step {}, after {}",
            act.step,
            count(before as u64, "store")
        ),
    }
}

/// Returns what a block is: by the name that the script gave it, or by its bytes.
fn label(block: &LedgerBlock, blocks: &Blocks) -> String {
    let named = blocks.label_at(block.span);
    named.unwrap_or_else(|| label_by_bytes(block))
}

/// Returns what a block is, by its bytes: `the block of 8 bytes at 0x408`.
pub(super) fn label_by_bytes(block: &LedgerBlock) -> String {
    format!(
        "the block of {} at {:#x}",
        count(block.span.len, "byte"),
        block.span.start
    )
}
