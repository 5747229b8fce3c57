"""The journal's tables and views, as numbered migrations of sqlite-utils.

Times are text: ISO 8601 in UTC with milliseconds, so that they sort as text. Decimals are text, which keeps their
digits. JSON is text. A table is STRICT. Each column has its comment on its own line: `docs` prints it.

In tables that grow with each trade, a time `x_at` is computed from a number, `x_ms`, a hash in hex from its bytes,
and a body from the columns that it repeats: the file has each once.

A migration is never changed once it was released; a further one follows it. Words of a state or a kind are
spelled out here, because a released migration must not change with an enum. `bridge.journal.database.words` names
the enum of each such column.
"""

import sqlite3
from typing import Final

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

APPLICATION_ID: Final = 0x4D543542
"""'MT5B' in the file's header: distinguishes a journal from any other SQLite file."""

migrations = Migrations("bridge")


def without_plugins(connection: sqlite3.Connection) -> Database:
    """Return sqlite-utils' view of the connection, for migrations and reads.

    Its plugins are left out: they are code of other packages, which would run on the journal's connections, and to
    look for them takes longer than all else of the opening.
    """
    return Database(connection, execute_plugins=False)


def known_migrations() -> list[str]:
    """Return the names of all migrations of this version, in order."""
    return ["0001_first"]


@migrations(name="0001_first")
def _first(db: Database) -> None:
    for script in (_OFFICERS, _DIRECTIVES, _COMMANDS, _BROKER, _OPERATOR, _EVENTS, _AUDIT, _VIEWS):
        _run(db, script)


def _run(db: Database, script: str) -> None:
    """Run statement by statement: executescript would commit the migration's own transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if ";" in line and sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""


def _text_of(column: str) -> str:
    """Return the expression for the text of a time in milliseconds."""
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', {column} / 1000.0, 'unixepoch')"


_BODY: Final = (
    "CASE WHEN substr(rest, 1, 1) = '{' THEN rest ELSE '{\"directive_id\":' ||"
    " coalesce('\"' || directive_id || '\"', 'null') || ',\"event_type\":\"' || event_type ||"
    ' \'","event_class":"\' || event_class || \'","occurred_at":"\' ||'
    " strftime('%Y-%m-%dT%H:%M:%S', occurred_us / 1000000, 'unixepoch') ||"
    ' printf(\'.%06dZ","reported_by":"\', occurred_us % 1000000) || officer || \'"\' || rest END'
)
"""An event's body: what its other columns have stands there alone (`tables.events`)."""

_OFFICERS: Final = """
CREATE TABLE officers (                         -- one row per officer that ever was configured
    officer TEXT PRIMARY KEY,                   -- its id in the configuration
    server TEXT NOT NULL DEFAULT '',            -- trade server of the account it is bound to; '' until bound
    login INTEGER NOT NULL DEFAULT 0,           -- login of that account; 0 until bound
    margin_mode TEXT,                           -- MarginMode of that account
    trade_mode TEXT,                            -- TradeMode of that account
    currency TEXT,                              -- deposit currency of that account
    bound_at TEXT,                              -- time of the binding
    renamed_server TEXT NOT NULL DEFAULT '',    -- present name of that server, where the broker renamed it; '' else
    former_login INTEGER NOT NULL DEFAULT 0,    -- login of the account bound before; 0: none
    former_server TEXT NOT NULL DEFAULT '',     -- trade server of the account bound before; '': none
    former_watermark_server_ms INTEGER NOT NULL DEFAULT 0, -- watermark of the account bound before
    ledger_id TEXT,                             -- id of the terminal's ledger; NULL until the first hello
    ledger_mark INTEGER NOT NULL DEFAULT 0,     -- highest ledger mark that was reported
    ledger_instance TEXT,                       -- last instance that came with that ledger and is noted in it
    refused_ledger TEXT NOT NULL DEFAULT '',    -- reason why the ledger of its last terminal was refused; '' else
    watermark_server_ms INTEGER NOT NULL DEFAULT 0, -- broker time in ms up to which completed scans are stored
    scanned_at TEXT,                            -- time of the last completed scan; NULL until there was one
    scan_epoch INTEGER NOT NULL DEFAULT 0,      -- session of the last scan that listed everything open; 0: none
    quarantine TEXT NOT NULL DEFAULT '',        -- reason why nothing is dispatched; '' while dispatch is allowed
    link_up INTEGER NOT NULL DEFAULT 0          -- 1 while the link to the terminal is up
) STRICT;

CREATE TABLE sessions (                         -- one row per authenticated session of a terminal
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,    -- number of the session, over all officers
    officer TEXT NOT NULL REFERENCES officers,  -- officer that the terminal proved to be
    instance_id TEXT NOT NULL,                  -- id of the load of the Expert Advisor, random
    ledger_id TEXT NOT NULL,                    -- id of the ledger that the terminal brought
    program TEXT NOT NULL,                      -- name and version of the terminal's program
    opened_at TEXT NOT NULL,                    -- time at which the session began
    first_scan_at TEXT,                         -- time of its first completed scan; NULL before it
    stored_seq INTEGER NOT NULL DEFAULT 0,      -- highest number of its reports that are stored; 0: none is
    ended_at TEXT,                              -- time at which it ended; NULL while it lasts
    end_reason TEXT                             -- reason of its end; NULL while it lasts
) STRICT;
CREATE INDEX sessions_by_officer ON sessions (officer, epoch);
CREATE INDEX sessions_lasting ON sessions (officer) WHERE ended_at IS NULL;

CREATE TABLE clock_offsets (                    -- measured distances of broker clocks from UTC
    officer TEXT NOT NULL REFERENCES officers,  -- officer whose terminal reported the broker's time
    server TEXT NOT NULL,                       -- trade server that has this clock
    since TEXT NOT NULL,                        -- time of the measurement, from which the offset counts
    seconds INTEGER NOT NULL,                   -- broker time minus UTC, in seconds
    confirmed_at TEXT,                          -- time of the last measurement that found the same; NULL: none did
    PRIMARY KEY (officer, server, since)
) STRICT;

CREATE TABLE equity_days (                      -- equity per broker day, for the daily loss and drawdown limits
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    day TEXT NOT NULL,                          -- date of the broker's calendar, YYYY-MM-DD
    opening_equity TEXT NOT NULL,               -- equity when the day was first seen, in account currency
    peak_equity TEXT NOT NULL,                  -- highest equity seen that day, in account currency
    PRIMARY KEY (officer, server, login, day)
) STRICT;
"""

