//! Why there is no configuration to keep.

use std::io;
use std::path::PathBuf;

use crate::codec::bundle;
use crate::model::configuration::RefusedPath;

/// Why there is no configuration to keep.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A directory or a file that Terraform loads cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The system's own word.
        #[source]
        source: io::Error,
    },
    /// A `-var-file` is a pipe or a directory: its content cannot be kept.
    #[error("not a regular file: `{}`", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The root module, or a file that Terraform loads, cannot be held by a bundle.
    #[error("no place in a bundle for `{}`", path.display())]
    NoPlace {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Unplaced,
    },
    /// The configuration as a whole cannot be a bundle.
    #[error("configuration in `{}` cannot be kept", root.display())]
    Refused {
        /// The root module's directory.
        root: PathBuf,
        /// Why not.
        #[source]
        source: bundle::Error,
    },
}

/// Why a path has no place in a bundle.
#[derive(Debug, thiserror::Error)]
pub enum Unplaced {
    /// It is no text, or lies outside of everything that is kept.
    #[error("path is not UTF-8, or leads out of its module")]
    Nowhere,
    /// A bundle refuses such paths.
    #[error(transparent)]
    Refused(#[from] RefusedPath),
    /// A bundle refuses this one.
    #[error(transparent)]
    NotPortable(#[from] bundle::Error),
}
