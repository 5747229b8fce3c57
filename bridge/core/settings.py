"""Settings of the configuration file, with their defaults. `bridge.config` reads them from TOML."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from bridge.core.director.contract import Action
from bridge.core.link.messages import Name
from bridge.core.units.order_ids import MAX_PREFIX, default_prefix

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class DirectorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Address of the Director, and limits of its requests."""

    url: str
    api_key_env: str | None = None
    """Name of the environment variable that holds the API key."""
    api_key_file: str | None = None
    """Path of a file that holds the API key, readable by its owner alone."""
    poll_interval_s: Annotated[float, msgspec.Meta(ge=0.1, le=300)] = 5.0
    """Interval of each officer's polls. A terminal's own input overrides it."""
    timeout_s: Seconds = 10.0
    """Limit of one request as a whole."""
    max_response_bytes: Annotated[int, msgspec.Meta(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    max_clock_skew_s: Annotated[float, msgspec.Meta(ge=2, le=86_400)] = 30.0
    """Maximum distance of this machine's clock from the Director's; beyond it nothing is opened."""
    extra_fields: bool = True
    """False: events carry the contract's own fields only."""


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Path of the journal. A relative one starts at the configuration file's folder."""

    path: str = "journal.db"


LEAST_TAKEOVER_MARGIN_S: Final = 6.0
"""Least margin with which no two instances can execute one command: 5 s for the clock of a frozen one, and 1 s for
a request that is on its way to the trade server."""


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Endpoint for terminals, and the link's time limits."""

    endpoint: str = "tcp://127.0.0.1:5760"
    heartbeat_s: Annotated[float, msgspec.Meta(ge=0.05, le=10)] = 1.0
    """Three missed ones suspend dispatch."""
    lost_after_s: Seconds = 15.0
    """Silence after which CONNECTION_LOST is reported."""
    command_deadline_s: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 5.0
    """A command that the terminal reads later than this after its dispatch is not executed."""
    takeover_margin_s: Annotated[float, msgspec.Meta(ge=0.1, le=600)] = 10.0
    """Time after a command's deadline in which no other instance of the terminal takes over or answers for it. Less
    than LEAST_TAKEOVER_MARGIN_S is refused: an instance's clock may be 5 s behind, and a request takes time to the
    broker."""
    allow_unsafe_takeover: bool = False
    """For tests alone: a shorter takeover_margin_s is accepted, although an order may be sent twice."""
    status_request_every_s: Seconds = 5.0
    """Interval of the status requests about a command whose outcome is open."""
    unknown_grace_s: Seconds = 30.0
    """Grace time: an outcome must be open this long before a search that finds nothing makes it UNKNOWN."""
    mismatch_grace_s: Seconds = 30.0
    """Grace time of differences from the broker: one must have lasted so long before a further scan raises it.
    Where a broker's history is often later than its positions by more than this, the value must be raised."""
    unknown_after_s: Seconds = 900.0
    """Time without a report, its terminal away, after which a dispatched command is UNKNOWN."""


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Port for the operator's commands: halt, resume, flatten, resolve, status. This machine only."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    """0: any free one. The commands find it in a file beside the journal."""


class WebSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """HTTP server for those who look on: a page, metrics, health. Off without this table."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 5780
    address: str = "127.0.0.1"
    """IP address on which it listens."""
    allow_network: bool = False
    """True allows an address that other machines can reach. There is no password and no encryption: whoever reaches
    it sees the account."""
    host_names: list[str] = []
    """Names by which it may be asked, besides localhost and IP addresses: those of a proxy, or of this machine."""
    key_file: str | None = None
    """Path of a file with the key of the page's commands, readable by its owner alone. None: no commands."""


URGENT: Final = ("JOURNAL_LOST", "HALT_NOT_STORED", "QUARANTINED", "UNKNOWN", "DISPATCH", "EQUITY_LIMIT")
"""Codes of alerts that are sent in quiet hours too, where no others are named."""


class AlertSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages to people about what `status` requires action for. Off without this table."""

    addresses_env: str | None = None
    """Name of the environment variable that holds addresses of Apprise, with blanks between them."""
    addresses_file: str | None = None
    """Path of a file that holds them, one a line, readable by its owner alone."""
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 60.0
    """Time for which a condition must have lasted."""
    connection_lost_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 180.0
    """The same for a terminal, or its broker, that is not connected."""
    resolved_after_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 60.0
    """Time for which it must be gone."""
    repeat_s: Annotated[float, msgspec.Meta(ge=0, le=604_800)] = 14_400.0
    """Time after which a condition that lasts is sent again; 0: never."""
    least_interval_s: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 120.0
    """Least time between two messages; what comes meanwhile is one message."""
    rejections_in_a_row: Annotated[int, msgspec.Meta(ge=2, le=100)] = 3
    quiet_hours: list[str] = []
    """Windows in UTC in which alerts wait, like '22:00-05:30'; one may pass midnight."""
    despite_quiet_hours: list[str] = msgspec.field(default_factory=lambda: list(URGENT))
    """Codes of alerts that are sent in quiet hours too."""
    daily_summary: str | None = None
    """Time of day in UTC, like '21:00', of a message about the day."""
    timeout_s: Annotated[float, msgspec.Meta(ge=1, le=120)] = 15.0
    """Limit of one sending as a whole."""
    alive_url_env: str | None = None
    """Name of the environment variable with an http or https URL that is called while all is well."""
    alive_url_file: str | None = None
    """Path of a file that holds it, readable by its owner alone."""
    alive_every_s: Annotated[float, msgspec.Meta(ge=10, le=86_400)] = 60.0


class MissingStop(StrEnum):
    """Reaction to a position without the stop loss that was requested."""

    REPORT = "report"
    CLOSE = "close"


class SilentDirector(StrEnum):
    """Treatment of pending orders while the Director cannot be reached."""

    KEEP = "keep"
    CANCEL = "cancel"


Points = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits on opening. None, or an empty list of hours, is no limit. They never hold back anything else."""

    allowed_actions: list[Action] | None = None
    """Opening actions that the officer may carry out: OPEN_LONG, OPEN_SHORT."""
    allowed_symbols: list[str] | None = None
    """Symbols that may be opened, as the Director spells them."""
    max_symbol_quantity: Decimal | None = None
    """Lots open, pending and under way in one symbol, above 0."""
    max_positions: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    """Positions and pending orders together."""
    max_orders_per_minute: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    max_spread_points: Points | None = None
    closed_hours: list[str] = []
    """Windows in UTC in which nothing is opened, like '21:55-22:10'; one may pass midnight."""
    max_daily_loss: Decimal | None = None
    """Account currency, above 0, since the broker's day began."""
    max_drawdown_percent: Decimal | None = None
    """Percent of the highest equity ever seen, above 0 to 100."""
    min_margin_level_percent: Decimal | None = None
    missing_stop: MissingStop = MissingStop.REPORT
    silent_director: SilentDirector = SilentDirector.KEEP
    silent_director_after_s: Seconds = 600.0
    """Time of failing polls after which the Director counts as silent."""


class OfficerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Officer: one id at the Director, one account in one terminal."""

    id: Name
    order_id_prefix: Annotated[int, msgspec.Meta(ge=1, le=MAX_PREFIX)] | None = None
    """Upper 12 bits of its orders' magic. Hashed from the id by default; set it where two officers collide."""
    allow_real: bool = False
    """True allows a real-money account to be bound."""
    shared_account: bool = False
    """True where another officer trades on the same account. Required of each of them."""
    symbols: dict[str, str] = {}
    """Director's symbol -> broker's symbol, where they differ."""
    deviation_points: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 20
    """Slippage allowed on a market order, in points."""
    symbol_deviation_points: dict[str, Annotated[int, msgspec.Meta(ge=0, le=100_000)]] = {}
    """The same for one symbol, by the Director's or the broker's name."""
    time_to_live_s: Seconds = 300.0
    """Lifetime of a directive without expires_at, from its issued_at."""
    opens_wait_for_market: bool = False
    """True: an open that the terminal finds in a closed market waits for its opening, as closes and changes do, for
    as long as its directive lives. False: it is rejected."""
    max_quantity: Decimal | None = None
    """Lots, above 0; an opening directive above it is refused."""
    risk_limits: RiskLimits = RiskLimits()

    @property
    def prefix(self) -> int:
        """Client order id prefix in force: 1..4095."""
        return self.order_id_prefix or default_prefix(self.id)

    def deviation(self, *names: str) -> int:
        """Return the slippage allowed in a symbol, in points. `names`: the Director's and the broker's."""
        own = (self.symbol_deviation_points.get(name) for name in names)
        return next((points for points in own if points is not None), self.deviation_points)

    def inquiry(self, symbol: str) -> tuple[str, bool]:
        """Return the name to ask the broker for, and True where only that exact name counts."""
        mapped = self.symbols.get(symbol)
        return (symbol, False) if mapped is None else (mapped, True)

    def inquiries(self) -> dict[str, bool]:
        """Return the names to ask the broker for, of the symbols that the configuration names, each with True where
        only that exact name counts."""
        named = (*self.symbols, *(self.risk_limits.allowed_symbols or ()), *self.symbol_deviation_points)
        brokers_own = set(self.symbols.values())
        return dict(self.inquiry(name) for name in named if name in self.symbols or name not in brokers_own)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whole configuration."""

    director: DirectorSettings
    officers: Annotated[list[OfficerSettings], msgspec.Meta(min_length=1, max_length=256)]
    journal: JournalSettings = JournalSettings()
    link: LinkSettings = LinkSettings()
    control: ControlSettings = ControlSettings()
    web: WebSettings | None = None
    """None: no such server."""
    alerts: AlertSettings | None = None
    """None: nothing is sent."""

    def officer(self, officer: str) -> OfficerSettings | None:
        """Return the settings of the officer with that id."""
        return next((each for each in self.officers if each.id == officer), None)