_DIRECTIVES: Final = f"""
CREATE TABLE directives (                       -- the inbox
    id INTEGER PRIMARY KEY AUTOINCREMENT,       -- order of arrival
    officer TEXT NOT NULL REFERENCES officers,  -- officer that has to carry it out
    directive_id TEXT NOT NULL,                 -- the Director's id; begins with 'operator:' for the bridge's own
    origin TEXT NOT NULL,                       -- Origin: director or operator
    received_ms INTEGER NOT NULL,               -- time at which it was stored, in ms since 1970-01-01 UTC
    raw TEXT NOT NULL,                          -- JSON as the Director sent it
    canonical_hash BLOB NOT NULL,               -- SHA-256 of the JSON in canonical form; empty while it is unknown
    typed TEXT,                                 -- JSON of the typed directive; '': raw says the same; NULL: invalid
    symbol TEXT,                                -- the Director's name of the symbol
    action TEXT,                                -- Action of the Director, or OwnAction of the bridge
    expires_ms INTEGER,                         -- time after which it is not carried out, in ms; NULL: none
    state TEXT NOT NULL,                        -- DirectiveState
    state_ms INTEGER NOT NULL,                  -- time of the last change of state, in ms since 1970-01-01 UTC
    error_code TEXT NOT NULL DEFAULT '',        -- code of the rejection, expiry or withdrawal; '': none
    error_message TEXT NOT NULL DEFAULT '',     -- message to that code
    changed_at TEXT,                            -- time at which the Director first listed it with another body
    search_history INTEGER NOT NULL DEFAULT 0,  -- 1: an earlier journal may have carried it out: searched first
    body TEXT GENERATED ALWAYS AS (CASE typed WHEN '' THEN raw ELSE typed END), -- JSON of the typed directive
    received_at TEXT GENERATED ALWAYS AS ({_text_of("received_ms")}), -- time at which it was stored
    state_at TEXT GENERATED ALWAYS AS ({_text_of("state_ms")}), -- time of the last change of state
    expires_at TEXT GENERATED ALWAYS AS ({_text_of("expires_ms")}), -- time after which it is not carried out
    fingerprint TEXT GENERATED ALWAYS AS (lower(hex(canonical_hash))), -- canonical_hash in hex
    UNIQUE (officer, directive_id)
) STRICT;
-- Without a WHERE on the state: SQLite does not use such an index for the IN and NOT IN of the queries.
CREATE INDEX directives_by_state ON directives (officer, state);
CREATE INDEX directives_by_symbol ON directives (officer, symbol, id);
CREATE INDEX directives_unsent ON directives (officer, state) WHERE search_history = 1 AND error_code <> '';

CREATE TABLE unreadable_directives (            -- listed items without a usable directive_id
    officer TEXT NOT NULL REFERENCES officers,  -- officer whose poll returned the item
    fingerprint TEXT NOT NULL,                  -- SHA-256 of the item in canonical form, hex
    received_at TEXT NOT NULL,                  -- time at which it was stored
    raw TEXT NOT NULL,                          -- the item as the Director sent it
    error_code TEXT NOT NULL,                   -- code of the rejection
    error_message TEXT NOT NULL,                -- message to that code
    PRIMARY KEY (officer, fingerprint)
) STRICT;
"""

