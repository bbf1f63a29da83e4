//! A page in headless Chromium, over its debugging pipe.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// The time that no answer of the browser takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn chromium() -> Option<PathBuf> {
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// A page in a browser.
pub struct Page {
    browser: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: String,
    next: u64,
    /// The errors that the browser reported.
    errors: Vec<String>,
    pub folder: tempfile::TempDir,
}

impl Page {
    /// Opens the page that the program writes for these arguments.
    pub fn open(chromium: &Path, args: &[&str], hash: &str) -> Page {
        let mut page = Page::empty(chromium);
        let file = page.folder.path().join("page.html");
        let written = Command::new(env!("CARGO_BIN_EXE_linmem"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args([
                "run",
                "--format",
                "html",
                "--output",
                file.to_str().unwrap(),
            ])
            .args(args)
            .status()
            .unwrap();
        assert!(written.code().is_some_and(|code| code < 2));
        page.go(hash);
        page
    }

    /// Opens an empty page.
    pub fn empty(chromium: &Path) -> Page {
        let folder = tempfile::tempdir().unwrap();
        // The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        let mut browser = Command::new("sh")
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2 2>/dev/null",
            ])
            .arg(chromium)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-pipe",
            ])
            .arg("--window-size=1280,1000")
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, from) = channel();
        let mut answers = browser.stdout.take().unwrap();
        std::thread::spawn(move || {
            let (mut kept, mut buffer) = (Vec::new(), [0; 65536]);
            while let Ok(read @ 1..) = answers.read(&mut buffer) {
                kept.extend_from_slice(&buffer[..read]);
                while let Some(end) = kept.iter().position(|byte| *byte == 0) {
                    let message: Vec<u8> = kept.drain(..=end).collect();
                    if send
                        .send(serde_json::from_slice(&message[..end]).unwrap())
                        .is_err()
                    {
                        return;
                    }
                }
            }
        });
        let to = browser.stdin.take().unwrap();
        let (session, errors) = (String::new(), Vec::new());
        let mut page = Page {
            browser,
            to,
            from,
            session,
            next: 0,
            errors,
            folder,
        };
        let target =
            page.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = page.ask(
            "Target.attachToTarget",
            json!({"targetId": target, "flatten": true}),
        );
        page.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Runtime.enable", "Log.enable", "Page.enable"] {
            page.ask(domain, json!({}));
        }
        page
    }

    pub fn go(&mut self, hash: &str) {
        let url = format!(
            "file://{}{hash}",
            self.folder.path().join("page.html").display()
        );
        self.ask("Page.navigate", json!({"url": url}));
        self.until("document.readyState === 'complete' && !!document.getElementById('record')");
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let answer = self
                .from
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("no answer to {method}"));
            match answer["method"].as_str() {
                Some("Runtime.exceptionThrown") => self.errors.push(answer["params"].to_string()),
                Some("Log.entryAdded") if answer["params"]["entry"]["level"] == "error" => {
                    self.errors
                        .push(answer["params"]["entry"]["text"].to_string());
                }
                _ => {}
            }
            if answer["id"] == self.next {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// Evaluates an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let answer = self.ask(
            "Runtime.evaluate",
            json!({"expression": expression, "returnByValue": true}),
        );
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    pub fn text(&mut self, selector: &str) -> String {
        let selector = serde_json::to_string(selector).unwrap();
        self.value(&format!(
            "document.querySelector({selector})?.textContent ?? 'nothing'"
        ))
        .as_str()
        .unwrap()
        .to_owned()
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, expression: &str) {
        let promise = format!(
            "new Promise(done => {{ const look = () => ({expression}) ? done(true) : setTimeout(look, 10); look(); }})"
        );
        let asked = json!({"expression": promise, "awaitPromise": true, "returnByValue": true});
        assert_eq!(
            self.ask("Runtime.evaluate", asked)["result"]["value"],
            true,
            "{expression}"
        );
    }

    /// Presses and releases a key.
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "ArrowRight" => 39,
            "ArrowLeft" => 37,
            "ArrowDown" => 40,
            "ArrowUp" => 38,
            "Tab" => 9,
            key => key.to_uppercase().bytes().next().unwrap().into(),
        };
        let text = if key.len() == 1 { key } else { "" };
        let down = if text.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        let key = json!({"type": down, "key": key, "text": text, "windowsVirtualKeyCode": code});
        self.ask("Input.dispatchKeyEvent", key.clone());
        let mut up = key;
        up["type"] = "keyUp".into();
        self.ask("Input.dispatchKeyEvent", up);
    }

    pub fn byte(&mut self, table: &str, address: u64) -> String {
        self.text(&format!("#{table} [data-at='{address}']"))
    }

    #[track_caller]
    pub fn done(mut self) {
        assert_eq!(self.errors, Vec::<String>::new());
        let _ = self.ask("Target.getTargets", json!({}));
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
