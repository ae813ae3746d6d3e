//! The stand-in where there is no Terraform.
//!
//! A state in a local file can be kept, shown and compared without one; only what really needs
//! Terraform says that it is missing.

use std::path::Path;

use crate::model::entry::EngineVersion;
use crate::port::terraform::{AppliedPlan, Error, PlanRequest, Terraform, Watch, Workplace};

/// No Terraform.
#[derive(Debug)]
pub struct Absent {
    name: String,
    searched: String,
    instead: Option<String>,
}

impl Absent {
    /// Remembers why there is none.
    pub fn new(name: &str, searched: String) -> Self {
        Self { name: name.to_owned(), searched, instead: None }
    }

    /// Remembers the other engine, which is there.
    #[must_use]
    pub fn beside(self, other: &str) -> Self {
        Self { instead: Some(other.to_owned()), ..self }
    }

    fn missing<T>(&self) -> Result<T, Error> {
        let Self { name, searched, instead } = self;
        let (name, searched) = (name.clone(), searched.clone());
        Err(Error::NotFound { name, searched, instead: instead.clone() })
    }
}

impl Terraform for Absent {
    fn command(&self) -> &str {
        &self.name
    }

    fn version(&self, _: &Path) -> Result<EngineVersion, Error> {
        self.missing()
    }

    fn pull(&self, _: &Workplace) -> Result<Option<Vec<u8>>, Error> {
        self.missing()
    }

    fn push(&self, _: &Workplace, _: &Path) -> Result<(), Error> {
        self.missing()
    }

    fn init(&self, _: &Workplace, _: Option<&Path>) -> Result<(), Error> {
        self.missing()
    }

    fn plan(&self, _: &Workplace, _: &PlanRequest, _: &mut Watch<'_>) -> Result<(), Error> {
        self.missing()
    }

    fn show_plan(&self, _: &Workplace, _: &Path) -> Result<Vec<u8>, Error> {
        self.missing()
    }

    fn apply(&self, _: &Workplace, _: &Path, _: &mut Watch<'_>) -> Result<AppliedPlan, Error> {
        self.missing()
    }
}