_ORDER: Final = (
    "CASE WHEN substr(rest, 1, 1) = '{' THEN rest ELSE '{\"client_order_id\":' || client_order_id ||"
    ' \',"kind":"\' || kind || \'","symbol":"\' || symbol || \'","side":"\' || side || \'"\' || rest END'
)
"""A command's order: what its other columns have stands there alone (`tables.commands`)."""

_COMMANDS: Final = f"""
CREATE TABLE commands (                         -- order requests to the broker
    client_order_id INTEGER PRIMARY KEY,        -- magic number of the order at the broker
    officer TEXT NOT NULL REFERENCES officers,  -- officer whose terminal gets it
    directive_id TEXT NOT NULL,                 -- directive that it belongs to
    number INTEGER NOT NULL,                    -- 1, 2, 3, ... within the directive
    place INTEGER NOT NULL,                     -- place of the directive in the inbox
    created_ms INTEGER NOT NULL,                -- time at which it was planned, in ms since 1970-01-01 UTC
    rest TEXT NOT NULL,                         -- body behind side; all of it where it begins otherwise
    kind TEXT NOT NULL,                         -- CommandKind
    order_type TEXT NOT NULL,                   -- OrderType
    symbol TEXT NOT NULL,                       -- the broker's name of the symbol
    side TEXT NOT NULL,                         -- Side of the order, not of the position
    volume TEXT NOT NULL,                       -- lots asked for
    target_order INTEGER NOT NULL,              -- ticket of the order that a MODIFY or CANCEL is about; 0: none
    target_position INTEGER NOT NULL,           -- identifier of the position that it is about; 0: none
    opening_directive_id TEXT NOT NULL,         -- directive that opened or ordered the target; '': no target
    state TEXT NOT NULL,                        -- CommandState
    expires_ms INTEGER NOT NULL,                -- time from which it is not dispatched any more, in ms as well
    attempt INTEGER NOT NULL,                   -- number of dispatches so far
    request_no INTEGER NOT NULL,                -- number of status requests so far
    absences INTEGER NOT NULL,                  -- status replies after the grace time that found nothing
    touched_ms INTEGER,                         -- time of the last dispatch or status request, in ms as well
    dispatched_ms INTEGER,                      -- time of the last dispatch, in ms as well
    order_ticket INTEGER NOT NULL,              -- ticket of its order at the broker; 0 while unknown
    position_id INTEGER NOT NULL,               -- identifier of the position it opened or reduced; 0 while unknown
    filled TEXT NOT NULL,                       -- lots filled by the deals that are known
    reason TEXT NOT NULL,                       -- code of what ended it, or keeps its outcome open; '': nothing
    message TEXT NOT NULL,                      -- message to that code
    not_before TEXT,                            -- time of its next try in a closed market; NULL: it waits for none
    closed_tries INTEGER NOT NULL,              -- tries that found the market closed since it should have been open
    silent_until TEXT,                          -- adopted: what happened by then is not reported; NULL: all is
    body TEXT GENERATED ALWAYS AS ({_ORDER}), -- JSON of the order as it goes to the terminal
    created_at TEXT GENERATED ALWAYS AS ({_text_of("created_ms")}), -- time at which it was planned
    expires_at TEXT GENERATED ALWAYS AS ({_text_of("expires_ms")}), -- time from which it is not dispatched any more
    touched_at TEXT GENERATED ALWAYS AS ({_text_of("touched_ms")}), -- time of the last dispatch or status request
    dispatched_at TEXT GENERATED ALWAYS AS ({_text_of("dispatched_ms")}), -- time of the last dispatch
    UNIQUE (officer, directive_id, number),
    FOREIGN KEY (officer, directive_id) REFERENCES directives (officer, directive_id)
) STRICT;
CREATE INDEX commands_by_state ON commands (officer, state);
CREATE INDEX commands_by_target_order ON commands (officer, target_order) WHERE target_order <> 0;
CREATE INDEX commands_by_target_position ON commands (officer, target_position) WHERE target_position <> 0;
CREATE INDEX commands_planned ON commands (officer, kind = 'OPEN', place, number) WHERE state = 'PLANNED';
CREATE INDEX commands_expiring ON commands (officer, expires_at) WHERE state = 'PLANNED';
CREATE INDEX commands_opening ON commands (officer, dispatched_ms) WHERE kind = 'OPEN';
CREATE INDEX commands_by_order ON commands (officer, order_ticket) WHERE order_ticket <> 0;

CREATE TABLE dispatches (                       -- one row per send of a command, committed before it
    client_order_id INTEGER NOT NULL REFERENCES commands, -- command that was sent
    attempt INTEGER NOT NULL,                   -- 1, 2, 3, ... within the command
    epoch INTEGER NOT NULL REFERENCES sessions, -- session in which it was sent: to its instance, for its ledger
    dispatched_ms INTEGER NOT NULL,             -- time of the commit, in ms since 1970-01-01 UTC
    deadline_ms INTEGER NOT NULL,               -- latest send to the broker, on the session's link clock
    deadline_after_ms INTEGER NOT NULL,         -- time from the dispatch to that deadline
    dispatched_at TEXT GENERATED ALWAYS AS ({_text_of("dispatched_ms")}), -- time of the commit
    PRIMARY KEY (client_order_id, attempt)
) WITHOUT ROWID, STRICT;
"""

