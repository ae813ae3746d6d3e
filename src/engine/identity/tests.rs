//! Which two instances are one object: by what the provider says, where it is, and what it is
//! called.

use super::*;
use crate::codec::state::parse;
use crate::engine::diff::{Facts, diff};
use crate::engine::redact::Redactor;
use crate::model::state::StateBytes;

const WEST: &str = r#"provider["registry.terraform.io/hashicorp/aws"].west"#;
const EAST: &str = r#"provider["registry.terraform.io/hashicorp/aws"]"#;

/// An object: its provider configuration, its type, its attributes, its identity.
type Object<'a> = (&'a str, &'a str, &'a str, &'a str);

fn state(objects: &[Object<'_>]) -> StateBytes {
    let resources: Vec<String> = objects
        .iter()
        .enumerate()
        .map(|(at, (provider, kind, attributes, identity))| {
            let provider = provider.replace('"', "\\\"");
            format!(
                r#"{{"mode":"managed","type":"{kind}","name":"n{at}","provider":"{provider}",
                "instances":[{{"attributes":{attributes},"identity":{identity}}}]}}"#
            )
        })
        .collect();
    let resources = resources.join(",");
    StateBytes::new(
        format!(
            r#"{{"version":4,"terraform_version":"1.12.0","serial":1,"lineage":"l","outputs":{{}},
            "resources":[{resources}]}}"#
        )
        .into_bytes(),
    )
}

fn sameness(a: Object<'_>, b: Object<'_>) -> Sameness {
    let bytes = state(&[a, b]);
    let state = parse(&bytes).unwrap();
    let knowledge = Knowledge::builtin();
    let [a, b] = [0, 1].map(|at| Identity::of(&state.instances[at], &knowledge));
    let (there, back) = (a.compare(&b), b.compare(&a));
    assert_eq!(there, back, "{a:?} {b:?}");
    assert_ne!(a.compare(&a), Sameness::Other);
    assert_ne!(a.compare(&a), Sameness::Perhaps);
    there
}

fn check(kind: &str, a: (&str, &str), b: (&str, &str), expected: Sameness) {
    let found = sameness((a.0, kind, a.1, "null"), (b.0, kind, b.1, "null"));
    assert_eq!(found, expected, "{kind} {a:?} {b:?}");
}

