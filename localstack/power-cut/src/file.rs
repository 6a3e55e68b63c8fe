//! One file: what of it was synced, and what was done to it since.

/// What a disk writes at a stroke, in bytes.
pub(crate) const SECTOR: usize = 512;

#[derive(Default)]
pub(crate) struct File {
    /// What was synced.
    durable: Vec<u8>,
    /// What was done since, in the order it was done.
    pending: Vec<Change>,
    /// How many changes were synced so far.
    synced: usize,
    /// Its length as the process sees it.
    length: usize,
    /// How often it was synced.
    pub(crate) syncs: u64,
}

enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl File {
    /// A file of which all is synced.
    pub(crate) fn synced(durable: Vec<u8>) -> Self {
        Self {
            length: durable.len(),
            durable,
            ..Self::default()
        }
    }

    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) {
        self.length = self.length.max(offset + bytes.len());
        let bytes = bytes.to_vec();
        self.pending.push(Change::Write { offset, bytes });
    }

    pub(crate) fn set_length(&mut self, length: usize) {
        if self.length != length {
            self.length = length;
            self.pending.push(Change::Length(length));
        }
    }

    /// How many changes were made so far.
    pub(crate) const fn changes(&self) -> usize {
        self.synced + self.pending.len()
    }

    /// Makes durable the first so many changes of all.
    pub(crate) fn sync(&mut self, changes: usize) {
        let due = changes.saturating_sub(self.synced);
        for change in self.pending.drain(..due) {
            change.apply(&mut self.durable);
        }
        self.synced += due;
        self.syncs += 1;
    }

    /// What of it was synced.
    pub(crate) fn durable(&self) -> Vec<u8> {
        self.durable.clone()
    }

    /// As the process sees it.
    pub(crate) fn seen(&self) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.pending {
            change.apply(&mut content);
        }
        content
    }

    /// With about this share of what was not synced.
    pub(crate) fn torn(&self, random: &mut fastrand::Rng, share: f64) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.pending {
            match change {
                Change::Write { offset, bytes } if random.u8(..4) == 0 => {
                    for (sector, bytes) in bytes.chunks(SECTOR).enumerate() {
                        if random.f64() < share {
                            write(&mut content, offset + sector * SECTOR, bytes);
                        }
                    }
                }
                change if random.f64() < share => change.apply(&mut content),
                _ => {}
            }
        }
        content
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write(content, *offset, bytes),
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}