_BROKER: Final = f"""
CREATE TABLE reports (                          -- every revision of every report of a terminal
    id INTEGER PRIMARY KEY AUTOINCREMENT,       -- order of arrival
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    key TEXT NOT NULL,                          -- name of the thing reported, such as deal:TICKET
    client_order_id INTEGER NOT NULL,           -- client order id or magic that it bears; 0: none
    body TEXT NOT NULL,                         -- JSON as the terminal sent it
    disposition TEXT NOT NULL,                  -- Disposition
    note TEXT NOT NULL,                         -- reason of UNUSABLE; '' otherwise
    epoch INTEGER NOT NULL,                     -- session in which it came
    seq INTEGER NOT NULL,                       -- its number in that session
    received_ms INTEGER NOT NULL,               -- time at which it was stored, in ms since 1970-01-01 UTC
    kind TEXT GENERATED ALWAYS AS (substr(key, 1, instr(key, ':') - 1)), -- ReportKind
    received_at TEXT GENERATED ALWAYS AS ({_text_of("received_ms")}) -- time at which it was stored
) STRICT;
-- Without the account: few rows of other accounts have the same key.
CREATE INDEX reports_by_key ON reports (key);
CREATE INDEX reports_by_client_order_id ON reports (client_order_id) WHERE client_order_id <> 0;

CREATE TABLE deals (                            -- all deals of the account, each in its latest revision
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    ticket INTEGER NOT NULL,                    -- the broker's number of the deal
    client_order_id INTEGER,                    -- command that made it; NULL: none of ours
    order_ticket INTEGER NOT NULL,              -- order that it filled; 0: none
    position_id INTEGER NOT NULL,               -- identifier of its position; 0: none
    symbol TEXT NOT NULL,                       -- the broker's name of the symbol; '' for a balance operation
    type TEXT NOT NULL,                         -- MetaTrader's DEAL_TYPE without the prefix
    entry TEXT NOT NULL,                        -- DealEntry
    reason TEXT NOT NULL,                       -- MetaTrader's DEAL_REASON without the prefix
    volume TEXT NOT NULL,                       -- lots
    price TEXT NOT NULL,                        -- price per unit, in the symbol's quote currency
    commission TEXT NOT NULL,                   -- in account currency, negative when paid
    swap TEXT NOT NULL,                         -- in account currency
    profit TEXT NOT NULL,                       -- in account currency
    fee TEXT NOT NULL,                          -- in account currency, negative when paid
    done_ms INTEGER NOT NULL,                   -- time of the deal, from the broker's clock, in ms
    disposition TEXT NOT NULL,                  -- Disposition: only APPLIED deals count
    magic INTEGER NOT NULL,                     -- magic number that it bears
    server_ms INTEGER NOT NULL,                 -- time of the deal by the broker's clock, in ms
    stop_loss TEXT,                             -- price; NULL: none
    take_profit TEXT,                           -- price; NULL: none
    comment TEXT NOT NULL,                      -- the broker's comment
    done_at TEXT GENERATED ALWAYS AS ({_text_of("done_ms")}), -- time of the deal, from the broker's clock
    PRIMARY KEY (officer, server, login, ticket)
) STRICT;
-- Without the account, as those of the reports.
CREATE INDEX deals_by_position ON deals (position_id);
CREATE INDEX deals_by_command ON deals (client_order_id) WHERE client_order_id IS NOT NULL;
CREATE INDEX deals_parked ON deals (officer, server, login, position_id) WHERE disposition = 'PARKED';

CREATE TABLE allocations (                      -- division of each deal among the commands that it concerns
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    deal_ticket INTEGER NOT NULL,               -- deal that is divided
    number INTEGER NOT NULL,                    -- 1, 2, ... within the deal
    position_id INTEGER NOT NULL,               -- identifier of the deal's position
    client_order_id INTEGER NOT NULL,           -- command whose lot it opened or reduced; 0: none of ours
    entry TEXT NOT NULL,                        -- DealEntry: IN or OUT
    volume TEXT NOT NULL,                       -- lots
    price TEXT NOT NULL,                        -- price of the deal
    commission TEXT NOT NULL,                   -- in account currency, negative when paid
    swap TEXT NOT NULL,                         -- in account currency
    profit TEXT NOT NULL,                       -- in account currency
    fee TEXT NOT NULL,                          -- in account currency, negative when paid
    reopens INTEGER NOT NULL,                   -- 1: by the server, to open the position anew
    PRIMARY KEY (officer, server, login, deal_ticket, number)
) WITHOUT ROWID, STRICT;
CREATE INDEX allocations_by_position ON allocations (position_id);

CREATE TABLE positions (                        -- the lot that one command has in one position
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    identifier INTEGER NOT NULL,                -- MetaTrader's POSITION_IDENTIFIER
    client_order_id INTEGER NOT NULL REFERENCES commands, -- command that opened the lot
    directive_id TEXT NOT NULL,                 -- directive of that command
    symbol TEXT NOT NULL,                       -- the broker's name of the symbol
    side TEXT NOT NULL,                         -- Side
    state TEXT NOT NULL,                        -- PositionState
    volume_in TEXT NOT NULL,                    -- lots opened
    volume_out TEXT NOT NULL,                   -- lots closed
    price_open TEXT,                            -- volume-weighted price of the opening deals
    price_close TEXT,                           -- volume-weighted price of the closing deals
    stop_loss TEXT,                             -- price; NULL: none
    take_profit TEXT,                           -- price; NULL: none
    levels_seen INTEGER NOT NULL,               -- how often the broker showed other levels than before
    commission TEXT NOT NULL,                   -- sum in account currency, negative when paid
    swap TEXT NOT NULL,                         -- sum in account currency
    profit TEXT NOT NULL,                       -- sum in account currency
    fee TEXT NOT NULL,                          -- sum in account currency, negative when paid
    opened_ms INTEGER,                          -- time of the first opening deal, in ms since 1970-01-01 UTC
    closed_ms INTEGER,                          -- time of the last closing deal; NULL while it is open
    close_reason TEXT NOT NULL,                 -- MetaTrader's DEAL_REASON of that deal; '' while it is open
    volume_reopened TEXT NOT NULL,              -- lots that the server opened anew less those it closed for that
    volume_corrected TEXT NOT NULL,             -- lots that the broker shows beyond the deals
    corrected_server_ms INTEGER NOT NULL,       -- broker time in ms of that volume: a deal until then explains it
    former_symbol TEXT NOT NULL,                -- name when it was opened; '': the same
    opened_at TEXT GENERATED ALWAYS AS ({_text_of("opened_ms")}), -- time of the first opening deal
    closed_at TEXT GENERATED ALWAYS AS ({_text_of("closed_ms")}), -- time of the last closing deal
    PRIMARY KEY (officer, server, login, identifier, client_order_id)
) STRICT;
CREATE INDEX positions_open ON positions (officer, server, login, identifier) WHERE state IN ('OPEN', 'SHOWN');

CREATE TABLE orders (                           -- our orders at the broker, each in its latest state
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    ticket INTEGER NOT NULL,                    -- the broker's number of the order
    client_order_id INTEGER NOT NULL REFERENCES commands, -- command that placed it
    symbol TEXT NOT NULL,                       -- the broker's name of the symbol
    type TEXT NOT NULL,                         -- MetaTrader's ORDER_TYPE without the prefix
    state TEXT NOT NULL,                        -- OrderState
    volume_initial TEXT NOT NULL,               -- lots asked for
    volume_current TEXT NOT NULL,               -- lots not filled yet
    price TEXT NOT NULL,                        -- price of the pending order; 0 at the market
    stop_loss TEXT,                             -- price; NULL: none
    take_profit TEXT,                           -- price; NULL: none
    off_book INTEGER NOT NULL,                  -- 1 once it is off the broker's book
    seen_at TEXT NOT NULL,                      -- time at which this state was stored
    body TEXT NOT NULL,                         -- JSON of the latest report
    PRIMARY KEY (officer, server, login, ticket)
) STRICT;
CREATE INDEX orders_on_book ON orders (officer, server, login, ticket) WHERE off_book = 0;
CREATE INDEX orders_by_command ON orders (officer, server, login, client_order_id, ticket);

CREATE TABLE symbols (                          -- the broker's names and terms of the symbols asked for
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    asked TEXT NOT NULL,                        -- name that the terminal was asked for
    name TEXT NOT NULL,                         -- the broker's name; '' where it has none, or several
    epoch INTEGER NOT NULL,                     -- session that reported it last
    seen_at TEXT NOT NULL,                      -- time of the last report
    body TEXT NOT NULL,                         -- JSON of the last report: digits, steps, order types
    PRIMARY KEY (officer, server, login, asked)
) STRICT;

CREATE TABLE broker_positions (                 -- the account's open positions as the broker shows them
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    identifier INTEGER NOT NULL,                -- MetaTrader's POSITION_IDENTIFIER
    changed_server_ms INTEGER NOT NULL,         -- broker time in ms of a later deal in it; 0: as it was shown
    body TEXT NOT NULL,                         -- JSON of the report that showed it last
    PRIMARY KEY (officer, server, login, identifier)
) STRICT;

CREATE TABLE position_mismatches (              -- positions and orders that differed at the broker at the last scan
    officer TEXT NOT NULL REFERENCES officers,  -- officer of the account
    server TEXT NOT NULL,                       -- trade server of the account
    login INTEGER NOT NULL,                     -- login of the account
    thing TEXT NOT NULL,                        -- Thing: position or order
    number INTEGER NOT NULL,                    -- position identifier, or order ticket
    field TEXT NOT NULL,                        -- Field: property that differs
    code TEXT NOT NULL,                         -- code of its event: POSITION_MISMATCH or ORPHAN
    ours TEXT NOT NULL,                         -- value in the journal, in words
    theirs TEXT NOT NULL,                       -- value at the broker, in words
    shown INTEGER NOT NULL,                     -- 1: the broker shows the position or order
    directive_id TEXT NOT NULL,                 -- directive that opened or ordered it
    symbol TEXT NOT NULL,                       -- the broker's name of the symbol
    since TEXT NOT NULL,                        -- time of the scan that showed a difference in it first
    scan_key TEXT NOT NULL,                     -- report key of the scan that showed these values first
    raised_at TEXT,                             -- time at which it was raised; NULL while it may pass by itself
    PRIMARY KEY (officer, server, login, thing, number, field)
) STRICT;
"""

