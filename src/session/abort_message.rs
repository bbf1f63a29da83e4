//! What a guest says when it gives up: known imports that point to a message.

use crate::safe;
use crate::script::eval;

use super::imports::Running;
use super::memory;

impl Running<'_, '_> {
    fn argument(&self, index: usize) -> u64 {
        self.args
            .get(index)
            .and_then(|v| eval::address(v, "the pointer", false).ok())
            .unwrap_or(0)
    }

    /// AssemblyScript's `env.abort(message, file, line, column)`: UTF-16 with its byte length four
    /// bytes before.
    pub fn abort_message(&self) -> String {
        let text = |pointer: u64| -> Option<String> {
            let memory = self.env.data().memory.as_ref()?;
            let length = memory::read(memory, &self.env, pointer.checked_sub(4)?, 4).ok()?;
            let length = u32::from_le_bytes(length.try_into().ok()?).min(1 << 16);
            let bytes = memory::read(memory, &self.env, pointer, u64::from(length & !1)).ok()?;
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|c| u16::from_le_bytes([c[0], c[1]]))
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

    /// wasm-bindgen's `__wbindgen_throw(pointer, length)`: UTF-8.
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
            None => "the guest threw, and its message lies outside memory".into(),
        }
    }
}
