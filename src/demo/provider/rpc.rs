//! The calls of `tfplugin6.Provider`: messages in, messages out.
//!
//! Calls that only newer or richer providers have are deliberately left unimplemented, which
//! Terraform takes well. Start from [`Service::call`].

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use prost::Message as _;

use super::archive;
use super::faults::{Fault, Faults};
use super::layout;
use super::lifecycle::{ChangeResult, RequestedChange};
use super::messages::{
    ActionMessage, ApplyReply, AttributePath, AttributeStep, ChangeRequest, CheckReply,
    DiagnosticMessage, DynamicValue, EndOfAction, ImportReply, ImportRequest, Malformed,
    ObjectMessage, PlanReply, SchemaReply, StateReply, UpgradeRequest, read,
};
use super::msgpack::CtyValue;
use super::note;
use super::objects::ObjectDirectory;
use super::plan::ObjectPlan;
use super::registry::absent;
use super::schema::{self, Attribute, ResourceType};

/// The answer to a call.
#[derive(Debug)]
pub(super) enum Reply {
    /// A message, which may report a failure.
    Message(Vec<u8>),
    /// The provider has no such call.
    Unimplemented,
    /// The process ends at once.
    Crash,
}

/// The provider, as Terraform sees it.
#[derive(Debug)]
pub(super) struct Service {
    root: RefCell<PathBuf>,
    faults: String,
    token: String,
}

/// The file of a root with the token that a provider has to know.
const TOKEN: &str = ".token";

impl Service {
    /// A provider with these faults and this token, in this directory until it is configured with
    /// another one.
    pub(super) fn new(faults: String, root: &str, token: String) -> Self {
        Self { root: RefCell::new(Path::new(".").join(root)), faults, token }
    }

    /// Answers one call.
    pub(super) async fn call(&self, method: &str, request: &[u8]) -> Result<Reply, Malformed> {
        Ok(Reply::Message(match method {
            "GetProviderSchema" => self.schemas().encode_to_vec(),
            "ValidateProviderConfig" | "StopProvider" | "GetFunctions" => Vec::new(),
            "ConfigureProvider" => self.configure(&read(request)?)?.encode_to_vec(),
            "ValidateResourceConfig" => validate(&read(request)?)?.encode_to_vec(),
            "UpgradeResourceState" => self.upgrade(read(request)?).encode_to_vec(),
            "ValidateDataResourceConfig" | "PlanAction" => CheckReply::default().encode_to_vec(),
            "ReadDataSource" => read_data(&read(request)?)?.encode_to_vec(),
            "ReadResource" => self.read(read(request)?)?.encode_to_vec(),
            "PlanResourceChange" => plan(&read(request)?)?.encode_to_vec(),
            "ValidateActionConfig" => check_note(&read(request)?)?.encode_to_vec(),
            "InvokeAction" => self.invoke(&read(request)?)?.encode_to_vec(),
            "ImportResourceState" => self.import(&read(request)?)?.encode_to_vec(),
            "ApplyResourceChange" => match self.apply(&read(request)?).await? {
                Some(reply) => reply.encode_to_vec(),
                None => return Ok(Reply::Crash),
            },
            _ => return Ok(Reply::Unimplemented),
        }))
    }

    fn objects(&self) -> ObjectDirectory {
        ObjectDirectory::under(&self.root.borrow())
    }

    /// All faults asked for at this moment.
    fn faults(&self) -> Result<Faults, String> {
        let path = self.root.borrow().join(".faults");
        let file = absent(std::fs::read_to_string(path)).map_err(|error| error.to_string())?;
        let both = format!("{}\n{}", self.faults, file.unwrap_or_default());
        Faults::parse(&both).map_err(|error| error.to_string())
    }

    fn schemas(&self) -> SchemaReply {
        let faults = match self.faults() {
            Ok(faults) => faults,
            Err(why) => {
                let diagnostics = DiagnosticMessage::of("faults", &why);
                return SchemaReply { diagnostics, ..SchemaReply::default() };
            }
        };
        let schema = |kind: ResourceType| kind.schema(faults.schema_version());
        let archive = schema::schema(0, &archive::ATTRIBUTES);
        let note = schema::schema(0, &note::ATTRIBUTES);
        SchemaReply {
            provider: schema::schema(0, &schema::PROVIDER),
            data_sources: [(archive::NAME.to_owned(), archive)].into(),
            resources: ResourceType::ALL.map(|kind| (kind.name().to_owned(), schema(kind))).into(),
            diagnostics: Vec::new(),
            actions: [(note::NAME.to_owned(), ActionMessage { schema: note })].into(),
        }
    }