_OPERATOR: Final = """
CREATE TABLE halts (                            -- opens are refused while a row is here
    officer TEXT NOT NULL REFERENCES officers,  -- officer that is halted
    symbol TEXT NOT NULL,                       -- the Director's name or the broker's; '' for all symbols
    since TEXT NOT NULL,                        -- time of the halt
    why TEXT NOT NULL,                          -- reason that was given
    set_by TEXT NOT NULL,                       -- HaltSetter: a halt set by the bridge asks for an operator
    PRIMARY KEY (officer, symbol, set_by)
) STRICT;

CREATE TABLE dismissed_orders (                 -- lost orders that an operator took over: they are none of ours
    officer TEXT NOT NULL REFERENCES officers,  -- officer whose order id prefix they bear
    client_order_id INTEGER NOT NULL,           -- magic number of the order at the broker
    dismissed_at TEXT NOT NULL,                 -- time of the decision
    note TEXT NOT NULL,                         -- reason that was given
    PRIMARY KEY (officer, client_order_id)
) STRICT;
"""

_EVENTS: Final = f"""
CREATE TABLE events (                           -- the outbox to the Director
    id INTEGER PRIMARY KEY AUTOINCREMENT,       -- order of creation
    officer TEXT NOT NULL REFERENCES officers,  -- officer that the event is about
    directive_id TEXT,                          -- directive that it is about; NULL: none of the Director's
    event_type TEXT NOT NULL,                   -- EventType
    event_class TEXT NOT NULL,                  -- EventClass
    subject TEXT NOT NULL,                      -- occurrence that it stands for, such as deal:TICKET
    key_hash BLOB NOT NULL,                     -- deterministic: SHA-256
    occurred_us INTEGER NOT NULL,               -- time of the occurrence, in microseconds since 1970-01-01 UTC
    rest TEXT NOT NULL,                         -- body behind reported_by; all of it where it begins otherwise
    created_ms INTEGER NOT NULL,                -- time of creation, in ms since 1970-01-01 UTC
    state TEXT NOT NULL,                        -- EventState
    refusals INTEGER NOT NULL DEFAULT 0,        -- number of refusals by the Director
    last_error TEXT NOT NULL DEFAULT '',        -- the Director's last answer that refused it
    completed_ms INTEGER,                       -- time of the delivery, or of the last refusal; NULL while queued
    event_id TEXT,                              -- the Director's id of it; NULL until delivered
    dismissed_at TEXT,                          -- time at which an operator dismissed the refused event
    key TEXT GENERATED ALWAYS AS (lower(hex(key_hash))), -- sent as Idempotency-Key
    body TEXT GENERATED ALWAYS AS ({_BODY}), -- JSON that is posted; fixed at creation
    created_at TEXT GENERATED ALWAYS AS ({_text_of("created_ms")}), -- time of creation
    completed_at TEXT GENERATED ALWAYS AS ({_text_of("completed_ms")}) -- time of the delivery or refusal
) STRICT;
-- Half of a key: two occurrences with the same 128 bits do not come about.
CREATE UNIQUE INDEX events_by_key ON events (substr(key_hash, 1, 16));
CREATE INDEX events_queued ON events (officer, directive_id, id, event_type) WHERE state = 'queued';
CREATE INDEX events_about_trades ON events (id)
    WHERE state = 'queued' AND event_type NOT IN ('DIRECTIVE_RECEIVED', 'ORDER_REJECTED');
CREATE INDEX events_about_no_trade ON events (id)
    WHERE state = 'queued' AND event_type IN ('DIRECTIVE_RECEIVED', 'ORDER_REJECTED');
CREATE INDEX events_refused ON events (officer, id) WHERE state = 'refused';
CREATE INDEX events_by_directive ON events (directive_id);
"""

