//! The objects of a generated state: types that large accounts have many of, with the attributes
//! that make their states large. Policies are JSON in a string, some attributes are marked
//! sensitive, and some names look as if they were.

use serde_json::{Value, json};

use super::Numbers;

/// A type of objects.
pub(crate) struct Kind {
    pub(crate) mode: &'static str,
    pub(crate) name: &'static str,
    pub(crate) provider: &'static str,
    /// Attributes that the provider marks.
    pub(crate) sensitive: &'static [&'static str],
    /// How many of a hundred are such.
    share: usize,
}

const fn kind(
    name: &'static str,
    provider: &'static str,
    sensitive: &'static [&'static str],
    share: usize,
) -> Kind {
    Kind { mode: "managed", name, provider, sensitive, share }
}

const KINDS: [Kind; 12] = [
    kind("aws_instance", "aws", &[], 14),
    kind("aws_security_group", "aws", &[], 12),
    kind("aws_iam_role", "aws", &[], 12),
    kind("aws_lambda_function", "aws", &[], 10),
    kind("aws_s3_bucket", "aws", &[], 8),
    kind("aws_cloudwatch_metric_alarm", "aws", &[], 14),
    kind("aws_route53_record", "aws", &[], 8),
    kind("aws_ssm_parameter", "aws", &["value"], 8),
    kind("aws_db_instance", "aws", &["password"], 4),
    kind("random_password", "random", &["bcrypt_hash", "result"], 3),
    kind("tls_private_key", "tls", &["private_key_pem"], 1),
    Kind {
        mode: "data",
        name: "aws_iam_policy_document",
        provider: "aws",
        sensitive: &[],
        share: 6,
    },
];

const TEAMS: [&str; 8] =
    ["payments", "identity", "search", "catalog", "checkout", "billing", "ledger", "risk"];
const KEYS: [&str; 4] = ["api", "batch", "export", "worker"];
const WORDS: [&str; 8] =
    ["api", "worker", "ingest", "export", "queue", "cache", "stream", "gateway"];

/// The type for a number below a hundred.
pub(crate) fn of(number: usize) -> &'static Kind {
    let mut left = number;
    for kind in &KINDS {
        if left < kind.share {
            return kind;
        }
        left -= kind.share;
    }
    &KINDS[0]
}

/// The team of a group.
pub(crate) fn team(group: usize) -> &'static str {
    TEAMS.get(group % TEAMS.len()).copied().unwrap_or_default()
}

/// The key of an object under `for_each`.
pub(crate) fn key(number: usize) -> &'static str {
    KEYS.get(number % KEYS.len()).copied().unwrap_or_default()
}

/// The attributes of one object of a group.
pub(crate) fn attributes(kind: &Kind, numbers: &mut Numbers, group: usize) -> Value {
    let name = format!("{}-{}-{}", numbers.one_of(&TEAMS), group, numbers.one_of(&WORDS));
    let tags = json!({
        "CostCenter": format!("cc-{group:04}"), "Environment": "prod", "ManagedBy": "terraform",
        "Name": name, "Owner": "platform@example.com",
        "Repository": "git@github.com:example/platform-infra.git", "Service": numbers.one_of(&WORDS),
    });
    let mut mirror = tags.clone();
    if let Some(mirror) = mirror.as_object_mut() {
        mirror.insert("Organization".to_owned(), json!("example"));
    }
    let id = numbers.hex(17);
    let all = json!({
        "arn": format!("arn:aws:x:eu-west-1:123456789012:{}/{id}", kind.name), "id": id,
        "tags": tags, "tags_all": mirror, "timeouts": null,
    });
    let special = match kind.name {
        "aws_instance" => instance(numbers),
        "aws_security_group" => security_group(numbers, &name),
        "aws_iam_role" => role(numbers, &name),
        "aws_lambda_function" => function(numbers, &name),
        "aws_s3_bucket" => bucket(numbers, &name),
        "aws_cloudwatch_metric_alarm" => alarm(numbers, &name),
        "aws_route53_record" => {
            json!({"name": name, "type": "A", "ttl": 300, "zone_id": numbers.hex(14), "alias": [],
                "fqdn": format!("{name}.example.com"), "records": [numbers.hex(12)], "weighted_routing_policy": []})
        }
        "aws_ssm_parameter" => {
            json!({"name": format!("/{name}"), "type": "SecureString", "value": numbers.hex(32),
                "key_id": "alias/aws/ssm", "tier": "Standard", "version": numbers.below(40)})
        }
        "aws_db_instance" => database(numbers, &name),
        "random_password" => {
            return json!({"id": "none", "length": 32, "result": numbers.hex(32), "special": true,
                "bcrypt_hash": numbers.hex(60), "keepers": null, "min_lower": 0});
        }
        "tls_private_key" => return private_key(numbers),
        _ => {
            let policy = policy(numbers, 3);
            return json!({"id": numbers.hex(10), "json": policy, "minified_json": policy,
                "override_json": null, "version": "2012-10-17", "statement": []});
        }
    };
    let (mut all, special) = (all, special);
    if let (Some(all), Value::Object(special)) = (all.as_object_mut(), special) {
        all.extend(special);
    }
    all
}

