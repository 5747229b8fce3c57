"""A terminal that fills everything at once: the link protocol as JSON, without the project's own code.

So it can talk to any revision whose protocol version is 2.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from typing import Any, Final

import zmq

LOGIN: Final = 7001
SERVER: Final = "Bench-Demo"
TICKETS_PER_MS: Final = 100
"""Tickets begin at the time, so that those of a later account are higher."""
SPAN: Final = 1_000
"""Tickets that one copy of a template of a history may use."""
PRICE: Final = 1.0951
DONE: Final = 10009
MAX_INSTANCES: Final = 64
AGAIN_S: Final = 1.0
"""Seconds after which a hello is repeated that was refused."""
Message = dict[str, Any]


class Account:
    """State that outlives a terminal: its ledger, the next ticket, and the open positions."""

    def __init__(self, number: int) -> None:
        """`number`: of the account, so that no two draw the same tickets."""
        self.ledger = secrets.token_hex(16)
        self.mark = 0
        self.instances: list[str] = []
        self.ticket = (int(time.time() * 1000) + number * 10**7) * TICKETS_PER_MS
        self.positions: dict[int, Message] = {}


class Terminal:
    """One session with the sidecar. `fills` False: commands are noted, and answered when asked."""

    def __init__(self, endpoint: str, officer: str, key: str, account: Account) -> None:
        self.officer = officer
        self.fills = True
        self.commands: list[tuple[float, Message]] = []
        """Each command with the time of its arrival, by time.perf_counter."""
        self.up = asyncio.Event()
        self.arrived = asyncio.Event()
        self._key = bytes.fromhex(key)
        self._account = account
        self._epoch = 0
        self._seq = 0
        self._instance = secrets.token_hex(16)
        account.instances.append(self._instance)
        self._nonce = secrets.token_hex(32)
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(endpoint)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Say hello, and work from now on."""
        asyncio.get_running_loop().add_reader(self._socket.FD, self._drain)
        self._tasks = [asyncio.create_task(self._beat())]
        self._hello()

    def stop(self) -> None:
        """Close the socket."""
        asyncio.get_running_loop().remove_reader(self._socket.FD)
        for task in self._tasks:
            task.cancel()
        self._socket.close()

    def result(self, command: Message) -> int:
        """Report that the broker carried the command out. Return the ticket of its order."""
        self._account.ticket += 2
        order = command["order"]
        named = {"client_order_id": order["client_order_id"], "attempt": command["attempt"]}
        self._account.mark += 1
        self._report({"kind": "command", **named, "stage": "submitted", "mark": self._account.mark})
        done = {
            "retcode": DONE,
            "order": self._account.ticket,
            "deal": self._account.ticket + 1,
            "price": PRICE,
        }
        self._account.mark += 1
        self._report({"kind": "command", **named, "stage": "result", "mark": self._account.mark, **done})
        return self._account.ticket

    def deal(self, command: Message, ticket: int) -> None:
        """Report the deal of the command's order, and keep the account's positions."""
        order = command["order"]
        closes = order["kind"] == "CLOSE"
        position = order.get("position") or ticket
        if closes:
            self._account.positions.pop(position, None)
        else:
            self._account.positions[position] = order
        self._report(
            {
                "kind": "deal",
                "ticket": ticket + 1,
                "order": ticket,
                "position_id": position,
                "symbol": order["symbol"],
                "type": order["side"],
                "entry": "OUT" if closes else "IN",
                "reason": "EXPERT",
                "magic": order["client_order_id"],
                "volume": order["volume"],
                "price": PRICE,
                "commission": 0,
                "swap": 0,
                "profit": 0,
                "fee": 0,
                "time_server_ms": int(time.time() * 1000),
            }
        )

    def _hello(self) -> None:
        if not self._socket.closed:
            hello = {"min_version": 1, "max_version": 99, "officer": self.officer, "nonce": self._nonce}
            self._send({"type": "hello", "instance_id": self._instance, **hello})

    def _drain(self) -> None:
        while self._socket.poll(0, zmq.POLLIN):
            self._take(json.loads(self._socket.recv()), time.perf_counter())

    def _take(self, message: Message, at: float) -> None:
        match message["type"]:
            case "challenge":
                self._prove(message)
            case "welcome":
                self._epoch = message["epoch"]
                self._heartbeat()
                for identifier, order in self._account.positions.items():
                    self._report(_position(identifier, order))
                scan = {"counter": 1, "from_server_ms": 0, "to_server_ms": int(time.time() * 1000)}
                totals = {
                    "deals": 0,
                    "orders": 0,
                    "positions": list(self._account.positions),
                    "live_orders": [],
                }
                self._report({"kind": "scan", "instance_id": self._instance, **scan, **totals})
                self.up.set()
            case "inquire":
                self._report(_terms(message["symbol"]))
            case "command":
                self.commands.append((at, message))
                self.arrived.set()
                if self.fills:
                    self.deal(message, self.result(message))
            case "refused":
                # After a crash: until the deadline of what the instance before may execute is over.
                asyncio.get_running_loop().call_later(AGAIN_S, self._hello)

    def _prove(self, challenge: Message) -> None:
        fields = ["terminal", str(challenge["version"]), self.officer, self._instance, self._nonce]
        account = [str(LOGIN), SERVER, "RETAIL_HEDGING", "DEMO"]
        signed = "\n".join([*fields, challenge["nonce"], *account]).encode()
        self._send(
            {
                "type": "prove",
                "proof": hmac.new(self._key, signed, hashlib.sha256).hexdigest(),
                "account": {
                    "login": LOGIN,
                    "server": SERVER,
                    "margin_mode": "RETAIL_HEDGING",
                    "trade_mode": "DEMO",
                    "currency": "USD",
                },
                "ledger": {
                    "id": self._account.ledger,
                    "mark": self._account.mark,
                    "instances": self._account.instances[-MAX_INSTANCES:],
                },
                "program": "bench",
                "server_ms": int(time.time() * 1000),
            }
        )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(1)
            # The descriptor signals an edge that any call may consume.
            self._drain()
            if self._epoch:
                self._heartbeat()

    def _heartbeat(self) -> None:
        money = {"balance": 1_000_000, "equity": 1_000_000, "margin": 0}
        state = {"broker_connected": True, "trade_allowed": True, "server_ms": int(time.time() * 1000)}
        self._send({"type": "heartbeat", "epoch": self._epoch, **state, **money})

    def _report(self, report: Message) -> None:
        self._seq += 1
        self._send({"type": "report", "epoch": self._epoch, "seq": self._seq, "report": report})

    def _send(self, message: Message) -> None:
        # Without blanks, as the Expert Advisor writes it.
        self._socket.send(json.dumps(message, separators=(",", ":")).encode(), zmq.NOBLOCK)


def _position(identifier: int, order: Message) -> Message:
    """Return the report of a position that the order opened."""
    return {
        "kind": "position",
        "identifier": identifier,
        "ticket": identifier,
        "symbol": order["symbol"],
        "side": order["side"],
        "volume": order["volume"],
        "price_open": PRICE,
        "magic": order["client_order_id"],
    }


def _terms(symbol: str) -> Message:
    volumes = {"volume_min": 0.01, "volume_max": 100, "volume_step": 0.01}
    prices = {"digits": 5, "point": 0.00001, "tick_size": 0.00001, "order_types": ["MARKET"]}
    return {"kind": "symbol", "asked": symbol, "name": symbol, **prices, **volumes}
