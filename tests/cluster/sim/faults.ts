/**
 * What goes wrong, by kind. Each is drawn now and then, counted, and ends by itself; `heal` ends all at once.
 *
 * @module
 */
import { pick } from "../../sim/dice.ts";
import type { Line } from "./engine_host.ts";
import type { Fleet } from "./fleet.ts";
import type { SimNode } from "./sim_node.ts";

/** Something that goes wrong. Returns for how long, or `null` if it cannot just now. */
type Fault = (fleet: Fleet, node: SimNode) => number | null;

/** Until a half-open connection is given up: three beats and some. */
const GIVEN_UP_MS = 12_000;

function lineFault(harm: (line: Line, fleet: Fleet, node: SimNode) => number): Fault {
  return (fleet, node) => node.line === null ? null : harm(node.line, fleet, node);
}

/** All of them, by what they are counted as. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "node crashed": (fleet, node) => {
    if (node.process === null) return null;
    const ms = fleet.dice.between(100, 30_000);
    crash(fleet, node);
    fleet.agenda.after(ms, () => node.process === null && node.start());
    return ms + 2 * fleet.settings.cluster_lease;
  },
  "node drained": (fleet, node) => {
    // One after the other, and where another node can take its clients.
    const isAlone = fleet.nodes.every((one) => one === node || one.process === null);
    if (node.process === null || isAlone || fleet.nodes.some((one) => one.isDraining)) return null;
    node.drain(fleet.dice.between(6_000, 12_000), () => {
      crash(fleet, node);
      fleet.agenda.after(fleet.dice.between(100, 3_000), () => {
        if (node.process === null) node.start();
      });
    });
    return 0;
  },
  "node paused for long": (fleet, node) => {
    const ms = fleet.settings.cluster_lease * fleet.dice.between(0.5, 2.5);
    node.pause(ms);
    return ms + GIVEN_UP_MS;
  },
  "node paused while it beats": (fleet, node) => {
    const ms = fleet.settings.cluster_lease * fleet.dice.between(0.9, 1.5);
    node.pauseAtBeat(ms);
    return ms + fleet.settings.cluster_lease + GIVEN_UP_MS;
  },
  "node paused for short": (fleet, node) => {
    const ms = fleet.dice.between(10, 4_000);
    node.pause(ms);
    return ms + GIVEN_UP_MS;
  },
  "all clients back at once": (fleet) => {
    for (const person of fleet.people) if (person.wants) person.move();
    return 1_000;
  },
  "connection cut": lineFault((line, { host }) => {
    host.resetLine(line);
    return GIVEN_UP_MS;
  }),
  "connection half-open": lineFault((line) => {
    line.isUpSound = false;
    line.isDownSound = false;
    return GIVEN_UP_MS;
  }),
  "connections half-open from their start": lineFault((line, { host, dice }, node) => {
    node.halfOpen = 1 + dice.below(2);
    host.resetLine(line);
    return 3 * GIVEN_UP_MS;
  }),
  "commands lost, answers not": lineFault((line) => {
    line.isUpSound = false;
    return GIVEN_UP_MS;
  }),
  "answers lost, commands not": lineFault((line) => {
    line.isDownSound = false;
    return GIVEN_UP_MS;
  }),
  "connection slow": lineFault((line, { agenda, dice }) => {
    line.extraMs = dice.between(50, 5_000);
    const ms = dice.between(1_000, 20_000);
    agenda.after(ms, () => line.extraMs = 0);
    return ms + GIVEN_UP_MS;
  }),
  "answers slow, then commands lost": lineFault((line, { agenda, dice, settings }) => {
    line.answerMs = settings.cluster_lease * dice.between(0.3, 2);
    const ms = settings.cluster_lease * dice.between(1, 3);
    agenda.after(ms, () => line.isUpSound = false);
    return ms + 4 * settings.cluster_lease + GIVEN_UP_MS;
  }),
  "old buffer arrives late": lineFault((line, { agenda, dice }, node) => {
    line.extraMs = dice.between(500, 8_000);
    agenda.after(dice.between(10, 1_000), () => line.isOpen && node.reconnect());
    return GIVEN_UP_MS;
  }),
  "subscriber cut": lineFault((_line, { agenda, dice }, node) => {
    agenda.after(dice.between(0, 20), () => node.reconnect());
    return GIVEN_UP_MS;
  }),
  "subscriber deaf": lineFault((line) => {
    line.isDeaf = true;
    return GIVEN_UP_MS;
  }),
  "channels lose and repeat": ({ host, agenda, dice }) => {
    const { faults } = host;
    faults.lost = dice.between(0, 0.5);
    faults.late = dice.between(0, 0.3);
    faults.doubled = dice.between(0, 0.3);
    const ms = dice.between(1_000, 20_000);
    agenda.after(ms, () => Object.assign(faults, { lost: 0, late: 0, doubled: 0 }));
    return ms + GIVEN_UP_MS;
  },
  "node cut from the engine": (fleet, node) => {
    if (node.isCutOff) return null;
    const ms = fleet.settings.cluster_lease * fleet.dice.between(0.3, 3);
    node.isCutOff = true;
    if (fleet.dice.isLucky(0.5) && node.line !== null) fleet.host.resetLine(node.line);
    fleet.agenda.after(ms, () => node.isCutOff = false);
    return ms + GIVEN_UP_MS;
  },
  "engine restarted": (fleet) => restartEngine(fleet, () => {}),
  "engine restarted empty": (fleet) => restartEngine(fleet, () => fleet.host.clear()),
  "engine restarted from a snapshot": (fleet) =>
    restartEngine(fleet, () => fleet.host.revert(fleet.dice.between(1_000, 25_000))),
  "failover loses the last writes": (fleet) => {
    const { agenda, dice, people, host } = fleet;
    // What was written last is lost: so there must be something.
    if (dice.isLucky(0.7)) {
      for (const person of people) {
        agenda.after(
          dice.between(0, 900),
          () => dice.isLucky(0.5) ? person.move() : person.leave(),
        );
      }
    }
    agenda.after(1_000, () => {
      restartEngine(fleet, () => host.revert(dice.between(300, 2_000)), 200);
    });
    return 6_000;
  },
  "engine's clock jumps ahead": ({ host, dice, settings }) => {
    host.jump(settings.cluster_lease * dice.between(0.1, 2));
    return GIVEN_UP_MS;
  },
  "engine's clock jumps back": ({ host, dice }) => {
    host.jump(-dice.between(100, 5_000));
    return GIVEN_UP_MS;
  },
  "engine's memory is full": ({ host, agenda, dice }) => {
    if (host.isFull) return null;
    host.isFull = true;
    const ms = dice.between(500, 10_000);
    agenda.after(ms, () => host.isFull = false);
    return ms + GIVEN_UP_MS;
  },
};

function crash(fleet: Fleet, node: SimNode): void {
  fleet.post.lose(node);
  node.crash();
}

function restartEngine(fleet: Fleet, change: () => void, mostMs = 20_000): number | null {
  const { host, agenda, dice } = fleet;
  if (host.isDown) return null;
  host.stop();
  const ms = dice.between(50, mostMs);
  agenda.after(ms, () => {
    if (!host.isDown) return;
    change();
    host.isDown = false;
  });
  return ms + GIVEN_UP_MS;
}

/** These are about all nodes. */
const COMMON = /^(?:engine|failover|channels|all)/;

