//! Random configurations, and random changes of them.
//!
//! A [`Configuration`] is a list of blocks that can be written as HCL; a [`Change`] is an edit of
//! it between two applies, with `moved` and `removed` blocks where people write them.

use std::fmt::Write as _;

use super::dice::Dice;

/// The kind of objects that a block makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Volume,
    Token,
}

/// How many objects a block makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Repeat {
    One,
    /// `count` over this list.
    Count(Vec<String>),
    /// `for_each` over this set.
    Each(Vec<String>),
}

/// One resource block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The module it is in; the root otherwise.
    pub(super) module: Option<String>,
    pub(super) repeat: Repeat,
    /// The beginning of its objects' paths.
    pub(super) path: String,
    pub(super) content: String,
    pub(super) size: usize,
    pub(super) create_before_destroy: bool,
    /// The token of the same module whose value stands in its content.
    pub(super) token: Option<String>,
    /// The block of the same module that it names: a link, which keeps its target from going.
    pub(super) target: Option<String>,
    /// Whether its provider configuration is one that the good configuration does not have.
    pub(super) is_west: bool,
}

/// A configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) blocks: Vec<Block>,
    /// `moved` blocks.
    pub(super) moved: Vec<(String, String)>,
    /// Addresses of `removed` blocks that leave the object alone.
    pub(super) removed: Vec<String>,
    pub(super) output: String,
    counter: usize,
}

const MODULE_HEADER: &str =
    "terraform {\n  required_providers {\n    demo = { source = \"unapply/demo\" }\n  }\n}\n";

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::File => "demo_file",
            Self::Volume => "demo_volume",
            Self::Token => "demo_token",
        }
    }
}

impl Block {
    /// Its address.
    pub(super) fn address(&self) -> String {
        let module =
            self.module.as_ref().map_or_else(String::new, |name| format!("module.{name}."));
        let kind = if self.target.is_some() { "demo_link" } else { self.kind.name() };
        format!("{module}{kind}.{}", self.name)
    }

    fn hcl(&self) -> String {
        let kind = if self.target.is_some() { "demo_link" } else { self.kind.name() };
        let mut text = format!("resource \"{kind}\" \"{}\" {{\n", self.name);
        if self.is_west {
            text.push_str("  provider = demo.west\n");
        }
        let list = |keys: &[String]| {
            keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(", ")
        };
        let suffix = match &self.repeat {
            Repeat::One => String::new(),
            Repeat::Count(keys) => {
                writeln!(text, "  count = {}", keys.len()).unwrap();
                format!("-${{[{}][count.index]}}", list(keys))
            }
            Repeat::Each(keys) => {
                writeln!(text, "  for_each = toset([{}])", list(keys)).unwrap();
                "-${each.key}".to_owned()
            }
        };
        let token = self
            .token
            .as_ref()
            .map_or_else(String::new, |token| format!(" ${{demo_token.{token}.value}}"));
        match (self.kind, &self.target) {
            (_, Some(target)) => {
                writeln!(text, "  path = \"{}\"\n  target = {target}.id", self.path).unwrap();
            }
            (Kind::File, None) => {
                writeln!(text, "  path = \"{}{suffix}.txt\"", self.path).unwrap();
                writeln!(text, "  content = \"{}{token}\"", self.content).unwrap();
            }
            (Kind::Volume, None) => {
                writeln!(text, "  path = \"{}{suffix}.vol\"\n  size = {}", self.path, self.size)
                    .unwrap();
            }
            (Kind::Token, None) => {
                writeln!(text, "  keepers = {{ of = \"{}\" }}", self.content).unwrap();
            }
        }
        if self.create_before_destroy {
            text.push_str("  lifecycle {\n    create_before_destroy = true\n  }\n");
        }
        text + "}\n"
    }
}

impl Configuration {
    /// A random one of four to nine blocks.
    pub(super) fn random(dice: &mut Dice) -> Self {
        let mut made = Self { output: "v1".to_owned(), ..Self::default() };
        let blocks = 4 + dice.roll(6);
        for _ in 0..blocks {
            let block = made.fresh(dice);
            made.blocks.push(block);
        }
        made.add_link(dice);
        made
    }

    fn number(&mut self) -> usize {
        self.counter += 1;
        self.counter
    }

