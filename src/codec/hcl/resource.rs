//! What a `resource` block says besides values: which arguments it has, which changes Terraform is
//! to leave alone, and what it runs. No value is looked at, and nothing is decided here.

use std::collections::BTreeSet;

use hcl_edit::expr::Expression;
use hcl_edit::structure::{BlockLabel, Body};

/// Arguments that every resource can have: they are no attributes of an object.
const META: [&str; 7] =
    ["count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"];

/// What a `resource` block says besides values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    /// The names of its arguments and nested blocks, those that a `dynamic` block makes too.
    pub arguments: BTreeSet<String>,
    /// The attributes of `ignore_changes`, each by its first name; `*` for all of them.
    pub ignored: BTreeSet<String>,
    /// The kinds of its provisioners.
    pub provisioners: BTreeSet<String>,
}

impl Resource {
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
