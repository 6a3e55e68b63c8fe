//! The layer as SQLite sees it: SQLite's own VFS for Unix, of which the
//! functions that change files are replaced. A replaced function calls the one
//! that it replaces, on the same file, and tells the [`Disk`] what was done.
#![allow(
    unsafe_code,
    reason = "a VFS is a table of C functions over C structures"
)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_FCNTL_SIZE_HINT, SQLITE_IOERR, SQLITE_IOERR_CLOSE, SQLITE_IOERR_DELETE,
    SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE, SQLITE_OK, SQLITE_OPEN_CREATE,
    SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_SUPER_JOURNAL, SQLITE_OPEN_WAL,
    sqlite3_file, sqlite3_filename, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use crate::disk::{Disk, FileId};

/// The files of SQLite that outlive a connection.
const JOURNALS: c_int = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

/// What a registered VFS points to; never freed, as SQLite keeps the pointer.
struct Layer {
    disk: Arc<Disk>,
    unix: *mut sqlite3_vfs,
}

/// An open file.
struct Open {
    disk: Arc<Disk>,
    file: FileId,
    /// SQLite's VFS for Unix syncs the folder with the first sync of a journal
    /// that it may have made.
    sync_folder: AtomicBool,
    /// The functions of the VFS for Unix.
    unix: sqlite3_io_methods,
    /// The same with ours among them; the file points to it until it is closed.
    ours: sqlite3_io_methods,
}

/// All open files, by the address of SQLite's structure.
static OPEN: Mutex<BTreeMap<usize, Arc<Open>>> = Mutex::new(BTreeMap::new());

fn all_open() -> MutexGuard<'static, BTreeMap<usize, Arc<Open>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(file: *mut sqlite3_file) -> Option<Arc<Open>> {
    all_open().get(&file.addr()).cloned()
}

impl Disk {
    /// A disk that needs so long for a sync, and the name of the VFS that
    /// reaches it. The VFS stays registered until the process ends.
    pub fn attach(sync_takes: Duration) -> (Arc<Self>, String) {
        let disk = Arc::new(Self::new(sync_takes));
        let name = register(Arc::clone(&disk));
        (disk, name)
    }
}

/// Registers a VFS over a disk under a name of its own, which is returned.
fn register(disk: Arc<Disk>) -> String {
    static REGISTERED: AtomicU64 = AtomicU64::new(0);
    let name = format!("power-cut-{}", REGISTERED.fetch_add(1, Ordering::Relaxed));
    let c_name = CString::new(name.clone()).unwrap_or_default();
    // SAFETY: the name is a C string; SQLite initializes itself first.
    let unix = unsafe { sqlite3_vfs_find(c"unix".as_ptr()) };
    assert!(!unix.is_null(), "SQLite has no VFS for Unix here");
    let layer = Box::leak(Box::new(Layer { disk, unix }));
    let ours = Box::leak(Box::new(sqlite3_vfs {
        pNext: ptr::null_mut(),
        zName: c_name.into_raw(),
        pAppData: ptr::from_mut(layer).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        // SAFETY: SQLite's VFS is never unregistered. Its other functions do
        // not look at which VFS they are called for.
        ..unsafe { *unix }
    }));
    // SAFETY: structure, name and layer live until the process ends.
    let code = unsafe { sqlite3_vfs_register(ours, 0) };
    assert_eq!(code, SQLITE_OK, "SQLite does not take the VFS");
    name
}

/// The layer behind one of our VFS.
///
/// # Safety
/// `vfs` was registered by [`register`].
unsafe fn layer(vfs: *mut sqlite3_vfs) -> &'static Layer {
    // SAFETY: `register` put a leaked layer there.
    unsafe { &*(*vfs).pAppData.cast::<Layer>() }
}

/// A path of SQLite's, and the name of the file in its folder.
///
/// # Safety
/// `path` is a C string that outlives what is returned.
unsafe fn path<'a>(path: *const c_char) -> (&'a Path, String) {
    // SAFETY: so the caller says.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes();
    let path = Path::new(OsStr::from_bytes(bytes));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (path, name.into_owned())
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls this for a VFS of ours.
    let layer = unsafe { layer(vfs) };
    // SAFETY: it lives as long as SQLite.
    let Some(unix_open) = (unsafe { *layer.unix }).xOpen else {
        return SQLITE_CANTOPEN;
    };
    let lasting = !name.is_null() && flags & (SQLITE_OPEN_MAIN_DB | JOURNALS) != 0;
    let known = lasting.then(|| {
        // SAFETY: SQLite's file names are C strings, and it is not null.
        let (path, name) = unsafe { path(name) };
        // Not of a file that is open: closing it again drops SQLite's locks.
        let held = (!layer.disk.knows(&name)).then(|| std::fs::read(path).ok());
        (name, held.flatten())
    });
    // SAFETY: all as SQLite passed it, for the VFS that the function is of.
    let code = unsafe { unix_open(layer.unix, name, file, flags, out_flags) };
    let (SQLITE_OK, Some((name, held))) = (code, known) else {
        return code;
    };
    // SAFETY: a file that was opened points to its functions, which are constant.
    let unix = unsafe { *(*file).pMethods };
    let open = Arc::new(Open {
        disk: Arc::clone(&layer.disk),
        file: layer.disk.open(&name, held),
        sync_folder: AtomicBool::new(flags & SQLITE_OPEN_CREATE != 0 && flags & JOURNALS != 0),
        ours: sqlite3_io_methods {
            xClose: Some(close),
            xWrite: Some(write),
            xTruncate: Some(truncate),
            xSync: Some(sync),
            xFileControl: Some(file_control),
            ..unix
        },
        unix,
    });
    // SAFETY: the table lives until `close` drops it; the VFS for Unix itself
    // leaves the choice of functions to the opened file.
    unsafe { (*file).pMethods = ptr::from_ref(&open.ours) };
    all_open().insert(file.addr(), open);
    code
}