    fn fresh(&mut self, dice: &mut Dice) -> Block {
        let number = self.number();
        let kind = *dice.pick(&[Kind::File, Kind::File, Kind::File, Kind::Volume, Kind::Token]);
        let module = dice.once_in(4).then(|| "m".to_owned());
        let keys = |count: usize| ["a", "b", "c", "d"].map(str::to_owned)[..count].to_vec();
        let repeat = match (kind, dice.roll(5)) {
            (Kind::Token, _) | (_, 0..=2) => Repeat::One,
            (_, 3) => Repeat::Count(keys(1 + dice.roll(3))),
            (_, _) => Repeat::Each(keys(1 + dice.roll(3))),
        };
        let is_token = |block: &&Block| {
            block.kind == Kind::Token && block.module == module && block.target.is_none()
        };
        let token = self.blocks.iter().find(is_token).map(|block| block.name.clone());
        Block {
            name: format!("r{number}"),
            kind,
            repeat,
            path: format!("p{number}"),
            content: format!("c{number}"),
            size: 3,
            create_before_destroy: kind == Kind::File && dice.once_in(6),
            token: token.filter(|_| kind == Kind::File && dice.once_in(2)),
            target: None,
            is_west: false,
            module,
        }
    }

    /// Sometimes a link to a file that is one object, in the same module.
    fn add_link(&mut self, dice: &mut Dice) {
        let number = self.number();
        let is_target = |block: &&Block| {
            block.kind == Kind::File && block.repeat == Repeat::One && block.target.is_none()
        };
        let targets: Vec<Block> = self.blocks.iter().filter(is_target).cloned().collect();
        if targets.is_empty() || dice.once_in(2) {
            return;
        }
        let target = dice.pick(&targets);
        self.blocks.push(Block {
            name: format!("r{number}"),
            kind: Kind::File,
            module: target.module.clone(),
            repeat: Repeat::One,
            path: format!("p{number}.lnk"),
            content: String::new(),
            size: 0,
            create_before_destroy: false,
            token: None,
            is_west: false,
            target: Some(format!("demo_file.{}", target.name)),
        });
    }

    /// The root module's text, without the provider's block.
    pub(super) fn root(&self) -> String {
        let mut text = String::new();
        for block in self.blocks.iter().filter(|block| block.module.is_none()) {
            text.push_str(&block.hcl());
        }
        for module in self.modules() {
            writeln!(text, "module \"{module}\" {{\n  source = \"./modules/{module}\"\n}}")
                .unwrap();
        }
        for (from, to) in &self.moved {
            writeln!(text, "moved {{\n  from = {from}\n  to = {to}\n}}").unwrap();
        }
        for address in &self.removed {
            writeln!(
                text,
                "removed {{\n  from = {address}\n  lifecycle {{\n    destroy = false\n  }}\n}}"
            )
            .unwrap();
        }
        writeln!(text, "output \"o\" {{\n  value = \"{}\"\n}}", self.output).unwrap();
        text
    }

    /// Whether it needs the provider configuration `west`.
    pub(super) fn is_west(&self) -> bool {
        self.blocks.iter().any(|block| block.is_west)
    }

