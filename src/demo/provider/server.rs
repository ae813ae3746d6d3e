//! gRPC over HTTP/2 on a local port, as much of it as one host with unary calls needs.
//!
//! The process ends when the host asks for it, closes its connection or is no longer the parent. It
//! finishes every call under way before, as a cloud would go on after its client died. The host
//! decides about interruptions, so `SIGINT`, which a terminal sends to the whole group, is
//! deliberately ignored. Start from [`run`].

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use rustix::process::{Pid, getppid};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_local;

use super::rpc::{Reply, Service};

/// Larger than any state, so that no message waits for the other side's credit.
const WINDOW: u32 = 16 << 20;

/// How often the provider checks that the host is still there.
const HOST_CHECK: Duration = Duration::from_millis(100);

/// The gRPC status codes that occur here.
const OK: &str = "0";
const INVALID_ARGUMENT: &str = "3";
const UNIMPLEMENTED: &str = "12";

/// Serves one host and gives the exit code of the process.
pub(super) async fn run(service: Service) -> io::Result<ExitCode> {
    // To listen for the signal is to ignore it, even if its arrival is never looked up.
    let interrupts = signal(SignalKind::interrupt())?;
    // Read before the handshake is written: if the host is gone by now, that write fails.
    let host = getppid();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "1|6|tcp|{address}|grpc|")?;
    io::stdout().flush()?;

    let lifetime = Rc::new(ProcessLifetime::default());
    spawn_local(watch(host, Rc::clone(&lifetime)));
    spawn_local(welcome(listener, Rc::new(service), Rc::clone(&lifetime)));
    let end = poll_fn(|context| lifetime.poll_end(context)).await;
    drop(interrupts);
    Ok(end)
}

/// The facts that keep the process alive or end it.
#[derive(Debug, Default)]
struct ProcessLifetime {
    under_way: Cell<usize>,
    asked_to_end: Cell<bool>,
    host_left: Cell<bool>,
    crashed: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

impl ProcessLifetime {
    fn poll_end(&self, context: &Context<'_>) -> Poll<ExitCode> {
        if self.crashed.get() {
            return Poll::Ready(ExitCode::FAILURE);
        }
        if self.host_left.get() && self.under_way.get() == 0 {
            return Poll::Ready(ExitCode::SUCCESS);
        }
        *self.waiting.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }

    fn note(&self, fact: &Cell<bool>) {
        fact.set(true);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waiting) = self.waiting.borrow_mut().take() {
            waiting.wake();
        }
    }
}

/// A call that is not finished yet.
struct UnderWay(Rc<ProcessLifetime>);

impl UnderWay {
    fn begin(lifetime: &Rc<ProcessLifetime>) -> Self {
        lifetime.under_way.set(lifetime.under_way.get() + 1);
        Self(Rc::clone(lifetime))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get().saturating_sub(1));
        self.0.wake();
    }
}

/// Notes that the host is gone once another process has become the parent.
///
/// A host that is killed before it connects closes no connection that would tell.
async fn watch(host: Option<Pid>, lifetime: Rc<ProcessLifetime>) {
    let mut checks = tokio::time::interval(HOST_CHECK);
    while getppid() == host {
        checks.tick().await;
    }
    lifetime.note(&lifetime.host_left);
}

async fn welcome(listener: TcpListener, service: Rc<Service>, lifetime: Rc<ProcessLifetime>) {
    while let Ok((socket, _)) = listener.accept().await {
        // Small messages go to and fro, and each may wait 40 ms without this. To fail is harmless.
        drop(socket.set_nodelay(true));
        spawn_local(converse(socket, Rc::clone(&service), Rc::clone(&lifetime)));
    }
    lifetime.note(&lifetime.host_left);
}

/// Answers all calls of one connection, of which a host makes only one.
async fn converse<S>(socket: S, service: Rc<Service>, lifetime: Rc<ProcessLifetime>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = h2::server::Builder::new()
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(socket)
        .await;
    if let Ok(mut connection) = handshake {
        let mut next_call = async || {
            poll_fn(|context| {
                if lifetime.asked_to_end.get() {
                    connection.graceful_shutdown();
                }
                connection.poll_accept(context)
            })
            .await
        };
        while let Some(Ok((request, respond))) = next_call().await {
            let under_way = UnderWay::begin(&lifetime);
            let service = Rc::clone(&service);
            spawn_local(async move {
                // An error here means that the host is not interested any more.
                drop(exchange(request, respond, &service, &under_way.0).await);
                drop(under_way);
            });
        }
    }
    lifetime.note(&lifetime.host_left);
}

async fn exchange(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    service: &Service,
    lifetime: &ProcessLifetime,
) -> Result<(), h2::Error> {
    let path = request.uri().path().to_owned();
    let body = receive(request.into_body()).await?;
    if path == "/plugin.GRPCController/Shutdown" {
        lifetime.note(&lifetime.asked_to_end);
        return reply(&mut respond, &[]);
    }
    let Some(method) = path.strip_prefix("/tfplugin6.Provider/") else {
        // Logs, broker and health of the plugin library: the host does without.
        return decline(&mut respond, UNIMPLEMENTED, "not offered");
    };
    // One byte is 1 if the message is compressed, which was not negotiated; four are its length.
    let Some(([0, ..], message)) = body.split_at_checked(5) else {
        return decline(&mut respond, INVALID_ARGUMENT, "not a plain gRPC message");
    };
    match service.call(method, message).await {
        Ok(Reply::Message(message)) => reply(&mut respond, &message),
        Ok(Reply::Unimplemented) => decline(&mut respond, UNIMPLEMENTED, "not offered"),
        Ok(Reply::Crash) => {
            lifetime.note(&lifetime.crashed);
            std::future::pending().await
        }
        Err(malformed) => decline(&mut respond, INVALID_ARGUMENT, malformed.0),
    }
}

async fn receive(mut body: RecvStream) -> Result<Bytes, h2::Error> {
    let mut all = BytesMut::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

fn reply(respond: &mut SendResponse<Bytes>, message: &[u8]) -> Result<(), h2::Error> {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);

    let mut stream = respond.send_response(head(), false)?;
    stream.send_data(framed.freeze(), false)?;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(OK));
    stream.send_trailers(trailers)
}

fn decline(
    respond: &mut SendResponse<Bytes>,
    status: &'static str,
    why: &'static str,
) -> Result<(), h2::Error> {
    let mut response = head();
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from_static(status));
    headers.insert("grpc-message", HeaderValue::from_static(why));
    respond.send_response(response, true).map(drop)
}

fn head() -> Response<()> {
    let mut response = Response::new(());
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    response
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
