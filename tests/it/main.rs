//! The integration tests, one binary.

// Marked as tests, so that their helpers may unwrap.
#[cfg(test)]
mod besides;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod compat;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod drift;
#[cfg(test)]
mod engines;
#[cfg(test)]
mod fixes;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hazards;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod history_import;
#[cfg(test)]
mod hold;
#[cfg(test)]
mod kept_files;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod origin;
#[cfg(test)]
mod partial;
#[cfg(test)]
mod pipelines;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod recover;
#[cfg(test)]
mod rekey;
#[cfg(test)]
mod relative_places;
#[cfg(test)]
mod revert;
#[cfg(test)]
mod revert_verify;
#[cfg(test)]
mod run;
#[cfg(test)]
mod run_ends;
#[cfg(test)]
mod run_kills;
#[cfg(test)]
mod same_world;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod state_in_s3;
#[cfg(test)]
mod store_blobs;
#[cfg(test)]
mod store_contract;
#[cfg(test)]
mod store_crash;
#[cfg(test)]
mod store_disk;
#[cfg(test)]
mod store_faults;
#[cfg(test)]
mod store_s3;
#[cfg(test)]
mod store_s3_faults;
#[cfg(test)]
mod store_tamper;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod two_steps;
#[cfg(test)]
mod verbs;
