"""A terminal without MetaTrader: it loads a built EA, drives its handlers and answers its calls."""
