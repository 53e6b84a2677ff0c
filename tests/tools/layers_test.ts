/** Which room may import which: a room that is not in a list here has none of the others to know.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { readText, sourceFiles } from "./docs.ts";

/** What each room of `core/` may import, of `core/` itself "." being its files outside of rooms. */
const CORE: Readonly<Record<string, readonly string[]>> = {
  collections: ["."],
  wire: [".", "cluster", "collections"],
  settings: [".", "wire", "rules"],
  rules: [".", "cluster", "collections", "settings", "wire"],
  inspect: [".", "cluster", "collections", "rules", "settings"],
  cluster: [".", "collections", "wire"],
  attempts: [".", "collections", "wire"],
  ".": [".", "attempts", "cluster", "collections", "inspect", "rules", "settings", "wire"],
};

/** What each room of `adapters/` may import of the others; all may import the core by `FACES`. */
const ADAPTERS: Readonly<Record<string, readonly string[]>> = {
  admin: [".", "auth", "listen", "observe"],
  auth: [".", "observe"],
  cluster: ["."],
  doctor: ["."],
  http: [".", "auth", "listen", "observe", "sockets"],
  listen: [".", "auth", "http", "observe", "sockets"],
  observe: [".", "cluster", "listen", "record", "workers"],
  program: [".", "admin", "auth", "doctor", "listen", "observe", "record"],
  record: [".", "admin", "observe"],
  sockets: ["."],
  workers: [".", "admin", "cluster", "listen", "observe", "record"],
  ".": [".", "admin", "auth", "cluster", "http", "listen", "observe", "record", "sockets"],
};

/** What adapters may import of the core. */
const FACES = ["core/mod.ts", "core/attempts/mod.ts", "core/cluster/mod.ts"];

/** The room of a file: its first folder, "." where it stands outside of all. */
function roomOf(path: string): string {
  const [, room = "", file] = path.split("/");
  return file === undefined ? "." : room;
}

async function importsOf(file: string): Promise<string[]> {
  const code = await readText(file);
  const found = code.matchAll(/^(?:import|export)\b[^;]*?from "(\.[^"]+)";$/gm);
  return [...found].map(([, source = ""]) => new URL(source, `file:///${file}`).pathname.slice(1));
}

for (const [folder, allowed] of [["core", CORE], ["adapters", ADAPTERS]] as const) {
  Deno.test(`a room of ${folder}/ imports only those that it may`, async () => {
    for (const file of await sourceFiles(folder)) {
      const from = roomOf(file);
      for (const source of await importsOf(file)) {
        if (folder === "adapters" && FACES.includes(source)) continue;
        assert(source.startsWith(`${folder}/`), `${file} imports ${source}`);
        const to = roomOf(source);
        const may = to === from || (allowed[from] ?? []).includes(to);
        assert(may, `${file} imports ${source}: ${from} may not know ${to}`);
      }
    }
  });
}

/** The files that every start of the program, or of a worker, loads, and the libraries that they name. */
async function loadedAlways(
  entry = "main.ts",
): Promise<{ files: Set<string>; libraries: Set<string> }> {
  const [files, libraries] = [new Set<string>(), new Set<string>()];
  const load = async (file: string): Promise<void> => {
    if (files.has(file)) return;
    files.add(file);
    const code = await readText(file);
    for (
      const [, source = ""] of code.matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gm)
    ) {
      if (!source.startsWith(".")) libraries.add(source);
      else await load(new URL(source, `file:///${file}`).pathname.slice(1));
    }
  };
  await load(entry);
  return { files, libraries };
}

Deno.test("a start loads no module of Node that has Deno ask for a debugger at each frame", async () => {
  const { libraries } = await loadedAlways();
  // `node:url` loads no other.
  const ofNode = [...libraries].filter((library) => library.startsWith("node:"));
  assertEquals(ofNode, ["node:url"]);
});

Deno.test("[CLUSTER-32] a server that is alone loads nothing of the cluster's adapter", async () => {
  const { files, libraries } = await loadedAlways();
  assert(files.has("adapters/cluster_node.ts"), "the way to the adapter is known");
  assert(!libraries.has("redis"), "the library is loaded");
  const needless = [...files].filter((file) =>
    /^adapters\/cluster\/|^core\/cluster\/(?:mod|engine)\.ts/.test(file)
  );
  assertEquals(needless, []);
});

Deno.test("[WORKER-2] a server with one worker loads nothing of workers", async () => {
  const { files } = await loadedAlways();
  assert(files.has("adapters/program/program.ts"), "the way to workers is known");
  assertEquals([...files].filter((file) => file.startsWith("adapters/workers/")), []);
});

Deno.test("[ADMIN-1] a server without an admin port loads nothing of it, and no library for metrics", async () => {
  const ways = [
    ["main.ts", "adapters/program/program.ts"],
    ["adapters/workers/worker.ts", "adapters/workers/worker.ts"],
  ] as const;
  for (const [entry, way] of ways) {
    const { files, libraries } = await loadedAlways(entry);
    assert(files.has(way), "the way to the admin port is known");
    const needless = [...files].filter((file) =>
      /^(?:adapters\/admin|core\/attempts)\//.test(file)
    );
    assertEquals(needless, [], entry);
    assert(!libraries.has("@opentelemetry/api"));
  }
});

Deno.test("[EMBED-6] without the listener node and without a mount no WebSockets of another library are loaded", async () => {
  const { files, libraries } = await loadedAlways();
  assert(files.has("adapters/signalbox.ts"), "the way to a mount is known");
  assertEquals([...files].filter((file) => file.startsWith("adapters/listen/node/")), []);
  assert(!libraries.has("ws"));
});

Deno.test("no file imports itself through others, not even for a type", async () => {
  const graph = new Map<string, string[]>();
  for (const folder of ["core", "adapters"]) {
    for (const file of await sourceFiles(folder)) graph.set(file, await importsOf(file));
  }
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert(!path.includes(file), [...path.slice(path.indexOf(file)), file].join(" imports "));
    if (done.has(file)) return;
    for (const source of graph.get(file) ?? []) visit(source, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});
