//! What the environment says, read once at the start. What is missing or wrong
//! is named.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

/// Looks variables up, so that what is missing can be named.
#[derive(Clone)]
pub struct Settings {
    variable: Arc<Lookup>,
}

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is not there.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// It is not what is wanted.
    #[error("the environment variable {name} is {value:?}: {reason}")]
    Wrong {
        /// Which.
        name: &'static str,
        /// What it is.
        value: String,
        /// Why that cannot be used.
        reason: String,
    },
}

impl Settings {
    /// What the process was started with.
    pub fn from_env() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// What `variable` finds.
    pub fn new(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let variable = Arc::new(variable);
        Self { variable }
    }

    /// A variable that need not be there. Set to nothing is not set.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be there. Set to nothing is not set.
    pub fn required(&self, name: &'static str) -> Result<String, SettingError> {
        self.optional(name).ok_or(SettingError::Missing(name))
    }

    /// A variable that must be there, as what it stands for.
    pub fn parsed<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, SettingError> {
        let value = self.required(name)?;
        value.parse().map_err(|e: T::Err| SettingError::Wrong {
            name,
            reason: e.to_string(),
            value,
        })
    }

    /// The same for one that need not be there.
    pub fn parsed_or<T: FromStr<Err: Display>>(
        &self,
        name: &'static str,
        default: T,
    ) -> Result<T, SettingError> {
        match self.optional(name) {
            None => Ok(default),
            Some(_) => self.parsed(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let settings = Settings::new(|name| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        });
        assert_eq!(settings.required("A").as_deref(), Ok("a"));
        for missing in ["EMPTY", "B"] {
            let error = settings.required(missing).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the environment variable {missing} is not set")
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let settings = Settings::new(|name| Some(name.to_ascii_lowercase()));
        assert_eq!(settings.parsed::<String>("A").as_deref(), Ok("a"));
        let error = settings.parsed::<u8>("PORT").unwrap_err().to_string();
        assert!(
            error.starts_with("the environment variable PORT is \"port\": "),
            "{error}"
        );
    }
}
