//! The calls of `tfplugin6.Provider`: messages in, messages out.
//!
//! Field numbers are those of Terraform's `tfplugin6.proto` and appear nowhere else, except the
//! ones of a schema. Calls that only newer or richer providers have are deliberately left
//! unimplemented, which Terraform takes well. Start from [`Service::call`].

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::faults::{Fault, Faults};
use super::layout;
use super::lifecycle::{Change, Outcome};
use super::msgpack::Value;
use super::objects::World;
use super::plan::Plan;
use super::registry::absent;
use super::schema::{self, Attribute, ResourceType};
use super::wire::{Fields, Malformed, Message};

/// What comes of a call.
#[derive(Debug)]
pub(super) enum Answer {
    /// A message, which may tell of a failure.
    Reply(Message),
    /// There is no such call here.
    Unimplemented,
    /// The process is to die as it stands.
    Crash,
}

/// The provider, as Terraform sees it.
#[derive(Debug)]
pub(super) struct Service {
    root: RefCell<PathBuf>,
    faults: String,
}

impl Service {
    /// A provider with these faults, in the current directory until it is configured.
    pub(super) fn new(faults: String) -> Self {
        Self { root: RefCell::new(PathBuf::from(".")), faults }
    }

    /// Answers one call.
    pub(super) async fn call(&self, method: &str, request: &[u8]) -> Result<Answer, Malformed> {
        let request = Fields::read(request)?;
        let reply = match method {
            "GetProviderSchema" => self.schemas(),
            "ValidateProviderConfig" | "StopProvider" | "GetFunctions" => Message::default(),
            "ConfigureProvider" => self.configure(&request)?,
            "ValidateResourceConfig" => validate(&request)?,
            "UpgradeResourceState" => self.upgrade(&request)?,
            "ReadResource" => self.read(&request)?,
            "PlanResourceChange" => plan(&request)?,
            "ApplyResourceChange" => return self.apply(&request).await,
            "ImportResourceState" => self.import(&request)?,
            _ => return Ok(Answer::Unimplemented),
        };
        Ok(Answer::Reply(reply))
    }

    fn world(&self) -> World {
        World::under(&self.root.borrow())
    }

    /// All faults asked for at this moment.
    fn faults(&self) -> Result<Faults, String> {
        let path = self.root.borrow().join(".faults");
        let file = absent(std::fs::read_to_string(path)).map_err(|error| error.to_string())?;
        let both = format!("{}\n{}", self.faults, file.unwrap_or_default());
        Faults::parse(&both).map_err(|error| error.to_string())
    }

    fn schemas(&self) -> Message {
        let faults = match self.faults() {
            Ok(faults) => faults,
            Err(why) => return Message::default().message(4, &complaint("faults", &why)),
        };
        let provider = schema::schema(0, &schema::PROVIDER);
        ResourceType::ALL.into_iter().fold(
            Message::default().message(1, &provider),
            |reply, kind| {
                let schema = kind.schema(faults.schema_version());
                reply.message(2, &Message::default().bytes(1, kind.name()).message(2, &schema))
            },
        )
    }

    fn configure(&self, request: &Fields<'_>) -> Result<Message, Malformed> {
        let config = value(request, 2)?;
        let root = config.get("root");
        if *root == Value::Unknown {
            // Under a wrong root every object would seem to be gone.
            let why = "`root` has to be known before the plan";
            return Ok(Message::default().message(1, &complaint("configure", why)));
        }
        if let Some(root) = root.as_text() {
            *self.root.borrow_mut() = Path::new(".").join(root);
        }
        Ok(Message::default())
    }

    /// Takes any older state as it is, for the attributes have always been the same.
    fn upgrade(&self, request: &Fields<'_>) -> Result<Message, Malformed> {
        let stored = request.number(2);
        let refused = |why: &str| Ok(Message::default().message(2, &complaint("upgrade", why)));
        match self.faults() {
            Err(why) => refused(&why),
            Ok(faults) if stored > faults.schema_version() => refused(&format!(
                "the state was written by a newer provider: schema version {stored}"
            )),
            Ok(_) => {
                let state = Message::default().bytes(2, request.message(3)?.bytes(1));
                Ok(Message::default().message(1, &state))
            }
        }
    }

    fn read(&self, request: &Fields<'_>) -> Result<Message, Malformed> {
        let kind = kind(request)?;
        let state = value(request, 2)?;
        let reply = |state: &Value| {
            Message::default().message(1, &dynamic(state)).bytes(3, request.bytes(3))
        };
        Ok(match self.observe(kind, &state) {
            Ok(now) => reply(&now),
            Err(why) => {
                let summary = format!("read {}", kind.title(&state));
                reply(&state).message(2, &complaint(&summary, &why))
            }
        })
    }

    fn observe(&self, kind: ResourceType, state: &Value) -> Result<Value, String> {
        let faults = self.faults()?;
        let title = kind.title(state);
        if faults.want(Fault::Read, title) {
            return Err("InjectedFault: `read` was asked for".to_owned());
        }
        let now = self.world().read(kind, state).map_err(|error| error.to_string())?;
        Ok(if faults.want(Fault::Perpetual, title) { normalised(now) } else { now })
    }