fn policy(numbers: &mut Numbers, statements: usize) -> String {
    let services =
        ["s3:GetObject", "sqs:SendMessage", "kms:Decrypt", "secretsmanager:GetSecretValue"];
    let statement = |sid: usize, numbers: &mut Numbers| {
        json!({"Action": [numbers.one_of(&services), numbers.one_of(&services)], "Effect": "Allow",
            "Resource": [format!("arn:aws:x:eu-west-1:123456789012:{}/*", numbers.hex(12))],
            "Condition": {"NumericLessThan": {"s3:max-keys": "<10"}}, "Sid": format!("S{sid}")})
    };
    let all: Vec<Value> = (0..statements).map(|sid| statement(sid, numbers)).collect();
    json!({"Statement": all, "Version": "2012-10-17"}).to_string()
}

fn instance(numbers: &mut Numbers) -> Value {
    let mut disk = |name: &str| {
        json!({"delete_on_termination": true, "device_name": name, "encrypted": true, "iops": 3000,
            "kms_key_id": format!("arn:aws:kms:eu-west-1:123456789012:key/{}", numbers.hex(32)),
            "tags": {"Name": "disk", "Environment": "prod"}, "throughput": 125,
            "volume_id": format!("vol-0{}", numbers.hex(16)), "volume_size": 100, "volume_type": "gp3"})
    };
    let (root, other) = (disk("/dev/xvda"), disk("/dev/sdf"));
    json!({
        "ami": format!("ami-0{}", numbers.hex(16)), "associate_public_ip_address": false,
        "availability_zone": "eu-west-1a", "capacity_reservation_specification":
            [{"capacity_reservation_preference": "open", "capacity_reservation_target": []}],
        "cpu_options": [{"amd_sev_snp": "", "core_count": 4, "threads_per_core": 2}],
        "credit_specification": [], "disable_api_stop": false, "disable_api_termination": true,
        "ebs_block_device": [other], "ebs_optimized": true, "enclave_options": [{"enabled": false}],
        "get_password_data": false, "hibernation": false, "host_id": "", "iam_instance_profile": "node",
        "instance_state": "running", "instance_type": numbers.one_of(&["m6i.xlarge", "t3.medium"]),
        "ipv6_addresses": [], "key_name": "ops-2024", "launch_template": [],
        "metadata_options": [{"http_endpoint": "enabled", "http_protocol_ipv6": "disabled",
            "http_put_response_hop_limit": 2, "http_tokens": "required", "instance_metadata_tags": "disabled"}],
        "monitoring": true, "network_interface": [], "password_data": "", "placement_group": "",
        "primary_network_interface_id": format!("eni-0{}", numbers.hex(16)),
        "private_dns": format!("ip-{}.eu-west-1.compute.internal", numbers.hex(8)),
        "private_ip": "10.1.2.3", "public_ip": "", "root_block_device": [root],
        "secondary_private_ips": [], "source_dest_check": true,
        "subnet_id": format!("subnet-0{}", numbers.hex(16)), "tenancy": "default", "user_data": null,
        "user_data_base64": numbers.hex(120), "user_data_replace_on_change": false,
        "vpc_security_group_ids": [format!("sg-0{}", numbers.hex(16)), format!("sg-0{}", numbers.hex(16))],
    })
}

fn security_group(numbers: &mut Numbers, name: &str) -> Value {
    let mut rule = |port: usize| {
        json!({"cidr_blocks": [format!("10.{}.0.0/16", numbers.below(255)), "192.168.0.0/16"],
            "description": format!("{name} <-> {port}"), "from_port": port, "ipv6_cidr_blocks": [],
            "prefix_list_ids": [], "protocol": "tcp",
            "security_groups": [format!("sg-0{}", numbers.hex(16))], "self": false, "to_port": port})
    };
    let rules = [rule(443), rule(5432), rule(8443)];
    json!({"description": format!("{name} & friends"), "egress": [rule(0)], "ingress": rules,
        "name": name, "name_prefix": "", "owner_id": "123456789012", "revoke_rules_on_delete": false,
        "vpc_id": format!("vpc-0{}", numbers.hex(16))})
}

