//! Sources of captured values of variables, and the one of several that wins.

use super::*;

#[test]
fn values_come_from_the_place_that_wins_and_only_for_declared_names() {
    let tree = Tree::new(".", &[("main.tf", "variable \"a\" {}\nvariable \"b\" {}")]);
    let environment = ["a", "b", "other"].map(|name| (name.to_owned(), secret("env")));
    let environment = BTreeMap::from(environment);
    let words = ["1", "2"].map(|text| GivenValue::Value("b".to_owned(), secret(text)));
    let captured = tree.capture_with(|request| {
        request.environment = &environment;
        request.given = &words;
    });
    let variables = captured.unwrap().bundle.variables;
    assert_eq!(variables.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(variables["a"].origin, VariableOrigin::Environment);
    assert_eq!(variables["b"].origin, VariableOrigin::CommandLine);
    assert_eq!(variables["b"].value.reveal_for_terraform(), "2");
}

#[test]
fn a_value_that_a_later_file_gives_is_the_files() {
    let tree = Tree::new(
        ".",
        &[("main.tf", "variable \"a\" {}"), ("f.tfvars", "a = 3"), ("z.auto.tfvars", "a = 4")],
    );
    for (text, expected) in [
        ("-var a=1 -var-file f.tfvars", None),
        ("-var-file=f.tfvars -var a=1", Some("1")),
        ("-var a=1", Some("1")),
    ] {
        let given = GivenValues::of_text(text).0;
        let bundle = tree.capture_with(|request| request.given = &given).unwrap().bundle;
        let kept = bundle.variables.get("a").map(|kept| kept.value.reveal_for_terraform());
        assert_eq!(kept.map(String::as_str), expected, "{text}");
        let configuration = Configuration::read(bundle, None);
        let files: Vec<&str> = configuration.value_files().map(|(name, _)| name).collect();
        let named = text.contains("-file").then_some("f.tfvars");
        assert_eq!(files, [Some("z.auto.tfvars"), named].into_iter().flatten().collect::<Vec<_>>());
    }
}

#[test]
fn var_files_are_kept_in_order_wherever_they_lie() {
    let outside = Tree::new(".", &[("x.tfvars", "a = 3")]);
    let tree =
        Tree::new("root", &[("root/main.tf", ""), ("root/v/a.tfvars", ""), ("b.tfvars", "")]);
    let given = ["v/a.tfvars".into(), "../b.tfvars".into(), outside.path("x.tfvars")];
    let given = given.map(GivenValue::File);
    let captured = tree.capture_with(|request| request.given = &given).unwrap();
    let kept: Vec<&str> = captured.bundle.var_files.iter().map(BundlePath::as_str).collect();
    assert_eq!(kept, ["v/a.tfvars", "_var_files/0/b.tfvars", "_var_files/1/x.tfvars"]);
    let missing = [GivenValue::File("gone.tfvars".into())];
    let error = tree.capture_with(|request| request.given = &missing).unwrap_err();
    assert!(matches!(error, Error::Read { .. }));
    let directory = [GivenValue::File("v".into())];
    let error = tree.capture_with(|request| request.given = &directory).unwrap_err();
    assert!(matches!(error, Error::NotAFile { .. }));
}

#[test]
fn a_saved_plan_gives_its_own_files_and_the_directory_those_that_functions_read() {
    let tree =
        Tree::new(".", &[("main.tf", "broken {{{"), ("f.txt", "f"), ("terraform.tfvars", "a = 1")]);
    let main =
        b"variable \"a\" {}\nlocals { x = file(\"f.txt\") }\nmodule \"r\" { source = \"x/y/z\" }";
    let module = |key: &str, directory: &str, content: &[u8]| PlannedModule {
        key: key.to_owned(),
        source: String::new(),
        version: None,
        directory: directory.to_owned(),
        files: BTreeMap::from([("main.tf".to_owned(), content.to_vec())]),
    };
    let archive = PlanArchive {
        modules: vec![module("", ".", main), module("r", ".terraform/modules/r", b"# r")],
        lock_file: Some(b"# lock\n".to_vec()),
        state: StateBytes::new(Vec::new()),
        previous_state: StateBytes::new(Vec::new()),
    };
    let variables = BTreeMap::from([("a".to_owned(), secret("2"))]);
    let planned = PlannedConfiguration { archive: Some(&archive), variables: &variables };
    let captured = tree.capture_with(|request| request.plan = Some(planned)).unwrap();
    assert_eq!(paths(&captured), [".terraform.lock.hcl", "_modules/r/main.tf", "f.txt", "main.tf"]);
    assert_eq!(captured.bundle.files[&"main.tf".parse().unwrap()], main);
    assert_eq!(captured.bundle.variables["a"].origin, VariableOrigin::Plan);
    assert_eq!(captured.notes, Vec::<String>::new());
}
