//! Secrets in other spellings: every encoding, at every alignment, inside of each other.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

/// How a text can be written in another.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    Json,
    JsonTwice,
    JsonForHtml,
    Percent,
    PercentLower,
    Query,
    Base64(&'static GeneralPurpose),
    Template,
}

const ALL: [Encoding; 11] = [
    Encoding::Json,
    Encoding::JsonTwice,
    Encoding::JsonForHtml,
    Encoding::Percent,
    Encoding::PercentLower,
    Encoding::Query,
    Encoding::Base64(&STANDARD),
    Encoding::Base64(&STANDARD_NO_PAD),
    Encoding::Base64(&URL_SAFE),
    Encoding::Base64(&URL_SAFE_NO_PAD),
    Encoding::Template,
];

fn quoted(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn encode(how: Encoding, text: &str) -> String {
    match how {
        Encoding::Json => quoted(text),
        Encoding::JsonTwice => quoted(&quoted(text)),
        Encoding::JsonForHtml => {
            let text = quoted(text);
            text.replace('<', "\\u003c").replace('>', "\\u003E").replace('&', "\\u0026")
        }
        Encoding::Percent => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        Encoding::PercentLower => {
            let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let lower = |(at, part): (usize, &str)| match (at, part.split_at_checked(2)) {
                (1.., Some((digits, rest))) => format!("%{}{rest}", digits.to_lowercase()),
                _ => part.to_owned(),
            };
            text.split('%').enumerate().map(lower).collect()
        }
        Encoding::Query => {
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%20", "+")
        }
        Encoding::Base64(engine) => engine.encode(text),
        Encoding::Template => text.replace("${", "$${").replace("%{", "%%{"),
    }
}

/// Everything that a text reads as, by other code than the redactor's.
fn readings(text: &str, depth: usize) -> Vec<String> {
    let mut all = vec![text.to_owned()];
    if depth == 0 {
        return all;
    }
    let percent =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut next = vec![percent(text), percent(&text.replace('+', " "))];
    if let Ok(read) = serde_json::from_str::<String>(&format!("\"{text}\"")) {
        next.push(read);
    }
    let is_run = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    for run in text.split(|c: char| !is_run(c)).filter(|run| run.len() >= 8) {
        for start in 0..4 {
            let run = run[start..].replace('-', "+").replace('_', "/");
            let config = GeneralPurposeConfig::new()
                .with_decode_allow_trailing_bits(true)
                .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
            let whole = run.len() - usize::from(run.len() % 4 == 1);
            let read =
                GeneralPurpose::new(&alphabet::STANDARD, config).decode(&run[..whole]).unwrap();
            next.push(String::from_utf8_lossy(&read).into_owned());
        }
    }
    next.retain(|read| read != text);
    all.extend(next.iter().flat_map(|read| readings(read, depth - 1)));
    all
}

#[test]
fn every_encoding_hides_its_whole_place_and_nothing_else() {
    let redactor = learnt(&["s3cr<t/ +ü\"${x}"]);
    for how in ALL {
        let encoded = encode(how, "s3cr<t/ +ü\"${x}");
        let shown = redactor.text(&format!("plain: [{encoded}], end"));
        let rest = shown.replace("(sensitive)", "").replace('=', "");
        assert_eq!(rest, "plain: [], end", "{how:?} {encoded}");
    }
}

#[test]
fn a_secret_in_larger_base64_is_found_at_each_alignment() {
    let redactor = learnt(&["hunter"]);
    for before in ["", "a", "ab", "abc", "ü:"] {
        for engine in [&STANDARD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(format!("{before}hunter~~~?after"));
            for text in [encoded.clone(), format!("x{encoded}"), format!("path/{encoded}-y")] {
                let shown = redactor.text(&text);
                assert!(shown.contains(HIDDEN), "{text}");
                assert!(shown.len() > HIDDEN.len(), "{shown}");
            }
        }
    }
}

#[test]
fn what_a_text_is_made_of_is_left_alone_where_nothing_is_known() {
    let redactor = learnt(&["hunter22-hunter22"]);
    let script =
        "#!/bin/sh\nset -eu\necho \"a%20b+c\" | curl -d @- https://example.org/x\n".repeat(200);
    for text in [
        "arn:aws:iam::123456789012:role/some-role_with-a_name",
        "a%2",
        "\\u12",
        "\\ud83d",
        "%zz\\x4",
        &script,
        &STANDARD.encode(&script),
        &quoted(&quoted(&script)),
        &URL_SAFE_NO_PAD.encode(quoted(&script)),
    ] {
        assert_eq!(redactor.text(text), text);
    }
}

#[test]
fn a_secret_with_a_template_in_it_is_found_as_json_writes_it() {
    for secret in ["a\\$${A", "%%{if}\n\"x\"", "$${a}\t%%{b}"] {
        let redactor = learnt(&[secret]);
        for text in [quoted(secret), quoted(&quoted(secret)), STANDARD.encode(quoted(secret))] {
            let shown = redactor.text(&text);
            assert!(shown.contains(HIDDEN), "{text} was shown as {shown}");
        }
    }
}

#[test]
fn a_text_that_is_made_to_cost_much_is_hidden_as_a_whole() {
    let mut redactor = learnt(&["aaaaaab"]);
    for length in 6..400 {
        redactor.learn_marked(
            &mut path(&["secret"]),
            &Value::Text(format!("{}b", "a".repeat(length))),
            &[],
        );
    }
    assert_eq!(redactor.text(&"a".repeat(50_000)), HIDDEN);
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop::sample::select(ALL.to_vec())
}

proptest! {
    #[test]
    fn no_reading_of_what_is_shown_holds_the_secret(
        secret in "[!-~][ -~üж\u{1f600}\n\t]{4,20}[!-~]",
        (outer, inner) in (encoding(), encoding()),
        around in prop::array::uniform4("[a-z .:/=+-]{0,7}"),
        depth in 0_usize..3,
    ) {
        // The word that stands for a secret would be found in what is shown.
        prop_assume!(!"(sensitive)".contains(&secret) && !secret.contains("sensitive"));
        let redactor = learnt(&[&secret]);
        let [a, b, c, d] = around;
        let inside = if depth > 1 { encode(inner, &secret) } else { secret.clone() };
        let inside = format!("{b}{inside}{c}");
        let text = if depth > 0 { encode(outer, &inside) } else { inside };
        let text = format!("{a}{text}{d}");
        let shown = redactor.text(&text);
        prop_assert!(shown.contains(HIDDEN), "{text:?} was shown as {shown:?}");
        for reading in readings(&shown, 2) {
            prop_assert!(!reading.contains(&secret), "{text:?} was shown as {shown:?}, which reads {reading:?}");
        }
        let value = Value::Text(text);
        prop_assert!(redactor.show(&path(&["a"]), Some(&value), &[]).is_sensitive());
    }

    #[test]
    fn any_text_is_redacted_without_a_panic(text in "\\PC*|[%\\\\u0-9a-fA-F{}$+/_-]{0,60}", secret in "\\PC{6,12}") {
        let redactor = learnt(&[&secret]);
        let _shown = redactor.text(&text);
        let both = redactor.text(&format!("{text}{secret}{text}"));
        prop_assert!(!both.contains(secret.trim()) || secret.trim().len() < 6 || HIDDEN.contains(secret.trim()));
    }
}
