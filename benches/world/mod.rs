//! Generated states that look like those of a large AWS account, always the same for a size.
//!
//! Resources in modules with keys, several instances under `for_each`, nested blocks, policies as
//! JSON in a string, sensitive attributes and private keys. It knows nothing of what is measured.

use serde_json::{Value, json};

/// A number sequence that only its start decides (xorshift).
struct Numbers(u64);

impl Numbers {
    fn of(seed: usize) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ u64::try_from(seed + 1).unwrap_or(1).wrapping_mul(0x2545_f491))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn digits(&mut self) -> String {
        format!("{:016x}", self.next())
    }
}

/// What the second state has that the first one has not.
#[derive(Clone, Copy)]
pub(crate) enum Edit {
    /// Nothing.
    Nothing,
    /// One attribute of one object.
    OneAttribute,
    /// An attribute of one object in a hundred.
    OnePercent,
    /// One object in ten is gone, and as many are new.
    AddedAndRemoved,
}

/// So many blocks.
pub(crate) struct World {
    blocks: usize,
}

impl World {
    /// A world whose state takes about so many bytes.
    pub(crate) fn of_size(bytes: usize) -> Self {
        let sample = 200;
        let of_sample = Self { blocks: sample }.to_json(Edit::Nothing).len();
        Self { blocks: (bytes * sample / of_sample).max(1) }
    }

    /// Its state, as Terraform writes it.
    pub(crate) fn to_json(&self, edit: Edit) -> Vec<u8> {
        let edited = |number: usize| match edit {
            Edit::AddedAndRemoved if number % 10 == 3 => block(number + 1_000_000, "first"),
            Edit::OneAttribute if number == self.blocks / 2 => block(number, "second"),
            Edit::OnePercent if number % 100 == 7 => block(number, "second"),
            Edit::Nothing | Edit::OneAttribute | Edit::OnePercent | Edit::AddedAndRemoved => {
                block(number, "first")
            }
        };
        let resources: Vec<Value> = (0..self.blocks).map(edited).collect();
        let state = json!({
            "version": 4, "terraform_version": "1.11.4", "serial": 1,
            "lineage": "11111111-2222-3333-4444-555555555555",
            "outputs": {"endpoint": {"value": "https://example.com", "type": "string"}},
            "resources": resources, "check_results": null,
        });
        let mut text = serde_json::to_vec_pretty(&state).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// One `resource` with its instances; `release` stands in one attribute of the first of them.
fn block(number: usize, release: &str) -> Value {
    let mut numbers = Numbers::of(number);
    let (kind, sensitive) = match number % 16 {
        0..4 => ("aws_instance", None),
        4..7 => ("aws_security_group", None),
        7..10 => ("aws_iam_role", None),
        10..13 => ("aws_ssm_parameter", Some("value")),
        13 | 14 => ("aws_db_instance", Some("password")),
        _ => ("tls_private_key", Some("private_key_pem")),
    };
    let instances: Vec<Value> = ["a", "b", "c"]
        .into_iter()
        .take(1 + number % 3)
        .map(|key| {
            let release = if key == "a" { release } else { "first" };
            let marks: Vec<Value> =
                sensitive.iter().map(|name| json!([{"type": "get_attr", "value": name}])).collect();
            json!({
                "index_key": key, "schema_version": 1, "sensitive_attributes": marks,
                "attributes": attributes(kind, &mut numbers, release),
                "dependencies": ["module.network.aws_vpc.this", "aws_kms_key.main"],
            })
        })
        .collect();
    let provider = if kind.starts_with("tls") { "tls" } else { "aws" };
    json!({
        "module": format!("module.team[\"prod-{}\"]", number / 40),
        "mode": "managed", "type": kind, "name": format!("this_{number}"), "instances": instances,
        "provider": format!("provider[\"registry.terraform.io/hashicorp/{provider}\"]"),
    })
}

fn attributes(kind: &str, numbers: &mut Numbers, release: &str) -> Value {
    let id = numbers.digits();
    let mut all = json!({
        "id": id, "arn": format!("arn:aws:x:eu-west-1:123456789012:{id}"), "region": null,
        "tags": {"Name": numbers.digits(), "Environment": "prod", "Release": release},
        "tags_all": {"Name": "x", "Environment": "prod", "Team": "platform"},
        "timeouts": null,
    });
    let special = match kind {
        "aws_instance" => json!({
            "ami": numbers.digits(), "ebs_optimized": true, "cpu_core_count": 4, "user_data": null,
            "root_block_device": [{"volume_id": numbers.digits(), "volume_size": 100, "iops": 3000,
                "encrypted": true, "tags": {}}],
            "metadata_options": [{"http_endpoint": "enabled", "http_tokens": "required"}],
        }),
        "aws_security_group" => {
            let rule = |port: u32| {
                json!({
                    "from_port": port, "to_port": port, "protocol": "tcp", "self": false,
                    "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16"], "description": "traffic",
                })
            };
            json!({"ingress": [rule(443), rule(8443)], "egress": [rule(0)]})
        }
        "aws_iam_role" => {
            let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"], "Resource": numbers.digits()}]});
            json!({"assume_role_policy": policy.to_string(), "max_session_duration": 3600})
        }
        "aws_ssm_parameter" => json!({"value": numbers.digits(), "type": "SecureString"}),
        "aws_db_instance" => json!({
            "password": numbers.digits(), "endpoint": numbers.digits(), "allocated_storage": 200,
            "parameters": (0..6).map(|_| numbers.digits()).collect::<Vec<_>>(),
        }),
        _ => {
            let lines: Vec<String> =
                (0..25).map(|_| (0..4).map(|_| numbers.digits()).collect::<String>()).collect();
            json!({"private_key_pem": lines.join("\n"), "rsa_bits": 2048})
        }
    };
    if let (Some(all), Value::Object(special)) = (all.as_object_mut(), special) {
        all.extend(special);
    }
    all
}
