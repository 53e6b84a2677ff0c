/**
 * One worker, as the main thread sees it.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import { StartError } from "../errors.ts";
import type { NodeName } from "../../core/cluster/mod.ts";
import type { CallName, Calls, FromWorker, Listening, Orders, ToWorker } from "./protocol.ts";

/** What comes from a worker, and is not between it and this module. */
export type News = Exclude<
  FromWorker,
  { readonly kind: "listening" | "not-started" | "lines" | "reply" }
>;

export interface MemberOptions {
  readonly orders: Omit<Orders, "kind">;
  readonly onNews: (news: News) => void;
  /** Called once, when the worker ended by itself. */
  readonly onEnd: (why: string) => void;
  /** Prints lines of its log. */
  readonly print: (lines: readonly string[]) => void;
}

export class Member {
  readonly place: number;
  readonly name: NodeName;
  /** Settles when it listens. Rejects with a `StartError` if it cannot. */
  readonly listening: Promise<Listening>;
  readonly #options: MemberOptions;
  readonly #worker: Worker;
  readonly #listening = Promise.withResolvers<Listening>();
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #decoder = new TextDecoder();
  /** For how many turns of the watch it has not answered. */
  silentTurns = 0;
  /** How many descriptors it has lost. */
  leaks = 0;
  #lastCall = 0;
  #isOver = false;

  constructor(options: MemberOptions) {
    const { orders } = options;
    this.#options = options;
    this.place = orders.place;
    this.name = orders.name;
    this.listening = this.#listening.promise;
    this.listening.catch(() => {}); // Who waits for it learns of it.
    // A literal, so that `deno compile` finds it.
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: `worker ${orders.place}`,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#ended(event.message);
    };
    this.post({ kind: "start", ...orders });
  }

  post(message: ToWorker, ports: readonly MessagePort[] = []): void {
    if (!this.#isOver) this.#worker.postMessage(message, [...ports]);
  }

  /** Has the worker do something. Rejects if it fails, ends, or does not answer within `maxMs`. */
  async call<Name extends CallName>(
    what: Name,
    argument: Calls[Name]["argument"],
    maxMs: number,
  ): Promise<Calls[Name]["value"]> {
    if (this.#isOver) throw new Error(ENDED);
    const number = ++this.#lastCall;
    const answer = Promise.withResolvers<unknown>();
    this.#calls.set(number, answer);
    const late = (): void => answer.reject(new Error(LATE));
    const cancel = maxMs === Infinity ? (): void => {} : scheduleTimeout(late, maxMs);
    try {
      this.post({ kind: "call", number, what, argument });
      return await answer.promise as Calls[Name]["value"];
    } finally {
      cancel();
      this.#calls.delete(number);
    }
  }

  /** Ends the worker at once, whatever it does. */
  terminate(): void {
    this.#isOver = true;
    this.#worker.terminate();
    this.#listening.reject(new StartError(ENDED, 1));
    for (const { reject } of this.#calls.values()) reject(new Error(ENDED));
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "listening":
        return this.#listening.resolve(message);
      case "not-started":
        return this.#listening.reject(new StartError(message.message, message.exitCode));
      case "lines":
        // A piece ends with a line.
        this.#options.print(this.#decoder.decode(message.bytes).split("\n").slice(0, -1));
        return this.post({ kind: "lines-taken" });
      case "reply": {
        const call = this.#calls.get(message.number);
        if (message.error === null) call?.resolve(message.value);
        else call?.reject(new Error(message.error));
        return;
      }
      default:
        this.#options.onNews(message);
    }
  }

  #ended(why: string): void {
    if (this.#isOver) return;
    this.terminate();
    this.#options.onEnd(why);
  }
}

const ENDED = "the worker has ended";
const LATE = "the worker does not answer in time";
