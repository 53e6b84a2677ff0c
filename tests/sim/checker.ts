/**
 * Watches every step of the server and holds it against what the steps before have promised.
 *
 * It keeps a naive model: who holds which id, since when each is silent, where each letter is, who is owed
 * an `EXPIRE`. A step must do what the model says, no less and no more. A look costs as much as the step did.
 *
 * @module
 */
import { CLOSE, type Close, type ConnId, type Message } from "../../core/mod.ts";
import type { Send, Settings } from "../../core/mod.ts";
import { RuleBroken } from "./failure.ts";
import { Guesses } from "./guesses.ts";
import type { Letter } from "./letter.ts";
import type { Link } from "./link.ts";
import type { Step } from "./loop.ts";
import { broken, Post } from "./post.ts";
import { attachedSession, type Counts, noCounts, type Session, timeoutFault } from "./session.ts";
import type { Outcome } from "./sockets.ts";
import { Tells } from "./tells.ts";

/** The model, and the checks. */
export class Checker {
  readonly #settings: Settings;
  readonly post: Post;
  readonly tells: Tells;
  readonly sessions = new Map<ConnId, Session>();
  readonly holders = new Map<string, Session>();
  readonly counts: Counts = noCounts();
  readonly #guesses: Guesses;
  #step = 0;

  /** Nobody is connected. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.post = new Post(settings);
    this.tells = new Tells();
    this.#guesses = new Guesses(settings);
  }

  /** A socket got its number. */
  attached(link: Link, conn: ConnId, now: number): void {
    this.sessions.set(conn, attachedSession(link, conn, now));
    this.counts.sessions++;
  }

