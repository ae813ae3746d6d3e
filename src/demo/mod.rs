//! A world to try unapply in, and the story that is played there.
//!
//! [`provider`] is a Terraform provider whose objects are files in a directory. It deliberately
//! shares nothing with the code that reverts: to unapply, the demo is one more provider. [`sandbox`]
//! sets up a directory for it. `unapply demo` plays the [`story`], which runs unapply as a command,
//! as a person would. Start from [`story::play`].

pub mod provider;
pub mod sandbox;
pub mod script;
pub mod stage;
pub mod story;
pub mod world;
