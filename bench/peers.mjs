// DuckDB and polars behind a pipe: one JSON request a line in, one JSON answer a line out.
// cpu is the CPU time in seconds that this whole process used for the request, all threads.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.argv[2] + '/peers.js');
const optional = (name) => { try { return require(name); } catch { return null; } };
const duckdb = optional('@duckdb/node-api');
const polars = optional('nodejs-polars');

const connection = duckdb
  && await (await duckdb.DuckDBInstance.create(':memory:', { threads: '1' })).connect();
const frames = {};

// one column expression per name, so that a request stays data
const expressions = {
  rolling_vol: ({ bars }) => polars.col('close').log(Math.E).diff(1, 'ignore')
    .rollingStd({ windowSize: bars, minPeriods: bars }),
};

const handlers = {
  peers: async () => ({ duckdb: Boolean(duckdb), polars: Boolean(polars) }),
  duckdb: async ({ sql }) => (await connection.runAndReadAll(sql)).getRowsJson(),
  polars_load: async ({ name, csv }) => { frames[name] = polars.readCSV(csv); return []; },
  polars: async ({ name, expression, group, args }) => {
    const out = frames[name].select(expressions[expression](args).over(group).alias('v'));
    const v = out.getColumn('v');
    return [[v.len() - v.nullCount(), v.sum()]];
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  let answer;
  try {
    answer = { result: await handlers[request.do](request) };
  } catch (error) {
    answer = { error: String(error) };
  }
  const used = process.cpuUsage(before);
  answer.cpu = (used.user + used.system) / 1e6;
  answer.wall = Number(process.hrtime.bigint() - start) / 1e9;
  process.stdout.write(JSON.stringify(answer) + '\n');
}
