//! A revert as it is asked for, before anything is read.
