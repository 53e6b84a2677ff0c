/**
 * Connections that ask for much and read nothing: requests in a row, and streams of HTTP/2 with a window of 0; and
 * connections that are reset at once.
 */
import http2 from "node:http2";
import net from "node:net";
import { within } from "./peer_socket.ts";
import { connect, handshake, latin1, write } from "./raw_socket.ts";

/** A connection that asked, and read of what came only what shows that it was answered. */
export interface Greedy extends Disposable {
  /** Reads on, to the end of the connection; how many bytes there were. */
  drain(): Promise<number>;
}

/** Asks for `path` so often at once, and reads the beginning of the first answer. */
export async function askInARow(
  port: number,
  path: string,
  times: number,
  headers = "",
): Promise<Greedy> {
  const connection = await connect(port);
  const read = async (bytes: number): Promise<number> =>
    await connection.read(new Uint8Array(bytes)).catch(() => null) ?? 0;
  // The server may stop reading, or end the connection, before it has all of them.
  void write(connection, latin1(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`.repeat(times)));
  let count = await within(read(512), ANSWER_MAX_MS, "Nothing was answered");
  return {
    drain: async (): Promise<number> => {
      for (let more = count; more > 0; count += more) more = await read(65_536);
      return count;
    },
    [Symbol.dispose]: (): void => connection.close(),
  };
}

/** Asks for `path` by so many streams, of which none may have a body, and waits for the heads of all answers. */
export async function askByStreams(
  port: number,
  path: string,
  streams: number,
): Promise<Disposable> {
  const settings = { initialWindowSize: 0 };
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings });
  session.on("error", () => {}); // The server may end it.
  const answers = Array.from({ length: streams }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stream = session.request({ ":path": path });
    for (const event of ["response", "error", "close"]) stream.on(event, () => resolve());
    return promise;
  });
  await within(Promise.all(answers), ANSWER_MAX_MS, "Not all were answered");
  return { [Symbol.dispose]: (): void => session.destroy() };
}

const ANSWER_MAX_MS = 20_000;

/** Sends a handshake, and resets the connection before it can be answered. */
export async function resetAtOnce(port: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = net.connect(port, "127.0.0.1", () => {
    socket.write(handshake("/peerjs?key=wrong&id=a&token=t"), () => {
      socket.resetAndDestroy();
    });
  });
  socket.on("error", () => {});
  socket.on("close", () => resolve());
  await promise;
}
