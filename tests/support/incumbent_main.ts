/**
 * The incumbent, `npm:peer` 1.0.2, as a program of its own: the conformance tests start it as a child.
 *
 * It stops as the incumbent's own command does: SIGTERM closes the listener and waits for the sockets. But that
 * command catches every exception, and a socket whose frame caused one is deaf from then on, which no test
 * can see without waiting; here, as in a program that embeds the library, it ends the process.
 *
 * The options come as one JSON object, the only argument. On stdout it says two things, a JSON object a
 * line each: that it listens, and that it was told to stop.
 *
 * @module
 */
import process from "node:process";
import { PeerServer } from "npm:peer@1.0.2";

type Options = NonNullable<Parameters<typeof PeerServer>[0]>;

if (import.meta.main) main(Deno.args[0] ?? "{}");

function main(optionsJson: string): void {
  const given: Options = JSON.parse(optionsJson);
  PeerServer({ ...given, port: 0, host: "127.0.0.1" }, (server) => {
    process.on("SIGTERM", () => {
      server.close(() => process.exit(0));
      say({ event: "stopping" });
    });
    const address = server.address();
    if (address === null || typeof address === "string") {
      throw new Error(`Cannot name the port of the incumbent: its address is ${address}`);
    }
    say({ event: "listening", port: address.port });
  });
}

function say(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
