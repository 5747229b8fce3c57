"""The journal's first tables and views (migrations 0001 and 0002)."""

from typing import Final

TABLES: Final = """
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
    quarantine TEXT NOT NULL DEFAULT '',             -- why nothing is dispatched until a person has looked
    link_up INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE sessions (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,
    officer TEXT NOT NULL REFERENCES officers,
    instance_id TEXT NOT NULL,
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
    client_order_id INTEGER PRIMARY KEY,
    officer TEXT NOT NULL REFERENCES officers,
    directive_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    body TEXT NOT NULL,                        -- the order as it goes out
    kind TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    volume TEXT NOT NULL,
    state TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    request_no INTEGER NOT NULL,
    absences INTEGER NOT NULL,
    touched_at TEXT,
    dispatched_at TEXT,
    order_ticket INTEGER NOT NULL,
    position_id INTEGER NOT NULL,
    filled TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (officer, directive_id, number),
    FOREIGN KEY (officer, directive_id) REFERENCES directives (officer, directive_id)
) STRICT;
CREATE INDEX commands_open ON commands (officer, state)
    WHERE state NOT IN ('FILLED', 'REJECTED', 'CANCELLED', 'NEVER_SENT');

CREATE TABLE dispatches (                      -- committed before each send
    client_order_id INTEGER NOT NULL REFERENCES commands,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL REFERENCES sessions,
    instance_id TEXT NOT NULL,
    ledger_id TEXT NOT NULL,
    dispatched_at TEXT NOT NULL,
    deadline_ms INTEGER NOT NULL,              -- on the epoch's link clock
    PRIMARY KEY (client_order_id, attempt)
) STRICT;

CREATE TABLE reports (                           -- what terminals reported, every revision of it
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
CREATE INDEX reports_by_key ON reports (officer, server, login, key, id);

CREATE TABLE deals (                           -- the account's deals, latest revision
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    ticket INTEGER NOT NULL,
    client_order_id INTEGER,                             -- the command that made it
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
CREATE INDEX deals_by_client_order_id ON deals (client_order_id) WHERE client_order_id IS NOT NULL;

CREATE TABLE positions (                       -- those that a command of ours opened
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    directive_id TEXT NOT NULL,
    client_order_id INTEGER NOT NULL REFERENCES commands,
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

VIEWS: Final = """
CREATE VIEW directive_overview AS
SELECT d.officer, d.directive_id, d.received_at, d.action, d.symbol, d.state, d.state_at,
       (SELECT count(*) FROM commands c
         WHERE c.officer = d.officer AND c.directive_id = d.directive_id) AS commands,
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
SELECT officer, directive_id, number, client_order_id, symbol, side, volume, state, dispatched_at, message
FROM commands WHERE state IN ('UNRESOLVED', 'UNKNOWN');

CREATE VIEW timeline AS
SELECT officer, directive_id, seq, at, kind, subject, body FROM audit WHERE directive_id IS NOT NULL;
"""
