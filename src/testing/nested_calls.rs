//! A session whose step opens: the guest calls imports, in which the host reads, writes and calls the
//! guest, which calls an import again.

use super::driver::Driver;
use super::live_session::LiveSession;
use super::{apps, sessions};
use crate::app::{Action, App};
use crate::session::SessionConfig;

/// The step that opens.
pub const CALL: usize = 1;

/// The module, as text.
pub const GUEST: &str = r#"(module
  (import "env" "fetch" (func $fetch (param i32 i32) (result i32)))
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 0x400))
  (data (i32.const 0x10) "color\00")
  (func (export "allocate") (param $n i32) (result i32) (local $p i32)
    (local.set $p (global.get $top))
    (global.set $top (i32.add (global.get $top) (local.get $n)))
    (i32.store (local.get $p) (local.get $n))
    (call $log (local.get $p))
    (local.get $p))
  (func (export "run") (result i32)
    (i32.store8 (i32.const 0x40) (i32.const 1))
    (i32.store8 (i32.const 0x41) (i32.const 2))
    (drop (call $fetch (i32.const 0x10) (i32.const 0x64)))
    (i32.store8 (i32.const 0x42) (i32.const 3))
    (call $log (i32.const 7))
    (i32.load (i32.const 0x64))))"#;

/// The steps after the line that names the module.
pub const STEPS: &str = r#"import env.fetch(key, ret) k = reads key as cstr ; p = call allocate(5) ; writes p, "hello" ; writes ret, u32(p, 5) ; returns 1
import env.log(x)
r = call run()
expect r == 0x400"#;

/// Returns the configuration of the session.
pub fn config() -> SessionConfig {
    sessions::config(sessions::guest(GUEST), STEPS)
}

/// Returns the session on a screen of `size`, after the step that opens and these keys.
pub fn after(size: (u16, u16), keys: &str) -> Driver<LiveSession> {
    let app = App::new(size, apps::sessions(), true);
    let mut driver = Driver::live(app, config());
    driver.update(Action::Next);
    driver.press(keys);
    driver
}
