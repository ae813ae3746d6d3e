//! A small HTTP server that keeps Terraform states, with locks and a password, on loopback.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// `user:pass-word-canary`, as HTTP wants it.
const AUTHORISED: &str = "Basic dXNlcjpwYXNzLXdvcmQtY2FuYXJ5";

#[derive(Default)]
struct Kept {
    state: Vec<u8>,
    lock: Vec<u8>,
    refuses_states: bool,
    refused: usize,
}

/// The server; it stops when it is dropped.
pub(crate) struct Remote {
    address: String,
    kept: Arc<Mutex<Kept>>,
    stop: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Remote {
    /// Starts on a free port.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (kept, stop) = (Arc::<Mutex<Kept>>::default(), Arc::<AtomicBool>::default());
        let (inside, stopped) = (Arc::clone(&kept), Arc::clone(&stop));
        let server = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let _broken_off = stream.and_then(|stream| serve(&stream, &inside)).is_err();
            }
        });
        Self { address, kept, stop, server: Some(server) }
    }

    /// The `backend` block for it, without the password.
    pub(crate) fn backend(&self) -> String {
        let url = self.url();
        format!(
            "terraform {{\n  backend \"http\" {{\n    address        = \"{url}\"\n    \
             lock_address   = \"{url}\"\n    unlock_address = \"{url}\"\n    retry_max      = 0\n  \
             }}\n}}\n"
        )
    }

    /// Its address, which is that of its lock too.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/state", self.address)
    }

    /// The exact bytes of the state.
    pub(crate) fn state(&self) -> Vec<u8> {
        self.kept.lock().unwrap().state.clone()
    }

    /// Whether the lock is held.
    pub(crate) fn is_locked(&self) -> bool {
        !self.kept.lock().unwrap().lock.is_empty()
    }

    /// Holds the lock in another's name.
    pub(crate) fn lock(&self, info: &str) {
        self.kept.lock().unwrap().lock = info.into();
    }

    /// Answers new states with an error from now on.
    pub(crate) fn refuse_states(&self) {
        self.kept.lock().unwrap().refuses_states = true;
    }

    /// Takes them again.
    pub(crate) fn take_states(&self) {
        self.kept.lock().unwrap().refuses_states = false;
    }

    /// How many requests came without the password.
    pub(crate) fn refused(&self) -> usize {
        self.kept.lock().unwrap().refused
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _wakes_it = TcpStream::connect(&self.address).is_ok();
        if let Some(server) = self.server.take() {
            server.join().unwrap();
        }
    }
}

/// Answers one request, and closes.
fn serve(stream: &TcpStream, kept: &Mutex<Kept>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let (mut length, mut is_known) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => is_known = value == AUTHORISED,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut kept = kept.lock().unwrap();
    let (code, answer) = if is_known {
        answer(request.split(' ').next().unwrap_or_default(), body, &mut kept)
    } else {
        kept.refused += 1;
        ("401 Unauthorized", Vec::new())
    };
    let mut stream = stream;
    let length = answer.len();
    write!(stream, "HTTP/1.1 {code}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    stream.write_all(&answer)
}

fn answer(method: &str, body: Vec<u8>, kept: &mut Kept) -> (&'static str, Vec<u8>) {
    match method {
        "GET" if kept.state.is_empty() => ("404 Not Found", Vec::new()),
        "GET" => ("200 OK", kept.state.clone()),
        "POST" if kept.refuses_states => ("507 Insufficient Storage", Vec::new()),
        "POST" => {
            kept.state = body;
            ("200 OK", Vec::new())
        }
        "DELETE" => {
            kept.state.clear();
            ("200 OK", Vec::new())
        }
        "LOCK" if kept.lock.is_empty() => {
            kept.lock = body;
            ("200 OK", Vec::new())
        }
        "LOCK" => ("423 Locked", kept.lock.clone()),
        "UNLOCK" => {
            kept.lock.clear();
            ("200 OK", Vec::new())
        }
        _ => ("405 Method Not Allowed", Vec::new()),
    }
}
