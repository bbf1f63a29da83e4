//! Sessions with real guests.

mod allocators;
mod causes;
mod children;
mod correct_allocation;
mod declared;
mod expectations;
mod exploration;
mod findings;
mod harness;
mod ledger;
mod lengths;
mod recorded_host;
mod recording;
mod runs;
mod stack;
mod standard;
mod views;
