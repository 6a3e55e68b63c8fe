//! The command line that makes, lists and revokes API keys: the same for one
//! machine and for a deployment, which differ in where the keys are kept.

mod arguments;
mod table;

use std::io::Write;
use std::num::NonZeroU32;

use clap::{Args, Subcommand};
use tidemark_core::access::{Overrides, Scopes};
use tidemark_core::key::{ApiKey, KeyId, Secret};
use tidemark_core::name::Tenant;
use tidemark_ports::error::StoreError;
use tidemark_ports::{Clock, KeyStore};

use arguments::Expiry;

/// What is done with keys.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Make a key. It is printed once, alone on a line, and can never be seen again.
    Create(Create),
    /// List the keys, also those that have ended.
    List {
        /// Only of this tenant.
        #[arg(long)]
        tenant: Option<Tenant>,
    },
    /// Have a key refused from now on, everywhere within a minute.
    Revoke {
        /// The key's id, as `list` tells it.
        id: KeyId,
    },
}

/// A key to be made.
#[derive(Debug, Clone, Args)]
pub struct Create {
    /// For whom it stands.
    #[arg(long)]
    tenant: Tenant,
    /// What it may do, of `read`, `write` and `admin`, separated by commas.
    #[arg(long, value_parser = arguments::scopes)]
    scopes: Scopes,
    /// What you call it.
    #[arg(long, default_value = "")]
    name: String,
    /// Until when it holds: an instant or a date, or so many days, as `90d`; for
    /// ever if it is not told.
    #[arg(long)]
    expires: Option<Expiry>,
    /// Requests a second for those who use it, in each process.
    #[arg(long, value_name = "N")]
    requests_per_second: Option<NonZeroU32>,
    /// Points a second for those who use it, in each process; ten times as many may
    /// come at once.
    #[arg(long, value_name = "N")]
    points_per_second: Option<NonZeroU32>,
    /// Series that its tenant may have.
    #[arg(long, value_name = "N")]
    series: Option<u64>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store's reason.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be printed.
    #[error("printing")]
    Output(#[from] std::io::Error),
    /// The system has no random numbers.
    #[error("asking the system for random bytes: {0}")]
    Random(getrandom::Error),
    /// A key that would never hold.
    #[error("--expires: that was in the past")]
    Past,
    /// No key has this id.
    #[error("there is no key {0}; `list` tells those that there are")]
    Unknown(KeyId),
}

/// Does it. What is asked for is printed to `out`, a key itself alone on its line;
/// what there is to know about it to `told`.
pub async fn run(
    command: Command,
    store: &dyn KeyStore,
    clock: &dyn Clock,
    out: &mut dyn Write,
    told: &mut dyn Write,
) -> Result<(), KeysError> {
    match command {
        Command::Create(create) => {
            let secret = create.make(store, clock).await?;
            writeln!(out, "{}", secret.reveal())?;
            let id = secret.hash().id();
            writeln!(
                told,
                "The key {id}. It is shown this once; keep it as a password."
            )?;
        }
        Command::List { tenant } => {
            let keys = store.list(tenant.as_ref()).await?;
            write!(out, "{}", table::of(&keys, clock.now()))?;
        }
        Command::Revoke { id } => {
            let key = store.revoke(id, clock.now()).await?;
            let key = key.ok_or(KeysError::Unknown(id))?;
            audit("key_revoked", &key);
            writeln!(told, "The key {id} is refused within a minute.")?;
        }
    }
    Ok(())
}

impl Create {
    async fn make(self, store: &dyn KeyStore, clock: &dyn Clock) -> Result<Secret, KeysError> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(KeysError::Random)?;
        let secret = Secret::new(random);
        let created = clock.now();
        let expires = self.expires.map(|expiry| expiry.after(created));
        if expires.is_some_and(|expires| expires <= created) {
            return Err(KeysError::Past);
        }
        let key = ApiKey {
            hash: secret.hash(),
            tenant: self.tenant,
            scopes: self.scopes,
            name: self.name,
            created,
            expires,
            revoked: None,
            overrides: Overrides {
                requests_per_second: self.requests_per_second,
                points_per_second: self.points_per_second,
                series: self.series,
            },
        };
        // That two keys begin alike happens once in the life of some universes.
        if store.create(&key).await? {
            audit("key_created", &key);
            Ok(secret)
        } else {
            Err(KeysError::Random(getrandom::Error::UNEXPECTED))
        }
    }
}

