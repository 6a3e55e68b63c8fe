//! API keys, as clients show them.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tidemark_core::key::{ApiKey, KeyHash, KeyId};
use tidemark_core::principal::Principal;
use tidemark_ports::{Clock, KeyStore};

use crate::guard::Denial;
use crate::since::Since;

/// How long a key is taken for what it was: so long may it take until one that
/// was revoked is refused.
const KEPT: Duration = Duration::from_mins(1);
/// How many keys are kept.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);

/// The keys that there are.
pub(crate) struct Keys {
    store: Arc<dyn KeyStore>,
    clock: Arc<dyn Clock>,
    known: Mutex<LruCache<KeyId, Known>>,
}

#[derive(Clone)]
struct Known {
    key: ApiKey,
    read: Since,
}

impl Keys {
    pub(crate) fn new(store: Arc<dyn KeyStore>, clock: Arc<dyn Clock>) -> Self {
        let known = LruCache::new(CAPACITY).into();
        Self {
            store,
            clock,
            known,
        }
    }

    /// Who shows this key. One that is wrong is looked up each time, so that
    /// guesses fill no memory.
    pub(crate) async fn principal(&self, shown: &str) -> Result<Principal, Denial> {
        let refused = |why: String| Err(Denial::Unauthenticated(why));
        let hash = KeyHash::of(shown);
        let (id, now) = (hash.id(), Since::now(&*self.clock));
        let key = match self.known(id, now) {
            Some(key) => key,
            None => match self.store.get(id).await {
                Ok(Some(key)) => {
                    self.keep(id, &key, now);
                    key
                }
                Ok(None) => return refused("there is no such key".to_owned()),
                Err(error) => {
                    error.log();
                    return Err(Denial::Unavailable);
                }
            },
        };
        // It was found by its beginning alone.
        if key.hash != hash {
            return refused("there is no such key".to_owned());
        }
        if !key.is_valid(now.time) {
            return refused(format!("the key {id} has ended"));
        }
        Ok(Principal {
            tenant: key.tenant,
            scopes: key.scopes,
            name: format!("key {id}"),
            limits: Some(key.overrides.limits()),
        })
    }

    fn known(&self, id: KeyId, now: Since) -> Option<ApiKey> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { key, read } = known.get(&id)?;
        read.is_within(KEPT, now).then(|| key.clone())
    }

    fn keep(&self, id: KeyId, key: &ApiKey, read: Since) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key.clone();
        known.put(id, Known { key, read });
    }
}
