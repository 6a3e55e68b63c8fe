//! What of a few files a disk holds for certain, what it may hold beside that,
//! and what comes of it when the power fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use crate::file::File;

/// The length of a noisy index of a write-ahead log, in bytes.
const NOISE: usize = 32 << 10;
/// How often a sync looks whether it may go on.
const THAW: Duration = Duration::from_millis(1);

/// A disk for the files of one folder.
pub struct Disk {
    state: Mutex<State>,
    sync_takes: Duration,
}

#[derive(Default)]
struct State {
    files: Vec<File>,
    /// The folder as the process sees it.
    names: Names,
    /// The folder as it was synced.
    durable_names: Names,
    refusing: bool,
    frozen: bool,
    /// An image after each change, once that was asked for.
    recorded: Option<Vec<Image>>,
}

type Names = BTreeMap<String, FileId>;

/// A file, whatever its name is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId(usize);

/// What becomes of that which was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced {
    /// All of it is lost.
    Lost,
    /// Each change, and of some writes each sector, is kept or lost by chance,
    /// whatever came before or after it; so are names made or removed. The index
    /// of a write-ahead log, which is never synced, is noise.
    Torn {
        /// Decides what is kept.
        seed: u64,
    },
    /// All of it is kept, as when only the process ends.
    Kept,
}

/// What a power cut leaves on the disk: files by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image(pub BTreeMap<String, Vec<u8>>);

impl Image {
    /// Writes the files into a folder.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}

impl Disk {
    /// A disk that needs so long for a sync, which nothing reaches yet.
    pub(crate) fn new(sync_takes: Duration) -> Self {
        Self {
            state: Mutex::default(),
            sync_takes,
        }
    }

    /// What the disk would hold if the power failed now.
    pub fn image(&self, unsynced: Unsynced) -> Image {
        self.state().image(unsynced)
    }

    /// From now on refuses to sync, or no longer.
    pub fn refuse_syncs(&self, refuse: bool) {
        self.state().refusing = refuse;
    }

    /// Holds back every sync, until what is returned is dropped.
    pub fn freeze(&self) -> Frozen<'_> {
        self.state().frozen = true;
        Frozen(self)
    }

    /// How often a file was synced.
    pub fn syncs(&self, name: &str) -> u64 {
        let state = self.state();
        let file = state.names.get(name);
        file.map_or(0, |file| state.files[file.0].syncs)
    }

    /// What the disk would have held after each single change that was made
    /// while `act` ran, all that was not synced lost, and torn.
    pub fn images_during<T>(&self, act: impl FnOnce() -> T) -> (T, Vec<Image>) {
        self.state().recorded = Some(Vec::new());
        let result = act();
        let recorded = self.state().recorded.take();
        (result, recorded.unwrap_or_default())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A disk that does not sync for now.
pub struct Frozen<'a>(&'a Disk);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.state().frozen = false;
    }
}

/// What is done to the files.
impl Disk {
    /// Whether a file is there.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.state().names.contains_key(name)
    }

    /// Finds a file, or makes it; what it held before the disk knew of it counts
    /// as synced.
    pub(crate) fn open(&self, name: &str, held: Option<Vec<u8>>) -> FileId {
        let mut state = self.state();
        if let Some(file) = state.names.get(name) {
            return *file;
        }
        let file = FileId(state.files.len());
        if held.is_some() {
            state.durable_names.insert(name.to_owned(), file);
        }
        state.files.push(File::synced(held.unwrap_or_default()));
        state.names.insert(name.to_owned(), file);
        state.record();
        file
    }

    pub(crate) fn delete(&self, name: &str, sync_folder: bool) {
        let mut state = self.state();
        state.names.remove(name);
        if sync_folder {
            state.durable_names = state.names.clone();
        }
        state.record();
    }

    pub(crate) fn write(&self, file: FileId, offset: usize, bytes: &[u8]) {
        let mut state = self.state();
        state.files[file.0].write(offset, bytes);
        state.record();
    }

    pub(crate) fn set_length(&self, file: FileId, length: usize) {
        let mut state = self.state();
        state.files[file.0].set_length(length);
        state.record();
    }

    /// Makes durable what was done to a file up to now. False if it was refused.
    pub(crate) fn sync(&self, file: FileId, with_folder: bool) -> bool {
        let state = self.state();
        let changes = state.files[file.0].changes();
        if state.refusing {
            return false;
        }
        drop(state);
        sleep(self.sync_takes);
        let mut state = self.state();
        while state.frozen {
            drop(state);
            sleep(THAW);
            state = self.state();
        }
        if state.refusing {
            return false;
        }
        state.files[file.0].sync(changes);
        if with_folder {
            state.durable_names = state.names.clone();
        }
        state.record();
        true
    }
}