AUDIT_CODES: Final = {
    "directive": "d",
    "planned": "p",
    "dispatch": "s",
    "report": "r",
    "command": "c",
    "event": "e",
    "delivered": "v",
}
"""Letters of the kinds that each trade has in the audit."""
_WHEN: Final = " ".join(f"WHEN '{code}' THEN '{kind}'" for kind, code in AUDIT_CODES.items())
_KIND: Final = f"CASE code {_WHEN} ELSE code END"

_AUDIT: Final = f"""
CREATE TABLE audit_rows (                       -- append-only; read it by the view audit
    seq INTEGER PRIMARY KEY,                    -- 1, 2, 3, ... without a gap
    at_ms INTEGER NOT NULL,                     -- time of the occurrence, in ms since 1970-01-01 UTC
    code TEXT NOT NULL,                         -- kind, the frequent ones as one letter
    officer TEXT,                               -- officer that it concerns; NULL: that of the directive, or none
    directive INTEGER REFERENCES directives,    -- place of the directive that it concerns; NULL: none
    content INTEGER,                            -- id of the report, event or command that it is about; NULL: none
    subject TEXT,                               -- thing that it is about, or rest of it; NULL: see content
    body TEXT,                                  -- content, mostly JSON; NULL: in the row that it is about
    hash BLOB NOT NULL,                         -- SHA-256 over the hash before it and its columns in the view audit
    kind TEXT GENERATED ALWAYS AS ({_KIND}) -- AuditKind
) STRICT;
-- For the comparison of halts and quarantines at each start.
CREATE INDEX audit_of_operator_marks ON audit_rows (seq) WHERE kind IN ('halt', 'quarantine', 'operator');
CREATE INDEX audit_by_directive ON audit_rows (directive) WHERE directive IS NOT NULL;
-- Against INSERT OR REPLACE, which deletes a row without the trigger for deletes.
CREATE TRIGGER audit_is_only_appended BEFORE INSERT ON audit_rows
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_rows)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit_rows
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit_rows
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
"""

