//! Which hazards stand after which allowances; a law over generated scenes.

use proptest::prelude::*;

use super::*;
use crate::engine::tests::scene;
use crate::model::hazard::HazardKind;

fn check(text: &str, allowed: &[&str], expected: &[&str]) {
    let hazards = scene(text).hazards();
    let allowed: Vec<Allowance> = allowed.iter().map(|text| text.parse().unwrap()).collect();
    let open: Vec<String> = open_hazards(&hazards, &allowed)
        .into_iter()
        .map(|hazard| format!("{}={}", hazard.kind, hazard.subject))
        .collect();
    assert_eq!(open, expected);
}

const TWO: &str = r#"good demo_volume.a["x"]=1,old demo_volume.b=2,old
    now demo_volume.a["x"]=1,new demo_volume.b=2,new
    plan replace:demo_volume.a["x"] replace:demo_volume.b"#;

#[test]
fn a_hazard_stands_until_it_is_allowed_by_name_and_place() {
    let (a, b) = (r#"replaces-data=demo_volume.a["x"]"#, "replaces-data=demo_volume.b");
    check(TWO, &[], &[a, b]);
    check(TWO, &[a], &[b]);
    check(TWO, &[b, "protected=*", "destroys-data=*"], &[a]);
    check(TWO, &[a, b], &[]);
    check(TWO, &["replaces-data=demo_volume.*"], &[]);
}

#[test]
fn too_many_destroys_is_allowed_for_the_stack_and_leaves_the_others_open() {
    let text = "good demo_file.a=1\n now demo_file.a=1\n plan destroy:demo_file.a\n max 0";
    check(text, &["too-many-destroys=stack"], &["collateral=demo_file.a"]);
    check(text, &["collateral=*"], &["too-many-destroys=stack"]);
}

const PLACES: [&str; 6] = [
    "demo_file.a",
    "demo_volume.b",
    r#"demo_volume.c["x*y"]"#,
    "module.m[0].aws_thing.d",
    "demo_file.a^0badcafe",
    "demo_volume.b^0badcafe",
];

fn objects() -> impl Strategy<Value = String> {
    proptest::sample::subsequence(PLACES.to_vec(), 0..=PLACES.len()).prop_flat_map(|places| {
        let each = proptest::collection::vec((0..3_u8, 0..2_u8, any::<bool>()), places.len());
        each.prop_map(move |contents| {
            let word = |(place, (id, x, tainted)): (&&str, &(u8, u8, bool))| {
                let mark = if *tainted { "!" } else { "" };
                format!("{mark}{place}={id},{x}")
            };
            let words: Vec<String> = places.iter().zip(&contents).map(word).collect();
            words.join(" ")
        })
    })
}

fn plans() -> impl Strategy<Value = String> {
    const ACTIONS: [&str; 7] =
        ["create", "update", "destroy", "replace", "replace-first", "forget", "create-forget"];
    let actions = proptest::collection::vec(proptest::sample::select(&ACTIONS), PLACES.len());
    actions.prop_map(|actions| {
        let words: Vec<String> =
            actions.iter().zip(PLACES).map(|(action, place)| format!("{action}:{place}")).collect();
        words.join(" ")
    })
}

proptest! {
    #[test]
    fn allowing_each_hazard_by_its_own_name_leaves_only_what_nobody_can_allow(
        (good, before, now) in (objects(), proptest::option::of(objects()), objects()),
        plan in plans(),
        (age, max) in (0..120_u8, 0..4_u8),
    ) {
        let before = before.map_or(String::new(), |objects| format!("before {objects}\n"));
        let text = format!(
            "good {good}\n{before}now {now}\nplan {plan}\nage {age}\nmax {max}\n\
             protect demo_*\nvar v:differs"
        );
        let hazards = scene(&text).hazards();
        let allowed: Vec<Allowance> = hazards
            .iter()
            .filter_map(|hazard| format!("{}={}", hazard.kind, hazard.subject).parse().ok())
            .collect();
        for open in open_hazards(&hazards, &allowed) {
            prop_assert_eq!(open.kind, HazardKind::NeedsRekey);
        }
        let acceptable = hazards.iter().filter(|hazard| hazard.kind.can_be_accepted()).count();
        prop_assert_eq!(open_hazards(&hazards, &[]).len(), hazards.len());
        prop_assert_eq!(allowed.len(), acceptable);
    }
}