fn role(numbers: &mut Numbers, name: &str) -> Value {
    json!({"assume_role_policy": policy(numbers, 1), "create_date": "2024-03-01T10:00:00Z",
        "description": format!("Role of {name}"), "force_detach_policies": false,
        "inline_policy": [{"name": "inline", "policy": policy(numbers, 2)}],
        "managed_policy_arns": [format!("arn:aws:iam::123456789012:policy/{}", numbers.hex(10))],
        "max_session_duration": 3600, "name": name, "path": "/", "permissions_boundary": "",
        "unique_id": format!("AROA{}", numbers.hex(17))})
}

fn function(numbers: &mut Numbers, name: &str) -> Value {
    let variables: serde_json::Map<String, Value> =
        (0..12).map(|n| (format!("SETTING_{n:02}"), json!(numbers.hex(20)))).collect();
    json!({"architectures": ["arm64"], "environment": [{"variables": variables}], "filename": null,
        "function_name": name, "handler": "index.handler", "image_uri": "", "invoke_arn": numbers.hex(40),
        "last_modified": "2024-03-01T10:00:00.000+0000", "layers": [], "memory_size": 512,
        "qualified_arn": numbers.hex(40), "role": format!("arn:aws:iam::123456789012:role/{name}"),
        "runtime": "nodejs20.x", "source_code_hash": numbers.hex(44), "source_code_size": 10_240,
        "timeout": 30, "tracing_config": [{"mode": "Active"}], "version": "$LATEST",
        "vpc_config": [{"security_group_ids": [numbers.hex(20)], "subnet_ids": [numbers.hex(24)]}]})
}

fn bucket(numbers: &mut Numbers, name: &str) -> Value {
    json!({"acceleration_status": "", "bucket": name, "bucket_domain_name": format!("{name}.s3.amazonaws.com"),
        "cors_rule": [], "force_destroy": false, "grant": [{"id": numbers.hex(64), "permissions":
            ["FULL_CONTROL"], "type": "CanonicalUser", "uri": ""}], "hosted_zone_id": "Z1BKCTXD74EZPE",
        "lifecycle_rule": [{"abort_incomplete_multipart_upload_days": 7, "enabled": true, "id": "expire",
            "expiration": [{"days": 90, "expired_object_delete_marker": false}], "prefix": ""}],
        "logging": [], "policy": policy(numbers, 2), "region": "eu-west-1", "request_payer": "BucketOwner",
        "server_side_encryption_configuration": [{"rule": [{"apply_server_side_encryption_by_default":
            [{"kms_master_key_id": numbers.hex(36), "sse_algorithm": "aws:kms"}], "bucket_key_enabled": true}]}],
        "versioning": [{"enabled": true, "mfa_delete": false}], "website": []})
}

fn alarm(numbers: &mut Numbers, name: &str) -> Value {
    json!({"actions_enabled": true, "alarm_actions": [format!("arn:aws:sns:eu-west-1:123456789012:{}", numbers.hex(8))],
        "alarm_description": format!("{name} > 80 %"), "alarm_name": name, "comparison_operator": "GreaterThanThreshold",
        "datapoints_to_alarm": 3, "dimensions": {"QueueName": name}, "evaluate_low_sample_count_percentiles": "",
        "evaluation_periods": 3, "extended_statistic": "", "insufficient_data_actions": [], "metric_name":
        "ApproximateAgeOfOldestMessage", "metric_query": [], "namespace": "AWS/SQS", "ok_actions": [],
        "period": 60, "statistic": "Maximum", "threshold": numbers.below(900), "treat_missing_data": "missing", "unit": ""})
}

fn database(numbers: &mut Numbers, name: &str) -> Value {
    json!({"address": format!("{name}.{}.eu-west-1.rds.amazonaws.com", numbers.hex(12)), "allocated_storage": 200,
        "backup_retention_period": 14, "ca_cert_identifier": "rds-ca-rsa2048-g1", "db_subnet_group_name": name,
        "enabled_cloudwatch_logs_exports": ["postgresql", "upgrade"], "endpoint": format!("{name}:5432"),
        "engine": "postgres", "engine_version": "16.3", "identifier": name, "instance_class": "db.r6g.large",
        "kms_key_id": numbers.hex(64), "maintenance_window": "sun:03:00-sun:04:00", "master_user_secret": [],
        "multi_az": true, "parameter_group_name": name, "password": numbers.hex(32), "port": 5432,
        "resource_id": format!("db-{}", numbers.hex(26)), "storage_encrypted": true, "username": "app",
        "vpc_security_group_ids": [format!("sg-0{}", numbers.hex(16))]})
}

fn private_key(numbers: &mut Numbers) -> Value {
    let lines: Vec<String> = (0..25).map(|_| numbers.hex(64)).collect();
    let pem = format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n",
        lines.join("\n")
    );
    json!({"algorithm": "RSA", "ecdsa_curve": "P224", "id": numbers.hex(40), "private_key_pem": pem,
        "public_key_openssh": numbers.hex(372), "rsa_bits": 2048})
}
