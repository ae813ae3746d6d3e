//! The kinds of changes one by one.

use super::*;

#[test]
fn where_nothing_changed_nothing_is_done() {
    let fits =
        case("demo_file.a=1 demo_file.b=2<demo_file.a", "demo_file.a=1 demo_file.b=2<demo_file.a");
    assert_eq!(fits.fits(), Rekeying { placements: fits.fits().placements, ..Rekeying::default() });
}

#[test]
fn what_was_created_stays_to_be_destroyed() {
    let rekeying = case("demo_file.a=1", "demo_file.a=1 !demo_file.b=2 demo_file.c[2]=3").fits();
    assert_eq!(shown(&rekeying.extras), "demo_file.b demo_file.c[2]");
}

#[test]
fn what_was_deleted_is_gone_and_is_made_by_the_plan() {
    let rekeying = case("demo_file.a=1 demo_file.b=2", "demo_file.a=1").fits();
    let gone = GoneObject { address: "demo_file.b".parse().unwrap(), certainty: Certainty::Known };
    assert_eq!(rekeying.gone, [gone]);
}

#[test]
fn what_was_changed_in_place_keeps_its_fresh_attributes() {
    case("demo_file.a=1,old", "demo_file.a=1,new").fits();
}

#[test]
fn what_was_replaced_stays_for_the_plan_to_replace_it_back() {
    let rekeying = case("demo_file.a=1", "demo_file.a=2").fits();
    assert_eq!(shown(&rekeying.replaced), "demo_file.a");
    assert_eq!(shown(rekeying.gone.iter().map(|gone| &gone.address)), "demo_file.a");
    assert!(rekeying.extras.is_empty());
}

#[test]
fn what_runs_when_it_is_made_is_never_put_back() {
    let mut case = case("null_resource.a=1 null_resource.b=2", "null_resource.a=9");
    case.alive = &["1", "2"];
    let rekeying = case.fits();
    assert_eq!(rekeying.gone.len(), 2, "{rekeying:#?}");
    assert!(rekeying.gone.iter().all(|gone| gone.certainty == Certainty::Known));
}

#[test]
fn what_runs_when_it_is_made_goes_back_to_its_address_like_anything() {
    case("null_resource.a=1", "null_resource.b=1").becomes("null_resource.a=1");
}

#[test]
fn what_is_tainted_stays_tainted_wherever_it_goes() {
    let outcome = case("demo_file.a=1 demo_file.b=2", "!demo_file.a=1 !demo_file.c=2")
        .becomes("!demo_file.a=1 !demo_file.b=2");
    assert_eq!(shown(&outcome.rekeying.tainted), "demo_file.a demo_file.b");
}

#[test]
fn what_was_renamed_goes_back_with_what_it_is_now() {
    let outcome = case("demo_file.a=1,old<demo_file.x+", "demo_file.b=1,new<demo_file.y")
        .becomes("demo_file.a=1,new<demo_file.x<demo_file.y+");
    assert_eq!(steps(&outcome.rekeying.moves), "demo_file.b->demo_file.a");
    assert_eq!(outcome.blocks.as_deref(), Some("demo_file.b -> demo_file.a"));
}

#[test]
fn a_renamed_module_goes_back_with_all_that_is_in_it() {
    let outcome = case(
        "module.a.demo_file.f[0]=1 module.a.demo_file.f[1]=2 module.a.module.c.demo_link.l=3",
        "module.b.demo_file.f[0]=1 module.b.demo_file.f[1]=2 module.b.module.c.demo_link.l=3",
    )
    .becomes("module.a.demo_file.f[0]=1 module.a.demo_file.f[1]=2 module.a.module.c.demo_link.l=3");
    assert_eq!(outcome.rekeying.moves.len(), 3);
    assert_eq!(outcome.blocks.as_deref(), Some("module.b -> module.a"));
}

