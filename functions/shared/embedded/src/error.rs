//! What fails here, as callers are told it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tidemark_ports::error::{Kind, StoreError};

/// What an error of SQLite, met while doing what `context` says, is to the caller.
pub(super) fn failed(context: impl Into<String>) -> impl FnOnce(rusqlite::Error) -> StoreError {
    move |error| {
        use rusqlite::ErrorCode;
        let kind = match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure,
            ) => Kind::Unavailable,
            _ => Kind::Internal,
        };
        StoreError::new(kind, context).because(error)
    }
}

/// Something stored that this program did not write like that.
pub(super) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::new(Kind::Internal, what)
}

/// Locks, also after a panic elsewhere: what is guarded here is changed in
/// single steps.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What keeps the store from being opened.
pub(super) fn unusable(context: String) -> StoreError {
    StoreError::new(Kind::Internal, context)
}