/** Lets things go wrong, one every `everyMs` on average, until `untilMs`. */
export function trouble(
  fleet: Fleet,
  everyMs: number,
  untilMs: number,
  kinds: readonly string[],
): void {
  const { agenda, dice } = fleet;
  agenda.after(dice.around(everyMs), () => {
    if (agenda.now >= untilMs) return;
    harm(fleet, kinds);
    trouble(fleet, everyMs, untilMs, kinds);
  });
}

/** One thing goes wrong. */
export function harm(fleet: Fleet, kinds: readonly string[]): void {
  const { agenda, dice, nodes, watch } = fleet;
  const kind = pick(dice, kinds);
  const node = pick(dice, nodes);
  watch.note(agenda.now, "fault", [kind, node.label]);
  const ms = FAULTS[kind]?.(fleet, node) ?? null;
  if (ms === null) return;
  fleet.count(`fault: ${kind}`);
  fleet.disturb(COMMON.test(kind) ? null : node, ms);
}

/** Ends what is wrong. */
export function heal({ host, nodes }: Fleet): void {
  Object.assign(host.faults, { lost: 0, late: 0, doubled: 0 });
  host.isDown = false;
  host.isFull = false;
  for (const node of nodes) {
    node.isCutOff = false;
    if (node.process === null) node.start();
    if (node.line !== null) Object.assign(node.line, { extraMs: 0, answerMs: 0 });
  }
}
