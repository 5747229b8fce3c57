"""Records of the trade server: orders, deals, positions, money, transactions."""
