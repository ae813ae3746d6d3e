//! Parts that the tests share: stores that behave, stores that do not, and things to say.

pub(crate) mod bucket;
pub(crate) mod deeds;
pub(crate) mod engine;
pub(crate) mod faulty;
pub(crate) mod journals;
pub(crate) mod memory;
pub(crate) mod places;
pub(crate) mod records;
pub(crate) mod remote;
pub(crate) mod renewal;
pub(crate) mod running;
pub(crate) mod script;
pub(crate) mod scripted;
pub(crate) mod stage;
pub(crate) mod traced;
pub(crate) mod versions;
