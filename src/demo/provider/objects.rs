//! Makes, reads, changes and deletes the objects: files under one root directory.
//!
//! An object is found by its id, never by its path alone, so that a state never mistakes a later
//! object for its own. Nothing outside the root is touched, and faults are deliberately unknown
//! here. Start from [`ObjectDirectory`].

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::layout::{self, FileText, VolumeText};
use super::msgpack::CtyValue;
use super::registry::{Registry, absent, random_hex};
use super::schema::ResourceType;
use crate::model::digest::Digest;

/// Why an object cannot be made, changed, deleted or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// There is something at the path.
    #[error("AlreadyExists: there is an object at `{0}`")]
    AlreadyExists(String),
    /// There is no object of this id.
    #[error("NotFound: there is no object `{0}`")]
    Missing(String),
    /// The object cannot be deleted as long as another refers to it.
    #[error("DependencyViolation: `{id}` is in use by `{by}`")]
    InUse {
        /// The object.
        id: String,
        /// The one that refers to it.
        by: String,
    },
    /// The values cannot be written.
    #[error("InvalidParameter: {0}")]
    Invalid(String),
    /// The file system failed.
    #[error("InternalError: {0}")]
    Io(#[from] io::Error),
}

/// All objects under a root.
#[derive(Debug)]
pub(super) struct ObjectDirectory {
    root: PathBuf,
    registry: Registry,
}

impl ObjectDirectory {
    /// The objects under `root`, which need not exist before the first object does.
    pub(super) fn under(root: &Path) -> Self {
        Self { root: root.to_owned(), registry: Registry::under(root) }
    }

