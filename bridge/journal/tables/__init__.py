"""All SQL on the journal's tables, one module per table; `views` reads the SQL views.

A statement stands in the module of its main table: the one behind its first FROM, INTO or UPDATE. That is the table
whose rows it returns or changes. Other tables may occur in it only in a JOIN or in a subquery.

Each module has one list of its table's columns, used to insert, to select and to read a row. Values are named
parameters; words of a state come from their enums. The functions write nothing but what their name says, and know
no rule of trading.
"""
