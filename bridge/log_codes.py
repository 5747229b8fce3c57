"""Registry of log codes: every record that this package logs bears one of these."""

from enum import StrEnum
from typing import Self


class LogLevel(StrEnum):
    """Lowest level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogCode(StrEnum):
    """Stable code of a log record. `meaning` is one line for people; `event` is the code in words.

    Programs that read the log match on the code. A code is never given another meaning. `docs/log-codes.md` is
    generated from this table.
    """

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = member.__doc__ = meaning
        return member

    @property
    def event(self) -> str:
        """Event name of the record: the code's words, separated by spaces."""
        return self.value.replace("_", " ")

    # The sidecar as a whole
    SIDECAR_STARTING = "sidecar_starting", "The sidecar starts; the fields show its version and addresses."
    TAKEOVER_UNSAFE = (
        "takeover_unsafe",
        "The configuration allows a takeover margin, for tests alone, with which an order may be sent twice.",
    )
    OFFICER_CONFIGURED = "officer_configured", "An officer of the configuration, at start."
    OFFICER_NOT_CONFIGURED = (
        "officer_not_configured",
        "The journal has positions or orders open of an officer that the configuration lacks.",
    )
    SIDECAR_STOPPING = "sidecar_stopping", "The sidecar received a stop request and stops in order."
    SIDECAR_STOPPED = "sidecar_stopped", "The sidecar has stopped; everything is closed."
    EVENT_LOOP_ERROR = (
        "event_loop_error",
        "An error outside of any task, once a minute for each kind; `count` says how many.",
    )
    SIDECAR_TASK_FAILED = (
        "sidecar_task_failed",
        "A task of the sidecar failed; the sidecar ends with an error.",
    )
    ALERT_SENT = "alert_sent", "A message was accepted by an address of [alerts]."
    ALERT_FAILED = (
        "alert_failed",
        "An address of [alerts] did not accept a message; it is tried again. `number` is its place in the list.",
    )
    ALERT_LOOK_FAILED = "alert_look_failed", "An error of the alerts themselves; trading goes on."
    WATCHDOG_NOT_FED = (
        "watchdog_not_fed",
        "Workers make no progress. A service manager with a watchdog ends the sidecar and starts it again.",
    )
    WATCHDOG_FED = "watchdog_fed", "Workers that made no progress do again."
    CLOCK_UNTRUSTED = "clock_untrusted", "The wall clock cannot be trusted; opening orders pause."
    CLOCK_TROUBLE_NOT_STORED = (
        "clock_trouble_not_stored",
        "The journal did not take the clock's trouble; retried.",
    )
    JOURNAL_HAS_FOREIGN_OBJECTS = (
        "journal_has_foreign_objects",
        "Tables, views or indexes in the journal's file are not the bridge's; they are left alone.",
    )
    JOURNAL_CHECKING = (
        "journal_checking",
        "A part of the check of a long journal begins: pages, audit, words, tables. The sidecar works meanwhile.",
    )
    JOURNAL_CHECKED = (
        "journal_checked",
        "The check of a long journal is through: it is whole.",
    )
    JOURNAL_NOT_WHOLE = (
        "journal_not_whole",
        "The check of a long journal found that it must not be used; the sidecar ends.",
    )
    JOURNAL_NOT_CHECKED = (
        "journal_not_checked",
        "The whole journal could not be checked; retried.",
    )
    JOURNAL_LOST = (
        "journal_lost",
        "The journal's file was removed or replaced; nothing is stored or sent any more.",
    )
    JOURNAL_RESCUED = (
        "journal_rescued",
        "The content of a lost journal was copied to `file`, to take its place.",
    )
    JOURNAL_NOT_RESCUED = (
        "journal_not_rescued",
        "The content of a lost journal could not be copied; it ends with the process.",
    )
    LOST_JOURNAL_NOT_REPORTED = (
        "lost_journal_not_reported",
        "The Director did not take the report of a lost journal; retried.",
    )
    STOPS_NOT_STORED = (
        "stops_not_stored",
        "Halts or flattens that are in force could not be stored in the journal; retried.",
    )
    LOG_LINES_LOST = (
        "log_lines_lost",
        "Log lines were dropped because nothing read them; `count` says how many.",
    )

    # Polling
    POLL_FAILED = "poll_failed", "A poll of the Director failed; only the first of a row is a warning."
    POLL_RECOVERED = "poll_recovered", "A poll worked again after failures."
    DIRECTIVES_RECEIVED = "directives_received", "A poll brought directives that are now in the journal."
    LIST_INCOMPLETE = (
        "list_incomplete",
        "The Director's answer says that its list goes on elsewhere; only what it holds itself is read.",
    )
    FIELDS_IGNORED = (
        "fields_ignored",
        "A directive has fields that mean nothing for its action; they were not read.",
    )
    PENDING_ORDERS_CANCELLED = (
        "pending_orders_cancelled",
        "The Director is silent, and its officer's pending orders are cancelled as configured.",
    )
    PENDING_ORDERS_NOT_CANCELLED = (
        "pending_orders_not_cancelled",
        "The journal did not take the cancellation of a silent Director's pending orders; retried.",
    )

    # Dispatch
    COMMAND_SENT = "command_sent", "A command went to its terminal."
    COMMAND_NOT_SENT = "command_not_sent", "A command did not leave; the next session reconciles it."
    DISPATCH_NOT_STORED = (
        "dispatch_not_stored",
        "The journal could not be written, so nothing was dispatched.",
    )
    DISPATCH_FAILED = "dispatch_failed", "An error of the bridge itself stops the dispatch of one officer."

    # Delivery
    EVENT_DELIVERED = "event_delivered", "The Director took an event."
    EVENT_NOT_TAKEN = "event_not_taken", "The Director takes other events but not this one; it is retried."
    EVENT_REFUSED = "event_refused", "The Director refused an event; it is retried."
    EVENT_SET_ASIDE = "event_set_aside", "The Director refused an event for good; the journal keeps it."
    DELIVERY_PAUSED = (
        "delivery_paused",
        "Nothing is posted for a while; only the first of a row is a warning.",
    )
    DELIVERY_RECOVERED = "delivery_recovered", "The Director took an event after failures."
    DELIVERY_FAILED = "delivery_failed", "An unexpected error of the bridge itself in delivering an event."
    DELIVERY_NOT_STORED = (
        "delivery_not_stored",
        "The journal did not take an event's delivery result; retried.",
    )
    OUTBOX_NOT_READ = "outbox_not_read", "The journal could not be read for events to deliver."

    # The terminal link
    TERMINAL_CONNECTED = "terminal_connected", "A terminal has a session."
    CHALLENGES_UNANSWERED = (
        "challenges_unanswered",
        "A terminal says hello and goes away at the sidecar's proof: its link key is another one.",
    )
    TERMINAL_REFUSED = "terminal_refused", "A terminal was refused; `refusal` is the code that it was given."
    CONNECTIONS_CUT = (
        "connections_cut",
        "Connections to the link were closed, or messages dropped; `reason` and `count`, once a minute.",
    )
    OFFICER_QUARANTINED = (
        "officer_quarantined",
        "Nothing is dispatched to the officer until it is rebound.",
    )
    SESSION_NOT_OPENED = (
        "session_not_opened",
        "The journal could not be written, so a terminal got no session.",
    )
    SESSION_ENDED = "session_ended", "A terminal's session is over."
    SESSION_END_NOT_STORED = "session_end_not_stored", "The journal did not take the end of a session."
    STATUS_NOT_REQUESTED = (
        "status_not_requested",
        "The journal could not be written, so no order status was asked.",
    )
    REPORTS_NOT_STORED = "reports_not_stored", "The journal did not take reports; the terminal repeats them."
    REPORTS_QUARANTINED = "reports_quarantined", "Reports that the bridge failed to apply are kept apart."
    BROKER_CLOCK_CHANGED = "broker_clock_changed", "The broker's clock has another offset from UTC."
    BROKER_CLOCK_NOT_STORED = "broker_clock_not_stored", "The journal did not take the broker clock's offset."
    TERMINAL_LOSS_NOT_STORED = (
        "terminal_loss_not_stored",
        "The journal did not take a terminal's loss; retried.",
    )

    # The control endpoint
    CONTROL_LISTENING = "control_listening", "The control endpoint takes requests."
    CONTROL_FILE_NOT_WRITTEN = "control_file_not_written", "The control file could not be written; retried."
    CONTROL_REQUEST_UNREADABLE = (
        "control_request_unreadable",
        "The control endpoint was sent what is no HTTP; `count`, once a minute for each kind.",
    )
    WEB_LISTENING = "web_listening", "The web server takes requests."
    WEB_FAILED = (
        "web_failed",
        "An error of the web server; it begins again after a while, and trading goes on.",
    )
    WEB_REQUEST_UNREADABLE = (
        "web_request_unreadable",
        "The web server was sent what is no HTTP; `count`, once a minute for each kind.",
    )
    PAGE_KEY_REFUSED = (
        "page_key_refused",
        "The page was given a wrong page key for a command, and nothing was done; `count`, once a minute.",
    )
    WEB_REQUEST_FAILED = (
        "web_request_failed",
        "An error of the bridge itself in a request of the web server; `count`, once a minute for each kind.",
    )
    CONTROL_REQUEST_FAILED = "control_request_failed", "An error of the bridge itself in a control request."
    OPERATOR_COMMAND = "operator_command", "An operator's command was carried out."
    OPERATOR_COMMAND_NOT_STORED = (
        "operator_command_not_stored",
        "The journal did not take an operator's command.",
    )

    # The reference terminal
    TERMINAL_STARTING = "terminal_starting", "The reference terminal starts."
    TERMINAL_STOPPED = "terminal_stopped", "The reference terminal ends."
    SESSION_ESTABLISHED = "session_established", "The reference terminal has a session."
    NO_SESSION = "no_session", "The reference terminal has no session, and connects again after `again_in_s`."
    REFUSED_BY_SIDECAR = (
        "refused_by_sidecar",
        "The sidecar refused the reference terminal; `refusal` is its code.",
    )
    SIDECAR_NOT_PROVED = "sidecar_not_proved", "The peer did not prove that it holds the officer's link key."
    SIDECAR_REPORTED_ERROR = "sidecar_reported_error", "The sidecar could not read a message of the terminal."

    # The simulated broker
    BROKER_READY = "broker_ready", "The simulated broker takes connections."
    BROKER_CALL_FAILED = (
        "broker_call_failed",
        "The simulated broker failed on a call, by a defect of its own, and answered with an error.",
    )
    BROKER_CALL_REFUSED = (
        "broker_call_refused",
        "The simulated broker refused a call that its scenario has scheduled; the market goes on.",
    )
    BROKER_DROPPED_MESSAGE = (
        "broker_dropped_message",
        "The simulated broker dropped a message of several frames.",
    )