    /// Makes an object and gives its state.
    pub(super) fn create(&self, kind: ResourceType, planned: &CtyValue) -> Result<CtyValue, Error> {
        layout::check(kind, planned).map_err(Error::Invalid)?;
        if kind == ResourceType::Token {
            return Ok(make_token(planned));
        }
        let path = planned.get("path").as_text().unwrap_or_default();
        layout::check_path(path).map_err(Error::Invalid)?;
        let text = self.render(kind, planned, &VolumeText::empty())?;
        let file = self.root.join(path);
        fs::create_dir_all(file.parent().unwrap_or(&self.root))?;
        let mut created = fs::File::create_new(&file).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                Error::AlreadyExists(path.to_owned())
            } else {
                Error::Io(error)
            }
        })?;
        created.write_all(text.as_bytes())?;
        set_mode(&file, planned)?;
        let id = self.registry.assign(kind, path)?;
        Ok(planned.clone().with("id", CtyValue::Text(id)))
    }

    /// The object of `state` as it is now; `Null` if it is gone.
    pub(super) fn read(&self, kind: ResourceType, state: &CtyValue) -> Result<CtyValue, Error> {
        if kind == ResourceType::Token {
            return Ok(state.clone());
        }
        let Some(ExistingFile { path, file, text }) = self.find(kind, state)? else {
            return Ok(CtyValue::Null);
        };
        let object =
            CtyValue::object([("id", state.get("id").clone()), ("path", CtyValue::Text(path))]);
        Ok(match kind {
            ResourceType::File => {
                let mode = fs::metadata(file)?.permissions().mode() & 0o777;
                let object = object.with("mode", CtyValue::Text(format!("{mode:04o}")));
                let attributes = FileText::parse(&text).attributes().into_iter();
                attributes.fold(object, |object, (name, value)| object.with(name, value))
            }
            ResourceType::Volume => {
                let size = VolumeText::parse(&text).size.map(CtyValue::Integer);
                object.with("size", size.unwrap_or_default())
            }
            ResourceType::Secret => object
                .with("value_wo", CtyValue::Null)
                .with("value_wo_version", state.get("value_wo_version").clone()),
            ResourceType::Link | ResourceType::Token => {
                let target = text.trim_end_matches('\n');
                // An object that is gone has no id any more; its path at least shows a reader so.
                let id = self.registry.id_of(target)?;
                object.with("target", CtyValue::Text(id.unwrap_or_else(|| target.to_owned())))
            }
        })
    }

    /// Changes the object of `prior` in place and gives its state.
    pub(super) fn update(
        &self,
        kind: ResourceType,
        prior: &CtyValue,
        planned: &CtyValue,
    ) -> Result<CtyValue, Error> {
        layout::check(kind, planned).map_err(Error::Invalid)?;
        if kind == ResourceType::Token {
            return Ok(planned.clone());
        }
        let id = id_of(prior);
        let found = self.find(kind, prior)?.ok_or_else(|| Error::Missing(id.to_owned()))?;
        let text = self.render(kind, planned, &VolumeText::parse(&found.text))?;
        let draft = self.registry.draft(id);
        fs::File::create(&draft)?.write_all(text.as_bytes())?;
        fs::set_permissions(&draft, fs::metadata(&found.file)?.permissions())?;
        set_mode(&draft, planned)?;
        fs::rename(&draft, &found.file)?;
        Ok(planned.clone())
    }

    /// Deletes the object of `prior`; one that is gone already is no error.
    pub(super) fn delete(&self, kind: ResourceType, prior: &CtyValue) -> Result<(), Error> {
        if kind == ResourceType::Token {
            return Ok(());
        }
        let id = id_of(prior);
        let Some(found) = self.find(kind, prior)? else {
            return Ok(());
        };
        for by in self.registry.ids(ResourceType::Link)? {
            if self.target_of(&by)?.as_deref() == Some(&found.path) {
                return Err(Error::InUse { id: id.to_owned(), by });
            }
        }
        fs::remove_file(&found.file)?;
        self.registry.forget(id, &found.path)?;
        self.tidy(&found.file);
        Ok(())
    }

    /// The text of the new file of an object, which for a volume carries on the data of `before`.
    fn render(
        &self,
        kind: ResourceType,
        planned: &CtyValue,
        before: &VolumeText,
    ) -> Result<String, Error> {
        match kind {
            ResourceType::File => {
                let text = FileText::of(planned).map_err(Error::Invalid)?;
                Ok(text.render())
            }
            ResourceType::Volume => {
                let size = planned.get("size").as_integer().unwrap_or_default();
                Ok(before.render(size))
            }
            // A change that does not send it leaves it as it is.
            ResourceType::Secret => Ok(match planned.get("value_wo").as_text() {
                Some(value) => format!("{value}\n"),
                None => before.data().to_owned(),
            }),
            ResourceType::Link | ResourceType::Token => {
                let target = planned.get("target").as_text().unwrap_or_default();
                let path = self
                    .registry
                    .path_of(target)?
                    .filter(|_| !target.starts_with(ResourceType::Link.id_prefix()))
                    .filter(|path| self.root.join(path).exists())
                    .ok_or_else(|| Error::Missing(target.to_owned()))?;
                Ok(format!("{path}\n"))
            }
        }
    }

    fn find(&self, kind: ResourceType, state: &CtyValue) -> Result<Option<ExistingFile>, Error> {
        let id = id_of(state);
        let known = self.registry.path_of(id)?;
        let Some(path) = known.filter(|_| id.starts_with(kind.id_prefix())) else {
            return Ok(None);
        };
        let file = self.root.join(&path);
        let bytes = absent(fs::read(&file))?;
        Ok(bytes.map(|bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            ExistingFile { path, file, text }
        }))
    }

    /// The path to which the link `id` leads, as long as there is such a link.
    fn target_of(&self, id: &str) -> io::Result<Option<String>> {
        let Some(path) = self.registry.path_of(id)? else {
            return Ok(None);
        };
        let text = absent(fs::read_to_string(self.root.join(path)))?;
        Ok(text.map(|text| text.trim_end_matches('\n').to_owned()))
    }

    /// Removes the directories that `file` was the last in, except the root.
    fn tidy(&self, file: &Path) {
        let above = file.ancestors().skip(1);
        for directory in above.take_while(|directory| *directory != self.root) {
            // A directory that still holds something refuses, and so it should.
            if fs::remove_dir(directory).is_err() {
                return;
            }
        }
    }
}

/// An object that exists.
struct ExistingFile {
    path: String,
    file: PathBuf,
    text: String,
}

fn id_of(state: &CtyValue) -> &str {
    state.get("id").as_text().unwrap_or_default()
}

fn set_mode(file: &Path, planned: &CtyValue) -> Result<(), Error> {
    let Some(mode) = planned.get("mode").as_text() else {
        return Ok(());
    };
    let mode = layout::parse_mode(mode).map_err(Error::Invalid)?;
    Ok(fs::set_permissions(file, Permissions::from_mode(mode))?)
}

fn make_token(planned: &CtyValue) -> CtyValue {
    let length = planned.get("length").as_integer().unwrap_or_default();
    let value = random_hex(usize::try_from(length).unwrap_or_default());
    let digest = Digest::of(value.as_bytes()).short();
    let id = format!("{}{digest}", ResourceType::Token.id_prefix());
    planned.clone().with("id", CtyValue::Text(id)).with("value", CtyValue::Text(value))
}

#[cfg(test)]
#[path = "objects_tests.rs"]
mod tests;