#[test]
fn count_and_for_each_change_into_each_other_and_into_one() {
    let lists = "demo_file.a[0]=1 demo_file.a[1]=2";
    let maps = r#"demo_file.a["x"]=1 demo_file.a["y"]=2"#;
    let outcome = case(lists, maps).becomes(lists);
    let expected = r#"demo_file.a["x"] -> demo_file.a[0]; demo_file.a["y"] -> demo_file.a[1]"#;
    assert_eq!(outcome.blocks.as_deref(), Some(expected));
    case(maps, lists).becomes(maps);
    let outcome = case("demo_file.a=1", lists).becomes("demo_file.a=1 demo_file.a[1]=2");
    assert_eq!(shown(&outcome.rekeying.extras), "demo_file.a[1]");
    case(lists, "demo_file.a=1").becomes("demo_file.a[0]=1");
}

#[test]
fn an_index_shift_is_taken_back_and_what_has_no_place_becomes_a_left_over() {
    let outcome = case(
        "demo_file.a[0]=1 demo_file.a[1]=2 demo_file.a[2]=3",
        "demo_file.a[0]=2 demo_file.a[1]=3",
    )
    .becomes("demo_file.a[1]=2 demo_file.a[2]=3");
    assert_eq!(outcome.blocks, None, "what it comes from is declared");
    let outcome = case("demo_file.a[0]=1 demo_file.a[1]=2", "demo_file.a[0]=2 demo_file.a[1]=9")
        .becomes("demo_file.a[1]=2 demo_file.a[1]^*=9");
    let [displaced] = outcome.rekeying.displaced.as_slice() else { panic!("one") };
    assert_eq!(displaced.address.to_string(), "demo_file.a[1]");
    assert_eq!(
        shown(&outcome.rekeying.extras),
        format!("demo_file.a[1] (deposed {})", displaced.key)
    );
    assert_eq!(outcome.blocks, None);
}

#[test]
fn swaps_and_chains_are_taken_back() {
    let swapped = case("demo_file.a=1 demo_file.b=2", "demo_file.a=2 demo_file.b=1")
        .becomes("demo_file.a=1 demo_file.b=2");
    assert_eq!(swapped.rekeying.moves.len(), 2);
    assert_eq!(swapped.blocks, None);
    let chain = case("demo_file.a=1 demo_file.b=2", "demo_file.b=1 demo_file.c=2")
        .becomes("demo_file.a=1 demo_file.b=2");
    assert_eq!(chain.blocks, None, "Terraform refuses: moved object still exists");
}

#[test]
fn a_left_over_that_is_the_good_object_changes_places_with_the_new_one() {
    let outcome = case("demo_file.a=1", "demo_file.a=2 demo_file.a^c68ff24a=1")
        .becomes("demo_file.a=1 demo_file.a^*=2");
    assert_eq!(steps(&outcome.rekeying.swapped), "demo_file.a (deposed c68ff24a)->demo_file.a");
    assert_eq!(outcome.rekeying.displaced.len(), 1);
    assert_eq!(outcome.blocks, None);
}

#[test]
fn a_left_over_that_was_one_already_is_left_alone() {
    let rekeying =
        case("demo_file.a=1 demo_file.a^c68ff24a=2", "demo_file.a=1 demo_file.a^c68ff24a=2").fits();
    assert!(rekeying.extras.is_empty());
    let rekeying = case("demo_file.a=1", "demo_file.a=1 demo_file.a^c68ff24a=2").fits();
    assert_eq!(shown(&rekeying.extras), "demo_file.a (deposed c68ff24a)");
}

#[test]
fn what_is_forgotten_and_alive_is_put_back_and_what_stands_there_makes_room() {
    let mut forgotten = case("demo_file.a=1,old demo_file.b=2", "demo_file.b=2");
    forgotten.alive = &["1"];
    let outcome = forgotten.becomes("demo_file.a=1,old demo_file.b=2");
    assert_eq!(shown(&outcome.rekeying.spliced), "demo_file.a");
    assert_eq!(outcome.blocks, None);
    let mut replaced = case("demo_file.a=1", "demo_file.a=2");
    replaced.alive = &["1"];
    replaced.becomes("demo_file.a=1 demo_file.a^*=2");
}

