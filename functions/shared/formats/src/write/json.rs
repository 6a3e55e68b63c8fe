//! What goes through serde.

use serde::Serialize;

/// Appends `content` as JSON.
pub fn append(out: &mut Vec<u8>, content: &(impl Serialize + ?Sized)) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, content).is_err() {
        // Writing to memory does not fail; if it did, this is still JSON.
        out.truncate(before);
        out.extend_from_slice(b"null");
    }
}
