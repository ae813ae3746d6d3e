//! Dependencies of objects, the ones that are destroyed last, and the ones of each provider.

use super::*;

#[test]
fn dependencies_follow_what_they_name() {
    case("demo_file.a=1 demo_file.c=3<demo_file.a", "demo_file.b=1 demo_file.c=3<demo_file.b")
        .becomes("demo_file.a=1 demo_file.c=3<demo_file.a");
    // Of one block some go and some stay.
    case(
        "demo_file.a=1 demo_link.l=3",
        "demo_file.b[0]=1 demo_file.b[1]=2 demo_link.l=3<demo_file.b<demo_file.z",
    )
    .becomes("demo_file.a=1 demo_file.b[1]=2+ demo_link.l=3<demo_file.a<demo_file.b<demo_file.z");
}

#[test]
fn what_stays_where_it_is_keeps_its_dependencies_alone() {
    case("demo_file.a=1<demo_file.x", "demo_file.a=1<demo_file.y").fits();
}

#[test]
fn an_extra_that_something_refers_to_is_destroyed_after_that_was_changed() {
    let outcome = case("demo_link.l=1", "demo_file.x=2 demo_link.l=1<demo_file.x")
        .becomes("demo_file.x=2+ demo_link.l=1<demo_file.x");
    let [marked] = outcome.rekeying.marked.as_slice() else { panic!("one") };
    assert_eq!(shown([&marked.address, &marked.referred_by]), "demo_file.x demo_link.l");
    assert_eq!(outcome.blocks, None, "no block says that");
    let rekeying = case("demo_link.l=1", "demo_file.x=2+ demo_link.l=1<demo_file.x").fits();
    assert!(rekeying.two_steps.is_empty());
    case("demo_link.l=1", "demo_file.x=2 demo_link.m=3<demo_file.x demo_link.l=1").fits();
}

#[test]
fn what_was_replaced_counts_among_those_that_refer() {
    case("demo_link.l=1", "demo_file.x=2 demo_link.l=9<demo_file.x")
        .becomes("demo_file.x=2+ demo_link.l=9<demo_file.x");
}

#[test]
fn a_cycle_needs_two_steps_and_is_not_marked() {
    // The link waits for the new base, that for the end of the old one, that for the end of what was
    // made from it, and that for the link.
    let rekeying = case(
        "demo_file.base=1 demo_link.l=3<demo_file.base",
        "demo_file.base=9 demo_file.x=2<demo_file.base demo_link.l=3<demo_file.base<demo_file.x",
    )
    .fits();
    let [step] = rekeying.two_steps.as_slice() else { panic!("{rekeying:#?}") };
    assert_eq!(step.slot.to_string(), "demo_file.x");
    let through = "demo_file.base".parse().unwrap();
    assert_eq!(step.why, RekeyObstacle::Cycle { through });
}

#[test]
fn an_object_that_came_back_brings_its_block_to_the_good_provider_configuration() {
    let own = "provider[\"registry.terraform.io/unapply/demo\"].west".parse().unwrap();
    let east = "provider[\"registry.terraform.io/unapply/demo\"]".parse().unwrap();
    let mut case = case("demo_file.a[0]=1", "demo_file.a[1]=2@west demo_file.b=1");
    let rekeying = case.becomes("demo_file.a[0]=1 demo_file.a[1]=2").rekeying;
    let [step] = rekeying.two_steps.as_slice() else { panic!("{rekeying:#?}") };
    assert_eq!(step.slot.to_string(), "demo_file.a[1]");
    assert_eq!(step.why, RekeyObstacle::Provider { own });
    let RekeyObstacle::Provider { own } = &step.why else { panic!() };
    case.places = Places::default().with_one(&east, own);
    assert!(case.outcome().rekeying.two_steps.is_empty());
}