impl State {
    fn image(&self, unsynced: Unsynced) -> Image {
        let content = |names: &Names, content: &dyn Fn(&File) -> Vec<u8>| {
            let files = names
                .iter()
                .map(|(name, file)| (name.clone(), content(&self.files[file.0])));
            Image(files.collect())
        };
        match unsynced {
            Unsynced::Lost => content(&self.durable_names, &File::durable),
            Unsynced::Kept => content(&self.names, &File::seen),
            Unsynced::Torn { seed } => self.torn(&mut fastrand::Rng::with_seed(seed)),
        }
    }

    fn torn(&self, random: &mut fastrand::Rng) -> Image {
        // One share for all, so that long runs of changes are kept at times.
        let share = [0.1, 0.5, 0.9, 0.99][random.usize(..4)];
        let mut image = BTreeMap::new();
        let names = self.names.keys().chain(self.durable_names.keys());
        for name in names.collect::<BTreeSet<_>>() {
            let (seen, durable) = (self.names.get(name), self.durable_names.get(name));
            let Some(file) = (if random.bool() { seen } else { durable }) else {
                continue;
            };
            image.insert(name.clone(), self.files[file.0].torn(random, share));
            if let Some(database) = name.strip_suffix("-wal") {
                let noise = std::iter::repeat_with(|| random.u8(..)).take(NOISE);
                image.insert(format!("{database}-shm"), noise.collect());
            }
        }
        Image(image)
    }

    /// Keeps images of now, if they are wanted.
    fn record(&mut self) {
        let Some(mut recorded) = self.recorded.take() else {
            return;
        };
        let seed = recorded.len() as u64;
        recorded.push(self.image(Unsynced::Lost));
        recorded.push(self.image(Unsynced::Torn { seed }));
        self.recorded = Some(recorded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::SECTOR;

    fn disk() -> Disk {
        Disk {
            state: Mutex::default(),
            sync_takes: Duration::ZERO,
        }
    }

    fn content(disk: &Disk, unsynced: Unsynced) -> Option<Vec<u8>> {
        disk.image(unsynced).0.remove("file")
    }

    #[test]
    fn what_was_not_synced_is_lost() {
        let disk = disk();
        let file = disk.open("file", None);
        disk.write(file, 0, b"first");
        assert_eq!(content(&disk, Unsynced::Lost), None);
        assert!(disk.sync(file, false));
        // A file can be synced and its name not.
        assert_eq!(content(&disk, Unsynced::Lost), None);
        assert!(disk.sync(file, true));
        disk.write(file, 3, b"---");
        disk.set_length(file, 4);
        disk.write(file, 6, b"!");
        assert_eq!(content(&disk, Unsynced::Lost).unwrap(), b"first");
        assert_eq!(content(&disk, Unsynced::Kept).unwrap(), b"fir-\0\0!");
        disk.refuse_syncs(true);
        assert!(!disk.sync(file, true));
        assert_eq!(content(&disk, Unsynced::Lost).unwrap(), b"first");
        disk.refuse_syncs(false);
        assert!(disk.sync(file, false));
        assert_eq!(content(&disk, Unsynced::Lost).unwrap(), b"fir-\0\0!");
        assert_eq!(disk.syncs("file"), 3);
    }

    #[test]
    fn a_file_deleted_without_a_sync_is_there_again() {
        let disk = disk();
        let file = disk.open("file", Some(b"old".to_vec()));
        disk.write(file, 0, b"new");
        disk.delete("file", false);
        assert_eq!(content(&disk, Unsynced::Lost).unwrap(), b"old");
        assert_eq!(content(&disk, Unsynced::Kept), None);
        let again = disk.open("file", None);
        assert_ne!(again, file);
        disk.delete("file", true);
        assert_eq!(content(&disk, Unsynced::Lost), None);
    }

    #[test]
    fn torn_is_between_lost_and_kept() {
        let disk = disk();
        let file = disk.open("file", Some(vec![0; 4 * SECTOR]));
        disk.write(file, 0, &[1; 3 * SECTOR]);
        let (mut lost, mut kept, mut torn) = (0, 0, 0);
        for seed in 0..200 {
            let content = content(&disk, Unsynced::Torn { seed }).unwrap();
            let ones: usize = content.iter().map(|&byte| usize::from(byte)).sum();
            assert_eq!(content.len(), 4 * SECTOR);
            assert!(content[3 * SECTOR..].iter().all(|&byte| byte == 0));
            match ones / SECTOR {
                0 => lost += 1,
                3 => kept += 1,
                _ => torn += 1,
            }
        }
        assert!(lost > 10 && kept > 10 && torn > 10, "{lost} {kept} {torn}");
    }
}
