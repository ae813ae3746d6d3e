//! Hints for an apply that has ended and whose outcome could not be recorded.
//!
//! The cause has to be mended first. Then the same command is in general the wrong one: only
//! another revert concludes what was begun. The exit code stays that of the cause.

use crate::flow::Error;
use crate::port::object_store::ObjectError;
use crate::store;

/// The next step, by what stood in the way.
pub(super) fn next(source: &Error) -> String {
    format!("{}, then: unapply revert   (concludes it)", mend(source))
}

fn mend(source: &Error) -> &'static str {
    let Error::Store(store::Error::Object(object)) = source else {
        return "free some space or mend the store";
    };
    match object {
        ObjectError::Unauthenticated { .. } => "sign in again or renew the credentials",
        ObjectError::Denied { .. } => "give this user the right to write there",
        ObjectError::Skewed { .. } => "set this machine's clock",
        ObjectError::Full { .. } => "free some space",
        ObjectError::Missing { .. }
        | ObjectError::Misdirected { .. }
        | ObjectError::Unsupported { .. }
        | ObjectError::Ambiguous { .. }
        | ObjectError::NotDurable { .. }
        | ObjectError::Failed { .. } => "free some space or mend the store",
    }
}
