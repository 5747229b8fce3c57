"""Syntax of MQL5: tokens to a tree, with the error numbers of MetaQuotes' list where the text is no program."""
