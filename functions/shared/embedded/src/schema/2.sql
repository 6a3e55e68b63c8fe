-- What is said of a series; NULL where nothing is.
ALTER TABLE series ADD COLUMN title TEXT;
ALTER TABLE series ADD COLUMN unit TEXT;
ALTER TABLE series ADD COLUMN note TEXT;

DROP VIEW catalog;
CREATE VIEW catalog AS
SELECT tenant, name,
       strftime('%Y-%m-%dT%H:%M:%fZ', updated / 1e9, 'unixepoch') AS updated,
       title, unit, note
FROM series WHERE live ORDER BY tenant, name;
