/** Keys and paths that people set and clients write in more than one way, with both listeners. */
import { assertEquals } from "../support/assert.ts";
import { openSocket } from "../support/peer_socket.ts";
import { test } from "../support/served.ts";

/** What the first frame of a socket says: its type, or the sentence of an `ERROR`. */
async function answerTo(wsUrl: string): Promise<string> {
  const [url = "", query = ""] = wsUrl.split(/\?(.*)/s);
  await using socket = await openSocket({ wsUrl: url, query });
  const { type, payload } = Object(await socket.next());
  return payload?.msg ?? type;
}

/** Asserts that an id is given out at a URL. */
async function assertId(url: string): Promise<void> {
  const response = await fetch(url);
  assertEquals([response.status, (await response.text()).length], [200, 36], url);
}

/** The URLs of the stock client, which escapes nothing, and those of one that escapes all. */
function urlsOf(port: number, path: string, key: string): { http: string; ws: string }[] {
  const parts = path.split("/").map(encodeURIComponent).join("/");
  const query = new URLSearchParams({ key, id: "a", token: "t" });
  return [
    {
      http: new URL(`http://127.0.0.1:${port}${path}${key}/id`).href,
      ws: `ws://127.0.0.1:${port}${path}peerjs?key=${key}&id=a&token=t&version=1.5.5`,
    },
    {
      http: `http://127.0.0.1:${port}${parts}${encodeURIComponent(key)}/id`,
      ws: `ws://127.0.0.1:${port}${parts}peerjs?${query}`,
    },
  ];
}

test.served("[SET-8] [OPEN-2] [HTTP-4] a key is right however a client writes it", async ({ serve }) => {
  for (const key of ["a+b", "100%", "a%41", "two words", "ключ", "a+b c%", "c'est: la, clé;=!"]) {
    await using server = await serve({ key });
    for (const { http, ws } of urlsOf(server.port, "/", key)) {
      await assertId(http);
      assertEquals(await answerTo(ws), "OPEN", ws);
    }
    const [wrong] = urlsOf(server.port, "/", `${key}x`);
    assertEquals((await (await fetch(wrong?.http ?? "")).text()).slice(0, 11), "Invalid key");
    assertEquals(await answerTo(wrong?.ws ?? ""), "Invalid key provided");
  }
});

test.served("[SET-8] [HTTP-7] a path is the same with and without escapes, and shown with them", async ({ serve }) => {
  for (const path of ["/my app/", "/мой/путь/", "/100%/", "/a|b^c/", "/semi;colon,'quote'/"]) {
    await using server = await serve({ path });
    for (const { http, ws } of urlsOf(server.port, path, "peerjs")) {
      await assertId(http);
      assertEquals(await answerTo(ws), "OPEN", ws);
    }
    const origin = `http://127.0.0.1:${server.port}`;
    const body = await (await fetch(`${origin}/nowhere`)).text();
    await assertId(`${origin}${/GET (\S+)<key>\/id/.exec(body)?.[1] ?? ""}peerjs/id`);
  }
});
