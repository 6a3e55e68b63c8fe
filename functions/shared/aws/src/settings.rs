//! What the environment says, read once at the start. What is missing or wrong
//! is named.

/// Looks variables up, so that what is missing can be named.
#[derive(Clone)]
pub struct Settings {
    pub(crate) variable: fn(&str) -> Option<String>,
}

/// A variable that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct SettingError(&'static str);

impl Settings {
    /// What the process was started with.
    pub fn from_env() -> Self {
        Self {
            variable: |name| std::env::var(name).ok(),
        }
    }

    /// A variable that must be there. Set to nothing is not set.
    pub fn required(&self, name: &'static str) -> Result<String, SettingError> {
        (self.variable)(name)
            .filter(|value| !value.is_empty())
            .ok_or(SettingError(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let settings = Settings {
            variable: |name| match name {
                "A" => Some("a".to_owned()),
                "EMPTY" => Some(String::new()),
                _ => None,
            },
        };
        assert_eq!(settings.required("A").as_deref(), Ok("a"));
        for missing in ["EMPTY", "B"] {
            let error = settings.required(missing).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the environment variable {missing} is not set")
            );
        }
    }
}
