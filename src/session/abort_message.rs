//! Reads the message of a guest that aborts, from the imports of known toolchains.

use crate::safe;
use crate::script::eval;

use super::imports::Running;
use super::memory;

impl Running<'_, '_> {
    /// Returns an argument as an address; 0 if it is none.
    fn argument(&self, index: usize) -> u64 {
        self.args
            .get(index)
            .and_then(|v| eval::address(v, "the pointer", false).ok())
            .unwrap_or(0)
    }

    /// Returns the message of AssemblyScript's `env.abort(message, file, line, column)`. Its texts
    /// are UTF-16, with their length in bytes in the four bytes before them.
    pub fn abort_message(&self) -> String {
        let text = |pointer: u64| -> Option<String> {
            let memory = self.env.data().memory.as_ref()?;
            let length = memory::read(memory, &self.env, pointer.checked_sub(4)?, 4).ok()?;
            let length = u32::from_le_bytes(length.try_into().ok()?).min(1 << 16);
            let bytes = memory::read(memory, &self.env, pointer, u64::from(length & !1)).ok()?;
            let units: Vec<u16> = bytes
                .as_chunks()
                .0
                .iter()
                .map(|unit| u16::from_le_bytes(*unit))
                .collect();
            Some(safe::cut(&String::from_utf16_lossy(&units), 500))
        };
        let at = |index: usize| {
            self.args
                .get(index)
                .map_or_else(String::new, |v| v.brief(20))
        };
        let message = text(self.argument(0)).unwrap_or_else(|| "(no message)".into());
        let file = text(self.argument(1)).unwrap_or_else(|| "(no file)".into());
        format!("abort: {message} at {file}:{}:{}", at(2), at(3))
    }

    /// Returns the message of wasm-bindgen's `__wbindgen_throw(pointer, length)`, which is UTF-8.
    pub fn throw_message(&self) -> String {
        let length = self.argument(1).min(1 << 16);
        let bytes = self
            .env
            .data()
            .memory
            .as_ref()
            .and_then(|m| memory::read(m, &self.env, self.argument(0), length).ok());
        match bytes {
            Some(bytes) => format!("the guest threw: {}", safe::lossy(&bytes, 500)),
            None => "the guest threw, and its message is outside memory".into(),
        }
    }
}
