//! What is marked is found where it stands, whatever stands around it.

use super::*;
use crate::codec::state::layout::Layout;
use crate::codec::state::narrow::Source;

const STATE: &str = r#"{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 1,
  "lineage": "l-1",
  "outputs": {},
  "resources": [
    {
      "mode": "managed",
      "type": "aws_db_instance",
      "name": "a",
      "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
      "instances": [
        {
          "schema_version": 0,
          "attributes": {
            "a_token": "",
            "id": "db-1",
            "note": "the \"token\": is not a name, and neither is sensitive_attributes",
            "input": {
              "type": "string",
              "value": {
                "user": "u",
                "pin": "123456"
              }
            },
            "my \"secret\" key": [
              "one",
              {
                "two": "}"
              }
            ],
            "password": "hunter22",
            "tags": {
              "API_TOKEN": "in a map"
            },
            "user_data": "line\none"
          },
          "sensitive_attributes": [
            [
              {
                "type": "get_attr",
                "value": "user_data"
              }
            ],
            [
              {
                "type": "get_attr",
                "value": "input"
              },
              {
                "type": "get_attr",
                "value": "pin"
              }
            ],
            [
              {
                "type": "get_attr",
                "value": "not_there_token"
              }
            ]
          ],
          "private": "bnVsbA=="
        },
        {
          "index_key": 1,
          "schema_version": 0,
          "attributes": {
            "user_data": "not marked here",
            "password": null
          },
          "sensitive_attributes": []
        }
      ]
    }
  ],
  "check_results": null
}
"#;

fn search() -> Search {
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("password") || name.contains("secret") || name.contains("token")
    };
    let words = ["password", "PASSWORD", "secret", "token", "TOKEN"];
    let words = words.map(|text| Word { text: text.to_owned(), then: "" });
    Search::new(&words, is_secret).unwrap()
}

fn found(text: &str) -> Option<Vec<String>> {
    let source = Source::new(text.as_bytes());
    let one_line = |raw: RawJson<'_>| raw.0.split_whitespace().collect::<Vec<_>>().join(" ");
    let show = |marked: Marked<'_>| {
        let paths: Vec<String> = marked.paths.iter().map(ToString::to_string).collect();
        format!("{} = {} at [{}]", marked.name, one_line(marked.value), paths.join(", "))
    };
    let pieces = source.pieces()?;
    let found: Option<Vec<_>> = pieces.into_iter().map(|piece| marked(piece, &search())).collect();
    Some(found?.into_iter().flatten().map(show).collect())
}

#[test]
fn names_and_paths_lead_to_attributes_and_values_that_look_like_names_do_not() {
    assert_eq!(
        found(STATE).unwrap(),
        [
            r#"my "secret" key = [ "one", { "two": "}" } ] at []"#,
            r#"password = "hunter22" at []"#,
            r#"tags = { "API_TOKEN": "in a map" } at []"#,
            r#"user_data = "line\none" at [user_data]"#,
            r#"input = { "type": "string", "value": { "user": "u", "pin": "123456" } } at [input.pin]"#,
        ]
    );
}

#[test]
fn documents_in_strings_and_what_stands_beside_a_secret_name_are_found() {
    let attribute = |text: &str| STATE.replace("\"id\": \"db-1\"", text);
    for (text, expected) in [
        (r#""doc": "{\"a\":{\"my_password\":\"x\"}}""#, Some("doc = ")),
        (r#""doc": "[{\"name\":\"DB_PASSWORD\",\"value\":\"x\"}]""#, Some("doc = ")),
        (r#""doc": "{\"a\":\"{\\\"token\\\":1}\"}""#, Some("doc = ")),
        (r#""doc": "{\"Action\":\"secretsmanager:GetSecretValue\"}""#, None),
        (r#""doc": "a token, \"password\": x""#, None),
        (
            "\"name\": \"x_password\",\n            \"value\": \"v\"",
            Some("value = \"v\" at [value]"),
        ),
        ("\"other\": \"x_password\",\n            \"value\": \"v\"", None),
        (
            "\"env\": [\n              {\n                \"name\": \"x_password\",\n                \
             \"value\": \"v\"\n              }\n            ]",
            Some("env = [ { \"name\": \"x_password\", \"value\": \"v\" } ] at []"),
        ),
    ] {
        let found = found(&attribute(text)).unwrap();
        assert_eq!(found.len() > 5, expected.is_some(), "{text}: {found:#?}");
        if let Some(expected) = expected {
            assert!(found.iter().any(|line| line.starts_with(expected)), "{text}: {found:#?}");
        }
    }
}

#[test]
fn a_resource_may_be_named_like_a_secret_and_depend_on_one() {
    let before = STATE.replace(
        "\"private\": \"bnVsbA==\"",
        "\"private\": \"bnVsbA==\",\n          \"dependencies\": [\n            \"x.my_token\"\n          ]",
    );
    for name in ["db_password", "secret", "x_token"] {
        let text = before.replace("\"name\": \"a\"", &format!("\"name\": \"{name}\""));
        assert_eq!(found(&text), found(STATE));
    }
}

#[test]
fn another_layout_is_for_the_parser() {
    assert_eq!(found(&STATE.replace('\n', " ")), None);
    assert_eq!(found(&STATE.replace("  \"resources\"", "\"resources\"")), None);
}

#[test]
fn what_is_found_in_pieces_is_what_is_found_in_the_whole() {
    let start = STATE.find("\n    {\n").unwrap();
    let end = STATE.rfind("\n  ]").unwrap();
    let (head, tail) = (&STATE[..start], &STATE[end..]);
    let text = format!("{head}{}{tail}", [&STATE[start..end]; 3].join(","));
    let layout = Layout::of(text.as_bytes()).unwrap();
    let whole = layout.pieces(text.len());
    assert_eq!(whole.len(), 1);
    for (bytes, count) in [(1, 3), (end - start + 5, 2)] {
        let pieces = layout.pieces(bytes);
        assert_eq!(pieces.len(), count);
        assert_eq!(pieces.concat(), whole.concat());
        let search = search();
        let found: Vec<_> = pieces.iter().map(|piece| marked(piece, &search).unwrap()).collect();
        assert_eq!(found.concat(), marked(whole[0], &search).unwrap());
        assert_eq!(found.concat().len(), 15);
    }
}
