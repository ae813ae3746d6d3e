//! A world to try unapply in, and the story that is played there.
//!
//! [`provider`] is a Terraform provider whose objects are files in a directory. It deliberately
//! shares nothing with the code that reverts: to unapply, the demo is one more provider. [`story`]
//! is what `unapply demo` plays; it runs unapply as a person would, as a command. Start from
//! [`story::play`].

pub mod provider;
pub mod script;
pub mod stage;
pub mod story;
pub mod world;
