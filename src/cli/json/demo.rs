//! The object that `unapply demo --json` prints at its end.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::demo::story::StoryEnding;
use crate::demo::world::WorldFiles;

/// `unapply.demo`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DemoOut {
    /// Whether the revert left the world of v1, to the byte.
    pub world_equals_v1: bool,
    /// Differences from the end that the story should have.
    pub problems: Vec<String>,
    /// Every file of the story.
    pub files: Vec<DemoFile>,
    /// The exit code of a plan of v1 after the revert.
    pub plan_after_revert: i32,
    /// The exit code of a plan of v1 after the old state was restored.
    pub plan_after_restore: i32,
    /// Objects that are real and in no state after the revert.
    pub orphans_after_revert: Vec<String>,
    /// Objects that are real and in no state after the old state was restored.
    pub orphans_after_restore: Vec<String>,
    /// Repairs by hand that are on record: each object with what became of the repair.
    pub fixes: BTreeMap<String, String>,
    /// The directory where everything was left, if it was.
    pub directory: Option<String>,
}

/// One file, compared with v1: `same`, `changed`, `permissions`, `added`, `missing` or `absent`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DemoFile {
    /// Its path.
    pub path: String,
    /// After v2 failed.
    pub after_failed_apply: String,
    /// After the revert.
    pub after_revert: String,
    /// After the old state was restored.
    pub after_restore: String,
}

impl DemoOut {
    /// An ending, and where everything was left.
    pub fn new(ending: &StoryEnding, directory: Option<String>) -> Self {
        let change = |now: &WorldFiles, path: &str| ending.v1.change(now, path).name().to_owned();
        let file = |path: String| DemoFile {
            after_failed_apply: change(&ending.failed, &path),
            after_revert: change(&ending.reverted, &path),
            after_restore: change(&ending.restored, &path),
            path,
        };
        Self {
            world_equals_v1: ending.world_equals_v1(),
            problems: ending.problems(),
            files: ending.paths().into_iter().map(file).collect(),
            plan_after_revert: ending.plan_after_revert,
            plan_after_restore: ending.plan_after_restore,
            orphans_after_revert: ending.orphans_after_revert.clone(),
            orphans_after_restore: ending.orphans_after_restore.clone(),
            fixes: ending.fixes.clone(),
            directory,
        }
    }
}
