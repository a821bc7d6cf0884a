"""The full-text index over search entries: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

Triggers keep it in step with ``heirloom_searchentry`` inside the same transaction. SQLite drops a table's triggers when
Django rebuilds the table, so a later migration that alters SearchEntry must create them again (run ``sqlite_up``).
"""

from django.db import migrations

TABLE = "heirloom_searchentry"

SQLITE_UP = f"""
CREATE VIRTUAL TABLE heirloom_search USING fts5(
    title, body, content='{TABLE}', content_rowid='id',
    tokenize="unicode61 remove_diacritics 0 categories 'L* N* Co M* S*'"
);
CREATE TRIGGER heirloom_search_added AFTER INSERT ON {TABLE} BEGIN
    INSERT INTO heirloom_search(rowid, title, body) VALUES (new.id, new.title, new.body);
END;
CREATE TRIGGER heirloom_search_removed AFTER DELETE ON {TABLE} BEGIN
    INSERT INTO heirloom_search(heirloom_search, rowid, title, body)
    VALUES ('delete', old.id, old.title, old.body);
END;
CREATE TRIGGER heirloom_search_changed AFTER UPDATE ON {TABLE} BEGIN
    INSERT INTO heirloom_search(heirloom_search, rowid, title, body)
    VALUES ('delete', old.id, old.title, old.body);
    INSERT INTO heirloom_search(rowid, title, body) VALUES (new.id, new.title, new.body);
END;
"""

SQLITE_DOWN = """
DROP TRIGGER heirloom_search_added;
DROP TRIGGER heirloom_search_removed;
DROP TRIGGER heirloom_search_changed;
DROP TABLE heirloom_search;
"""

# The vector is built from the tokens themselves: PostgreSQL's own parser would divide words of many scripts at
# their vowel signs. Positions end at 16383 there; a vector may be 1 MB.
POSTGRESQL_UP = f"""
CREATE FUNCTION heirloom_tokens(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(string_agg(
        '''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || ''':' || least(place, 16383), ' '
    ), '')::tsvector
    FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS token(word, place)
    WHERE word <> '' AND place <= 30000
$$;
CREATE FUNCTION heirloom_search_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.vector := setweight(heirloom_tokens(new.title), 'A') || heirloom_tokens(new.body);
    RETURN new;
END
$$;
ALTER TABLE {TABLE} ADD COLUMN vector tsvector;
CREATE TRIGGER heirloom_search_entry BEFORE INSERT OR UPDATE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION heirloom_search_entry();
CREATE INDEX heirloom_search ON {TABLE} USING gin (vector);
"""

POSTGRESQL_DOWN = f"""
DROP INDEX heirloom_search;
DROP TRIGGER heirloom_search_entry ON {TABLE};
ALTER TABLE {TABLE} DROP COLUMN vector;
DROP FUNCTION heirloom_search_entry();
DROP FUNCTION heirloom_tokens(text);
"""


def up(apps, schema_editor):
    _run(schema_editor, SQLITE_UP, POSTGRESQL_UP)


def down(apps, schema_editor):
    _run(schema_editor, SQLITE_DOWN, POSTGRESQL_DOWN)


def _run(schema_editor, sqlite, postgresql):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(postgresql, params=None)
        return
    if vendor != "sqlite":
        raise NotImplementedError(f"search is written for SQLite and PostgreSQL, not for {vendor}")
    statement = ""
    for line in sqlite.splitlines(keepends=True):
        statement += line
        if statement.strip() and _complete(statement):
            schema_editor.execute(statement, params=None)
            statement = ""


def _complete(statement):
    import sqlite3

    return sqlite3.complete_statement(statement)


class Migration(migrations.Migration):
    dependencies = [("heirloom", "0001_initial")]
    operations = [migrations.RunPython(up, down)]
