-- The catalog. A series that was deleted stays, with live = 0, for its tombstones.
CREATE TABLE series (
    id         INTEGER PRIMARY KEY,
    tenant     TEXT NOT NULL,
    name       TEXT NOT NULL,
    live       INTEGER NOT NULL,
    updated    INTEGER NOT NULL,           -- receipt of the latest batch
    deleted_at INTEGER NOT NULL,           -- when all of it was deleted last
    tombstones TEXT NOT NULL,             -- JSON: what was deleted, and when
    UNIQUE (tenant, name)
) STRICT;

-- Points in compressed columns; the chunks of a series are disjoint in time.
CREATE TABLE chunk (
    id           INTEGER PRIMARY KEY,
    series       INTEGER NOT NULL REFERENCES series (id),
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL,
    points       INTEGER NOT NULL,
    min_received INTEGER NOT NULL,
    max_received INTEGER NOT NULL,
    summary      BLOB NOT NULL,
    columns      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunk_by_time ON chunk (series, first);

-- Batches whose points are not in chunks yet.
CREATE TABLE log (
    sequence INTEGER PRIMARY KEY,
    record   BLOB NOT NULL
) STRICT;

-- Points that were not kept. A payload is TEXT where it is UTF-8, else BLOB.
CREATE TABLE discard (
    tenant         TEXT NOT NULL,
    received       INTEGER NOT NULL,
    batch          TEXT NOT NULL,
    position       INTEGER NOT NULL,
    source         TEXT NOT NULL,
    series         TEXT,
    time           INTEGER,
    value          REAL,
    reasons        TEXT NOT NULL,          -- separated by spaces
    detail         TEXT NOT NULL,
    payload        ANY NOT NULL,
    payload_length INTEGER,                -- of a payload too long to keep
    payload_sha256 TEXT,
    format         TEXT NOT NULL,
    replayed       INTEGER,
    PRIMARY KEY (tenant, batch, position)
) STRICT;
CREATE INDEX discard_by_receipt ON discard (tenant, received, batch, position);

-- One row for each reason of each discard, to find them by.
CREATE TABLE discard_reason (
    tenant   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    received INTEGER NOT NULL,
    batch    TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (tenant, reason, received, batch, position)
) STRICT, WITHOUT ROWID;

-- The queries that were asked.
CREATE TABLE query (
    tenant      TEXT NOT NULL,
    time        INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    series      TEXT,
    path        TEXT NOT NULL,
    range_from  INTEGER,
    range_to    INTEGER,
    duration_ms REAL NOT NULL,
    PRIMARY KEY (tenant, time, sequence)
) STRICT, WITHOUT ROWID;

-- Written to see whether writing works.
CREATE TABLE heartbeat (beats INTEGER NOT NULL) STRICT;
INSERT INTO heartbeat (beats) VALUES (0);

CREATE VIEW discards AS
SELECT batch || '-' || position AS id, tenant,
       strftime('%Y-%m-%dT%H:%M:%fZ', received / 1e9, 'unixepoch') AS received,
       source, series,
       strftime('%Y-%m-%dT%H:%M:%fZ', time / 1e9, 'unixepoch') AS time,
       value, reasons, detail, payload, payload_length, payload_sha256,
       strftime('%Y-%m-%dT%H:%M:%fZ', replayed / 1e9, 'unixepoch') AS replayed
FROM discard ORDER BY discard.received DESC, batch DESC, position DESC;

CREATE VIEW catalog AS
SELECT tenant, name,
       strftime('%Y-%m-%dT%H:%M:%fZ', updated / 1e9, 'unixepoch') AS updated
FROM series WHERE live ORDER BY tenant, name;

CREATE VIEW history AS
SELECT tenant, strftime('%Y-%m-%dT%H:%M:%fZ', time / 1e9, 'unixepoch') AS time, series, path,
       strftime('%Y-%m-%dT%H:%M:%fZ', range_from / 1e9, 'unixepoch') AS range_from,
       strftime('%Y-%m-%dT%H:%M:%fZ', range_to / 1e9, 'unixepoch') AS range_to,
       duration_ms
FROM query ORDER BY query.time DESC, sequence DESC;
