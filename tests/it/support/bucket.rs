//! An S3 server inside the test process, on loopback, with real signatures and with faults.
//!
//! `s3s-fs` keeps the objects as files. The gate before it serialises conditional writes, because
//! `s3s-fs` looks and then renames, and injects what a test asks for: see [`Rule`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::sync::oneshot;
use unapply::model::secret::Secret;
use unapply::store::{AccessKeys, Addressing, InstanceMetadata, S3Place, S3Store};

use super::versions::Versions;

/// The access key that the server knows.
pub(crate) const ACCESS_KEY: &str = "AKIDUNAPPLYTESTS";
/// Its secret: a canary that may appear nowhere.
pub(crate) const SECRET_KEY: &str = "s3-secret-canary-9b1d6c";
/// The bucket that is there from the start.
pub(crate) const BUCKET: &str = "unapply-tests";

/// A fault of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An answer of the store's own: status and S3 error code.
    Answer(u16, &'static str),
    /// The connection ends before anything was done.
    DropBefore,
    /// It is done, and the connection ends without an answer.
    DropAfter,
    /// It is done after a while.
    Delay(Duration),
    /// No answer ever comes, and nothing is done.
    Hang,
    /// It is said to be somewhere else.
    Redirect(String),
    /// Success by its status, and an error by its body.
    ErrorInBody,
    /// Success with this body.
    Says(&'static str),
    /// The write's condition is not looked at.
    IgnoreCondition,
    /// The answer's `Date` is wrong.
    Date(&'static str),
}

/// When a fault strikes.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The method; none for any.
    pub(crate) method: Option<Method>,
    /// The text that the path and the query have to contain.
    pub(crate) part: String,
    /// How many fitting requests pass first.
    pub(crate) after: usize,
    /// How many are struck then.
    pub(crate) times: usize,
    /// The fault that they meet.
    pub(crate) fault: Fault,
}

impl Rule {
    /// Strikes every request of `method` whose path and query contain `part`.
    pub(crate) fn always(method: Method, part: &str, fault: Fault) -> Self {
        Self { method: Some(method), part: part.to_owned(), after: 0, times: usize::MAX, fault }
    }

    /// Strikes the first `times` of them only.
    pub(crate) fn first(times: usize, method: Method, part: &str, fault: Fault) -> Self {
        Self { times, ..Self::always(method, part, fault) }
    }

    /// Lets `after` of them pass first.
    pub(crate) fn after(self, after: usize) -> Self {
        Self { after, ..self }
    }
}

#[derive(Default)]
struct Plan {
    rules: Vec<Rule>,
    seen: Vec<String>,
}

impl Plan {
    /// Notes a request and says what is to happen to it.
    fn meet(&mut self, method: &Method, target: &str) -> Option<Fault> {
        self.seen.push(format!("{method} {target}"));
        let fits = |rule: &&mut Rule| {
            rule.times > 0
                && rule.method.as_ref().is_none_or(|wanted| wanted == method)
                && target.contains(&rule.part)
        };
        let rule = self.rules.iter_mut().find(fits)?;
        if rule.after > 0 {
            rule.after -= 1;
            return None;
        }
        rule.times = if rule.times == usize::MAX { usize::MAX } else { rule.times - 1 };
        Some(rule.fault.clone())
    }
}

/// The server; it stops when it is dropped.
pub(crate) struct Bucket {
    url: String,
    plan: Arc<Mutex<Plan>>,
    versions: Arc<Mutex<Versions>>,
    directory: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Bucket {
    /// Starts on a free port, with an empty [`BUCKET`].
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join(BUCKET)).unwrap();
        let plan = Arc::<Mutex<Plan>>::default();
        let versions = Arc::<Mutex<Versions>>::default();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(directory.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let gate = Gate {
            service: builder.build(),
            root: directory.path().to_owned(),
            lock: Arc::default(),
            plan: Arc::clone(&plan),
            versions: Arc::clone(&versions),
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let server = std::thread::spawn(move || serve(listener, &gate, stopped));
        Self { url, plan, versions, directory, stop: Some(stop), server: Some(server) }
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.url
    }

    /// A `backend` block that keeps a state here, with Terraform's own lock file.
    pub(crate) fn backend(&self, key: &str) -> String {
        format!(
            "terraform {{\n  backend \"s3\" {{\n    bucket       = \"{BUCKET}\"\n    key          = \
             \"{key}\"\n    region       = \"us-east-1\"\n    use_lockfile = true\n    \
             use_path_style              = true\n    skip_credentials_validation = true\n    \
             skip_metadata_api_check     = true\n    skip_region_validation      = true\n    \
             skip_requesting_account_id  = true\n    max_retries                 = 1\n    \
             endpoints = {{ s3 = \"{}\" }}\n  }}\n}}\n",
            self.url
        )
    }

    /// A store below this prefix.
    pub(crate) fn store(&self, prefix: &str) -> S3Store {
        S3Store::open(self.place(prefix)).unwrap()
    }

    /// The address of such a store.
    pub(crate) fn place(&self, prefix: &str) -> S3Place {
        S3Place {
            bucket: BUCKET.to_owned(),
            prefix: prefix.to_owned(),
            region: Some("us-east-1".to_owned()),
            endpoint: Some(self.url.clone()),
            addressing: Addressing::Path,
            keys: Some(AccessKeys {
                id: ACCESS_KEY.to_owned(),
                secret: Secret::new(SECRET_KEY.to_owned()),
                session: None,
            }),
            profile: None,
            instance_metadata: InstanceMetadata::Never,
            timeout: Duration::from_secs(20),
        }
    }

    /// Injects a fault from now on; the first rule that fits a request strikes it.
    pub(crate) fn rule(&self, rule: Rule) {
        self.plan.lock().unwrap().rules.push(rule);
    }

    /// Everything that was ever written here.
    pub(crate) fn versions(&self) -> std::sync::MutexGuard<'_, Versions> {
        self.versions.lock().unwrap()
    }

    /// Everything works again.
    pub(crate) fn heal(&self) {
        self.plan.lock().unwrap().rules.clear();
    }

    /// The requests so far, as `METHOD /path?query`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.plan.lock().unwrap().seen.clone()
    }

    /// The directory with the objects of [`BUCKET`] as files.
    pub(crate) fn files(&self) -> PathBuf {
        self.directory.path().join(BUCKET)
    }

    /// The bytes of an object, if it is there.
    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        std::fs::read(self.files().join(Path::new(key))).ok()
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _has_ended = self.stop.take().is_some_and(|stop| stop.send(()).is_err());
        if let Some(server) = self.server.take() {
            server.join().unwrap();
        }
    }
}

