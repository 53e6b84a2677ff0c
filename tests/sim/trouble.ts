/** Those who do not keep to the rules: clients with bugs, floods, and thieves of ids. */
import type { Client } from "./client.ts";
import { pick } from "./dice.ts";
import type { Link } from "./link.ts";
import { GHOST } from "./meeting.ts";
import type { Person } from "./person.ts";
import { BINARY } from "./sockets.ts";
import { dstFor, type World } from "./world.ts";

/** A client with a bug does something wrong; a flood comes. */
export function misbehave(world: World, person: Person, client: Client): void {
  if (person.options.kind === "flooder") flood(world, client, dstFor(world, person));
  else stumble(world, client, dstFor(world, person));
}

/** Tries now and then to take somebody's id with a token that is wrong. */
export function thief(world: World, index: number): void {
  const { agenda, dice, network, people, fresh, ways } = world;
  agenda.after(dice.around(ways.theftEveryMs), () => {
    if (world.isQuiet) return;
    const victim = pick(dice, people).client?.id ?? "nobody";
    let link: Link | null = null;
    const close = (): void => {
      if (link !== null) network.closeUp(link);
    };
    const endpoint = { opened: () => {}, message: () => {}, closed: close };
    const address = `10.250.${index >> 8 & 255}.${index & 255}`;
    const token = fresh("t");
    link = network.connect({ id: victim, token, address, endpoint, isRough: true, isSilent: true });
    if (dice.isLucky(0.3)) agenda.after(dice.between(0, 500), close);
    else agenda.after(dice.between(5_000, 120_000), close);
    thief(world, index);
  });
}

function stumble({ dice, post }: World, client: Client, dst: string): void {
  const what = dice.below(6);
  if (what === 0) client.sendRaw(pick(dice, BAD));
  else if (what === 1) {
    for (let i = dice.below(24); i > 0; i--) client.sendRaw(pick(dice, BAD));
  } else if (what === 2) client.sendRaw(pick(dice, UNKNOWN));
  else if (what === 3 && dice.isLucky(0.2)) client.sendRaw('{"type":"LEAVE"}');
  else if (what === 3) {
    const type = pick(dice, ["OFFER", "ANSWER", "CANDIDATE", "CANDIDATE"] as const);
    client.send(post.write({ type, dst: "", meeting: null, padding: 5 }));
  } else {
    const forged = post.write({ type: "OFFER", dst, meeting: null, padding: 5, src: "u0" });
    client.sendRaw(forged.text, forged);
  }
}

function flood({ dice, post, ways }: World, client: Client, dst: string): void {
  const padding = dice.isLucky(0.3) ? ways.floodBytes : 10;
  for (let i = dice.below(ways.floodFrames); i > 0; i--) {
    const type = dice.isLucky(0.1) ? "OFFER" : "CANDIDATE";
    const to = dice.isLucky(0.1) ? `${GHOST}${dice.below(5)}` : dst;
    client.send(post.write({ type, dst: to, meeting: null, padding }));
  }
}

const UNKNOWN = ['{"type":"FUTURE","dst":"x"}', "{}", '{"type":7}', '{"ping":"once"}'];

const BAD = ["", "no JSON", "[]", "null", "7", '{"type":"OPEN"}', '{"type":"ID-TAKEN"}', BINARY];
