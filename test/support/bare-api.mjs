// What an API costs that does nothing but its SQL: Fastify, pg, the given statements one after the other, the rows of the
// last one as JSON. Configured by BARE: {"url", "statements": [{"text", "values"}]}; prints its port.
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import pg from 'pg';

const { url, statements } = JSON.parse(readFileSync(process.env['BARE'], 'utf8'));
const pool = new pg.Pool({ connectionString: url, max: 10 });
const app = Fastify();
app.get('/', async () => {
  let rows = [];
  for (const { text, values } of statements) ({ rows } = await pool.query(text, values));
  return { items: rows };
});
await app.listen({ port: 0, host: '127.0.0.1' });
console.log(JSON.stringify({ port: app.server.address().port }));
