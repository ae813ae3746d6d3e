//! The configurations of the story, as texts.
//!
//! A person would write them so, and `--directory` leaves them to be read and changed. They
//! name the directory of the objects absolutely, because a revert works from a private copy.

use std::path::Path;

use super::sandbox::Sandbox;

/// A line that a customer writes to the volume, outside of Terraform.
pub const ORDER: &str = "order 1: three apples";

/// The repair by hand, outside of Terraform: the text before and after.
pub const BY_HAND: (&str, &str) = ("workers 4", "workers 8");

/// The secret of the configuration, and the one that replaces it by hand. Neither is ever shown.
pub const ROTATED: (&str, &str) = ("violet-anchor-4711", "teal-harbour-0815");

/// The object whose creation fails half-way.
pub const FAILS: &str = "cache.db";

const V1: &str = r#"resource "demo_file" "web" {
  path   = "web.conf"
  lines  = ["listen 443", "workers 4"]
  labels = { team = "shop", tier = "front" }
}

resource "demo_link" "current" {
  path   = "current"
  target = demo_file.web.id
}

resource "demo_file" "login" {
  path    = "login.conf"
  content = "user shop"
  secret  = "violet-anchor-4711"
  mode    = "0600"
}

resource "demo_token" "session" {
  length = 24
}

resource "demo_volume" "orders" {
  path = "orders.db"
  size = 10
}
"#;

const CHANGE: (&str, &str) = ("listen 443", "listen 8443");

const ADDITIONS: &str = r#"
resource "demo_file" "banner" {
  path       = "banner.txt"
  content    = "Now on 8443!"
  depends_on = [demo_file.web]
}

resource "demo_volume" "cache" {
  path       = "cache.db"
  size       = 1
  depends_on = [demo_file.banner]
}
"#;

/// The configuration that works.
pub fn v1(world: &Path) -> String {
    Sandbox::provider_block(world) + V1
}

/// The configuration that changes one thing, adds two and fails on the last.
pub fn v2(world: &Path) -> String {
    let (before, after) = CHANGE;
    format!("{}{ADDITIONS}", v1(world).replace(before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2_changes_one_thing_and_adds_two() {
        let (v1, v2) = (v1(Path::new("/w")), v2(Path::new("/w")));
        let (before, after): (Vec<_>, Vec<_>) = (v1.lines().collect(), v2.lines().collect());
        let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert_eq!(changed, 1);
        let added = |text: &str| text.matches("\nresource ").count();
        assert_eq!(added(&v2), added(&v1) + 2);
    }
}
