//! Objects that are destroyed first, with the configuration that failed.

use super::*;
use crate::engine::rekey::two_steps::{Lacking, destroyed_first};

/// `OBJECT: why` of each object that goes first.
fn order(case: &Case, lacking: &Lacking) -> Vec<String> {
    let [good, now] = [&case.good, &case.now].map(|words| bytes(words));
    let [good, now] = [&good, &now].map(|bytes| parse(bytes).unwrap());
    let rekeying = case.rekeyed(&good, &now);
    let found = destroyed_first(&rekeying, &now, &case.places, lacking);
    found.iter().map(|first| format!("{}: {}", first.from, first.why.meaning())).collect()
}

fn provider(alias: &str) -> ProviderAddress {
    format!("provider[\"registry.terraform.io/unapply/demo\"]{alias}").parse().unwrap()
}

#[test]
fn an_object_whose_provider_the_good_configuration_lacks_goes_first() {
    let case = case("demo_file.a=1", "demo_file.a=1 demo_file.b=2@west demo_file.c=3");
    let lacking = Lacking { providers: [provider(".west")].into(), ..Lacking::default() };
    assert_eq!(order(&case, &Lacking::default()), [""; 0]);
    let why = "the good configuration does not have its provider";
    assert_eq!(order(&case, &lacking), [format!("demo_file.b: {why}")]);
}

#[test]
fn what_the_good_state_wants_does_not_go_first() {
    let case = case("demo_file.a=1@west", "demo_file.b=1@west");
    let lacking = Lacking { providers: [provider(".west")].into(), ..Lacking::default() };
    assert_eq!(order(&case, &lacking), [""; 0]);
}

#[test]
fn under_changed_arguments_extras_and_successors_go_first() {
    let mut case = case("demo_file.a=1 demo_file.c=4", "demo_file.a=9 demo_file.b=2 demo_file.c=4");
    case.places = Places::default().with_changed(&provider(""));
    let why = "the good configuration has other arguments for its provider";
    let expected = ["demo_file.a", "demo_file.b"].map(|address| format!("{address}: {why}"));
    assert_eq!(order(&case, &Lacking::default()), expected);
}

#[test]
fn what_would_stand_under_another_provider_goes_first_from_where_it_is() {
    let mut case = case("demo_file.a[0]=1", "demo_file.a[0]=2@west demo_file.a[1]=1@west");
    case.places = Places::default().with_one(&provider(""), &provider(".west"));
    assert_eq!(order(&case, &Lacking::default()), [""; 0]);
    let case = super::case("demo_file.a[0]=1", "demo_file.a[1]=2@west demo_file.b=1");
    let why = "its block goes back to another provider";
    assert_eq!(order(&case, &Lacking::default()), [format!("demo_file.a[1]: {why}")]);
}

#[test]
fn an_extra_with_something_to_run_at_its_end_goes_first() {
    let case = case("demo_file.a=1", "demo_file.a=1 demo_file.b[0]=2 demo_file.b[1]^0a1b2c3d=5");
    let lacking = Lacking { provisioned: ["demo_file.b".to_owned()].into(), ..Lacking::default() };
    let why = "it runs a provisioner when it is destroyed";
    assert_eq!(order(&case, &lacking), [format!("demo_file.b[0]: {why}")]);
    let of_good = super::case("demo_file.b[0]=2", "demo_file.b[0]=2");
    assert_eq!(order(&of_good, &lacking), [""; 0], "it stays");
}
