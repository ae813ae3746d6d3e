//! Terraform's saved plan as `terraform show -json` prints it (format 1.x).
//!
//! [`parse`] refuses a major version it does not know, an action it does not know and an address it
//! cannot read: a plan that is half understood must not be gated. It reads no values' meaning.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use self::configuration::ConfigurationFile;
use self::invocations::{DeferredFile, invocations};
use self::unknown::unknown;
use super::json;
use crate::model::address::Address;
use crate::model::check::{Check, CheckStatus};
use crate::model::plan::{Action, DataRead, Plan, PlanExtent, PlannedChange, PlannedOutput};
use crate::model::secret::Secret;
use crate::model::value::{Path, Step, Value};

mod configuration;
mod invocations;
mod unknown;

/// Why a plan could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not JSON, or too deep.
    #[error("the plan is not JSON that can be read: {0}")]
    Json(json::Error),
    /// JSON of another shape.
    #[error("the plan is not what `show -json` prints (line {line})")]
    Shape {
        /// Line where reading stopped.
        line: usize,
    },
    /// A format that is not 1.x.
    #[error("plan format `{0}` is not 1.x")]
    Format(String),
    /// A change that cannot be read in full.
    #[error("the plan's change of `{address}` {problem}")]
    Change {
        /// Its address, as written.
        address: String,
        /// The problem, in words that follow the address.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
struct PlanFile<'a> {
    format_version: String,
    #[serde(default)]
    variables: BTreeMap<String, VariableFile>,
    #[serde(default)]
    resource_drift: Vec<ChangeFile>,
    #[serde(default)]
    resource_changes: Vec<ChangeFile>,
    #[serde(default)]
    action_invocations: Vec<serde_json::Value>,
    #[serde(default)]
    deferred_action_invocations: Vec<DeferredFile>,
    #[serde(default)]
    deferred_changes: Vec<DeferredChangeFile>,
    #[serde(default)]
    output_changes: BTreeMap<String, ValuesFile>,
    #[serde(default, borrow)]
    prior_state: PriorFile<'a>,
    #[serde(default)]
    configuration: ConfigurationFile,
    #[serde(default)]
    checks: Option<Vec<CheckFile>>,
    #[serde(default)]
    errored: bool,
    complete: Option<bool>,
    applyable: Option<bool>,
}

/// A change that has to wait, with Terraform's word for the reason.
#[derive(Deserialize)]
struct DeferredChangeFile {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    resource_change: DeferredAddress,
}

#[derive(Deserialize, Default)]
struct DeferredAddress {
    #[serde(default)]
    address: String,
}

/// A check, and the same shape for each of its instances.
#[derive(Deserialize)]
struct CheckFile {
    #[serde(default)]
    address: CheckAddress,
    #[serde(default)]
    status: String,
    #[serde(default)]
    instances: Option<Vec<Self>>,
}

#[derive(Deserialize, Default)]
struct CheckAddress {
    #[serde(default)]
    to_display: String,
}

#[derive(Deserialize)]
struct VariableFile {
    #[serde(default)]
    value: serde_json::Value,
}

/// The refreshed state. Measured with Terraform 1.11.4: a data source that was read while planning
/// stands here and nowhere else (mode `data`, values without the types that a state writes); one
/// that has to wait for the apply is no part of it and a resource change of action `read` instead.
#[derive(Deserialize, Default)]
struct PriorFile<'a> {
    #[serde(default, borrow)]
    values: PriorValues<'a>,
}

#[derive(Deserialize, Default)]
struct PriorValues<'a> {
    #[serde(default, borrow)]
    root_module: PriorModule<'a>,
}

#[derive(Deserialize, Default)]
struct PriorModule<'a> {
    #[serde(default, borrow)]
    resources: Vec<PriorResource<'a>>,
    #[serde(default, borrow)]
    child_modules: Vec<Self>,
}

#[derive(Deserialize)]
struct PriorResource<'a> {
    address: String,
    mode: String,
    #[serde(borrow)]
    values: Option<&'a RawValue>,
    #[serde(borrow)]
    sensitive_values: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ChangeFile {
    address: String,
    previous_address: Option<String>,
    deposed: Option<String>,
    provider_name: String,
    action_reason: Option<String>,
    change: ValuesFile,
}

/// The actions on an object or an output, and its values before and after them.
#[derive(Deserialize)]
struct ValuesFile {
    actions: Vec<String>,
    #[serde(default)]
    before: serde_json::Value,
    #[serde(default)]
    after: serde_json::Value,
    #[serde(default)]
    after_unknown: serde_json::Value,
    #[serde(default)]
    before_sensitive: serde_json::Value,
    #[serde(default)]
    after_sensitive: serde_json::Value,
    #[serde(default)]
    replace_paths: Vec<Vec<serde_json::Value>>,
    importing: Option<serde_json::Value>,
}

