// Prints the rows of a query on a SQLite file as JSON: node read.mjs FILE SQL.
import { DatabaseSync } from "node:sqlite";

const [file, sql] = process.argv.slice(2);
const journal = new DatabaseSync(file, { readOnly: true });
console.log(JSON.stringify(journal.prepare(sql).all()));
journal.close();
