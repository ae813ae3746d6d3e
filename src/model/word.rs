//! Names of closed sets: the one word that each value has on screens, in records and for scripts.
//!
//! The words are derived from the variants with `strum`; a variant that is called otherwise says so
//! where it is declared. Nothing here translates between two sets of words.

/// A value of a closed set.
pub trait Word: Copy + Into<&'static str> {
    /// Its word for a screen, a record and a script.
    fn name(self) -> &'static str {
        self.into()
    }
}

impl<T: Copy + Into<&'static str>> Word for T {}
