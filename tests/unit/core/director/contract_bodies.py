"""Example bodies of the Director's contract, to the letter."""

PENDING = """{
  "directives": [
    {
      "directive_id": "dir_12345",
      "signal_id": "sig_001",
      "symbol": "EURUSD",
      "action": "OPEN_LONG",
      "order_type": "MARKET",
      "quantity": 0.01,
      "price": 1.0950,
      "stop_loss": 1.0900,
      "take_profit": 1.1000,
      "issued_at": "2026-01-04T10:00:00Z",
      "expires_at": "2026-01-04T10:05:00Z"
    }
  ]
}"""
EVENT = """{
  "directive_id": "dir_12345",
  "event_type": "ORDER_FILLED",
  "event_class": "SUCCESS",
  "occurred_at": "2026-01-04T10:00:05Z",
  "reported_by": "eo-001",
  "broker_order_id": "123456789",
  "fill_price": 1.0951,
  "fill_quantity": 0.01,
  "commission": 0.10
}"""
