"""Records of the trade server, without decisions: orders, deals, positions, money and transactions.

`trade_state` is everything that the trade server knows at one moment; `book` its orders, deals and positions;
`transactions` the trade transactions for the terminal; `archive` old history; `money` profit, margin and
conversion.
"""
