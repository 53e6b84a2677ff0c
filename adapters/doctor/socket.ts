/**
 * Clients of the doctor: sockets that speak the protocol of PeerJS.
 *
 * @module
 */
import { WebSocket } from "../ws.ts";
import type { Answer, Opened, SocketEnd, Target } from "./findings.ts";
import { hostText, ownOrigin } from "./findings.ts";
import { type NodeResponse, readAnswer, timedOut, tlsOptions, unreached } from "./http.ts";

/** What the doctor reads of a frame. */
interface Frame {
  readonly type: string;
  readonly mark: string;
  readonly text: string;
}

/** An open or closed client. */
export interface Client {
  readonly id: string;
  readonly opened: Opened;
  readonly send: (frame: unknown) => void;
  /** Settles with `true` when a frame with this mark arrives, with `false` at the end or after the time. */
  readonly arrival: (mark: string, maxMs: number) => Promise<boolean>;
  /** Settles with how the socket ended, or with `null` after the time. */
  readonly closed: (maxMs: number) => Promise<SocketEnd | null>;
  /** Closes the socket, and settles when that is answered or takes too long. */
  readonly end: () => Promise<void>;
}

/** Whether the server admitted the client. */
export function isAdmitted({ opened }: Client): boolean {
  return opened.kind === "upgraded" && opened.type === "OPEN";
}

/** Opens a socket as a page of the target's origin does, and waits for the first frame. Never rejects. */
export async function openClient(target: Target, id: string, token: string): Promise<Client> {
  const { secure, port, path, key } = target;
  const query = new URLSearchParams({ key, id, token, version: "1.5.5" });
  const url = `${secure ? "wss" : "ws"}://${hostText(target)}:${port}${path}peerjs?${query}`;
  const socket = new WebSocket(url, {
    ...tlsOptions(target),
    origin: target.origin ?? ownOrigin(target),
    headers: { "user-agent": "signalbox-doctor" },
    maxPayload: FRAME_MAX_BYTES,
  });
  const inbox = createInbox();
  const { frames, until } = inbox;
  const opened = Promise.withResolvers<Opened>();
  const timer = setTimeout(() => opened.resolve(timedOut()), target.maxMs);

  socket.on("message", (data: unknown) => {
    const frame = readFrame(String(data));
    inbox.add(frame);
    opened.resolve({ kind: "upgraded", type: frame.type, text: frame.text });
  });
  socket.on(
    "unexpected-response",
    (_request: unknown, response: NodeResponse) =>
      readAnswer(response, (answer: Answer) => {
        opened.resolve(answer);
        socket.terminate();
      }),
  );
  socket.on("error", (error: unknown) => opened.resolve(unreached(error)));
  socket.on("close", (code: number, reason: unknown) => {
    inbox.close({ code, reason: String(reason) });
    opened.resolve({ kind: "upgraded", type: "", text: "" });
  });

  const how = await opened.promise;
  clearTimeout(timer);
  return {
    id,
    opened: how,
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    arrival: (mark, maxMs) =>
      until(() => frames.some((frame) => frame.mark === mark) ? true : null, false, maxMs),
    closed: (maxMs) => until<SocketEnd | null>(inbox.ended, null, maxMs),
    end: async () => {
      socket.close();
      await until(inbox.ended, null, CLOSE_MAX_MS);
      socket.terminate();
    },
  };
}

/** What arrived at a socket. */
interface Inbox {
  readonly frames: readonly Frame[];
  readonly add: (frame: Frame) => void;
  readonly close: (end: SocketEnd) => void;
  /** How the socket ended; `null` while it is open. */
  readonly ended: () => SocketEnd | null;
  /** Settles with what `look` finds, or with `otherwise` at the end of the socket or after the time. */
  readonly until: <T>(look: () => T | null, otherwise: T, maxMs: number) => Promise<T>;
}

function createInbox(): Inbox {
  const frames: Frame[] = [];
  const watchers = new Set<() => void>();
  let ended: SocketEnd | null = null;
  const wake = (): void => [...watchers].forEach((watcher) => watcher());
  return {
    frames,
    add: (frame) => {
      if (frames.length < FRAMES_MAX) frames.push(frame);
      wake();
    },
    close: (end) => {
      ended = end;
      wake();
    },
    ended: () => ended,
    until: async <T>(look: () => T | null, otherwise: T, maxMs: number): Promise<T> => {
      const { promise, resolve } = Promise.withResolvers<T>();
      const check = (): void => {
        const found = look();
        if (found !== null) resolve(found);
        else if (ended !== null) resolve(otherwise);
      };
      const timer = setTimeout(() => resolve(otherwise), maxMs);
      watchers.add(check);
      check();
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        watchers.delete(check);
      }
    },
  };
}

function readFrame(text: string): Frame {
  try {
    const { type, payload } = Object(JSON.parse(text));
    const { mark = "", msg = "" } = Object(payload);
    return { type: String(type), mark: String(mark), text: String(msg).slice(0, 512) };
  } catch {
    return { type: "", mark: "", text: "" };
  }
}

/** Above what the doctor itself sends. */
const FRAME_MAX_BYTES = 1_048_576;
const FRAMES_MAX = 64;

const CLOSE_MAX_MS = 1_000;
