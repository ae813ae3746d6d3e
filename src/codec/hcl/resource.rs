//! A `resource` block besides its values: the arguments it has, the changes that Terraform is to
//! leave alone, and its provisioners. No value is looked at, and nothing is decided here.

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{BlockLabel, Body};

/// Arguments that every resource can have: they are no attributes of an object.
const META: [&str; 7] =
    ["count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"];

/// The facts of a `resource` block besides values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceBlock {
    /// The names of its arguments and nested blocks, those that a `dynamic` block makes too.
    pub arguments: BTreeSet<String>,
    /// The attributes of `ignore_changes`, each by its first name; `*` for all of them.
    pub ignored: BTreeSet<String>,
    /// The kinds of its provisioners.
    pub provisioners: BTreeSet<String>,
}

impl ResourceBlock {
    /// Whether changes of this attribute are left alone.
    pub fn ignores(&self, attribute: &str) -> bool {
        self.ignored.contains("*") || self.ignored.contains(attribute)
    }

    /// Adds what one block says; an override file may say more of the same resource.
    pub(super) fn take(&mut self, body: &Body) {
        let attributes = body.attributes().map(|attribute| attribute.key.as_str());
        let blocks = body.blocks().filter_map(|block| match block.ident.as_str() {
            "dynamic" => block.labels.first().map(BlockLabel::as_str),
            name => Some(name),
        });
        let names = attributes.chain(blocks).filter(|name| !META.contains(name));
        self.arguments.extend(names.map(str::to_owned));
        let kinds = body.get_blocks("provisioner").filter_map(|block| block.labels.first());
        self.provisioners.extend(kinds.map(|kind| kind.as_str().to_owned()));
        for lifecycle in body.get_blocks("lifecycle") {
            match lifecycle.body.get_attribute("ignore_changes").map(|found| &found.value) {
                Some(Expression::Array(items)) => self.ignored.extend(items.iter().map(first_name)),
                Some(word) => self.ignored.extend([first_name(word)]),
                None => {}
            }
        }
    }
}

/// `tags` of `tags["a"]`; `*` of `all`. In JSON, and in the old way of writing, it stands in quotes.
fn first_name(expression: &Expression) -> String {
    let text = expression.as_str().map_or_else(|| expression.to_string(), str::to_owned);
    let name = text.trim().split(['.', '[']).next().unwrap_or_default().trim();
    if name == "all" { "*".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::codec::hcl::scan;

    fn read(file: &str, text: &str) -> ResourceBlock {
        let files = BTreeMap::from([(file.to_owned(), text.as_bytes().to_vec())]);
        scan(&files).inside["t.a"].clone()
    }

    fn words(names: &BTreeSet<String>) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    #[test]
    fn arguments_ignored_changes_and_provisioners_are_read() {
        let found = read(
            "main.tf",
            "resource \"t\" \"a\" {\n  count = 2\n  size = 1\n  rule {\n    x = 1\n  }\n  dynamic \
             \"disk\" {\n    for_each = []\n    content {}\n  }\n  provisioner \"local-exec\" {\n    \
             command = \"x\"\n  }\n  lifecycle {\n    ignore_changes = [tags[\"a\"], size, \
             rule[0].x, \"old\"]\n  }\n}\n",
        );
        assert_eq!(words(&found.arguments), ["disk", "rule", "size"]);
        assert_eq!(words(&found.ignored), ["old", "rule", "size", "tags"]);
        assert_eq!(words(&found.provisioners), ["local-exec"]);
        assert!(found.ignores("tags") && !found.ignores("disk"));
    }

    #[test]
    fn all_is_everything_and_json_says_the_same() {
        let all = "resource \"t\" \"a\" {\n  lifecycle {\n    ignore_changes = all\n  }\n}\n";
        assert!(read("main.tf", all).ignores("anything"));
        let json = r#"{"resource":{"t":{"a":{"size":1,"lifecycle":{"ignore_changes":["size","tags"]},
            "provisioner":{"remote-exec":{"inline":[]}}}}}}"#;
        let found = read("main.tf.json", json);
        assert_eq!(words(&found.ignored), ["size", "tags"]);
        assert_eq!(words(&found.provisioners), ["remote-exec"]);
        assert!(read("main.tf.json", &json.replace(r#"["size","tags"]"#, r#""all""#)).ignores("x"));
    }
}
