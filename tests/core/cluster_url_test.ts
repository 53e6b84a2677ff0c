/** The URL of option `cluster`. */
import { readClusterUrl, settingsFrom, shownCluster } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

const READ = [
  ["redis://localhost", "redis://localhost:6379", "", "", "", 0],
  ["redis://h:1/", "redis://h:1", "", "", "", 0],
  ["redis://:hush@h:1/2", "redis://h:1", "", "hush", "", 2],
  ["rediss://me:p%40ss%2F@[::1]:7", "rediss://[::1]:7", "me", "p@ss/", "", 0],
  ["redis://me@h", "redis://h:6379", "me", "", "", 0],
  ["redis+sentinel://a,b:2/1?master=m-1", "redis+sentinel://a:26379,b:2", "", "", "m-1", 1],
  ["redis+sentinel://u:p@a?master=m", "redis+sentinel://a:26379", "u", "p", "m", 0],
] as const;

Deno.test("[CLUSTER-31] a URL names the Redis, who asks, and the database; only scheme and hosts are shown", () => {
  for (const [url, shown, user, password, master, db] of READ) {
    const address = readClusterUrl(url);
    assert(typeof address !== "string", url);
    assertEquals(shownCluster(address), shown);
    const { user: u, password: p, master: m, db: d } = address;
    assertEquals([u, p, m, d], [user, password, master, db], url);
    assertEquals(settingsFrom({ cluster: url }).cluster, url);
  }
});

const WRONG = [
  ["redis://hush@", /needs a host/],
  ["redis://h:0", /a port from 1 to 65535/],
  ["redis://h:65536", /a port from 1 to 65535/],
  ["redis://hush:h:p", /needs a host/],
  ["redis://a,b", /several hosts/],
  ["redis://h/hush", /number of a database/],
  ["redis://h/1?db=hush", /must have no query/],
  ["redis://%hush:a@h", /escapes nothing/],
  ["redis://a:%hush@h", /escapes nothing/],
  ["redis://h#hush", /have no fragment/],
  ["redis+sentinel://h", /needs \?master=/],
  ["redis+sentinel://h?master=", /needs \?master=/],
  ["redis+sentinel://h?master=m&hush=1", /needs \?master=/],
  ["redis+sentinel://h,?master=m", /needs a host/],
  ["http://hush", /redis:\/\/host:6379/],
  ["hush", /redis:\/\/host:6379/],
] as const;

function caught(work: () => unknown): RangeError {
  try {
    work();
  } catch (error) {
    if (error instanceof RangeError) return error;
  }
  throw new Error("It is no mistake");
}

Deno.test("[CLUSTER-31] a URL that is none is a mistake, and is not quoted", () => {
  for (const [cluster, why] of WRONG) {
    const { message } = caught(() => settingsFrom({ cluster }));
    assert(why.test(message) && message.startsWith("Option cluster "), message);
    assert(!message.includes("hush"), message);
  }
});
