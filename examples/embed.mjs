// node examples/embed.mjs    (after npm ci; a scripted model stands in for a language model)
import { SessionPool } from 'skein';

const baseURL = process.env.MODEL_URL ?? 'http://127.0.0.1:8080/v1';
const pool = await SessionPool.open({ providers: { local: { baseURL } } });
const session = await pool.start({ model: 'local:any', files: { 'greet.js': "console.log('helo');\n" } });
const result = await session.prompt('Correct the spelling in greet.js.');
console.log(result.reply);
console.log(result.patch);
await pool.close();
