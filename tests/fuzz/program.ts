/**
 * Strangers who are after the log, and forged tokens, for the program: bytes on its port, lines on its stdout.
 */
import { type Child, type ChildOptions, startChild } from "../support/child.ts";
import { join, openSocket } from "../support/peer_socket.ts";
import { frame as rawFrame, OPCODE } from "../support/raw_socket.ts";
import { forge, SECRET, SIGNERS } from "./forge.ts";
import { type Dice, pick } from "../sim/dice.ts";
import { type Attempt, attempt, HUSH, KEY } from "./stranger.ts";
import { rightsOf, sharedPart, SHOWN_IN_REASON } from "./tokens.ts";
import { fire, frame, VOLLEY } from "./wire.ts";

/** How a child is to be started that {@linkcode fuzzLogWire} is for. */
export const LOG_CHILD = {
  args: (`--key ${KEY} --log_level debug --max_id_length 4096 --proxied yes ` +
    "--cors https://app.example --frame_rate 0 --expire_timeout 50").split(" "),
};

/** How a child is to be started that {@linkcode fuzzTokensWire} is for. */
export const TOKEN_CHILD = {
  args: ["--auth", "jwt", "--log_level", "debug"],
  env: { PEERSERVER_AUTH_SECRET: SECRET },
};

/** Starts the server, has it attacked, and sees that it ends as it should. */
export async function inChild(
  listener: string,
  { args = [], env = {} }: ChildOptions,
  attack: (child: Child) => Promise<void>,
): Promise<Child> {
  await using child = await startChild({ args: ["--listener", listener, ...args], env });
  await attack(child);
  const { code } = await child.stop();
  if (code === 0) return child;
  throw new Error(`The server ended with ${code}: ${child.lines.slice(-20).join("\n")}`);
}

/** Makes so many volleys of attempts, and a good one, whose line must come. */
export async function fuzzLogWire(dice: Dice, child: Child, volleys: number): Promise<void> {
  for (let volley = 0; volley < volleys; volley++) {
    const attempts = Array.from({ length: VOLLEY }, () => bytesOf(dice, attempt(dice)));
    await Promise.all(attempts.map((parts) => fire(child.port, parts)));
  }
  await using _last = await join(child, "the last", { key: KEY, token: `${HUSH}-t` });
  await child.nextLine((line) => line.includes("the last"));
}

/** The request as it is, which is often none, or with a URL and headers that get as far as the server. */
function bytesOf(dice: Dice, given: Attempt): Uint8Array[] {
  const isTidy = dice.chance() < 0.7;
  const { method, path, query, headers, frames, close } = given;
  const target = `${path}${query}`;
  const lines = [
    `${method} ${isTidy ? tidyUrl(target) : target} HTTP/1.1`,
    "host: localhost",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${isTidy ? tidy(value) : value}`),
    ...(headers["upgrade"] === undefined ? ["connection: close"] : []),
  ];
  const encoder = new TextEncoder();
  const reason = encoder.encode(close.reason).subarray(0, 120);
  const last = Uint8Array.from([close.code >> 8, close.code & 255, ...reason]);
  return [
    encoder.encode(`${lines.join("\r\n")}\r\n\r\n`),
    ...frames.map((text) => frame(dice, encoder.encode(text))),
    rawFrame(last, { opcode: OPCODE.close }),
  ];
}

/** Escapes what no URL may have in it, and nothing twice. */
function tidyUrl(text: string): string {
  return text.toWellFormed().replaceAll(/[^!-~]|[#"<>\\^`{|}]/gu, encodeURIComponent);
}

/** Without what no header may have in it. */
function tidy(text: string): string {
  return Array.from(text, (unit) => unit < " " || unit === "\x7f" ? "?" : unit).join("");
}

/**
 * Opens sockets with so many tokens, and gives how many were let in.
 *
 * @throws {Error} Where one is that must not be, or an answer or a line repeats a token.
 */
export async function fuzzTokensWire(dice: Dice, child: Child, steps: number): Promise<number> {
  const tokens: string[] = [];
  const answers: string[] = [];
  let opened = 0;
  for (let step = 0; step < steps; step++) {
    const forged = forge(dice, SIGNERS.secret);
    const token = forged.token.toWellFormed().slice(0, pick(dice, [4_000, 5_000]));
    const socket = await openSocket({ wsUrl: child.wsUrl, key: "peerjs", id: HUSH, token });
    const answer = JSON.stringify(await socket.next());
    const rights = rightsOf({ ...forged, token }, SIGNERS.secret, { ms: 0, date: new Date() });
    if (answer === '{"type":"OPEN"}') {
      if (rights === null) throw new Error(`It was let in: ${JSON.stringify(forged)}`);
      await socket.close();
      opened++;
    } else {
      const { reason } = await socket.closed;
      const part = sharedPart(reason, token, SHOWN_IN_REASON);
      if (part !== null) throw new Error(`"${part}" of a token is shown: ${reason}`);
      answers.push(answer);
    }
    if (token.length >= SHOWN) tokens.push(token);
  }
  const whole = tokens.join("\n");
  for (const text of [...answers, ...child.lines]) {
    const part = sharedPart(text, whole, SHOWN);
    if (part !== null) throw new Error(`"${part}" of a token is shown: ${text}`);
  }
  return opened;
}

/** So many characters in a row of a token are a part of it, in JSON that can have something in common with it. */
const SHOWN = 16;
