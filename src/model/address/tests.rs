//! Addresses and provider names, there and back.

use proptest::prelude::*;

use super::*;

#[test]
fn addresses_that_terraform_writes_are_read() {
    for text in [
        "aws_subnet.new",
        "data.aws_ami.latest",
        "aws_subnet.new[0]",
        r#"aws_subnet.new["a.b]"]"#,
        r#"module.m["k \"q\" \\"].module.n[3].data.http.x["$${y}"]"#,
        r#"t.n["a\nb"]"#,
    ] {
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
    }
}

#[test]
fn other_texts_are_refused() {
    for text in [
        "",
        "a",
        "a.",
        ".a",
        "a.b.c",
        "module.m",
        "module.m.a",
        "a.b[",
        "a.b[x]",
        "a.b[\"x]",
        "a.b[-1]",
        "a b.c",
        "a.b[0]x",
        "a[0].b",
        "data.a",
    ] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
}

fn any_key() -> impl Strategy<Value = Option<InstanceKey>> {
    prop_oneof![
        Just(None),
        any::<u64>().prop_map(|index| Some(InstanceKey::Index(index))),
        "[ -~\n\t${}%é]{0,12}".prop_map(|name| Some(InstanceKey::Name(name))),
    ]
}

fn any_address() -> impl Strategy<Value = Address> {
    let step =
        ("[a-z_][a-z0-9_-]{0,8}", any_key()).prop_map(|(name, key)| ModuleStep { name, key });
    (
        proptest::collection::vec(step, 0..3),
        any::<bool>(),
        "[a-z]{1,3}_[a-z0-9_]{1,8}",
        "[a-z_][a-z0-9_-]{0,8}",
        any_key(),
    )
        .prop_map(|(module, data, kind, name, key)| Address {
            module,
            mode: if data { Mode::Data } else { Mode::Managed },
            kind,
            name,
            key,
        })
}

proptest! {
    #[test]
    fn reading_what_is_shown_gives_the_same_address(address in any_address()) {
        prop_assert_eq!(address.to_string().parse(), Ok(address));
    }
}

#[test]
fn both_registries_are_one_provider() {
    let ours: ProviderAddress =
        r#"provider["registry.terraform.io/hashicorp/aws"].west"#.parse().unwrap();
    assert_eq!(ours.alias.as_deref(), Some("west"));
    assert_eq!(ours.to_string(), r#"provider["registry.terraform.io/hashicorp/aws"].west"#);
    let theirs: ProviderSource = "registry.opentofu.org/hashicorp/aws".parse().unwrap();
    assert_eq!(ours.source.canonical(), theirs.canonical());
    let other: ProviderSource = "registry.example.com/hashicorp/aws".parse().unwrap();
    assert_ne!(ours.source.canonical(), other.canonical());
}

#[test]
fn providers_are_read_as_every_version_writes_them() {
    for (text, shown) in [
        (r#"provider["h/n/p"]"#, r#"provider["h/n/p"]"#),
        (r#"module.m.provider["h/n/p"].west"#, r#"module.m.provider["h/n/p"].west"#),
        (r#"provider["h/n/p"].by["eu \"1\""]"#, r#"provider["h/n/p"].by["eu \"1\""]"#),
        ("provider.aws", r#"provider["registry.terraform.io/-/aws"]"#),
        ("provider.aws.west", r#"provider["registry.terraform.io/-/aws"].west"#),
        (
            "module.x.module.y.provider.aws.west",
            r#"module.x.module.y.provider["registry.terraform.io/-/aws"].west"#,
        ),
        (
            "module.provider.provider.aws",
            r#"module.provider.provider["registry.terraform.io/-/aws"]"#,
        ),
        ("provider.terraform", r#"provider["terraform.io/builtin/terraform"]"#),
    ] {
        let provider: ProviderAddress = text.parse().unwrap();
        assert_eq!(provider.to_string(), shown, "{text}");
        assert_eq!(shown.parse(), Ok(provider));
    }
}

#[test]
fn malformed_provider_names_are_refused() {
    for text in [
        "",
        "aws",
        "provider",
        "provider.",
        "provider.a b",
        "provider.-/aws",
        "provider.aws.west.east",
        "provider.aws..west",
        "xprovider.aws",
        "module.m[0].provider.aws",
        r#"provider["aws"]"#,
        r#"provider["a/b/c"]."#,
        r#"provider["a/b/c"]["k"]"#,
        r#"provider["a/b/c"].x["k"]y"#,
        r#"module.m["k"].provider["a/b/c"]"#,
        r#"module.mprovider["a/b/c"]"#,
        r#".provider["a/b/c"]"#,
        r#"other.m.provider["a/b/c"]"#,
        "x",
    ] {
        assert!(text.parse::<ProviderAddress>().is_err(), "{text}");
    }
}
