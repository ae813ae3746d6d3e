//! Pure decisions: facts in, values out.
//!
//! Nothing here reads a file, a clock or the environment, and nothing here starts anything. Values
//! to be shown to a person have passed [`redact`] already when they leave this layer.

pub mod apply_error;
pub mod apply_report;
pub mod baseline;
pub mod compare;
pub mod compat;
pub mod configuration;
pub mod diff;
pub mod drift;
pub mod elsewhere;
pub mod engine_call;
pub mod good;
pub mod hazard;
pub mod hold;
pub mod identity;
pub mod judgement;
pub mod left_state;
pub mod noise;
pub mod origin;
pub mod pairing;
pub mod pin;
pub mod readable;
pub mod redact;
pub mod rekey;
pub mod revert;
pub mod selector;
pub mod stack_engine;
pub mod unsettled;
pub mod variables;
pub mod verify;

#[cfg(test)]
pub(crate) mod tests;
