"""The journal's tables and views, as numbered migrations.

Times are text, ISO 8601 in UTC; decimals are text with their digits kept; JSON is text. A migration is never
changed after it was released: a further one follows it.
"""

import sqlite3
from typing import Final

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

APPLICATION_ID: Final = 0x4D543542
"""'MT5B' in the file's header: tells a journal from any other SQLite file."""

migrations = Migrations("bridge")

_TABLES = """
CREATE TABLE officers (
    officer TEXT PRIMARY KEY,
    server TEXT NOT NULL DEFAULT '',           -- the account that it is pinned to; '' until its first hello
    login INTEGER NOT NULL DEFAULT 0,
    margin_mode TEXT,
    trade_mode TEXT,
    currency TEXT,
    bound_at TEXT,
    ledger_id TEXT,                            -- the terminal's ledger
    ledger_mark INTEGER NOT NULL DEFAULT 0,    -- the highest mark that was reported
    watermark_server_ms INTEGER NOT NULL DEFAULT 0,
    hold TEXT NOT NULL DEFAULT '',             -- why nothing is dispatched until a person has looked
    link_up INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sessions (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,
    officer TEXT NOT NULL REFERENCES officers,
    boot TEXT NOT NULL,
    ledger_id TEXT NOT NULL,
    program TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    ended_at TEXT,
    why TEXT
) STRICT;

CREATE TABLE clock_offsets (
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    since TEXT NOT NULL,
    seconds INTEGER NOT NULL,                  -- broker time minus UTC
    PRIMARY KEY (officer, server, since)
) STRICT;

CREATE TABLE directives (                      -- the inbox
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    officer TEXT NOT NULL REFERENCES officers,
    directive_id TEXT NOT NULL,
    received_at TEXT NOT NULL,
    raw TEXT NOT NULL,                         -- as the Director sent it
    fingerprint TEXT NOT NULL,
    body TEXT,                                 -- typed; NULL where it is invalid
    symbol TEXT,
    action TEXT,
    expires_at TEXT,
    state TEXT NOT NULL,
    state_at TEXT NOT NULL,
    error_code TEXT NOT NULL DEFAULT '',
    error_message TEXT NOT NULL DEFAULT '',
    changed_at TEXT,                           -- when the Director first listed it with another body
    UNIQUE (officer, directive_id)
) STRICT;
CREATE INDEX directives_open ON directives (officer, state) WHERE state IN ('RECEIVED', 'WORKING', 'UNKNOWN');

CREATE TABLE unreadable (                      -- items without a usable directive_id
    officer TEXT NOT NULL REFERENCES officers,
    fingerprint TEXT NOT NULL,
    received_at TEXT NOT NULL,
    raw TEXT NOT NULL,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    PRIMARY KEY (officer, fingerprint)
) STRICT;

CREATE TABLE commands (                        -- the outbox to the terminal
    token INTEGER PRIMARY KEY,
    officer TEXT NOT NULL REFERENCES officers,
    directive_id TEXT NOT NULL,
    leg INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    body TEXT NOT NULL,                        -- the order as it goes out
    kind TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    volume TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    ask INTEGER NOT NULL,
    absences INTEGER NOT NULL,
    touched_at TEXT,
    dispatched_at TEXT,
    order_ticket INTEGER NOT NULL,
    position_id INTEGER NOT NULL,
    filled TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (officer, directive_id, leg),
    FOREIGN KEY (officer, directive_id) REFERENCES directives (officer, directive_id)
) STRICT;
CREATE INDEX commands_open ON commands (officer, state)
    WHERE state NOT IN ('FILLED', 'REJECTED', 'CANCELLED', 'NEVER_SENT');

CREATE TABLE dispatches (                      -- committed before each send
    token INTEGER NOT NULL REFERENCES commands,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL REFERENCES sessions,
    boot TEXT NOT NULL,
    ledger_id TEXT NOT NULL,
    dispatched_at TEXT NOT NULL,
    deadline_ms INTEGER NOT NULL,              -- on the epoch's link clock
    PRIMARY KEY (token, attempt)
) STRICT;

CREATE TABLE facts (                           -- what terminals reported, every revision of it
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    key TEXT NOT NULL,
    hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    disposition TEXT NOT NULL,
    note TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    received_at TEXT NOT NULL
) STRICT;
CREATE INDEX facts_by_key ON facts (officer, server, login, key, id);

CREATE TABLE deals (                           -- the account's deals, latest revision
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    ticket INTEGER NOT NULL,
    token INTEGER,                             -- the command that made it
    order_ticket INTEGER NOT NULL,
    position_id INTEGER NOT NULL,
    symbol TEXT NOT NULL,
    type TEXT NOT NULL,
    entry TEXT NOT NULL,
    reason TEXT NOT NULL,
    volume TEXT NOT NULL,
    price TEXT NOT NULL,
    commission TEXT NOT NULL,
    swap TEXT NOT NULL,
    profit TEXT NOT NULL,
    fee TEXT NOT NULL,
    done_at TEXT NOT NULL,
    disposition TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, ticket)
) STRICT;
CREATE INDEX deals_by_position ON deals (officer, server, login, position_id);
CREATE INDEX deals_by_token ON deals (token) WHERE token IS NOT NULL;

CREATE TABLE positions (                       -- those that a command of ours opened
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    directive_id TEXT NOT NULL,
    token INTEGER NOT NULL REFERENCES commands,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    state TEXT NOT NULL,
    volume_in TEXT NOT NULL,
    volume_out TEXT NOT NULL,
    price_open TEXT,
    price_close TEXT,
    stop_loss TEXT,
    take_profit TEXT,
    commission TEXT NOT NULL,
    swap TEXT NOT NULL,
    profit TEXT NOT NULL,
    fee TEXT NOT NULL,
    opened_at TEXT,
    closed_at TEXT,
    close_reason TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, identifier)
) STRICT;
CREATE INDEX positions_open ON positions (officer, state) WHERE state = 'OPEN';

CREATE TABLE events (                          -- the outbox to the Director
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    officer TEXT NOT NULL REFERENCES officers,
    directive_id TEXT,
    event_type TEXT NOT NULL,
    event_class TEXT NOT NULL,
    subject TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,                  -- goes out as Idempotency-Key
    body TEXT NOT NULL,                        -- frozen when created
    created_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'refused')),
    refusals INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    settled_at TEXT,                           -- when it was delivered, or set aside
    event_id TEXT                              -- the Director's name for it
) STRICT;
CREATE INDEX events_queued ON events (officer, directive_id, id) WHERE state = 'queued';
CREATE INDEX events_by_directive ON events (officer, directive_id, id);

CREATE TABLE audit (                           -- append-only, each row chained to the one before
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    officer TEXT,
    directive_id TEXT,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_directive ON audit (officer, directive_id, seq) WHERE directive_id IS NOT NULL;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
"""

