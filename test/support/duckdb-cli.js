/**
 * Stands in for DuckDB's program, which no package of this project brings: `duckdb [-csv] -c QUERY`, with the library of the same
 * name. Prints CSV, as the program does with -csv.
 */
import process from 'node:process';
import { DuckDBInstance } from '@duckdb/node-api';

const [query] = process.argv.slice(2).filter((one) => one !== '-csv' && one !== '-c');
const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await instance.connect();
const result = await connection.runAndReadAll(query ?? '');
const lines = [result.columnNames(), ...result.getRowsJson()].map((row) => `${row.map(String).join(',')}\n`);
process.stdout.write(lines.join(''));
