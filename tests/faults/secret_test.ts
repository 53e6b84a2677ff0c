/** A marked key, token and secret, through every refusal and every error, are in nothing that is printed or answered. */
import { assert, assertEquals } from "../support/assert.ts";
import { makeFolder } from "../support/folder.ts";
import { join, openSocket, refusal } from "../support/peer_socket.ts";
import { latin1, rawHttp } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";

const KEY = "sesame-key";
const TOKEN = "sesame-token";
const FLAGS = `--key ${KEY} --log_level debug --max_token_length 20 --max_id_length 20 ` +
  "--max_query_length 200 --concurrent_limit 2 " +
  "--cors https://app.example --expire_timeout 50 --max_bad_frames 3 --frame_burst 100";

/** Requests with the key and the token in every place, good, wrong and broken. */
function requestsOf(port: number): string[] {
  const query = `key=${KEY}&id=x&token=${TOKEN}`;
  const paths = [
    `/${KEY}/id`,
    `/${KEY}/peers`,
    `/${KEY}-wrong/id`,
    `/${KEY}/nothing`,
    `/${KEY}/${TOKEN}/id`,
    `/peerjs?${query}`,
    `/nothing?${query}`,
    `/peerjs?key=${KEY}&id=${"x".repeat(30)}&token=${TOKEN}`,
    `//${TOKEN}@${KEY}/id`,
    `/%zz${KEY}`,
  ];
  const head =
    `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`;
  const upgrade = (version: string, key: string): string =>
    `GET /peerjs?${query} HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Version: ${version}\r\nSec-WebSocket-Key: ${key}\r\n${head}`;
  return [
    ...["GET", "POST", "OPTIONS", "HEAD"].flatMap((method) =>
      paths.map((path) => `${method} ${path} HTTP/1.1\r\n${head}`)
    ),
    upgrade("12", "dGhlIHNhbXBsZSBub25jZQ=="),
    upgrade("13", TOKEN),
    `GET /${KEY}/id?token=${TOKEN} HTTP/9.9\r\n${head}`,
    `${TOKEN} ${KEY}\r\n\r\n`,
  ];
}

test.program("[FAULT-26] the key and the token are in no line of the log and in no answer", async ({ start }) => {
  await using child = await start({ args: FLAGS.split(" ") });
  const { wsUrl, port } = child;
  const client = { wsUrl, key: KEY, token: TOKEN };
  const answers: string[] = [];
  const a = await join(child, "a", client);
  const b = await join(child, "b", client);
  const refused = [
    { ...client, id: "x", key: `${KEY}-wrong` },
    { wsUrl, key: KEY, token: TOKEN },
    { ...client, id: "x".repeat(30) },
    { ...client, id: "x", token: TOKEN.repeat(5) },
    { ...client, id: "x", token: `${TOKEN}\n` },
    { ...client, id: "x", token: TOKEN.repeat(50) },
    { ...client, id: "x" },
    ...[1, 2, 3].map((n) => ({ ...client, id: "a", token: `${TOKEN}-${n}` })),
    { ...client, id: "a" },
  ];
  for (const options of refused) {
    const socket = await openSocket(options);
    answers.push(JSON.stringify(await socket.next()));
    if (answers.length < refused.length) answers.push(JSON.stringify(await socket.closed));
    else await socket.close();
  }
  for (const text of ["no JSON", "[]", '{"type":"OPEN"}', '{"type":"OFFER"}']) b.sendRaw(text);
  answers.push(JSON.stringify([await b.next(), await b.closed, await a.closed]));
  for (const request of requestsOf(port)) answers.push(await rawHttp(port, latin1(request)));
  assertEquals((await child.stop()).code, 0);
  for (const text of [...answers, ...child.lines]) {
    assert(!text.includes("sesame"), `a secret is in ${text}`);
  }
  assert(answers.length > 50);
});

test.program("[FAULT-26] [AUTH-4] the URL that keys come from, which resets, is in no line, no answer and no recording", async ({ start }) => {
  const keys = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const resets = (async () => {
    for await (const conn of keys) conn.close();
  })();
  await using folder = await makeFolder();
  const url = `http://sesame:sesame@127.0.0.1:${keys.addr.port}/sesame?key=x&sig=sesame`;
  const record = ["--record", `${folder.path}/a.ndjson`, "--log_level", "debug"];
  try {
    await using child = await start({ args: ["--auth", "jwt", "--auth_jwks", url, ...record] });
    const token = `${btoa('{"alg":"RS256","kid":"sesame"}').replaceAll("=", "")}.e30.sesame`;
    const msg = "Tokens cannot be checked now: try again later";
    assertEquals(await refusal(child, { token }), [msg, { code: 4006, reason: msg }]);
    await child.nextLine((line) => line.includes("The keys of auth_jwks cannot be loaded"));
    assertEquals((await child.stop()).code, 0);
    const recording = await Deno.readTextFile(`${folder.path}/a.ndjson`);
    for (const text of [recording, ...child.lines]) assert(!text.includes("sesame"), text);
    assert(recording.includes(msg));
  } finally {
    keys.close();
    await resets;
  }
});
