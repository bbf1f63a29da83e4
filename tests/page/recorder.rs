//! The recorder in a page: an app that is loaded over HTTP runs as ever, and its recording is
//! replayed.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use linmem::hostlog::JAVASCRIPT_RECORDER;
use serde_json::{Value, json};

use crate::browser::Page;

/// Serves the files of the app on a port of its own, and returns its address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A browser opens connections ahead, and closes them without a request.
            let _ = stream.and_then(answer);
        }
    });
    address
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut line = String::from("-");
    while !line.trim().is_empty() {
        line.clear();
        if request.read_line(&mut line)? == 0 {
            break;
        }
    }
    let name = first.split(' ').nth(1).unwrap_or_default();
    let (kind, body) = match name {
        "/plain.html" => ("text/html", without_recorder()),
        "/index.html" => ("text/html", file("index.html")),
        "/app.js" => ("text/javascript", file("app.js")),
        "/recorder.js" => ("text/javascript", JAVASCRIPT_RECORDER.into()),
        "/guest.wasm" => (
            "application/wasm",
            wat::parse_bytes(&file("guest.wat")).unwrap().into_owned(),
        ),
        _ => ("text/plain", Vec::new()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}

fn file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/hosts/browser");
    std::fs::read(folder.join(name)).unwrap()
}

fn without_recorder() -> Vec<u8> {
    let page = String::from_utf8(file("index.html")).unwrap();
    let plain = page.replace("<script src=\"recorder.js\"></script>\n", "");
    assert_ne!(plain, page);
    plain.into()
}

/// Opens a page of the app and returns what it shows when it has run.
fn shown(page: &mut Page, url: &str) -> String {
    page.ask("Page.navigate", json!({"url": url}));
    page.until("document.getElementById('out')?.textContent");
    page.text("#out")
}

fn linmem(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_linmem"))
        .args(args)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let errors = text(output.stderr);
    assert_eq!(errors, "");
    (output.status.code(), text(output.stdout))
}

pub fn a_page_is_recorded_and_replayed(chromium: &Path) {
    let address = serve();
    let mut page = Page::empty(chromium);
    let plain = shown(&mut page, &format!("{address}/plain.html"));
    assert_eq!(plain, "Hello, page page");
    assert_eq!(shown(&mut page, &format!("{address}/index.html")), plain);

    // The recording is saved as a file, as the person who uses the page does it.
    let folder = page.folder.path().to_owned();
    let saved = json!({"behavior": "allow", "downloadPath": folder});
    page.ask("Page.setDownloadBehavior", saved);
    let text = page.value("linmemRecorder.save('page.hostlog'), linmemRecorder.text()");
    let path = folder.join("page.hostlog");
    let is_whole = || std::fs::read_to_string(&path).is_ok_and(|saved| text == saved);
    while !is_whole() {
        page.until("true");
    }

    let recording = path.to_str().unwrap();
    let (status, checked) = linmem(&["record", "--check", recording]);
    assert_eq!(status, Some(0), "{checked}");
    let (status, trace) = linmem(&["run", recording, "--format", "json"]);
    let trace: Value = serde_json::from_str(&trace).unwrap();
    assert_eq!(
        (status, &trace["status"]),
        (Some(0), &"ok".into()),
        "{trace}"
    );
    let steps = trace["steps"].as_array().unwrap();
    let texts: Vec<&str> = steps.iter().map(|s| s["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "instantiate",
            "p1 = call malloc(4)",
            "write p1, \"page\"",
            "call greet(p1, 4)",
            "call free(65792, 11)",
        ]
    );
    // The line of the app, and its source.
    let host = &steps[2]["host"];
    assert_eq!(
        (&host["file"], &host["line"]),
        (&"app.js".into(), &15.into())
    );
    let source = steps[2]["narration"].as_str().unwrap();
    assert!(source.contains("encodeInto(text"), "{source}");
    // What the import wrote is a part of the call that called it.
    let log = &steps[3]["children"][0];
    assert_eq!(log["text"], "env.log(1024, 4)");
    assert_eq!(log["children"][0]["text"], "write 0x8, hex\"01\"");
    page.done();
}
