//! Random names, from the system's generator.

use super::error::Error;
use crate::codec::record::{Nonce, StoreId};

/// Draws the nonce for one entry. Keep it to repeat the attempt to append that entry.
pub fn nonce() -> Result<Nonce, Error> {
    bytes().map(Nonce::from_bytes)
}

pub(super) fn store_id() -> Result<StoreId, Error> {
    bytes().map(StoreId::from_bytes)
}

/// Evenly distributed in `0..100`, nearly.
pub(super) fn percent() -> Result<u64, Error> {
    let draw = bytes()?;
    Ok(u64::from(draw.iter().fold(0_u32, |sum, byte| (sum * 256 + u32::from(*byte)) % 100)))
}

fn bytes() -> Result<[u8; 16], Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|source| Error::Random { source })?;
    Ok(bytes)
}
