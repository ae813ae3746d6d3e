//! The repository over any object store, and the object stores themselves.
//!
//! Start with [`Repository`]; [`LocalStore`] keeps the objects in a directory, [`S3Store`] in a
//! bucket. Nothing here decides what an entry means for a stack, orders anything by a clock,
//! deletes, or writes over anything. The rest of this page is the contract of the bytes in a store.
//!
#![doc = include_str!("FORMAT.md")]

mod blob;
mod check;
mod directory;
mod error;
mod keys;
mod local;
mod log;
mod probe;
mod random;
mod repository;
mod s3;
mod write;

pub use blob::{BLOB_BYTES_MAX, StoredBlob};
pub use check::{CheckReport, Depth, StoreFinding, StoreProblem};
pub use error::{BlobProblem, EntryProblem, Error, Lie};
pub use local::LocalStore;
pub use log::After;
pub use probe::create_only_holds;
pub use random::nonce;
pub use repository::Repository;
pub use s3::{AccessKeys, Addressing, InstanceMetadata, NoHistory, S3History, S3Place, S3Store};