_VIEWS = """
CREATE VIEW directive_overview AS
SELECT d.officer, d.directive_id, d.received_at, d.action, d.symbol, d.state, d.state_at,
       (SELECT count(*) FROM commands c WHERE c.officer = d.officer AND c.directive_id = d.directive_id) AS legs,
       (SELECT count(*) FROM events e WHERE e.officer = d.officer AND e.directive_id = d.directive_id) AS events,
       (SELECT count(*) FROM events e WHERE e.officer = d.officer AND e.directive_id = d.directive_id
            AND e.state <> 'delivered') AS undelivered,
       d.error_code, d.error_message
FROM directives d;

CREATE VIEW undelivered_events AS
SELECT id, officer, directive_id, event_type, created_at, state, refusals, last_error, body
FROM events WHERE state <> 'delivered';

CREATE VIEW open_positions AS
SELECT officer, server, login, identifier, directive_id, symbol, side, volume_in, volume_out, price_open,
       stop_loss, take_profit, opened_at
FROM positions WHERE state = 'OPEN';

CREATE VIEW unknown_commands AS
SELECT officer, directive_id, leg, token, symbol, side, volume, state, dispatched_at, message
FROM commands WHERE state IN ('UNCERTAIN', 'UNKNOWN');

CREATE VIEW timeline AS
SELECT officer, directive_id, seq, at, kind, subject, body FROM audit WHERE directive_id IS NOT NULL;
"""