_SHOWN: Final = """coalesce(
            CASE WHEN a.kind IN ('dispatch', 'command') THEN a.content || ' ' ELSE '' END || a.subject, r.key,
            e.event_type, CAST(c.client_order_id AS TEXT), d.directive_id) AS subject,
       coalesce(a.body, r.body, e.body, c.body, d.raw) AS body"""
"""Subject and body of a row of the audit: its own, or those of the row that it is about."""
_ABOUT: Final = """LEFT JOIN reports r ON a.kind = 'report' AND r.id = a.content
    LEFT JOIN events e ON a.kind IN ('event', 'delivered', 'refused') AND e.id = a.content
    LEFT JOIN commands c ON a.kind = 'planned' AND c.client_order_id = a.content"""
_AT: Final = f"{_text_of('a.at_ms')} AS at"

_VIEWS: Final = f"""
CREATE VIEW directive_overview AS
SELECT d.id AS place, d.officer, d.directive_id, d.received_at, d.action, d.symbol,
       json_extract(d.body, '$.quantity') AS quantity, json_extract(d.body, '$.price') AS price,
       d.state, d.state_at,
       (SELECT count(*) FROM commands c
         WHERE c.officer = d.officer AND c.directive_id = d.directive_id) AS commands,
       (SELECT count(*) FROM events e WHERE e.officer = d.officer AND e.directive_id = d.directive_id) AS events,
       (SELECT count(*) FROM events e WHERE e.officer = d.officer AND e.directive_id = d.directive_id
            AND e.state <> 'delivered') AS undelivered,
       d.error_code, d.error_message
FROM directives d;

CREATE VIEW audit AS
SELECT a.seq, {_AT},
       a.kind, coalesce(a.officer, d.officer) AS officer, d.directive_id, a.content,
       {_SHOWN},
       lower(hex(coalesce((SELECT p.hash FROM audit_rows p WHERE p.seq = a.seq - 1), zeroblob(32)))) AS prev,
       lower(hex(a.hash)) AS hash
FROM audit_rows a LEFT JOIN directives d ON d.id = a.directive
    {_ABOUT};

CREATE VIEW timeline AS
SELECT d.officer, d.directive_id, a.seq,
       {_AT}, a.kind,
       {_SHOWN}
FROM directives d CROSS JOIN audit_rows a ON a.directive = d.id
    {_ABOUT};

CREATE VIEW event_overview AS
SELECT id, officer, directive_id, event_type, event_class, created_at, state, completed_at, event_id, body
FROM events;

CREATE VIEW undelivered_events AS
SELECT id, officer, directive_id, event_type, created_at, state, refusals, last_error, dismissed_at, body
FROM events WHERE state <> 'delivered';

CREATE VIEW open_positions AS
SELECT officer, server, login, identifier, directive_id, client_order_id, symbol, side, volume_in, volume_out,
       price_open, stop_loss, take_profit, opened_at, volume_reopened, volume_corrected
FROM positions WHERE state IN ('OPEN', 'SHOWN');

CREATE VIEW pending_orders AS
SELECT o.officer, o.server, o.login, o.ticket, c.directive_id, o.symbol, o.type, o.volume_initial,
       o.volume_current, o.price, o.stop_loss, o.take_profit, o.state, o.seen_at
FROM orders o JOIN commands c USING (client_order_id)
WHERE o.off_book = 0 AND (c.order_type <> 'MARKET' OR o.state IN ('PLACED', 'PARTIAL'));

CREATE VIEW raised_mismatches AS
SELECT officer, server, login, thing, number, field, code, ours, theirs, shown, directive_id, symbol, since,
       raised_at
FROM position_mismatches WHERE raised_at IS NOT NULL;

CREATE VIEW unclosable_positions AS
SELECT p.officer, p.identifier, p.directive_id, p.symbol, c.client_order_id, c.reason, c.message
FROM positions p JOIN commands c ON c.client_order_id = (
    SELECT c2.client_order_id FROM commands c2 JOIN directives d USING (officer, directive_id)
    WHERE c2.officer = p.officer AND c2.target_position = p.identifier AND c2.target_position <> 0
        AND c2.kind = 'CLOSE' ORDER BY d.id DESC, c2.number DESC LIMIT 1)
WHERE p.state IN ('OPEN', 'SHOWN') AND c.state IN ('NEVER_SENT', 'REJECTED') AND c.reason = 'SYMBOL';

CREATE VIEW commands_waiting_for_market AS
SELECT officer, directive_id, number, client_order_id, kind, symbol, side, volume, not_before, expires_at, message
FROM commands WHERE state = 'PLANNED' AND not_before IS NOT NULL;

CREATE VIEW unresolved_commands AS
SELECT officer, directive_id, number, client_order_id, symbol, side, volume, state, dispatched_at, message
FROM commands WHERE state IN ('UNRESOLVED', 'UNKNOWN');

CREATE VIEW officer_status AS
SELECT o.officer, o.login, coalesce(nullif(o.renamed_server, ''), o.server) AS server,
       o.trade_mode, o.margin_mode, o.currency, o.bound_at, o.quarantine,
       s.program, s.opened_at AS session_opened_at, s.ended_at AS session_ended_at,
       s.end_reason AS session_end_reason,
       (SELECT count(*) FROM directives d WHERE d.officer = o.officer AND d.state = 'RECEIVED')
            AS directives_waiting,
       (SELECT count(*) FROM directives d WHERE d.officer = o.officer AND d.state = 'WORKING')
            AS directives_working,
       (SELECT count(*) FROM commands c WHERE c.officer = o.officer AND c.state = 'PLANNED') AS commands_planned,
       (SELECT count(*) FROM commands c WHERE c.officer = o.officer AND c.state IN ('DISPATCHED', 'SUBMITTED'))
            AS commands_in_flight,
       (SELECT min(dispatched_at) FROM commands c WHERE c.officer = o.officer
            AND c.state IN ('DISPATCHED', 'SUBMITTED')) AS oldest_in_flight_at,
       (SELECT count(*) FROM events e WHERE e.officer = o.officer AND e.state = 'queued') AS events_queued,
       (SELECT min(created_at) FROM events e WHERE e.officer = o.officer AND e.state = 'queued')
            AS oldest_queued_at,
       (SELECT count(*) FROM events e WHERE e.officer = o.officer AND e.state = 'refused'
            AND e.dismissed_at IS NULL) AS events_refused,
       coalesce((SELECT last_error FROM events e WHERE e.officer = o.officer AND e.state = 'refused'
            AND e.dismissed_at IS NULL ORDER BY id DESC LIMIT 1), '') AS last_refusal
FROM officers o LEFT JOIN sessions s ON s.epoch = (SELECT max(epoch) FROM sessions WHERE officer = o.officer);
"""
