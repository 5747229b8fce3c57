// Copies a SQLite file with SQLite's online backup: node backup.mjs FILE COPY.
import { backup, DatabaseSync } from "node:sqlite";

const [file, copy] = process.argv.slice(2);
const journal = new DatabaseSync(file, { readOnly: true });
await backup(journal, copy, { rate: 1000000 });
journal.close();