#[test]
fn what_a_journal_saw_destroyed_is_gone_whatever_a_refresh_says() {
    let mut case = case("demo_file.a=1", "");
    case.alive = &["1"];
    case.deleted = &[("demo_file", "1")];
    assert_eq!(case.fits().gone.len(), 1);
}

#[test]
fn where_nobody_could_look_it_is_said_that_it_may_exist() {
    let [good, now] = ["demo_file.a=1", "demo_file.b=2"].map(|word| bytes(&[word.to_owned()]));
    let (good, now) = (parse(&good).unwrap(), parse(&now).unwrap());
    let facts = RekeyFacts {
        good: &good,
        current: &now,
        knowledge: &Knowledge::builtin(),
        alive: &|_| Existence::Unknown,
        journal: &RekeyJournal::default(),
        places: &Places::default(),
    };
    let rekeying = rekey(&facts);
    assert_eq!(rekeying.gone[0].certainty, Certainty::Unknown);
    assert!(rekeying.spliced.is_empty());
}

#[test]
fn values_of_the_state_alone_are_put_back_as_they_were() {
    let outcome = case(
        "demo_token.a=t-1,old demo_token.b=t-2 random_password.p=none,old time_static.t=2020",
        "demo_token.a=t-9,new demo_token.c=t-2 random_password.p=none,new random_password.q=none",
    )
    .becomes(
        "demo_token.a=t-1,old demo_token.b=t-2 random_password.p=none,old \
         random_password.q=none time_static.t=2020",
    );
    assert_eq!(shown(&outcome.rekeying.restored), "demo_token.a random_password.p time_static.t");
    assert_eq!(steps(&outcome.rekeying.moves), "demo_token.c->demo_token.b");
    assert_eq!(shown(&outcome.rekeying.extras), "random_password.q");
    case("demo_token.a=t-1", "demo_token.a=t-1").fits();
    case("demo_token.a=t-1", "!demo_token.a=t-1").becomes("demo_token.a=t-1");
}

#[test]
fn what_was_imported_is_left_out_and_not_destroyed() {
    let mut case = case("demo_file.a=1", "demo_file.a=1 demo_file.i=7 demo_file.n[0]=8");
    case.imported_at = &["demo_file.i", "demo_file.n"];
    let outcome = case.becomes("demo_file.a=1");
    assert_eq!(shown(&outcome.rekeying.forgotten), "demo_file.i demo_file.n[0]");
    assert_eq!(outcome.blocks, None);
    assert!(outcome.rekeying.extras.is_empty());
}

#[test]
fn what_was_forgotten_and_imported_again_elsewhere_goes_back() {
    let mut case = case("demo_file.a=1", "demo_file.i=1");
    case.imported_at = &["demo_file.i"];
    case.becomes("demo_file.a=1");
}

#[test]
fn an_id_that_occurs_twice_matches_nothing_and_is_named() {
    let rekeying = case("demo_file.a=1", "demo_file.b=1 demo_file.c=1").fits();
    let [ambiguous] = rekeying.ambiguous.as_slice() else { panic!("{rekeying:#?}") };
    assert_eq!(ambiguous.why, Doubt::Twice);
    assert_eq!(shown(&ambiguous.good), "demo_file.a");
    assert_eq!(shown(&ambiguous.current), "demo_file.b demo_file.c");
    assert!(rekeying.extras.is_empty() && rekeying.gone.is_empty());
    let rekeying = case("demo_file.a=1", "demo_file.a=1 demo_file.b=1").fits();
    assert_eq!(rekeying.ambiguous.len(), 1, "which of the two is it?");
    let rekeying = case("demo_file.a=1 demo_file.b=1", "demo_file.a=1 demo_file.b=1").fits();
    assert!(rekeying.ambiguous.is_empty(), "all stand where they stood");
}