    fn configure(&self, request: &ObjectMessage) -> Result<CheckReply, Malformed> {
        let config = request.object.value()?;
        let root = config.get("root");
        if *root == CtyValue::Unknown {
            // Under a wrong root every object would seem to be gone.
            let why = "`root` has to be known before the plan";
            return Ok(CheckReply { diagnostics: DiagnosticMessage::of("configure", why) });
        }
        if let Some(root) = root.as_text() {
            *self.root.borrow_mut() = Path::new(".").join(root);
        }
        let diagnostics = match absent(std::fs::read_to_string(self.root.borrow().join(TOKEN))) {
            Ok(Some(token)) if token != self.token => {
                DiagnosticMessage::of("configure", "Unauthorized: DEMO_TOKEN is not the root's")
            }
            Ok(_) => Vec::new(),
            Err(error) => DiagnosticMessage::of("configure", &error.to_string()),
        };
        Ok(CheckReply { diagnostics })
    }

    /// Takes any older state as it is, for the attributes have always been the same.
    fn upgrade(&self, request: UpgradeRequest) -> StateReply {
        let stored = request.version;
        let refused = match self.faults() {
            Ok(faults) if stored <= faults.schema_version() => {
                let state = DynamicValue { json: request.stored.0, ..DynamicValue::default() };
                return StateReply { state, ..StateReply::default() };
            }
            Ok(_) => format!("the state was written by a newer provider: schema version {stored}"),
            Err(why) => why,
        };
        let diagnostics = DiagnosticMessage::of("upgrade", &refused);
        StateReply { diagnostics, ..StateReply::default() }
    }

    fn read(&self, request: ObjectMessage) -> Result<StateReply, Malformed> {
        let kind = kind(&request.type_name)?;
        let state = request.object.value()?;
        let (state, diagnostics) = match self.observe(kind, &state) {
            Ok(now) => (DynamicValue::from(&now), Vec::new()),
            Err(why) => {
                let action = format!("read {}", kind.title(&state));
                (request.object, DiagnosticMessage::of(&action, &why))
            }
        };
        Ok(StateReply { state, diagnostics, private: request.private })
    }

    fn observe(&self, kind: ResourceType, state: &CtyValue) -> Result<CtyValue, String> {
        let faults = self.faults()?;
        let title = kind.title(state);
        if faults.want(Fault::Read, title) {
            return Err("InjectedFault: `read` was asked for".to_owned());
        }
        let now = self.objects().read(kind, state).map_err(|error| error.to_string())?;
        Ok(if faults.want(Fault::Perpetual, title) { normalised(now) } else { now })
    }

    /// Changes the object, or gives nothing if the process is to crash.
    async fn apply(&self, request: &ChangeRequest) -> Result<Option<ApplyReply>, Malformed> {
        let kind = kind(&request.type_name)?;
        let prior = request.prior.value()?;
        let planned = sent(kind, &prior, request)?;
        let change = RequestedChange { kind, prior, planned };
        let result = match self.faults() {
            Ok(faults) => {
                tokio::time::sleep(faults.delay(change.title())).await;
                change.carry_out(&self.objects(), &faults)
            }
            Err(why) => ChangeResult::Failed { state: change.prior.clone(), why },
        };
        let (state, diagnostics) = match result {
            ChangeResult::Done(state) => (state, Vec::new()),
            ChangeResult::Failed { state, why } => {
                let action = format!("{} {}", change.verb(), change.title());
                (state, DiagnosticMessage::of(&action, &why))
            }
            ChangeResult::Crashed => return Ok(None),
        };
        Ok(Some(ApplyReply { state: (&kept(kind, state)).into(), diagnostics }))
    }

    /// Runs the one action.
    fn invoke(&self, request: &ObjectMessage) -> Result<EndOfAction, Malformed> {
        let config = request.object.value()?;
        let title = note::title(&config);
        let done = self.faults().and_then(|faults| {
            if faults.want(Fault::Invoke, title) {
                return Err("InjectedFault: `invoke` was asked for".to_owned());
            }
            note::invoke(&self.root.borrow(), &config)
        });
        let diagnostics = match done {
            Ok(()) => Vec::new(),
            Err(why) => DiagnosticMessage::of(&format!("write a note to {title}"), &why),
        };
        Ok(EndOfAction { completed: CheckReply { diagnostics } })
    }