    async fn apply(&self, request: &Fields<'_>) -> Result<Answer, Malformed> {
        let (kind, prior) = (kind(request)?, value(request, 2)?);
        let planned = sent(kind, &prior, value(request, 3)?, request)?;
        let change = Change { kind, prior, planned };
        let outcome = match self.faults() {
            Ok(faults) => {
                tokio::time::sleep(faults.delay(change.title())).await;
                change.carry_out(&self.world(), &faults)
            }
            Err(why) => Outcome::Failed { state: change.prior.clone(), why },
        };
        Ok(match outcome {
            Outcome::Done(state) => {
                Answer::Reply(Message::default().message(1, &dynamic(&kept(kind, state))))
            }
            Outcome::Failed { state, why } => {
                let summary = format!("{} {}", change.verb(), change.title());
                let reply = Message::default().message(1, &dynamic(&kept(kind, state)));
                Answer::Reply(reply.message(3, &complaint(&summary, &why)))
            }
            Outcome::Crashed => Answer::Crash,
        })
    }

    fn import(&self, request: &Fields<'_>) -> Result<Message, Malformed> {
        let kind = kind(request)?;
        let id = request.text(2)?;
        let only_id = Value::object(kind.attributes().iter().map(|attribute| {
            let is_id = attribute.name == "id";
            (attribute.name, if is_id { Value::text(id) } else { Value::Null })
        }));
        let refused = |why: &str| {
            let summary = format!("import {} {id}", kind.name());
            Ok(Message::default().message(2, &complaint(&summary, why)))
        };
        if kind == ResourceType::Token {
            return refused("a token exists only in the state");
        }
        match self.world().read(kind, &only_id) {
            Err(error) => refused(&error.to_string()),
            Ok(Value::Null) => refused("NotFound: there is no such object"),
            // Terraform reads the object next, so nothing but its id needs to be told.
            Ok(_) => {
                let imported =
                    Message::default().bytes(1, kind.name()).message(2, &dynamic(&only_id));
                Ok(Message::default().message(1, &imported))
            }
        }
    }
}

fn validate(request: &Fields<'_>) -> Result<Message, Malformed> {
    let kind = kind(request)?;
    // The one call in which a person sees what is wrong with a value, and where.
    let (title, checked) = match value(request, 2) {
        Ok(config) => {
            let checked = layout::check(kind, &config);
            (kind.title(&config).to_owned(), checked)
        }
        Err(malformed) => (kind.name().to_owned(), Err(malformed.to_string())),
    };
    Ok(match checked {
        Ok(()) => Message::default(),
        Err(why) => Message::default().message(1, &complaint(&format!("validate {title}"), &why)),
    })
}

fn plan(request: &Fields<'_>) -> Result<Message, Malformed> {
    let plan = Plan::of(kind(request)?, &value(request, 2)?, &value(request, 4)?);
    let reply = Message::default().message(1, &dynamic(&plan.state));
    Ok(plan.replacing.into_iter().fold(reply, |reply, attribute| {
        let step = Message::default().bytes(1, attribute);
        reply.message(2, &Message::default().message(1, &step))
    }))
}

/// What was planned with what only the configuration says: to a new object always, to another one
/// when the version beside it changes.
fn sent(
    kind: ResourceType,
    prior: &Value,
    planned: Value,
    request: &Fields<'_>,
) -> Result<Value, Malformed> {
    let is_due = |attribute: &&Attribute| {
        let version = format!("{}_version", attribute.name);
        let is_new = *prior == Value::Null || prior.get(&version) != planned.get(&version);
        attribute.write_only && is_new && planned != Value::Null
    };
    let due: Vec<&Attribute> = kind.attributes().iter().filter(is_due).collect();
    due.into_iter().try_fold(planned, |planned, attribute| {
        let config = value(request, 4)?;
        Ok(planned.with(attribute.name, config.get(attribute.name).clone()))
    })
}

/// A state without what no state keeps.
fn kept(kind: ResourceType, state: Value) -> Value {
    if state == Value::Null {
        return state;
    }
    let write_only = kind.attributes().iter().filter(|attribute| attribute.write_only);
    write_only.fold(state, |state, attribute| state.with(attribute.name, Value::Null))
}

/// As an API reads back what it keeps in a form of its own: `0644` comes back as `644`.
fn normalised(object: Value) -> Value {
    let mode = object.get("mode").as_text();
    match mode.map(|mode| mode.trim_start_matches('0').to_owned()) {
        Some(mode) => object.with("mode", Value::Text(mode)),
        None => object,
    }
}

fn kind(request: &Fields<'_>) -> Result<ResourceType, Malformed> {
    ResourceType::from_name(request.text(1)?).ok_or(Malformed("a resource type we never announced"))
}

fn value(request: &Fields<'_>, field: u32) -> Result<Value, Malformed> {
    Value::decode(request.message(field)?.bytes(1))
}

fn dynamic(value: &Value) -> Message {
    Message::default().bytes(1, value.encode())
}

/// An error as Terraform shows it.
fn complaint(summary: &str, detail: &str) -> Message {
    Message::default().number(1, 1).bytes(2, format!("cannot {summary}")).bytes(3, detail)
}

#[cfg(test)]
#[path = "rpc_tests.rs"]
mod tests;
