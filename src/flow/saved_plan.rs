//! A saved plan of the user's, as JSON.
//!
//! OpenTofu reads the configuration beside a plan before it shows one, since that may name the keys.
//! If those files are broken by now, the plan's own are laid out for it; an encrypted plan has
//! none to give. Nothing is planned and nothing is kept.

use std::path::Path;

use super::Error;
use super::home::at_home;
use super::ports::{Ports, Stack};
use crate::codec::hcl::Syntax;
use crate::codec::planfile::PlanArchive;
use crate::model::entry::EngineKind;
use crate::port::terraform::{self, Workplace};
use crate::terraform::workdir::PrivateDirectory;

/// The plan as `show -json` prints it; of two refusals the first one counts.
pub(super) fn shown(
    ports: &Ports<'_>,
    stack: &Stack,
    file: &Path,
    archive: Option<&PlanArchive>,
) -> Result<Vec<u8>, Error> {
    let refused = match at_home(ports, stack, |place| ports.terraform.show_plan(place, file))? {
        Ok(shown) => return Ok(shown),
        Err(refused) => refused,
    };
    match archive.filter(|_| ports.engine(stack) == Some(EngineKind::OpenTofu)) {
        Some(archive) => Ok(beside_its_own_files(ports, stack, file, archive)?.or(Err(refused))?),
        None => Err(refused.into()),
    }
}

/// The same in a directory that has the root module of the plan, and the stack's own providers.
fn beside_its_own_files(
    ports: &Ports<'_>,
    stack: &Stack,
    file: &Path,
    archive: &PlanArchive,
) -> Result<Result<Vec<u8>, terraform::Error>, Error> {
    let directory = PrivateDirectory::create(&stack.temporary)?;
    let root = archive.modules.iter().filter(|module| module.key.is_empty());
    let files = root.flat_map(|module| &module.files);
    let is_configuration = |name: &str| Syntax::of(name).is_some() && !name.contains('/');
    for (name, content) in files.filter(|(name, _)| is_configuration(name)) {
        directory.write_beside(name, content)?;
    }
    if let Some(lock_file) = &archive.lock_file {
        directory.write_beside(super::configuration::LOCK_FILE, lock_file)?;
    }
    // Values of today's environment reach a directory with providers from elsewhere by name alone.
    let values = stack.inputs.environment.iter();
    let environment: Vec<_> =
        values.map(|(name, value)| (format!("TF_VAR_{name}"), value.clone())).collect();
    let data_directory = Some(stack.data_directory());
    at_home(ports, stack, |place| {
        let values_of_modules =
            place.values_of_modules.iter().map(|file| stack.root.join(file)).collect();
        let root = directory.root();
        let place =
            Workplace { root, data_directory, environment, values_of_modules, ..place.clone() };
        ports.terraform.show_plan(&place, file)
    })
}
