//! Bad days. The table says how unapply behaves on each of them, and proves that nothing was lost.
//!
//! A bad day is a row of data: how the trouble is made, what was typed, the exit code, what the
//! four answers say, and what must be true of the world, the state, the log, the store and the
//! temporary directory afterwards ([`table`]). Rows that leave the stack as it was share a stage:
//! whatever went before, the next row and the way back still work.
//!
//! | module | which days |
//! |---|---|
//! | `surroundings` | streams, homes, temporary directories, limits, names, working directories |
//! | `disks` | read-only, full, away |
//! | `children` | Terraform that hangs, floods, lies, is killed |
//! | `clock` | clocks that are behind, ahead, or go back |
//! | `crowd` | several at once, and long logs |
//! | `kills` | unapply killed at each step of its way |
//! | `process` | signals, terminals and locks, as stories of several acts |
//! | `input` | states, stores and settings that are not what they should be |
//!
//! Every way in which the service of a bucket fails is a table of its own in `store_s3` and
//! `store_s3_faults`, a state in a bucket whose credentials expire is in `state_in_s3`. A store that
//! dies at each of its calls is in `store_crash`, disks below a store in `store_disk`, what other
//! people do to a store in `store_tamper`, a provider that crashes in `revert`.

mod children;
mod clock;
mod crowd;
mod disks;
mod input;
mod kills;
mod process;
mod surroundings;
pub(crate) mod table;
