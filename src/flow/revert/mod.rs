//! Takes a stack back to a good snapshot, in five steps that are values:
//! [`draft`] → [`check`] → [`consent`] → [`execute`] → [`verify`].
//!
//! The prior configuration is applied to the current, refreshed state; the prior state is what must
//! be true afterwards. Nothing of the stack changes before [`execute`], and that takes an
//! [`consent::ApprovedRevert`], which only [`consent`] can make.

pub mod again;
pub mod check;
mod configurations;
pub mod consent;
pub mod draft;
pub mod execute;
pub mod first;
pub mod inputs;
mod journals;
pub mod matters;
mod push;
pub mod verify;
pub mod way;
