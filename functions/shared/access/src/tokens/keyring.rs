//! The issuer's keys, kept here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidemark_ports::Clock;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tracing::Instrument;

use super::issuer::{Issuer, Key};
use crate::since::Since;

/// How long the issuer is not asked again, whoever shows whatever.
const PAUSE: Duration = Duration::from_mins(1);
/// After which time it is asked in any case, so that a key that it has withdrawn
/// ends.
const FRESH: Duration = Duration::from_hours(1);

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer has none of this id.
    Unknown,
    /// It has told none yet.
    Unavailable,
}

/// The keys of an issuer.
pub(super) struct Keyring {
    issuer: Box<dyn Issuer>,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
    /// Whoever has it asks the issuer.
    turn: Arc<Turn<()>>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<Vec<Key>>,
    fetched: Option<Since>,
    asked: Option<Since>,
}

impl Known {
    /// The key of an id; without an id the only one.
    fn find(&self, id: Option<&str>) -> Option<Key> {
        match id {
            Some(_) => self
                .keys
                .iter()
                .find(|key| key.id.as_deref() == id)
                .cloned(),
            None => match self.keys.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
        }
    }
}

impl Keyring {
    pub(super) fn new(issuer: Box<dyn Issuer>, clock: Arc<dyn Clock>) -> Self {
        Self {
            issuer,
            clock,
            known: Mutex::default(),
            turn: Arc::default(),
        }
    }

    /// The key that a token names. Asks the issuer where that is not known, or where
    /// it is long ago that it was asked.
    pub(super) async fn find(self: &Arc<Self>, id: Option<&str>) -> Result<Key, NoKey> {
        let known = self.known();
        let found = known.find(id);
        let now = Since::now(&*self.clock);
        let is_fresh = known.fetched.is_some_and(|at| at.is_within(FRESH, now));
        let turn = Arc::clone(&self.turn);
        let turn = match (&found, is_fresh) {
            (Some(key), true) => return Ok(key.clone()),
            // Others need not wait while one asks.
            (Some(key), false) => match turn.try_lock_owned() {
                Ok(turn) => turn,
                Err(_) => return Ok(key.clone()),
            },
            (None, _) => turn.lock_owned().await,
        };
        self.ask(turn).await;
        let known = self.known();
        known.find(id).ok_or(if known.fetched.is_some() {
            NoKey::Unknown
        } else {
            NoKey::Unavailable
        })
    }

    /// Asks the issuer, unless it was just asked. That goes on to its end and keeps
    /// its turn so long, though who shows the token may hang up meanwhile: they would
    /// cost everybody the answer that is given once a minute.
    async fn ask(self: &Arc<Self>, turn: OwnedMutexGuard<()>) {
        let now = Since::now(&*self.clock);
        if self
            .known()
            .asked
            .is_some_and(|at| at.is_within(PAUSE, now))
        {
            return;
        }
        self.lock().asked = Some(now);
        let keyring = Arc::clone(self);
        let fetching = async move {
            let _turn = turn;
            keyring.fetch(now).await;
        };
        if let Err(error) = tokio::spawn(fetching.in_current_span()).await {
            tracing::error!(%error, "fetching the issuer's keys broke off");
        }
    }

    /// Fetches the keys as of `now`. What is known stays while there is no answer.
    async fn fetch(&self, now: Since) {
        match self.issuer.keys().await {
            Ok(keys) => {
                let mut known = self.lock();
                known.keys = Arc::new(keys);
                known.fetched = Some(now);
            }
            Err(why) => tracing::error!(why, "the issuer's keys could not be fetched"),
        }
    }

    fn known(&self) -> Known {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