/// Reads the output of `terraform show -json PLANFILE`.
pub fn parse(bytes: &[u8]) -> Result<Plan, Error> {
    let text = json::text(bytes).map_err(Error::Json)?;
    json::check(text).map_err(Error::Json)?;
    let file: PlanFile<'_> =
        json::deserialize(text).map_err(|error| Error::Shape { line: error.line() })?;
    if !file.format_version.starts_with("1.") {
        return Err(Error::Format(file.format_version));
    }
    let unknown = unknown(text)?;
    let extent = if file.errored {
        PlanExtent::Errored
    } else if file.complete == Some(false) || !file.deferred_changes.is_empty() {
        PlanExtent::Partial
    } else {
        PlanExtent::Complete
    };
    let put_off = file.deferred_changes.into_iter();
    let put_off = put_off.map(|deferred| (deferred.resource_change.address, deferred.reason));
    let put_off = put_off.collect();
    let changes = changes(file.resource_changes)?;
    let outputs = outputs(file.output_changes)?;
    let invocations = invocations(file.action_invocations, file.deferred_action_invocations)?;
    let has_work = changes.iter().any(|change| change.action.changes() || change.importing)
        || outputs.iter().any(|output| output.action != Action::NoOp)
        || !invocations.is_empty();
    Ok(Plan {
        drift: self::changes(file.resource_drift)?,
        applyable: file.applyable.unwrap_or(has_work),
        changes,
        outputs,
        invocations,
        unknown,
        reads: reads(&file.prior_state.values.root_module)?,
        references: file.configuration.into_root(),
        checks: file.checks.unwrap_or_default().iter().flat_map(checks).collect(),
        variables: file
            .variables
            .into_iter()
            .map(|(name, variable)| (name, Secret::new(json::convert(variable.value))))
            .collect(),
        extent,
        put_off,
    })
}

/// The instances of a check, or the check where it has none.
fn checks(file: &CheckFile) -> Vec<Check> {
    let check = |file: &CheckFile| Check {
        address: file.address.to_display.clone(),
        status: CheckStatus::from_name(&file.status),
    };
    match file.instances.as_deref() {
        None | Some([]) => vec![check(file)],
        Some(instances) => instances.iter().map(check).collect(),
    }
}

fn outputs(files: BTreeMap<String, ValuesFile>) -> Result<Vec<PlannedOutput>, Error> {
    files
        .into_iter()
        .map(|(name, file)| match action(&file.actions) {
            Some(action) => Ok(PlannedOutput {
                name,
                action,
                before: json::convert(file.before),
                after: json::convert(file.after),
                after_unknown: json::convert(file.after_unknown),
                before_sensitive: json::convert(file.before_sensitive),
                after_sensitive: json::convert(file.after_sensitive),
            }),
            None => Err(Error::Change {
                address: format!("output.{name}"),
                problem: "has an unknown action",
            }),
        })
        .collect()
}

/// The data sources of a module and of those below it.
fn reads(module: &PriorModule<'_>) -> Result<Vec<DataRead>, Error> {
    let mut found = Vec::new();
    let mut modules = vec![module];
    while let Some(module) = modules.pop() {
        modules.extend(&module.child_modules);
        for resource in module.resources.iter().filter(|resource| resource.mode == "data") {
            let address = resource.address.parse().map_err(|_| Error::Change {
                address: resource.address.chars().take(200).collect(),
                problem: "has an address that cannot be read",
            })?;
            found.push(DataRead {
                address,
                values: raw(resource.values)?,
                sensitive: raw(resource.sensitive_values)?,
            });
        }
    }
    Ok(found)
}

fn raw(value: Option<&RawValue>) -> Result<Value, Error> {
    value.map_or(Ok(Value::Null), |value| json::raw_value(json::raw(value)).map_err(Error::Json))
}

fn changes(files: Vec<ChangeFile>) -> Result<Vec<PlannedChange>, Error> {
    files.into_iter().map(change).collect()
}

fn change(file: ChangeFile) -> Result<PlannedChange, Error> {
    let refuse =
        |problem| Error::Change { address: file.address.chars().take(200).collect(), problem };
    let address: Address =
        file.address.parse().map_err(|_| refuse("has an address that cannot be read"))?;
    let previous_address = match &file.previous_address {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|_| refuse("has a previous address that cannot be read"))?)
        }
    };
    let provider =
        file.provider_name.parse().map_err(|_| refuse("has a provider that cannot be read"))?;
    let action = action(&file.change.actions).ok_or_else(|| refuse("has an unknown action"))?;
    Ok(PlannedChange {
        address,
        deposed: file.deposed,
        previous_address,
        provider,
        action,
        reason: file.action_reason,
        before: json::convert(file.change.before),
        after: json::convert(file.change.after),
        after_unknown: json::convert(file.change.after_unknown),
        before_sensitive: json::convert(file.change.before_sensitive),
        after_sensitive: json::convert(file.change.after_sensitive),
        replace_paths: file.change.replace_paths.iter().map(|path| read_path(path)).collect(),
        importing: file.change.importing.is_some_and(|importing| !importing.is_null()),
    })
}

