//! Every verb's screen and JSON, on real Terraform.

use crate::support::stage::Stage;

/// A file, and a volume with data of its own.
const V1: &str = r#"
resource "demo_file" "a" {
  path    = "a.txt"
  content = "one"
  labels  = { tier = "web" }
  secret  = "hunter2-secret"
}

resource "demo_volume" "data" {
  path = "data"
  size = 1
}

output "a" {
  value = demo_file.a.path
}
"#;

#[test]
fn init_sets_a_stack_up_once() {
    let stage = Stage::with(V1);
    stage.apply().expect(0);
    insta::assert_snapshot!(stage.unapply(&["init"]).screen());
    insta::assert_snapshot!(stage.unapply(&["init", "--json"]).screen());
}