unsafe extern "C" fn delete(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite calls this for a VFS of ours.
    let layer = unsafe { layer(vfs) };
    // SAFETY: it lives as long as SQLite.
    let Some(unix) = (unsafe { *layer.unix }).xDelete else {
        return SQLITE_IOERR_DELETE;
    };
    // SAFETY: all as SQLite passed it, for the VFS that the function is of.
    let code = unsafe { unix(layer.unix, name, sync_folder) };
    if code == SQLITE_OK {
        // SAFETY: SQLite's file names are C strings.
        let (_, name) = unsafe { path(name) };
        layer.disk.delete(&name, sync_folder != 0);
    }
    code
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // Before it is closed: after that, another may be opened at its address.
    let open = all_open().remove(&file.addr());
    let Some((_open, close)) = open.and_then(|open| open.unix.xClose.map(|close| (open, close)))
    else {
        return SQLITE_IOERR_CLOSE;
    };
    // SAFETY: the file is one of the VFS for Unix.
    unsafe { close(file) }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    data: *const c_void,
    amount: c_int,
    offset: i64,
) -> c_int {
    let Some((open, unix)) = find(file).and_then(|open| open.unix.xWrite.map(|f| (open, f))) else {
        return SQLITE_IOERR_WRITE;
    };
    let (Ok(length), Ok(at)) = (usize::try_from(amount), usize::try_from(offset)) else {
        return SQLITE_IOERR_WRITE;
    };
    // SAFETY: all as SQLite passed it; the file is one of the VFS for Unix.
    let code = unsafe { unix(file, data, amount, offset) };
    if code == SQLITE_OK {
        // SAFETY: SQLite passes so many bytes to be written.
        let bytes = unsafe { slice::from_raw_parts(data.cast::<u8>(), length) };
        open.disk.write(open.file, at, bytes);
    }
    code
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: i64) -> c_int {
    let Some((open, unix)) = find(file).and_then(|open| open.unix.xTruncate.map(|f| (open, f)))
    else {
        return SQLITE_IOERR_TRUNCATE;
    };
    let Ok(length) = usize::try_from(size) else {
        return SQLITE_IOERR_TRUNCATE;
    };
    // SAFETY: all as SQLite passed it; the file is one of the VFS for Unix.
    let code = unsafe { unix(file, size) };
    if code == SQLITE_OK {
        open.disk.set_length(open.file, length);
    }
    code
}

/// Leaves the real file alone: this disk alone is to be held against the writes.
unsafe extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    let Some(open) = find(file) else {
        return SQLITE_IOERR_FSYNC;
    };
    let with_folder = open.sync_folder.load(Ordering::Relaxed);
    if !open.disk.sync(open.file, with_folder) {
        return SQLITE_IOERR_FSYNC;
    }
    open.sync_folder.store(false, Ordering::Relaxed);
    SQLITE_OK
}

unsafe extern "C" fn file_control(
    file: *mut sqlite3_file,
    operation: c_int,
    argument: *mut c_void,
) -> c_int {
    let Some((open, unix)) = find(file).and_then(|open| open.unix.xFileControl.map(|f| (open, f)))
    else {
        return SQLITE_IOERR;
    };
    // SAFETY: all as SQLite passed it; the file is one of the VFS for Unix.
    let code = unsafe { unix(file, operation, argument) };
    // It makes the file longer where that is mapped into memory.
    if let (SQLITE_FCNTL_SIZE_HINT, Some(file_size)) = (operation, open.unix.xFileSize) {
        let mut size = 0;
        // SAFETY: the file is one of the VFS for Unix, and open.
        let known = unsafe { file_size(file, &raw mut size) } == SQLITE_OK;
        if let (true, Ok(length)) = (known, usize::try_from(size)) {
            open.disk.set_length(open.file, length);
        }
    }
    code
}