fn serve(listener: std::net::TcpListener, gate: &Gate, mut stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        loop {
            let stream = tokio::select! {
                _ = &mut stopped => return,
                accepted = listener.accept() => accepted.unwrap().0,
            };
            // Without it every answer waits 40 ms for the client's delayed acknowledgement.
            stream.set_nodelay(true).unwrap();
            let gate = gate.clone();
            let connection = async move {
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let io = TokioIo::new(stream);
                let _broken_off = builder.serve_connection(io, gate).await.is_err();
            };
            drop(tokio::spawn(connection));
        }
    });
}

#[derive(Clone)]
struct Gate {
    service: S3Service,
    root: PathBuf,
    lock: Arc<tokio::sync::Mutex<()>>,
    plan: Arc<Mutex<Plan>>,
    versions: Arc<Mutex<Versions>>,
}

/// The connection is to end here.
type Broken = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Answer = Response<s3s::Body>;

impl Gate {
    async fn answer(self, request: Request<Incoming>) -> Result<Answer, Broken> {
        let target = request.uri().to_string();
        let fault = self.plan.lock().unwrap().meet(request.method(), &target);
        match &fault {
            Some(Fault::Answer(status, code)) => return Ok(error(*status, code)),
            Some(Fault::Says(body)) => return Ok(answer(200, (*body).to_owned())),
            Some(Fault::ErrorInBody) => return Ok(error(200, "InternalError")),
            Some(Fault::DropBefore) => return Err("dropped before".into()),
            Some(Fault::Hang) => std::future::pending::<()>().await,
            Some(Fault::Redirect(to)) => {
                let mut answer = error(307, "TemporaryRedirect");
                answer.headers_mut().insert("location", to.parse().unwrap());
                return Ok(answer);
            }
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::IgnoreCondition | Fault::DropAfter | Fault::Date(_)) | None => {}
        }
        let key = request.uri().path().trim_start_matches('/').to_owned();
        let key = key.split_once('/').map_or(String::new(), |(_, key)| key.to_owned());
        let query = request.uri().query().unwrap_or_default().to_owned();
        if request.method() == Method::GET
            && let Some(answer) = self.versions.lock().unwrap().answer(&query, &key)
        {
            return Ok(answer);
        }
        let method = request.method().clone();
        let is_write = request.method() != Method::GET;
        let is_conditional =
            ["if-none-match", "if-match"].iter().any(|name| request.headers().contains_key(*name));
        let _guard = if is_write && is_conditional { Some(self.lock.lock().await) } else { None };
        // The header is signed, so the server has to see it: what it would find is taken away.
        if fault == Some(Fault::IgnoreCondition) {
            self.forget(request.uri().path());
        }
        let answer = hyper::service::Service::call(&self.service, request).await;
        let mut answer = answer.map_err(|error| -> Broken { format!("{error:?}").into() })?;
        if answer.status().is_success() && [Method::PUT, Method::DELETE].contains(&method) {
            let bytes = std::fs::read(self.root.join(BUCKET).join(&key)).ok();
            self.versions.lock().unwrap().keep(&key, bytes);
        }
        match fault {
            Some(Fault::DropAfter) => Err("dropped after".into()),
            Some(Fault::Date(date)) => {
                answer.headers_mut().insert("date", date.parse().unwrap());
                Ok(answer)
            }
            Some(_) | None => Ok(answer),
        }
    }

    fn forget(&self, path: &str) {
        let _was_not_there =
            std::fs::remove_file(self.root.join(path.trim_start_matches('/'))).is_err();
    }
}

impl hyper::service::Service<Request<Incoming>> for Gate {
    type Response = Answer;
    type Error = Broken;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Answer, Broken>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

/// An error as S3 says it.
pub(crate) fn error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>as the \
         test wants it</Message><RequestId>1</RequestId></Error>"
    );
    answer(status, body)
}

fn answer(status: u16, body: String) -> Answer {
    let mut answer = Response::new(s3s::Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer.headers_mut().insert("content-type", "application/xml".parse().unwrap());
    answer
}
