/**
 * Somebody with a browser: opens pages, reloads and leaves them, loses the network, lets the laptop sleep,
 * and wants to meet others. What an app does with the client's events is here; what the client does is not.
 */
import { holderOf } from "./audit.ts";
import { Client } from "./client.ts";
import { pick } from "./dice.ts";
import type { Letter } from "./letter.ts";
import type { Link } from "./link.ts";
import { CANDIDATES_MAX, type Meeting, THINK_MAX_MS, TRICKLE_MAX_MS } from "./meeting.ts";
import { misbehave } from "./trouble.ts";
import { dstFor, expectMeeting, type World } from "./world.ts";

export type Kind =
  | "usual"
  /** Reconnects at once, again and again. */
  | "impatient"
  /** Its tab is hidden most of the time. */
  | "hidden"
  /** Its client sends no heartbeats. */
  | "silent"
  /** Its client sends bad frames, forges `src`, and says that it leaves. */
  | "buggy"
  /** Its client sends far too much. */
  | "flooder";

export interface PersonOptions {
  readonly index: number;
  readonly kind: Kind;
  /** The id that the app wants; `null` where the server is asked for one. */
  readonly wantedId: string | null;
  /** The token that the app keeps over a reload; `null` where each page has a new one. */
  readonly pinnedToken: string | null;
}

export class Person {
  readonly address: string;
  client: Client | null = null;
  #isHidden = false;
  #tries = 0;
  #page = 0;

  constructor(private readonly world: World, readonly options: PersonOptions) {
    this.address = `10.${[16, 8, 0].map((by) => options.index >> by & 255).join(".")}`;
  }

  arrive(): void {
    const { agenda, network, dice, post, fresh } = this.world;
    const { kind, pinnedToken, wantedId } = this.options;
    const page = ++this.#page;
    this.#isHidden = kind === "hidden" || dice.isLucky(0.1);
    const client = new Client({
      agenda,
      network,
      token: pinnedToken ?? fresh("t"),
      address: this.address,
      isRough: kind === "buggy" || kind === "flooder",
      isSilent: kind === "silent",
      heartbeatMs: () => this.#heartbeatMs(),
      onSent: (letter, link) => post.send(letter, link, agenda.now),
      app: {
        onOpen: () => this.#onOpen(page),
        onMessage: (text) => this.#onMessage(text),
        onUnavailable: (id) => this.#onUnavailable(id),
        onDisconnected: () => this.#later(page, this.#patienceMs(), () => client.reconnect()),
        onClose: () => this.#onRefused(page),
      },
    });
    this.client = client;
    if (wantedId !== null) client.start(wantedId);
    else {
      agenda.after(dice.between(20, 500), () => client.start(fresh("fresh")));
      if (dice.isLucky(0.3)) this.meet();
    }
    this.#later(page, dice.around(this.world.ways.pageMs), () => this.#turn(page));
    this.#meetLater(page);
  }

  leave(): void {
    this.#page++;
    this.client?.unload();
    this.client = null;
  }

  meet(): void {
    const { client } = this;
    const { dice, fresh } = this.world;
    if (client === null || (client.link === null && client.id !== null)) return;
    const dst = dstFor(this.world, this);
    const holder = holderOf(this.world, dst);
    const from = client.link;
    const isSound = holder?.isSound === true && !holder.isRough && client.isOpen &&
      from?.isSound === true;
    const meeting: Meeting | null = from === null || dst === client.id ? null : {
      connectionId: fresh("dc_"),
      from,
      dst,
      to: isSound ? holder : null,
      there: [],
      back: [],
      isTold: false,
    };
    this.#speak("OFFER", dst, meeting);
    if (meeting !== null && meeting.there.length > 0) expectMeeting(this.world, meeting);
    if (dice.isLucky(0.02)) this.#speak("OFFER", dst, null);
  }

