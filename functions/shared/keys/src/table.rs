//! Keys as a table.

use std::fmt::Write;

use tidemark_core::access::Overrides;
use tidemark_core::key::ApiKey;
use tidemark_core::time::Timestamp;

const HEAD: [&str; 8] = [
    "ID", "TENANT", "SCOPES", "STATE", "CREATED", "EXPIRES", "LIMITS", "NAME",
];

/// A row a key, in columns as wide as their widest cell.
pub(crate) fn of(keys: &[ApiKey], now: Timestamp) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(keys.iter().map(|key| row(key, now)));
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut table = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // A String takes all that is written to it.
            let _ = write!(line, "{cell:width$}  ");
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

fn row(key: &ApiKey, now: Timestamp) -> [String; HEAD.len()] {
    let state = match (key.revoked, key.is_valid(now)) {
        (Some(at), _) => format!("revoked {}", seconds(at)),
        (None, true) => "valid".to_owned(),
        (None, false) => "expired".to_owned(),
    };
    [
        key.id().to_string(),
        key.tenant.to_string(),
        key.scopes.to_string(),
        state,
        seconds(key.created),
        key.expires.map_or_else(|| "never".to_owned(), seconds),
        limits(&key.overrides),
        // Whatever it holds, it does not steer a terminal.
        key.name.escape_debug().to_string(),
    ]
}

/// To the second, which is enough for people.
fn seconds(time: Timestamp) -> String {
    let text = time.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

fn limits(overrides: &Overrides) -> String {
    let Overrides {
        requests_per_second,
        points_per_second,
        series,
    } = overrides;
    let parts = [
        requests_per_second.map(|n| format!("{n} requests/s")),
        points_per_second.map(|n| format!("{n} points/s")),
        series.map(|n| format!("{n} series")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "usual".to_owned()
    } else {
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::key::KeyHash;
    use tidemark_core::name::Tenant;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let at = |seconds: i64| Timestamp::from_seconds(seconds).unwrap();
        let key = ApiKey {
            hash: KeyHash::of(""),
            tenant: Tenant::new("acme").unwrap(),
            scopes: "read write".parse().unwrap(),
            name: "a\u{1b}[1m".to_owned(),
            created: at(0).plus(1_500_000),
            expires: Some(at(10)),
            revoked: None,
            overrides: Overrides::default(),
        };
        let other = ApiKey {
            expires: None,
            revoked: Some(at(5)),
            overrides: Overrides {
                series: Some(7),
                ..Overrides::default()
            },
            name: String::new(),
            ..key.clone()
        };
        assert_eq!(
            of(&[key, other], at(10)),
            "\
ID                TENANT  SCOPES      STATE                         CREATED               EXPIRES               LIMITS    NAME
e3b0c44298fc1c14  acme    read write  expired                       1970-01-01T00:00:00Z  1970-01-01T00:00:10Z  usual     a\\u{1b}[1m
e3b0c44298fc1c14  acme    read write  revoked 1970-01-01T00:00:05Z  1970-01-01T00:00:00Z  never                 7 series
"
        );
    }
}
