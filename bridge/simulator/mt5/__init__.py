"""MetaTrader 5's constants and trade structures, for the simulated broker and the terminals."""