_WHOLE_LIFE = """
ALTER TABLE directives ADD COLUMN origin TEXT NOT NULL DEFAULT 'director';   -- or 'operator': a person's own

ALTER TABLE commands ADD COLUMN order_type TEXT NOT NULL DEFAULT 'MARKET';
ALTER TABLE commands ADD COLUMN target_order INTEGER NOT NULL DEFAULT 0;     -- what a MODIFY or CANCEL is about
ALTER TABLE commands ADD COLUMN target_position INTEGER NOT NULL DEFAULT 0;  -- what a CLOSE or MODIFY is about
ALTER TABLE commands ADD COLUMN opening_directive_id TEXT NOT NULL DEFAULT '';   -- whose target that is
UPDATE commands SET target_position = coalesce(json_extract(body, '$.position'), 0);
-- The partial ones of before are never used: SQLite cannot tell from their IN and NOT IN what a query means.
DROP INDEX directives_open;
DROP INDEX commands_open;
CREATE INDEX directives_by_state ON directives (officer, state);
CREATE INDEX directives_by_symbol ON directives (officer, symbol, id);
CREATE INDEX commands_by_state ON commands (officer, state);
CREATE INDEX commands_by_target_order ON commands (officer, target_order) WHERE target_order <> 0;
CREATE INDEX commands_by_target_position ON commands (officer, target_position) WHERE target_position <> 0;
DROP INDEX deals_by_token;
CREATE INDEX deals_by_command ON deals (officer, server, login, token, ticket);
CREATE INDEX deals_parked ON deals (officer, server, login, position_id) WHERE disposition = 'PARKED';
CREATE INDEX commands_by_order ON commands (officer, order_ticket) WHERE order_ticket <> 0;

CREATE TABLE orders (                          -- our orders at the broker, latest state
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    ticket INTEGER NOT NULL,
    token INTEGER NOT NULL REFERENCES commands,
    symbol TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    volume_initial TEXT NOT NULL,
    volume_current TEXT NOT NULL,
    price TEXT NOT NULL,
    stop_loss TEXT,
    take_profit TEXT,
    done INTEGER NOT NULL,                     -- 1 once it is off the book
    seen_at TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, ticket)
) STRICT;

CREATE TABLE symbols (                         -- what the broker calls what the Director names, and its terms
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    asked TEXT NOT NULL,
    name TEXT NOT NULL,                        -- '' where it is none, or not one alone
    epoch INTEGER NOT NULL,                    -- the session that said so last
    seen_at TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, asked)
) STRICT;

CREATE TABLE halts (                           -- opens are refused while a row stands
    officer TEXT NOT NULL REFERENCES officers,
    symbol TEXT NOT NULL,                      -- the Director's name or the broker's; '' for all
    since TEXT NOT NULL,
    why TEXT NOT NULL,
    set_by TEXT NOT NULL CHECK (set_by IN ('person', 'bridge')),   -- the bridge's own needs a person
    PRIMARY KEY (officer, symbol, set_by)
) STRICT;

CREATE TABLE equity_days (                     -- for the limits on a day's loss and on drawdown
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    day TEXT NOT NULL,                         -- of the broker's calendar
    opening TEXT NOT NULL,                     -- equity when the day was first seen
    peak TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, day)
) STRICT;

CREATE TABLE differences (                     -- positions that the broker showed otherwise at the last scan
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    since TEXT NOT NULL,
    scan TEXT NOT NULL,                        -- key of the scan that showed it first
    PRIMARY KEY (officer, server, login, identifier)
) STRICT;

CREATE TABLE shares (                          -- which command's part of a position a deal opened or closed
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    deal INTEGER NOT NULL,
    number INTEGER NOT NULL,                   -- 1, 2, ... within the deal
    position_id INTEGER NOT NULL,
    token INTEGER NOT NULL,                    -- 0: nobody's of ours
    entry TEXT NOT NULL,                       -- IN or OUT
    volume TEXT NOT NULL,
    price TEXT NOT NULL,
    commission TEXT NOT NULL,
    swap TEXT NOT NULL,
    profit TEXT NOT NULL,
    fee TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, deal, number)
) STRICT;
CREATE INDEX shares_by_position ON shares (officer, server, login, position_id, token);

DROP VIEW open_positions;
DROP INDEX positions_open;
ALTER TABLE positions RENAME TO positions_before;
CREATE TABLE positions (                       -- what a command of ours has in a position
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    token INTEGER NOT NULL REFERENCES commands,
    directive_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    state TEXT NOT NULL,
    volume_in TEXT NOT NULL,
    volume_out TEXT NOT NULL,
    price_open TEXT,
    price_close TEXT,
    stop_loss TEXT,
    take_profit TEXT,
    levels_seen INTEGER NOT NULL DEFAULT 0,    -- how often the broker showed other levels
    commission TEXT NOT NULL,
    swap TEXT NOT NULL,
    profit TEXT NOT NULL,
    fee TEXT NOT NULL,
    opened_at TEXT,
    closed_at TEXT,
    close_reason TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, identifier, token)
) STRICT;
INSERT INTO positions (officer, server, login, identifier, token, directive_id, symbol, side, state, volume_in,
    volume_out, price_open, price_close, stop_loss, take_profit, commission, swap, profit, fee, opened_at,
    closed_at, close_reason)
SELECT officer, server, login, identifier, token, directive_id, symbol, side, state, volume_in, volume_out,
    price_open, price_close, stop_loss, take_profit, commission, swap, profit, fee, opened_at, closed_at,
    close_reason
FROM positions_before;
INSERT INTO shares (officer, server, login, deal, number, position_id, token, entry, volume, price, commission,
    swap, profit, fee)
SELECT d.officer, d.server, d.login, d.ticket, 1, d.position_id, p.token,
    CASE d.entry WHEN 'IN' THEN 'IN' ELSE 'OUT' END, d.volume, d.price, d.commission, d.swap, d.profit, d.fee
FROM deals d JOIN positions_before p ON p.officer = d.officer AND p.server = d.server AND p.login = d.login
    AND p.identifier = d.position_id
WHERE d.disposition = 'APPLIED' AND d.type IN ('BUY', 'SELL');
DROP TABLE positions_before;
CREATE INDEX positions_open ON positions (officer, state) WHERE state = 'OPEN';

CREATE VIEW open_positions AS
SELECT officer, server, login, identifier, directive_id, token, symbol, side, volume_in, volume_out, price_open,
       stop_loss, take_profit, opened_at
FROM positions WHERE state = 'OPEN';

ALTER TABLE events ADD COLUMN dismissed_at TEXT;     -- when a person had seen that the Director refused it
CREATE INDEX events_refused ON events (officer, id) WHERE state = 'refused';
DROP VIEW undelivered_events;
CREATE VIEW undelivered_events AS
SELECT id, officer, directive_id, event_type, created_at, state, refusals, last_error, dismissed_at, body
FROM events WHERE state <> 'delivered';

CREATE VIEW pending_orders AS
SELECT o.officer, o.server, o.login, o.ticket, c.directive_id, o.symbol, o.type, o.volume_initial,
       o.volume_current, o.price, o.stop_loss, o.take_profit, o.state, o.seen_at
FROM orders o JOIN commands c USING (token) WHERE o.done = 0 AND c.order_type <> 'MARKET';
"""


@migrations(name="0001_tables")
def _tables(db: Database) -> None:
    _run(db, _TABLES)


@migrations(name="0002_views")
def _views(db: Database) -> None:
    _run(db, _VIEWS)


@migrations(name="0003_whole_life")
def _whole_life(db: Database) -> None:
    _run(db, _WHOLE_LIFE)


def known_migrations() -> list[str]:
    """The names of all migrations of this version, in order."""
    return ["0001_tables", "0002_views", "0003_whole_life"]


def _run(db: Database, script: str) -> None:
    """Statement by statement: executescript would commit the migration's own transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if statement.strip() and sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""
