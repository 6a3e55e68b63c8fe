//! A disk whose power fails, as a file layer (VFS) for SQLite.
//!
//! A process that is killed leaves the page cache behind; a power cut does not.
//! This layer passes everything on to the real files, and keeps beside them what
//! a disk is bound to hold: only what was synced. A database that was opened
//! through the VFS of [`Disk::attach`] can so be looked at, at any moment and while
//! it is in use, as it would be found after a power cut.

mod disk;
mod file;
mod vfs;

pub use disk::{Disk, Frozen, Image, Unsynced};