#[test]
fn an_id_is_one_object_within_one_provider_configuration_of_either_registry() {
    let one = r#"{"id":"x-1"}"#;
    check("aws_thing", (EAST, one), (EAST, one), Sameness::Same);
    check("aws_thing", (EAST, one), (EAST, r#"{"id":"x-2"}"#), Sameness::Other);
    check("aws_thing", (EAST, one), (WEST, one), Sameness::Perhaps);
    let tofu = EAST.replace("terraform.io", "opentofu.org");
    check("aws_thing", (EAST, one), (&tofu, one), Sameness::Same);
    check("aws_thing", (EAST, one), (&EAST.replace("hashicorp", "other"), one), Sameness::Other);
    check("aws_thing", (EAST, one), (&format!("module.m.{EAST}"), one), Sameness::Perhaps);
    let [a, b] = ["aws_a", "aws_b"].map(|kind| (EAST, kind, one, "null"));
    assert_eq!(sameness(a, b), Sameness::Other);
}

#[test]
fn the_same_id_elsewhere_is_another_object_and_an_arn_says_where_it_is() {
    let at = |arn: &str, more: &str| format!(r#"{{"arn":"{arn}","id":"app"{more}}}"#);
    let here = at("arn:aws:ecs:eu-central-1:111:service/a/app", "");
    check("aws_thing", (EAST, &here), (WEST, &here), Sameness::Same);
    for other in ["arn:aws:ecs:eu-west-1:111:service/a/app", "arn:aws:ecs:eu-central-1:222:s/app"] {
        check("aws_thing", (EAST, &here), (EAST, &at(other, "")), Sameness::Other);
    }
    // A new revision has another ARN in the same place, and the id says that it is the same.
    let later = at("arn:aws:ecs:eu-central-1:111:service/a/app:2", "");
    check("aws_thing", (EAST, &here), (WEST, &later), Sameness::Same);
    let region = |region: &str| format!(r#"{{"id":"app","region":"{region}"}}"#);
    check("aws_thing", (EAST, &region("a")), (EAST, &region("b")), Sameness::Other);
    check("aws_thing", (EAST, &region("a")), (EAST, &region("a")), Sameness::Same);
    // A region is not an account.
    check("aws_thing", (EAST, &region("a")), (WEST, &region("a")), Sameness::Perhaps);
    // Version 5 of the provider does not say the region yet: nothing speaks against it.
    check("aws_thing", (EAST, r#"{"id":"app"}"#), (EAST, &region("a")), Sameness::Same);
}

#[test]
fn what_the_provider_says_names_an_object_counts_before_its_id() {
    let compare = |a: (&str, &str), b: (&str, &str)| {
        let object = |(id, identity)| (EAST, "aws_thing", id, identity);
        sameness(object(a), object(b))
    };
    let (one, two) = (r#"{"id":"1"}"#, r#"{"id":"2"}"#);
    let (a, b) = (r#"{"name":"a","region":null}"#, r#"{"name":"b"}"#);
    assert_eq!(compare((one, a), (two, r#"{"name":"a"}"#)), Sameness::Same);
    assert_eq!(compare((one, a), (one, b)), Sameness::Other);
    assert_eq!(compare(("{}", a), ("{}", a)), Sameness::Same);
    // Terraform before 1.12 drops it, and another schema has other members: the id is left.
    assert_eq!(compare((one, a), (one, "null")), Sameness::Same);
    assert_eq!(compare((one, a), (one, r#"{"name":"a","zone":"z"}"#)), Sameness::Same);
    assert_eq!(compare((one, a), (two, "null")), Sameness::Other);
    // It says the place as well.
    let account = r#"{"account_id":"111","name":"a"}"#;
    let place = |provider| (provider, "aws_thing", one, account);
    assert_eq!(sameness(place(EAST), place(WEST)), Sameness::Same);
}

#[test]
fn an_id_that_names_nothing_is_told_from_one_that_does() {
    let random = r#"provider["registry.terraform.io/hashicorp/random"]"#;
    let local = r#"provider["registry.terraform.io/hashicorp/local"]"#;
    let none = r#"{"id":"none"}"#;
    check("random_password", (random, none), (random, none), Sameness::Unnamed);
    let [five, six] = [r#"{"id":"5"}"#, r#"{"id":"6"}"#];
    check("random_integer", (random, five), (random, five), Sameness::Unnamed);
    check("random_integer", (random, five), (random, six), Sameness::Other);
    check("random_pet", (random, five), (random, five), Sameness::Same);
    let file = |name: &str, id: &str| format!(r#"{{"filename":"{name}","id":"{id}"}}"#);
    check("local_file", (local, &file("a", "1")), (local, &file("b", "1")), Sameness::Other);
    check("local_file", (local, &file("a", "1")), (local, &file("a", "2")), Sameness::Same);
    check("aws_thing", (EAST, r#"{"id":null}"#), (EAST, "{}"), Sameness::Unnamed);
    check("aws_thing", (EAST, r#"{"id":"a"}"#), (EAST, "{}"), Sameness::Other);
}

#[test]
fn several_attributes_name_an_object_where_its_id_does_not() {
    let helm = r#"provider["registry.terraform.io/hashicorp/helm"]"#;
    let release = |space: &str| format!(r#"{{"id":"web","name":"web","namespace":"{space}"}}"#);
    check("helm_release", (helm, &release("a")), (helm, &release("a")), Sameness::Same);
    check("helm_release", (helm, &release("a")), (helm, &release("b")), Sameness::Other);
    let permission = |function: &str, qualifier: &str| {
        format!(
            r#"{{"function_name":"{function}","id":"s","qualifier":{qualifier},"statement_id":"s"}}"#
        )
    };
    let (plain, other) = (permission("f", "null"), permission("g", "null"));
    check("aws_lambda_permission", (EAST, &plain), (EAST, &plain), Sameness::Same);
    check("aws_lambda_permission", (EAST, &plain), (EAST, &other), Sameness::Other);
    let live = permission("f", r#""live""#);
    check("aws_lambda_permission", (EAST, &plain), (EAST, &live), Sameness::Other);
    // Someone was deleted, and someone else has the name now.
    let user = |unique: &str, name: &str| format!(r#"{{"id":"{name}","unique_id":"{unique}"}}"#);
    check("aws_iam_user", (EAST, &user("A1", "jo")), (EAST, &user("A2", "jo")), Sameness::Other);
    check("aws_iam_user", (EAST, &user("A1", "jo")), (EAST, &user("A1", "joe")), Sameness::Same);
}

#[test]
fn other_providers_say_the_place_in_their_own_way() {
    let two = |source: &str| {
        let plain = format!(r#"provider["registry.terraform.io/hashicorp/{source}"]"#);
        (plain.clone(), format!("{plain}.other"))
    };
    let (google, google_other) = two("google");
    let of = |project: &str| format!(r#"{{"id":"n","project":"{project}"}}"#);
    let kind = "google_sql_user";
    check(kind, (&google, &of("p")), (&google_other, &of("p")), Sameness::Same);
    check(kind, (&google, &of("p")), (&google, &of("q")), Sameness::Other);
    let (azure, azure_other) = two("azurerm");
    let id = r#"{"id":"/subscriptions/s/resourceGroups/g"}"#;
    check("azurerm_resource_group", (&azure, id), (&azure_other, id), Sameness::Same);
    let (cluster, other_cluster) = two("kubernetes");
    let id = r#"{"id":"default/web"}"#;
    check("kubernetes_deployment", (&cluster, id), (&other_cluster, id), Sameness::Perhaps);
}

#[test]
fn an_id_that_occurs_twice_matches_nothing_by_itself() {
    let one = |provider, id| (provider, "aws_thing", id, "null");
    let (a, b) = (r#"{"id":"a"}"#, r#"{"id":"b"}"#);
    let bytes = state(&[one(EAST, a), one(EAST, a), one(WEST, a), one(EAST, b)]);
    let state = parse(&bytes).unwrap();
    let knowledge = Knowledge::builtin();
    let index = Index::of(&state.instances, &knowledge);
    let ask = |at: usize| Identity::of(&state.instances[at], &knowledge);
    let name = |found: Option<&Instance<'_>>| found.map(|found| found.address.name.clone());
    assert_eq!(name(index.only(&ask(0))), None);
    assert_eq!(index.all(&ask(0), Sameness::Same).len(), 2);
    assert_eq!(name(index.only(&ask(2))).as_deref(), Some("n2"));
    assert_eq!(index.all(&ask(2), Sameness::Perhaps).len(), 2);
    assert_eq!(name(index.only(&ask(3))).as_deref(), Some("n3"));
}

#[test]
fn a_diff_tells_another_object_at_an_address_from_the_same_one_with_another_id() {
    let kinds = |before: &[Object<'_>], after: &[Object<'_>]| {
        let (before, after) = (state(before), state(after));
        let (before, after) = (parse(&before).unwrap(), parse(&after).unwrap());
        let found = diff(&before, &after, &Facts::new(&Redactor::default(), &Knowledge::builtin()));
        found.changes.iter().map(|change| change.kind.name()).collect::<Vec<_>>()
    };
    let arn = |region: &str| format!(r#"{{"arn":"arn:aws:ecs:{region}:1:s/app","id":"app"}}"#);
    let (here, there) = (arn("a"), arn("b"));
    let one = |attributes| (EAST, "aws_thing", attributes, "null");
    assert_eq!(kinds(&[one(here.as_str())], &[one(there.as_str())]), ["replaced"]);
    let user = |name: &str| format!(r#"{{"id":"{name}","unique_id":"A1"}}"#);
    let (jo, joe) = (user("jo"), user("joe"));
    let one = |attributes| (EAST, "aws_iam_user", attributes, "null");
    assert_eq!(kinds(&[one(jo.as_str())], &[one(joe.as_str())]), ["changed"]);
    // Two clusters have an object of one name each; the addresses were swapped.
    let plain = r#"{"id":"app","n":1}"#;
    let at = |provider| (provider, "aws_thing", plain, "null");
    assert_eq!(kinds(&[at(EAST), at(WEST)], &[at(EAST), at(WEST)]), [""; 0]);
    let elsewhere = (EAST, "aws_other", "{}", "null");
    let found = kinds(&[at(EAST), at(WEST)], &[elsewhere, at(WEST), at(EAST)]);
    assert_eq!(found, ["added", "moved"], "n1 stays, n0 has become n2");
}

#[test]
fn an_arn_is_read_up_to_the_account() {
    let table = [
        ("arn:aws:iam::111:role/a:b", Some("aws::111")),
        ("arn:aws-cn:s3:::bucket", Some("aws-cn::")),
        ("arn:aws:ec2:r:a", None),
        ("urn:aws:ec2:r:a:b", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(account(text).as_deref(), expected, "{text}");
    }
}