    fn import(&self, request: &ImportRequest) -> Result<ImportReply, Malformed> {
        let (kind, id) = (kind(&request.type_name)?, request.id.as_str());
        let only_id = CtyValue::object(kind.attributes().iter().map(|attribute| {
            let is_id = attribute.name == "id";
            (attribute.name, if is_id { CtyValue::text(id) } else { CtyValue::Null })
        }));
        let refused = |why: &str| {
            let diagnostics = DiagnosticMessage::of(&format!("import {} {id}", kind.name()), why);
            Ok(ImportReply { diagnostics, ..ImportReply::default() })
        };
        if kind == ResourceType::Token {
            return refused("a token exists only in the state");
        }
        match self.objects().read(kind, &only_id) {
            Err(error) => refused(&error.to_string()),
            Ok(CtyValue::Null) => refused("NotFound: there is no such object"),
            // Terraform reads the object next, so its id is enough.
            Ok(_) => {
                let imported = ObjectMessage {
                    type_name: kind.name().to_owned(),
                    object: (&only_id).into(),
                    private: Vec::new(),
                };
                Ok(ImportReply { imported: vec![imported], diagnostics: Vec::new() })
            }
        }
    }
}

/// Checks a configuration. In this one call a person sees the error with the place of the value.
fn validate(request: &ObjectMessage) -> Result<CheckReply, Malformed> {
    let kind = kind(&request.type_name)?;
    let (title, checked) = match request.object.value() {
        Ok(config) => (kind.title(&config).to_owned(), layout::check(kind, &config)),
        Err(malformed) => (kind.name().to_owned(), Err(malformed.to_string())),
    };
    let diagnostics = match checked {
        Ok(()) => Vec::new(),
        Err(why) => DiagnosticMessage::of(&format!("validate {title}"), &why),
    };
    Ok(CheckReply { diagnostics })
}

/// Checks the arguments of the one action.
fn check_note(request: &ObjectMessage) -> Result<CheckReply, Malformed> {
    let config = request.object.value()?;
    let diagnostics = match note::check(&config) {
        Ok(()) => Vec::new(),
        Err(why) => DiagnosticMessage::of(&format!("validate {}", note::title(&config)), &why),
    };
    Ok(CheckReply { diagnostics })
}

/// Reads the one data source, which writes.
fn read_data(request: &ObjectMessage) -> Result<StateReply, Malformed> {
    Ok(match archive::read(&request.object.value()?) {
        Ok(state) => StateReply { state: (&state).into(), ..StateReply::default() },
        Err(why) => {
            let diagnostics = DiagnosticMessage::of(&format!("read {}", archive::NAME), &why);
            StateReply { state: request.object.clone(), diagnostics, ..StateReply::default() }
        }
    })
}

fn plan(request: &ChangeRequest) -> Result<PlanReply, Malformed> {
    let (prior, config) = (request.prior.value()?, request.config.value()?);
    let plan = ObjectPlan::of(kind(&request.type_name)?, &prior, &config);
    let path = |name: &str| AttributePath(vec![AttributeStep(Some(name.to_owned()))]);
    let replacing = plan.replacing.into_iter().map(path).collect();
    Ok(PlanReply { state: (&plan.state).into(), replacing })
}

/// Adds to the planned state what only the configuration says: for a new object always, for
/// another one when the version beside it changes.
fn sent(
    kind: ResourceType,
    prior: &CtyValue,
    request: &ChangeRequest,
) -> Result<CtyValue, Malformed> {
    let planned = request.planned.value()?;
    let is_due = |attribute: &&Attribute| {
        let version = format!("{}_version", attribute.name);
        let is_new = *prior == CtyValue::Null || prior.get(&version) != planned.get(&version);
        attribute.write_only && is_new && planned != CtyValue::Null
    };
    let due: Vec<&Attribute> = kind.attributes().iter().filter(is_due).collect();
    due.into_iter().try_fold(planned, |planned, attribute| {
        let config = request.config.value()?;
        Ok(planned.with(attribute.name, config.get(attribute.name).clone()))
    })
}

/// Removes from a state the attributes that no state keeps.
fn kept(kind: ResourceType, state: CtyValue) -> CtyValue {
    if state == CtyValue::Null {
        return state;
    }
    let write_only = kind.attributes().iter().filter(|attribute| attribute.write_only);
    write_only.fold(state, |state, attribute| state.with(attribute.name, CtyValue::Null))
}

/// Puts the mode in another form, as some APIs do: `0644` comes back as `644`.
fn normalised(object: CtyValue) -> CtyValue {
    let mode = object.get("mode").as_text();
    match mode.map(|mode| mode.trim_start_matches('0').to_owned()) {
        Some(mode) => object.with("mode", CtyValue::Text(mode)),
        None => object,
    }
}

fn kind(name: &str) -> Result<ResourceType, Malformed> {
    ResourceType::from_name(name).ok_or(Malformed("a resource type we never announced"))
}

#[cfg(test)]
#[path = "rpc_tests.rs"]
mod tests;
