//! Takes a stack back to a good snapshot, in steps that are values:
//! [`request`] → [`draft`] → [`adapt`] → [`plan`] → [`consent`] → [`execute`] → [`resume`] →
//! [`verify`].
//!
//! The prior configuration is applied to the current, refreshed state; the prior state is what must
//! be true afterwards. Nothing of the stack changes before [`execute`], and that takes an
//! [`consent::ApprovedRevert`], which only [`consent`] can make.

pub mod adapt;
pub mod consent;
pub mod draft;
pub mod execute;
pub mod history;
pub mod plan;
pub mod request;
pub mod resume;
pub mod two_steps;
pub mod verify;