    /// The names of its modules.
    pub(super) fn modules(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.blocks.iter().filter_map(|block| block.module.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// A module's text.
    pub(super) fn module(&self, name: &str) -> String {
        let is_in = |block: &&Block| block.module.as_deref() == Some(name);
        let blocks: String = self.blocks.iter().filter(is_in).map(Block::hcl).collect();
        format!("{MODULE_HEADER}{blocks}")
    }

    /// The same with another content in one file; none where there is no file.
    pub(super) fn edited(&self) -> Option<Self> {
        let mut edited = self.clone();
        let is_file = |block: &&mut Block| block.kind == Kind::File && block.target.is_none();
        edited.blocks.iter_mut().find(is_file)?.content = "never".to_owned();
        Some(edited)
    }

    /// The same with one to four changes, and what they were.
    pub(super) fn changed(&self, dice: &mut Dice) -> (Self, Vec<String>) {
        let mut next = self.clone();
        next.moved.clear();
        next.removed.clear();
        let mut said = Vec::new();
        let changes = 1 + dice.roll(4);
        while said.len() < changes {
            said.extend(next.change(dice));
        }
        (next, said)
    }

    /// The blocks that a link names.
    fn is_target(&self, block: &Block) -> bool {
        let wanted = format!("demo_file.{}", block.name);
        self.blocks
            .iter()
            .any(|other| other.module == block.module && other.target.as_ref() == Some(&wanted))
    }

    fn is_read(&self, block: &Block) -> bool {
        block.kind == Kind::Token
            && self
                .blocks
                .iter()
                .any(|b| b.module == block.module && b.token.as_ref() == Some(&block.name))
    }

    /// One random change, if what the dice say can be done.
    fn change(&mut self, dice: &mut Dice) -> Option<String> {
        let what = dice.roll(14);
        if what == 0 {
            let mut block = self.fresh(dice);
            block.is_west = block.module.is_none() && block.token.is_none() && dice.once_in(3);
            let place = if block.is_west { " in the west" } else { "" };
            let said = format!("add {}{place}", block.address());
            self.blocks.push(block);
            return Some(said);
        }
        if what == 1 {
            self.output = "v2".to_owned();
            return Some("output".to_owned());
        }
        let at = dice.roll(self.blocks.len());
        self.change_block(dice, what, at)
    }

    /// One random change of the block at this place.
    fn change_block(&mut self, dice: &mut Dice, what: usize, at: usize) -> Option<String> {
        let block = self.blocks[at].clone();
        let address = block.address();
        let is_free = !self.is_target(&block) && !self.is_read(&block);
        let is_resolved = !self.moved.iter().any(|(_, to)| *to == address);
        let number = self.number();
        let is_one_of_many = self.blocks.len() > 2;
        let changed = &mut self.blocks[at];
        match what {
            2 | 3 if block.target.is_none() => {
                changed.content = format!("d{number}");
                changed.size += 1;
                Some(format!("edit {address}"))
            }
            4 if is_free && is_one_of_many => {
                self.blocks.remove(at);
                Some(format!("remove {address}"))
            }
            5 | 6 if is_free && is_resolved => {
                changed.name = format!("n{number}");
                let to = changed.address();
                self.moved.push((address.clone(), to.clone()));
                Some(format!("rename {address} to {to}"))
            }
            7 if is_free => {
                changed.name = format!("n{number}");
                Some(format!("rename {address} without saying so"))
            }
            8 if block.kind == Kind::File && block.target.is_none() => {
                changed.path = format!("q{number}");
                changed.create_before_destroy = dice.once_in(2);
                Some(format!("replace {address}"))
            }
            9 if block.kind == Kind::Volume => {
                changed.size -= 1;
                Some(format!("shrink {address}"))
            }
            10 if is_free
                && is_resolved
                && block.repeat == Repeat::One
                && block.kind == Kind::File =>
            {
                // The suffix of its path changes as well: a move and a replacement at once would be
                // two changes; `count` without a suffix is not written here.
                changed.repeat = Repeat::Each(vec!["a".to_owned()]);
                self.moved.push((address.clone(), format!("{address}[\"a\"]")));
                Some(format!("each {address}"))
            }
            11 => match &mut changed.repeat {
                Repeat::One => None,
                Repeat::Count(keys) | Repeat::Each(keys) if keys.len() > 1 && dice.once_in(2) => {
                    keys.remove(0);
                    Some(format!("fewer {address}"))
                }
                Repeat::Count(keys) | Repeat::Each(keys) => {
                    keys.push(format!("k{number}"));
                    Some(format!("more {address}"))
                }
            },
            12 if is_free && is_resolved && is_one_of_many => {
                self.removed.push(address.clone());
                self.blocks.remove(at);
                Some(format!("forget {address}"))
            }
            13 if is_resolved => self.rename_module(&block, number),
            _ => None,
        }
    }

    /// The whole module of a block gets another name.
    fn rename_module(&mut self, block: &Block, number: usize) -> Option<String> {
        let from = block.module.clone()?;
        let is_touched =
            |(a, b): &(String, String)| a.starts_with("module.") || b.starts_with("module.");
        if self.moved.iter().any(is_touched)
            || self.removed.iter().any(|a| a.starts_with("module."))
        {
            return None;
        }
        let to = format!("m{number}");
        for block in self.blocks.iter_mut().filter(|block| block.module.as_ref() == Some(&from)) {
            block.module = Some(to.clone());
        }
        self.moved.push((format!("module.{from}"), format!("module.{to}")));
        Some(format!("rename module {from} to {to}"))
    }
}
