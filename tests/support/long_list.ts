/** Clients whose ids make a long list of peers. */
import type { Child } from "./child.ts";
import { inParallel } from "./load.ts";
import { openRaw } from "./raw_socket.ts";

/** Options that allow ids of 12 KB in the list: 250 of them are 3 MB. */
export const LONG_IDS = [
  ...["--max_id_length", "4096", "--max_query_length", "100000", "--max_head_bytes", "100000"],
  ...["--allow_discovery", "--proxied"],
];
export const ID_TEXT = "…".repeat(4_000);

/** Clients that are listed, until they are disposed of. */
export async function longList({ port }: Child, count: number): Promise<Disposable> {
  const clients = new DisposableStack();
  await inParallel(count, 32, async (i) => {
    await clients.use(await openRaw(port, `${i}${ID_TEXT}`)).json();
  });
  return clients;
}
