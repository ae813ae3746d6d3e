//! A stage that is kept as it is, and begins anew from there: quicker than another one.

use super::script::copy;
use super::stage::Stage;

/// Files of the stack's directory that are kept.
const FILES: [&str; 4] =
    ["main.tf", "terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info"];

impl Stage {
    /// Keeps the state, the world, the store and the configuration.
    pub(crate) fn keep(&self) {
        let kept = self.path().join("kept");
        std::fs::create_dir(&kept).unwrap();
        copy(&self.stack().join(".unapply"), &kept.join("store"));
        copy(&self.world(), &kept.join("world"));
        for name in FILES {
            let _is_there = std::fs::copy(self.stack().join(name), kept.join(name)).is_ok();
        }
    }

    /// Puts back what was kept, and nothing else is there then.
    pub(crate) fn renew(&self) {
        let kept = self.path().join("kept");
        for (name, place) in [("store", self.stack().join(".unapply")), ("world", self.world())] {
            std::fs::remove_dir_all(&place).unwrap();
            copy(&kept.join(name), &place);
        }
        for name in FILES {
            let place = self.stack().join(name);
            let _was_there = std::fs::remove_file(&place).is_ok();
            let _is_there = std::fs::copy(kept.join(name), place).is_ok();
        }
    }
}