/// Says who did what, as the handlers of the service do.
fn audit(act: &str, key: &ApiKey) {
    let user = ["USER", "LOGNAME"].map(|name| std::env::var(name).ok());
    let user = user.into_iter().flatten().next();
    let who = user.unwrap_or_else(|| "unknown".to_owned());
    let (tenant, name, scopes) = (key.tenant.as_str(), &key.name, key.scopes);
    tracing::info!(target: "audit", act, who, tenant, key = %key.id(), %scopes, name);
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tempfile::TempDir;
    use tidemark_embedded::Keys;
    use tidemark_ports::SystemClock;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: Command,
    }

    struct World {
        store: Keys,
        _folder: TempDir,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self {
                store: Keys::open(folder.path()).unwrap(),
                _folder: folder,
            }
        }

        /// What is printed and told, or what is wrong.
        async fn run(&self, line: &str) -> Result<(String, String), String> {
            let words = ["keys"].into_iter().chain(line.split(' '));
            let line = Line::try_parse_from(words).map_err(|e| e.to_string())?;
            let (mut out, mut told) = (Vec::new(), Vec::new());
            run(
                line.command,
                &self.store,
                &SystemClock::new(),
                &mut out,
                &mut told,
            )
            .await
            .map_err(|e| e.to_string())?;
            let text = |bytes| String::from_utf8(bytes).unwrap();
            Ok((text(out), text(told)))
        }
    }

    #[tokio::test]
    async fn a_key_is_shown_once() {
        let world = World::new();
        let create =
            "create --tenant acme --scopes write,read --name probe --expires 90d --series 5";
        let (out, told) = world.run(create).await.unwrap();
        let key = out.strip_suffix('\n').unwrap();
        assert!(key.starts_with("tm_") && key.len() == 46, "{key}");
        let hash = tidemark_core::key::KeyHash::of(key);
        assert!(told.contains(&hash.id().to_string()) && !told.contains(key));
        let kept = world.store.get(hash.id()).await.unwrap().unwrap();
        assert!(kept.hash == hash && kept.tenant.as_str() == "acme");
        assert_eq!(
            (kept.scopes.to_string().as_str(), kept.overrides.series),
            ("read write", Some(5))
        );
        let days = kept.expires.unwrap().since(kept.created) / 86_400_000_000_000;
        assert_eq!(days, 90);
        let (listed, _) = world.run("list").await.unwrap();
        assert!(
            listed.contains("acme") && listed.contains("probe"),
            "{listed}"
        );
        assert!(!listed.contains(key) && !listed.contains(&hash.to_string()));
        let (of_another, _) = world.run("list --tenant other").await.unwrap();
        assert!(!of_another.contains("acme"), "{of_another}");
    }

    #[tokio::test]
    async fn a_revoked_key_is_listed_as_such() {
        let world = World::new();
        let (out, _) = world
            .run("create --tenant acme --scopes read")
            .await
            .unwrap();
        let id = tidemark_core::key::KeyHash::of(out.trim()).id();
        assert!(world.run("list").await.unwrap().0.contains("valid"));
        world.run(&format!("revoke {id}")).await.unwrap();
        let (listed, _) = world.run("list").await.unwrap();
        assert!(
            listed.contains("revoked") && !listed.contains("valid"),
            "{listed}"
        );
        let error = world.run("revoke 0123456789abcdef").await.unwrap_err();
        assert!(
            error.starts_with("there is no key 0123456789abcdef"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn what_is_wrong_is_named() {
        let world = World::new();
        for (line, named) in [
            ("create --scopes read", "--tenant"),
            ("create --tenant acme", "--scopes"),
            ("create --tenant a/b --scopes read", "--tenant"),
            ("create --tenant acme --scopes root", "read, write or admin"),
            ("create --tenant acme --scopes ,", "at least one"),
            (
                "create --tenant acme --scopes read --expires 2020-01-01",
                "--expires",
            ),
            (
                "create --tenant acme --scopes read --expires soon",
                "--expires",
            ),
            (
                "create --tenant acme --scopes read --requests-per-second 0",
                "--requests-per-second",
            ),
            ("revoke tm_abc", "16 digits"),
        ] {
            let error = world.run(line).await.unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        }
        assert_eq!(world.store.list(None).await.unwrap(), []);
    }
}
