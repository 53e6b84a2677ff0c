/**
 * The incumbent, `npm:peer` 1.0.2, as a program of its own, for Deno and for Node: the conformance tests and the
 * benchmark start it as a child.
 *
 * It stops as the incumbent's own command does: SIGTERM closes the listener and waits for the sockets. But that
 * command catches every exception, and a socket whose frame caused one is deaf from then on, which no test
 * can see without waiting; here, as in a program that embeds the library, it ends the process.
 *
 * The options come as one JSON object, the first argument; `log` among them makes it tell who comes and goes, as the
 * command does. Node finds the package in the folder of the file that is the second argument. On stdout it says
 * that it listens, and that it was told to stop, a JSON object a line each.
 */
import { createRequire } from "node:module";
import process from "node:process";

const [optionsJson = "{}", folder] = process.argv.slice(2);
const { log = false, ...options } = JSON.parse(optionsJson);
const { PeerServer } = folder === undefined
  ? await import("npm:peer@1.0.2")
  : createRequire(folder)("peer");

const say = (line) => console.log(JSON.stringify(line));
const peers = PeerServer({ ...options, port: 0, host: "127.0.0.1" }, (server) => {
  process.on("SIGTERM", () => {
    server.close(() => process.exit(0));
    say({ event: "stopping" });
  });
  say({ event: "listening", port: server.address().port });
});
if (log) {
  peers.on("connection", (client) => console.log(`Client connected: ${client.getId()}`));
  peers.on("disconnect", (client) => console.log(`Client disconnected: ${client.getId()}`));
}