#[test]
fn what_makes_room_may_be_ambiguous_itself() {
    case("demo_file.a=1 demo_file.b=2", "demo_file.a=2 demo_file.b=1 demo_file.c=1")
        .becomes("demo_file.b=2 demo_file.b^*=1 demo_file.c=1");
}

#[test]
fn the_same_id_under_another_alias_is_another_object_unless_something_proves_the_place() {
    let rekeying = case("demo_file.a=1", "demo_file.b=1@west").fits();
    assert_eq!(rekeying.ambiguous[0].why, Doubt::Place);
    let mut one = case("demo_file.a=1", "demo_file.b=1@west");
    let [east, west] = ["", ".west"].map(|alias| {
        format!("provider[\"registry.terraform.io/unapply/demo\"]{alias}").parse().unwrap()
    });
    one.places = Places::default().with_one(&east, &west);
    one.becomes("demo_file.a=1");
    let mut changed = case("demo_file.a=1", "demo_file.b=1");
    changed.places = Places::default().with_changed(&east);
    assert_eq!(changed.fits().ambiguous[0].why, Doubt::Place);
    changed.places = changed.places.with_one(&east, &east);
    changed.becomes("demo_file.a=1");
    let both = "demo_file.a=1 demo_file.b=1@west";
    assert!(case(both, both).fits().ambiguous.is_empty(), "each is where it was");
    case(both, "demo_file.a=1 demo_file.c=1@west").becomes(both);
}

#[test]
fn all_that_an_object_may_be_under_another_alias_is_in_doubt_with_it() {
    // Either may be `a`: neither is marked to be destroyed last.
    let now = "demo_file.b=1@west demo_file.c=1@west demo_file.needs=2<demo_file.b<demo_file.c";
    let rekeying = case("demo_file.a=1 demo_file.needs=2", now).fits();
    assert!(rekeying.extras.is_empty() && rekeying.marked.is_empty(), "{rekeying:#?}");
    let [doubt] = rekeying.ambiguous.as_slice() else { panic!("one doubt") };
    assert_eq!(shown(&doubt.good), "demo_file.a");
    assert_eq!(shown(&doubt.current), "demo_file.b demo_file.c");
}

#[test]
fn both_registries_are_one_and_each_state_keeps_its_own() {
    let [good, now] = ["demo_file.a=1", "demo_file.b=1"].map(|word| bytes(&[word.to_owned()]));
    let tofu = String::from_utf8(now.as_slice().to_vec()).unwrap();
    let tofu = tofu.replace("registry.terraform.io", "registry.opentofu.org");
    let now = StateBytes::new(tofu.into_bytes());
    let (good_state, state) = (parse(&good).unwrap(), parse(&now).unwrap());
    let facts = RekeyFacts {
        good: &good_state,
        current: &state,
        knowledge: &Knowledge::builtin(),
        alive: &|_| Existence::Gone,
        journal: &RekeyJournal::default(),
        places: &Places::default(),
    };
    let rekeying = rekey(&facts);
    assert_eq!(steps(&rekeying.moves), "demo_file.b->demo_file.a");
    assert_eq!(rekeying.placements[0].provider.source.host, "registry.opentofu.org");
}

#[test]
fn what_has_no_name_is_known_by_its_address() {
    let rekeying = case("acme_x.a=", "acme_x.a= acme_x.b=").fits();
    assert!(rekeying.gone.is_empty());
    assert_eq!(shown(&rekeying.extras), "acme_x.b");
}

#[test]
fn data_sources_stay_as_they_are() {
    let rekeying =
        case("demo_file.a=1 data.demo_file.x=5", "demo_file.a=1 data.demo_file.y=6").fits();
    assert!(rekeying.extras.is_empty() && rekeying.gone.is_empty());
}

#[test]
fn a_crowd_of_one_name_is_not_gone_through() {
    let words = |name: &str| -> Vec<String> {
        (0..200).map(|number| format!("demo_file.{name}[{number}]=same")).collect()
    };
    let [good, now] = ["a", "b"].map(words);
    let case = Case { good, now, ..Case::default() };
    assert_eq!(case.fits().ambiguous.len(), 1);
}