  /** An offer or an answer, and the candidates that trickle after it. */
  #speak(type: "OFFER" | "ANSWER", dst: string, meeting: Meeting | null): void {
    const { dice, post } = this.world;
    this.#say(post.write({ type, dst, meeting, padding: 40 }));
    const page = this.#page;
    for (let i = dice.below(CANDIDATES_MAX + 1); i > 0; i--) {
      this.#later(page, dice.between(0, TRICKLE_MAX_MS), () => {
        this.#say(post.write({ type: "CANDIDATE", dst, meeting, padding: 10 }));
      });
    }
  }

  #say(letter: Letter): void {
    this.client?.send(letter);
    const { meeting, link } = letter;
    if (meeting === null || link === null) return;
    if (link === meeting.from) meeting.there.push(letter);
    else if (link === meeting.to) meeting.back.push(letter);
  }

  #onOpen(page: number): void {
    this.#tries = 0;
    const { kind } = this.options;
    if (kind === "buggy" || kind === "flooder") this.#misbehaveLater(page);
  }

  #onMessage(text: string): void {
    const { dice, post, agenda } = this.world;
    const link = this.client?.link ?? null;
    if (link === null) return;
    const { type, link: from, meeting } = post.receive(text, link, agenda.now);
    // Of what comes as a flood an app makes nothing.
    if (type !== "OFFER" || from === null || meeting === null) return;
    const thinkMs = dice.between(10, THINK_MAX_MS);
    this.#later(this.#page, thinkMs, () => this.#speak("ANSWER", from.id, meeting));
  }

  /** Every meeting with that peer has failed. */
  #onUnavailable(id: string): void {
    const link = this.client?.link;
    for (const meeting of this.world.meetings) {
      const { from, to, dst } = meeting;
      if (from === link && dst === id || to === link && from.id === id) meeting.isTold = true;
    }
  }

  /** The page was refused before it was ever open: the app tries again, and at last with another id. */
  #onRefused(page: number): void {
    const { dice } = this.world;
    this.#tries++;
    this.#later(page, dice.between(500, 4_000) * Math.min(this.#tries, 8), () => this.arrive());
  }

  /** A page has served its time. */
  #turn(page: number): void {
    const { dice, network, agenda, ways } = this.world;
    const { client } = this;
    const link = client?.link;
    if (client === null || page !== this.#page || this.world.isQuiet) return;
    const again = (): void => this.#later(page, dice.around(ways.pageMs), () => this.#turn(page));
    const what = dice.chance();
    if (what < 0.35) {
      this.leave();
      const awayMs = what < 0.25 ? dice.between(50, 3_000) : dice.around(ways.awayMs);
      this.#later(this.#page, awayMs, () => this.arrive());
    } else if (what < 0.5 && link) {
      this.#cut(link);
      again();
    } else if (what < 0.6 && link) {
      this.#vanish(link);
    } else if (what < 0.7 && link) {
      const untilMs = agenda.now + dice.around(dice.isLucky(0.5) ? 3_000 : 90_000);
      network.freeze(link, Math.min(untilMs, agenda.now + FREEZE_MAX_MS));
      again();
    } else if (what < 0.8) {
      client.disconnect();
      again();
    } else {
      this.#isHidden = !this.#isHidden;
      again();
    }
  }

  /** The network is gone; the client hears of it, or does not; and so does the server. */
  #cut(link: Link): void {
    const { dice, network } = this.world;
    const clientAfterMs = dice.between(0, dice.isLucky(0.5) ? 100 : 60_000);
    const late = [dice.between(1, 5_000), dice.between(1, 60_000)];
    const serverAfterMs = pick(dice, [0, ...late, Infinity]);
    network.cut(link, { clientAfterMs, serverAfterMs, isReset: dice.isLucky(0.5) });
  }

  /** A phone changes networks or dies: its page is gone, and its socket stays behind. */
  #vanish(link: Link): void {
    const { dice, network } = this.world;
    this.#page++;
    this.client?.vanish();
    this.client = null;
    const serverAfterMs = dice.isLucky(0.6) ? Infinity : dice.between(0, 30_000);
    network.cut(link, { clientAfterMs: Infinity, serverAfterMs, isReset: dice.isLucky(0.3) });
    this.#later(this.#page, dice.between(200, 10_000), () => this.arrive());
  }

  #meetLater(page: number): void {
    const { dice, ways } = this.world;
    this.#later(page, dice.around(ways.meetEveryMs), () => {
      if (this.world.isQuiet) return;
      if (this.client?.isOpen) this.meet();
      this.#meetLater(page);
    });
  }

  #misbehaveLater(page: number): void {
    const { dice } = this.world;
    this.#later(page, dice.around(20_000), () => {
      if (this.client?.isOpen !== true || this.world.isQuiet) return;
      misbehave(this.world, this, this.client);
      this.#misbehaveLater(page);
    });
  }

  /** Runs later, unless the page is another by then; a page that sleeps does it when it wakes. */
  #later(page: number, delayMs: number, run: () => void): void {
    const { agenda } = this.world;
    agenda.after(delayMs, () => {
      if (page !== this.#page) return;
      const frozenUntil = this.client?.link?.frozenUntil ?? 0;
      if (frozenUntil > agenda.now) this.#later(page, frozenUntil - agenda.now, run);
      else run();
    });
  }

  #patienceMs(): number {
    const { dice } = this.world;
    return this.options.kind === "impatient" ? dice.between(0, 200) : dice.between(500, 10_000);
  }

  /** A hidden tab's timers run once a minute, whenever they are due. */
  #heartbeatMs(): number {
    if (!this.#isHidden) return HEARTBEAT_MS;
    const { now } = this.world.agenda;
    const dueAt = now + HEARTBEAT_MS;
    return Math.ceil(dueAt / 60_000) * 60_000 - now;
  }
}

const HEARTBEAT_MS = 5_000;

export const FREEZE_MAX_MS = 300_000;
