//! The program in a pseudo-terminal.

mod control;
mod exploration;
mod lessons;
mod reload;
mod saving;