fn action(actions: &[String]) -> Option<Action> {
    let words: Vec<&str> = actions.iter().map(String::as_str).collect();
    Some(match words.as_slice() {
        ["no-op"] => Action::NoOp,
        ["create"] => Action::Create,
        ["read"] => Action::Read,
        ["update"] => Action::Update,
        ["delete"] => Action::Delete,
        ["delete", "create"] => Action::DeleteThenCreate,
        ["create", "delete"] => Action::CreateThenDelete,
        ["forget"] => Action::Forget,
        ["create", "forget"] => Action::CreateThenForget,
        ["forget", "create"] => Action::ForgetThenCreate,
        _ => return None,
    })
}

fn read_path(path: &[serde_json::Value]) -> Path {
    let step = |step: &serde_json::Value| match json::convert(step.clone()) {
        Value::Text(name) => Step::Name(name),
        Value::Number(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Step::Name(number.as_str().to_owned()), Step::Index),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => Step::Name("?".to_owned()),
    };
    Path(path.iter().map(step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::word::Word as _;

    fn with_change(change: &str) -> String {
        format!(
            r#"{{"format_version":"1.2","applyable":true,"complete":true,"errored":false,
            "variables":{{"x":{{"value":"hunter2"}}}},
            "output_changes":{{"o":{{"actions":["update"],"before":1,"after":2}}}},
            "resource_changes":[{change}]}}"#
        )
    }

    const REPLACE: &str = r#"{"address":"demo_file.a[0]","mode":"managed","type":"demo_file",
        "provider_name":"registry.terraform.io/unapply/demo","action_reason":"replace_because_cannot_update",
        "change":{"actions":["create","delete"],"before":{"path":"a"},"after":{"path":"b"},
        "after_unknown":{"id":true},"before_sensitive":{},"after_sensitive":{"secret":true},
        "replace_paths":[["path"],["rules",0]]}}"#;

    #[test]
    fn a_plan_is_read_in_full() {
        let plan = parse(with_change(REPLACE).as_bytes()).unwrap();
        assert_eq!(plan.extent, PlanExtent::Complete);
        assert!(!plan.is_empty());
        let change = plan.changes.first().unwrap();
        assert_eq!(change.action, Action::CreateThenDelete);
        let paths: Vec<String> = change.replace_paths.iter().map(ToString::to_string).collect();
        assert_eq!(paths, ["path", "rules[0]"]);
        assert!(!format!("{plan:?}").contains("hunter2"), "variables are secret");
    }

    #[test]
    fn checks_are_read_by_instance_and_without_their_messages() {
        let mut text = with_change(REPLACE);
        text.truncate(text.len() - 1);
        let text = format!(
            r#"{text},"checks":[
                {{"address":{{"kind":"check","name":"a","to_display":"check.a"}},"status":"fail",
                  "instances":[{{"address":{{"to_display":"check.a"}},"status":"fail",
                    "problems":[{{"message":"it says hunter2"}}]}}]}},
                {{"address":{{"to_display":"demo_file.a"}},"status":"pass","instances":[
                  {{"address":{{"to_display":"demo_file.a[0]"}},"status":"pass"}},
                  {{"address":{{"to_display":"demo_file.a[1]"}},"status":"later"}}]}},
                {{"address":{{"to_display":"output.o"}},"status":"error"}}]}}"#
        );
        let plan = parse(text.as_bytes()).unwrap();
        let found: Vec<String> = plan
            .checks
            .iter()
            .map(|check| format!("{} {}", check.address, check.status.name()))
            .collect();
        let expected =
            ["check.a fail", "demo_file.a[0] pass", "demo_file.a[1] unknown", "output.o error"];
        assert_eq!(found, expected);
        assert!(!format!("{plan:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_put_off_is_named() {
        let change = r#"{"reason":"resource_config_unknown","resource_change":{"address":"a.b"}}"#;
        let action = r#"{"reason":"deferred_prereq","action_invocation":{"address":"action.c.d"}}"#;
        for (members, expected) in [
            (String::new(), "something is left over"),
            (
                format!(r#","deferred_changes":[{change}]"#),
                "put off to a later apply: a.b (resource_config_unknown)",
            ),
            (
                format!(
                    r#","deferred_changes":[{change}],"deferred_action_invocations":[{action}]"#
                ),
                "put off to a later apply: a.b (resource_config_unknown), action.c.d (deferred_prereq)",
            ),
        ] {
            let text = format!(r#"{{"format_version":"1.2","complete":false{members}}}"#);
            let plan = parse(text.as_bytes()).unwrap();
            assert_eq!((plan.extent, plan.left_over().as_str()), (PlanExtent::Partial, expected));
        }
    }

    #[test]
    fn what_is_only_half_understood_is_refused() {
        let unknown_action = with_change(&REPLACE.replace("\"create\",\"delete\"", "\"explode\""));
        let bad_address = with_change(&REPLACE.replace("demo_file.a[0]", "demo file"));
        let table = [
            ("{", "the plan is not what"),
            (r#"{"format_version":"2.0"}"#, "plan format `2.0`"),
            (
                unknown_action.as_str(),
                "the plan's change of `demo_file.a[0]` has an unknown action",
            ),
            (bad_address.as_str(), "the plan's change of `demo file` has an address"),
        ];
        for (text, expected) in table {
            let message = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
