//! The store under load, cut off at random moments; and refused its syncs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use tidemark_embedded::Embedded;
use tidemark_ports::PointStore;
use tidemark_ports::error::{Kind, Result};
use tidemark_power_cut::{Disk, Image, Unsynced};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::cuttable::{Cuttable, DATABASE, SYNC};
use crate::traffic;

const WRITERS: usize = 8;
const CUTS: u64 = 24;

/// What goes on in a store, and which of its writes were answered.
struct Load {
    cuttable: Cuttable,
    /// Looks in from outside.
    connection: Mutex<Connection>,
    begun: AtomicU64,
    answered: Mutex<BTreeSet<u64>>,
    over: AtomicBool,
}

impl Load {
    fn new(cuttable: Cuttable) -> Arc<Self> {
        let connection = cuttable.connect();
        // It must not wait long for writers: there is always one.
        connection.busy_timeout(Duration::from_millis(5)).unwrap();
        Arc::new(Self {
            connection: Mutex::new(connection),
            cuttable,
            begun: AtomicU64::new(0),
            answered: Mutex::default(),
            over: AtomicBool::new(false),
        })
    }

    /// Has something done again and again, with pauses up to so many
    /// milliseconds.
    fn repeat<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        pause: u64,
        act: impl Fn(Arc<Self>) -> F + Send + 'static,
    ) {
        let load = Arc::clone(self);
        tasks.spawn(async move {
            while !load.over.load(Ordering::Relaxed) {
                act(Arc::clone(&load)).await;
                sleep(up_to(pause)).await;
            }
        });
    }

    async fn write(&self) -> Result<()> {
        let number = self.begun.fetch_add(1, Ordering::SeqCst);
        traffic::send(&self.cuttable.store, number).await?;
        self.answered.lock().unwrap().insert(number);
        Ok(())
    }

    /// Checkpoints as they come are rare; these are made from outside, and half
    /// of them cut the write-ahead log.
    fn checkpoint(&self) {
        let mode = ["PASSIVE", "TRUNCATE"][fastrand::usize(..2)];
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let connection = self.connection.lock().unwrap();
        // Busy is an answer too.
        block_in_place(|| connection.query_row(&sql, [], |_| Ok(()))).unwrap();
    }

    /// A power cut of now: what was answered before it, and what it leaves.
    fn cut(&self, unsynced: Unsynced) -> Cut {
        Cut {
            // In this order: what is answered later need not be in the image,
            // and what is in the image was begun before.
            answered: self.answered.lock().unwrap().clone(),
            image: self.cuttable.disk.image(unsynced),
            begun: self.begun.load(Ordering::SeqCst),
        }
    }
}

fn up_to(millis: u64) -> Duration {
    Duration::from_micros(fastrand::u64(..1000 * millis))
}

struct Cut {
    answered: BTreeSet<u64>,
    image: Image,
    begun: u64,
}

impl Cut {
    async fn verify(self) {
        let found = block_in_place(|| Cuttable::found(&self.image));
        traffic::verify(&found.store, &self.answered, self.begun).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_answered_is_there_after_a_power_cut() {
    let load = Load::new(Cuttable::new(SYNC));
    let disk = &load.cuttable.disk;
    let mut tasks = JoinSet::new();
    for _ in 0..WRITERS {
        load.repeat(&mut tasks, 2, |load| async move {
            load.write().await.unwrap();
        });
    }
    load.repeat(&mut tasks, 30, |load| async move {
        load.cuttable.store.flush().await.unwrap();
    });
    load.repeat(&mut tasks, 5, |load| async move {
        traffic::points_of(&load.cuttable.store, "rewritten").await;
    });
    load.repeat(&mut tasks, 10, |load| async move { load.checkpoint() });
    let mut interrupted = 0;
    for seed in 0..CUTS {
        sleep(up_to(40)).await;
        let cuts = [Unsynced::Lost, Unsynced::Torn { seed }].map(|unsynced| load.cut(unsynced));
        // Nothing goes on meanwhile, so that there is not ever more to verify.
        let _frozen = disk.freeze();
        for cut in cuts {
            interrupted += u32::from(cut.begun > cut.answered.len() as u64);
            cut.verify().await;
        }
    }
    load.over.store(true, Ordering::Relaxed);
    tasks.join_all().await;
    let checkpoints = disk.syncs(DATABASE);
    // Otherwise this showed less than it says.
    assert!(interrupted >= 10, "{interrupted}");
    assert!(checkpoints >= 5, "{checkpoints}");
}

/// Without luck: a store that answers before it has synced, or without, answers here.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_as_written_while_the_disk_refuses_to_sync() {
    let load = Load::new(Cuttable::new(Duration::ZERO));
    let disk = &load.cuttable.disk;
    for round in 0..3 {
        for _ in 0..20 {
            load.write().await.unwrap();
        }
        disk.refuse_syncs(true);
        for _ in 0..5 {
            assert_eq!(load.write().await.unwrap_err().kind(), Kind::Unavailable);
        }
        assert!(load.cuttable.store.flush().await.is_err());
        load.cut(Unsynced::Torn { seed: round }).verify().await;
        disk.refuse_syncs(false);
        load.write().await.unwrap();
        load.cut(Unsynced::Lost).verify().await;
    }
    // What was to be flushed when that failed is flushed later.
    while load.cuttable.store.flush().await.is_err() {
        sleep(Duration::from_millis(100)).await;
    }
    load.cut(Unsynced::Lost).verify().await;
}

/// A power cut after each single change of a first start, of a first write, and
/// of closing, leaves a folder that opens.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_can_be_cut_off_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, vfs) = Disk::attach(Duration::ZERO);
    let life = async {
        let store = Embedded::open_with_vfs(folder.path(), Some(&vfs)).unwrap();
        traffic::send(&store, 0).await.unwrap();
    };
    let runtime = tokio::runtime::Handle::current();
    let ((), images) = block_in_place(|| disk.images_during(|| runtime.block_on(life)));
    assert!(images.len() > 50, "{}", images.len());
    for image in images {
        let (answered, begun) = (BTreeSet::new(), 1);
        let cut = Cut {
            answered,
            image,
            begun,
        };
        cut.verify().await;
    }
}

/// A log that has grown long is flushed in the background, a few series at a
/// time between other commits, and is cut in the end; then the file is tidied.
#[tokio::test(flavor = "multi_thread")]
async fn a_flush_in_the_background_can_be_cut_off() {
    let cuttable = Cuttable::new(SYNC);
    let chunks = || cuttable.number("SELECT count(*) FROM chunk");
    let mut written = 0;
    while chunks() == 0 {
        let write = Arc::new(traffic::bulky(written));
        cuttable.store.write(&write).await.unwrap();
        written += 1;
    }
    let logged = || cuttable.number("SELECT count(*) FROM log");
    let free_pages = || cuttable.number("PRAGMA freelist_count");
    let stages: [&dyn Fn() -> bool; 4] = [
        &|| chunks() > 0,
        &|| chunks() > traffic::BULK / 2,
        &|| logged() < written,
        &|| free_pages() < 2000,
    ];
    for reached in stages {
        while !reached() {
            sleep(SYNC).await;
        }
        let _frozen = cuttable.disk.freeze();
        let image = cuttable.disk.image(Unsynced::Lost);
        let found = block_in_place(|| Cuttable::found(&image));
        traffic::verify_bulky(&found.store, written).await;
    }
}
