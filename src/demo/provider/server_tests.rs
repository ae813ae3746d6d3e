//! A host on the other end of a pipe in memory. (See `server`.)

use std::future::Future;

use h2::client::SendRequest;
use prost::Message as _;
use tokio::io::DuplexStream;
use tokio::task::LocalSet;

use super::super::messages::ChangeRequest;
use super::super::msgpack::CtyValue;
use super::*;

fn run_local<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    LocalSet::new().block_on(&runtime, future)
}

/// Starts a provider with these faults, and a host that is connected to it.
async fn host(faults: &str) -> (SendRequest<Bytes>, Rc<ProcessLifetime>) {
    let (ours, theirs): (DuplexStream, DuplexStream) = tokio::io::duplex(1 << 16);
    let lifetime = Rc::new(ProcessLifetime::default());
    let service = Rc::new(Service::new(faults.to_owned(), "", String::new()));
    spawn_local(converse(theirs, service, Rc::clone(&lifetime)));
    let (calls, connection) = h2::client::handshake(ours).await.unwrap();
    spawn_local(async move { drop(connection.await) });
    (calls, lifetime)
}

/// Makes a call and gives the status and the length of the reply.
async fn call(calls: &mut SendRequest<Bytes>, path: &str, body: &[u8]) -> (String, usize) {
    let uri = format!("http://localhost{path}");
    let request = Request::post(uri).body(()).unwrap();
    let (response, mut stream) = calls.send_request(request, false).unwrap();
    stream.send_data(Bytes::copy_from_slice(body), true).unwrap();
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut length = 0;
    while let Some(chunk) = body.data().await {
        length += chunk.unwrap().len();
    }
    let trailers = body.trailers().await.unwrap().unwrap_or(head.headers);
    let status = trailers.get("grpc-status").unwrap().to_str().unwrap();
    (status.to_owned(), length)
}

const EMPTY: &[u8] = &[0, 0, 0, 0, 0];

/// Creates the object `a` in a directory that is never made, because the creation is to fail.
fn creation() -> Vec<u8> {
    let message = ChangeRequest {
        type_name: "demo_file".to_owned(),
        prior: (&CtyValue::Null).into(),
        planned: (&CtyValue::object([("path", CtyValue::text("a"))])).into(),
        ..ChangeRequest::default()
    };
    [EMPTY, &message.encode_to_vec()].concat()
}

#[test]
fn every_call_gets_a_status() {
    run_local(async {
        let (mut calls, _life) = host("").await;
        let provider = |method: &str| format!("/tfplugin6.Provider/{method}");
        let (status, length) = call(&mut calls, &provider("GetProviderSchema"), EMPTY).await;
        assert_eq!(status, OK);
        assert!(length > 100);
        let unknown = call(&mut calls, &provider("CallFunction"), EMPTY).await;
        assert_eq!(unknown.0, UNIMPLEMENTED);
        let health = call(&mut calls, "/grpc.health.v1.Health/Check", EMPTY).await;
        assert_eq!(health.0, UNIMPLEMENTED);
        let compressed = call(&mut calls, &provider("StopProvider"), &[1, 0, 0, 0, 0]).await;
        assert_eq!(compressed.0, INVALID_ARGUMENT);
        let stop = call(&mut calls, &provider("StopProvider"), EMPTY).await;
        assert_eq!(stop.0, OK, "to stop is no reason to leave");
    });
}

#[test]
fn the_process_ends_when_the_host_asks_and_after_it_was_answered() {
    let end = run_local(async {
        let (mut calls, lifetime) = host("").await;
        let answer = call(&mut calls, "/plugin.GRPCController/Shutdown", EMPTY).await;
        assert_eq!(answer.0, OK);
        poll_fn(|context| lifetime.poll_end(context)).await
    });
    assert_eq!(end, ExitCode::SUCCESS);
}

#[test]
fn a_call_under_way_is_finished_after_the_host_is_gone() {
    run_local(async {
        // The creation is slow and then fails, so that nothing is left behind.
        let (mut calls, lifetime) = host("delay-ms:*:50,create:*").await;
        let request = Request::post("http://localhost/tfplugin6.Provider/ApplyResourceChange");
        let (response, mut stream) = calls.send_request(request.body(()).unwrap(), false).unwrap();
        stream.send_data(Bytes::from(creation()), true).unwrap();
        while lifetime.under_way.get() == 0 {
            tokio::task::yield_now().await;
        }
        drop((calls, response, stream));
        while !lifetime.host_left.get() {
            tokio::task::yield_now().await;
        }
        assert_eq!(lifetime.under_way.get(), 1);
        let end = poll_fn(|context| lifetime.poll_end(context)).await;
        assert_eq!(lifetime.under_way.get(), 0);
        assert_eq!(end, ExitCode::SUCCESS);
    });
}

#[test]
fn a_crash_ends_the_process_at_once() {
    let lifetime = ProcessLifetime::default();
    lifetime.under_way.set(1);
    lifetime.note(&lifetime.crashed);
    let end = lifetime.poll_end(&Context::from_waker(Waker::noop()));
    assert_eq!(end, Poll::Ready(ExitCode::FAILURE));
}