  /** The server made a step. */
  step(step: Step): void {
    this.#step++;
    const { event, now, state } = step;
    this.counts.events[event.kind] = (this.counts.events[event.kind] ?? 0) + 1;
    this.post.checkPunctual(now);
    switch (event.kind) {
      case "socket-opened":
        this.#opened(step, this.#sessionOf(event.conn));
        break;
      case "frame-received":
      case "binary-received":
        this.#heard(step, this.#sessionOf(event.conn));
        break;
      case "ping-unanswered":
        this.#effects(step, null);
        break;
      case "socket-closed":
        this.#end(this.#sessionOf(event.conn), now);
        this.#effects(step, null);
        break;
      case "send-failed":
        this.#failed(step, event.message, this.#sessionOf(event.conn));
        break;
      case "send-refused":
        this.#refused(step, event.message);
        break;
      case "tick":
        for (const letter of this.post.expire(now)) this.#fail(letter, "expired");
        this.#effects(step, null);
        break;
      case "shutdown-requested":
        break;
    }
    this.tells.settle(this.#step, now);
    if (state.stored.size !== this.post.stored) {
      throw this.#broken(
        "QUEUE-5",
        step,
        `${this.post.stored} messages are stored, not ${state.stored.size}`,
      );
    }
    if (state.claims.size !== this.holders.size) {
      throw this.#broken(
        "LIFE-2",
        step,
        `${this.holders.size} ids are held, not ${state.claims.size}`,
      );
    }
  }

  /** The open session of a connection, for the report of a failure: what it is called. */
  idOf(conn: ConnId): string {
    return this.sessions.get(conn)?.id ?? "?";
  }

  #opened(step: Step, session: Session): void {
    const { holders } = this;
    if (session.phase !== "attached") return this.#effects(step, null);
    session.phase = "opened";
    const held = holders.get(session.id);
    const isFull = holders.size >= this.#settings.concurrent_limit;
    this.#effects(step, session);
    const isIn = holders.get(session.id) === session;
    if (held !== undefined && held.token !== session.token) {
      this.#guesses.add(session);
      if (isIn) throw this.#broken("OPEN-4", step, `${session.id} was given to a wrong token`);
    } else if (held !== undefined && session.conn < held.conn) {
      if (isIn) throw this.#broken("OPEN-5", step, "an older socket took over");
    } else if (held !== undefined) {
      const isBlocked = this.#guesses.explain(step.effects, session);
      if (!isIn && !isBlocked) throw this.#broken("OPEN-5", step, "a takeover was refused");
      if (isIn && held.phase !== "closed") {
        throw this.#broken("OPEN-5", step, "the old one is open");
      }
      if (isIn) this.counts.takeovers++;
    } else if (isIn === isFull) {
      throw this.#broken("OPEN-6", step, isIn ? "more clients than there may be" : "not admitted");
    }
    if (isIn) this.post.checkDrained(session.id, step.now);
  }

  #heard(step: Step, session: Session): void {
    const { note, effects, now } = step;
    if (session.phase !== "holder") {
      if (effects.length > 0) throw this.#broken("OPEN-9", step, "a socket that is mute was heard");
      if (note?.kind === "letter") note.place = "ended";
      return;
    }
    const last = effects.at(-1);
    const isThrownOut = last?.kind === "close" && last.conn === session.conn &&
      last.code === CLOSE.tooMany;
    if (note?.kind === "letter" && !isThrownOut) {
      session.heardAt = now;
      this.#arrive(note, session, step);
      return;
    }
    if (note?.kind === "letter") note.place = "ended";
    if (note?.kind === "heartbeat") session.heardAt = now;
    const isToldOff = isThrownOut || note?.kind === "bad" || note?.kind === "leave";
    if (isToldOff !== effects.length > 0 || effects.some(({ conn }) => conn !== session.conn)) {
      throw this.#broken("MSG-6", step, `a frame that is ${note?.kind} did something else`);
    }
    this.#effects(step, null);
  }

  #arrive(letter: Letter, session: Session, step: Step): void {
    letter.place = "arrived";
    this.tells.begin(letter, session);
    this.#effects(step, null);
    this.#settleLetter(letter, step);
  }

  /** Where a letter that was not handed over has to be. */
  #settleLetter(letter: Letter, step: Step): void {
    if (letter.place !== "arrived") return;
    if (this.holders.has(letter.dst)) {
      throw broken(letter, step.now, "MSG-2", "was not given to its peer, who is there");
    }
    letter.address = this.#sourceOf(letter)?.link.address ?? "";
    if (letter.dst !== "" && this.post.hasRoom(letter)) { // MSG-13
      letter.owner = this.#sourceOf(letter)?.token ?? null;
      letter.step = this.#step;
      this.post.store(letter, step.now);
    } else {
      letter.place = "ended";
      this.#fail(letter, "refused");
    }
  }

  #failed(step: Step, message: Message | null, session: Session): void {
    this.#end(session, step.now);
    const letter = message === null ? undefined : this.post.in(message.text);
    if (letter !== undefined) letter.place = "arrived";
    this.#effects(step, null);
    if (letter !== undefined) this.#settleLetter(letter, step);
  }

  #refused(step: Step, message: Message): void {
    const letter = this.post.in(message.text);
    if (letter !== undefined) {
      letter.place = "ended";
      this.#fail(letter, "refused");
    }
    this.#effects(step, null);
  }

  #fail(letter: Letter, why: "expired" | "refused"): void {
    if (letter.meeting !== null) letter.meeting.hasFailed = true;
    this.tells.fail(letter, why, this.#sourceOf(letter));
  }

  /** Who has the id of its source now. */
  #sourceOf({ link }: Letter): Session | undefined {
    return link === null ? undefined : this.holders.get(link.id);
  }

  #effects(step: Step, opened: Session | null): void {
    step.effects.forEach((effect, i) => {
      const session = this.sessions.get(effect.conn);
      if (session === undefined || session.phase === "closed" || session.phase === "attached") {
        throw this.#broken("STATE-4", step, `${effect.kind} for ${effect.conn}, which is not open`);
      }
      if (effect.kind === "close") this.#closed(step, effect, session);
      else this.#sent(step, { effect, session, opened, outcome: step.outcomes[i] ?? "done" });
    });
  }

  #sent(
    step: Step,
    { effect, session, opened, outcome }: {
      readonly effect: Send;
      readonly session: Session;
      readonly opened: Session | null;
      readonly outcome: Outcome;
    },
  ): void {
    const { text } = effect;
    const letter = this.post.in(text);
    if (letter !== undefined) {
      if (this.holders.get(letter.dst) !== session) {
        throw broken(letter, step.now, "MSG-2", `is sent to ${session.id} on ${session.conn}`);
      }
      this.post.handOver(letter, outcome, step.now);
    } else if (text === OPEN) {
      if (session !== opened) throw this.#broken("OPEN-6", step, "OPEN for somebody else");
      const held = this.holders.get(session.id);
      if (held !== undefined && held.token === session.token) held.phase = "opened";
      session.phase = "holder";
      session.heardAt = step.now;
      this.holders.set(session.id, session);
      this.counts.admitted++;
    } else if (text.startsWith(EXPIRE)) {
      if (session.phase !== "holder") throw this.#broken("QUEUE-3", step, "told on an old socket");
      this.tells.tell(session, String(JSON.parse(text).src));
    } else if (text.startsWith(ID_TAKEN)) {
      if (session.phase !== "opened") throw this.#broken("OPEN-4", step, "the owner was disturbed");
      this.counts.idTaken++;
    } else if (!("conn" in step.event) || step.event.conn !== session.conn) {
      throw this.#broken("MSG-6", step, `${session.id} got what concerns another: ${text}`);
    }
  }

  #closed(step: Step, { code }: Close, session: Session): void {
    const { now } = step;
    const wasHolder = session.phase === "holder";
    this.#end(session, now);
    if (!wasHolder) {
      if (code !== CLOSE.replaced && code !== CLOSE.idTaken) this.counts.refusals++;
      return;
    }
    if (code === CLOSE.timedOut) {
      this.counts.timeouts++;
      const fault = timeoutFault(session, now, this.#settings.alive_timeout);
      if (fault !== null) throw this.#broken("LIFE-1", step, fault);
    } else if (code === CLOSE.unanswered) {
      const isOwn = step.event.kind === "ping-unanswered" && step.event.conn === session.conn;
      if (!isOwn) throw this.#broken("LIFE-4", step, `${session.id} had answered its pings`);
    } else if (code === CLOSE.left || code === CLOSE.badFrames || code === CLOSE.tooMany) {
      // Who slept answers everything at once when it wakes.
      const { isRough, isDisturbed } = session.link;
      if (!isRough && !(isDisturbed && code === CLOSE.tooMany)) {
        throw this.#broken("LIMIT-1", step, `${session.id} keeps its habits: closed with ${code}`);
      }
      this.counts.refusals++;
    } else throw this.#broken("OPEN-9", step, `${session.id} was closed with ${code}`);
  }

  #end(session: Session, now: number): void {
    if (session.phase === "closed") return;
    session.phase = "closed";
    session.closedAt = now;
    if (this.holders.get(session.id) === session) this.holders.delete(session.id);
  }

  #sessionOf(conn: ConnId): Session {
    const session = this.sessions.get(conn);
    if (session === undefined) throw new TypeError(`Connection ${conn} was never attached`);
    return session;
  }

  #broken(rule: string, { now, event, effects }: Step, message: string): RuleBroken {
    const conns = effects.map(({ conn }) => conn);
    if ("conn" in event) conns.push(event.conn);
    return new RuleBroken({ rule, at: now, message, peers: conns.map((conn) => this.idOf(conn)) });
  }
}

const OPEN = '{"type":"OPEN"}';
const EXPIRE = '{"type":"EXPIRE"';
const ID_TAKEN = '{"type":"ID-TAKEN"';
