/**
 * The incumbent as a program that Node runs: the package comes from the folder of the file that is the only
 * argument. All its settings are as they are, apart from the number of clients, and it logs who comes and goes, as
 * its command does.
 */
import { createRequire } from "node:module";
import process from "node:process";

const { PeerServer } = createRequire(process.argv[2])("peer");

const server = PeerServer({ host: "127.0.0.1", port: 0, concurrent_limit: 10_000 }, (server) => {
  console.log(JSON.stringify({ event: "listening", port: server.address().port }));
});
server.on("connection", (client) => console.log(`Client connected: ${client.getId()}`));
server.on("disconnect", (client) => console.log(`Client disconnected: ${client.getId()}`));
