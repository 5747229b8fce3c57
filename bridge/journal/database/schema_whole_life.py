"""What the whole life of an order asks of the journal (migration 0003): changes, shared positions, halts."""

from typing import Final

WHOLE_LIFE: Final = """
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
DROP INDEX deals_by_client_order_id;
CREATE INDEX deals_by_command ON deals (officer, server, login, client_order_id, ticket);
CREATE INDEX deals_parked ON deals (officer, server, login, position_id) WHERE disposition = 'PARKED';
CREATE INDEX commands_by_order ON commands (officer, order_ticket) WHERE order_ticket <> 0;

CREATE TABLE orders (                          -- our orders at the broker, latest state
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    ticket INTEGER NOT NULL,
    client_order_id INTEGER NOT NULL REFERENCES commands,
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

CREATE TABLE allocations (                          -- which command's part of a position a deal opened or closed
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    deal INTEGER NOT NULL,
    number INTEGER NOT NULL,                   -- 1, 2, ... within the deal
    position_id INTEGER NOT NULL,
    client_order_id INTEGER NOT NULL,                    -- 0: nobody's of ours
    entry TEXT NOT NULL,                       -- IN or OUT
    volume TEXT NOT NULL,
    price TEXT NOT NULL,
    commission TEXT NOT NULL,
    swap TEXT NOT NULL,
    profit TEXT NOT NULL,
    fee TEXT NOT NULL,
    PRIMARY KEY (officer, server, login, deal, number)
) STRICT;
CREATE INDEX allocations_by_position ON allocations (officer, server, login, position_id, client_order_id);

DROP VIEW open_positions;
DROP INDEX positions_open;
ALTER TABLE positions RENAME TO positions_before;
CREATE TABLE positions (                       -- what a command of ours has in a position
    officer TEXT NOT NULL REFERENCES officers,
    server TEXT NOT NULL,
    login INTEGER NOT NULL,
    identifier INTEGER NOT NULL,
    client_order_id INTEGER NOT NULL REFERENCES commands,
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
    PRIMARY KEY (officer, server, login, identifier, client_order_id)
) STRICT;
INSERT INTO positions (officer, server, login, identifier, client_order_id, directive_id,
                       symbol, side, state, volume_in,
    volume_out, price_open, price_close, stop_loss, take_profit, commission, swap, profit, fee, opened_at,
    closed_at, close_reason)
SELECT officer, server, login, identifier, client_order_id, directive_id,
       symbol, side, state, volume_in, volume_out,
    price_open, price_close, stop_loss, take_profit, commission, swap, profit, fee, opened_at, closed_at,
    close_reason
FROM positions_before;
INSERT INTO allocations (officer, server, login, deal, number, position_id, client_order_id,
                         entry, volume, price, commission,
    swap, profit, fee)
SELECT d.officer, d.server, d.login, d.ticket, 1, d.position_id, p.client_order_id,
    CASE d.entry WHEN 'IN' THEN 'IN' ELSE 'OUT' END, d.volume, d.price, d.commission, d.swap, d.profit, d.fee
FROM deals d JOIN positions_before p ON p.officer = d.officer AND p.server = d.server AND p.login = d.login
    AND p.identifier = d.position_id
WHERE d.disposition = 'APPLIED' AND d.type IN ('BUY', 'SELL');
DROP TABLE positions_before;
CREATE INDEX positions_open ON positions (officer, state) WHERE state = 'OPEN';

CREATE VIEW open_positions AS
SELECT officer, server, login, identifier, directive_id, client_order_id,
       symbol, side, volume_in, volume_out, price_open,
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
FROM orders o JOIN commands c USING (client_order_id) WHERE o.done = 0 AND c.order_type <> 'MARKET';
"""
