/** Conversations about who is admitted, who is refused, and who takes over. */
import { type Conversation, test } from "../support/side_by_side.ts";
import { closed, dropped, json, NO_CODE, offer, open, refused, turnedAway } from "./said.ts";

const PEERS = { GET: "peerjs/peers" };
const MISSING = "No id, token, or key supplied to websocket server";
const FULL_UP = "Server has reached its concurrent user limit";
const REPLACED = "Replaced by a newer connection with the same id and token";
const ID_TAKEN = { type: "ID-TAKEN", payload: { msg: "ID is taken" } };

const ODD_IDS = [
  ...["__proto__", "constructor", "toString", "two words", "\u{1f600}", "ümläut", "null", "0"],
  ...["a/b?c&d=e#f+g%41", 'say "hi"', "ä\\ö", "case", "CASE", "case "],
];
const INCOMPLETE = [
  ...["", "id=a&token=t", "key=peerjs&token=t", "key=peerjs&id=a", "key=&id=a&token=t"],
  ...["key=peerjs&id=&token=t", "key=peerjs&id=a&token="],
];
const TOO_MUCH: Readonly<Record<string, Readonly<{ id: string; token: string }>>> = {
  "long id": { id: "i".repeat(257), token: "t" },
  "long token": { id: "long", token: "t".repeat(4_097) },
  "bell in the id": { id: "bell\u0007", token: "t" },
  "delete in the token": { id: "delete", token: "t\u007f" },
};

/** With prefix `/myapp`, and peers that may be listed. */
export const OPEN: readonly Conversation[] = [
  test.same("[OPEN-6] [OPEN-2] escapes in parameters are undone", async ({ ask, join }) => {
    await join("escaped", { query: "key=%70eerjs&id=two%20words&token=t", id: "two words" });
    await join("plus", { query: "key=peerjs&id=a+b&token=t", id: "a b" });
    await join("raw", { query: "key=peerjs&id=c d&token=t", id: "c d" });
    await join("malformed", { query: "key=peerjs&id=%zz&token=t", id: "%zz" });
    await ask("peerjs/peers");
  }),
  test.same("[OPEN-8] [HTTP-3] [MSG-11] every string is an ordinary id, and another is another: __proto__, spaces, emoji", async ({ ask, join }) => {
    for (const id of ODD_IDS) {
      const odd = await join(id);
      odd.send({ type: "OFFER", dst: id, payload: id });
      await odd.got(2);
    }
    await ask("peerjs/peers");
  }),
  test.same("[HTTP-7] a socket at another path is not opened", async ({ connect }) => {
    for (const path of ["/peerjs", "nothing", "peerjs/", "peerjs/id"]) {
      await connect(path, { path });
    }
  }),
  test.differs("[OPEN-1] without key, id or token nobody is admitted", async ({ join }) => {
    for (const query of INCOMPLETE) await (await join(`?${query}`, { query })).ended();
  })({
    signalbox: Object.fromEntries(INCOMPLETE.map((query) => [`?${query}`, refused(4002, MISSING)])),
    incumbent: Object.fromEntries(INCOMPLETE.map((query) => [`?${query}`, turnedAway(MISSING)])),
    row:
      "a socket that is refused | is told why, and closed without a code | is told the same, and closed with a code and the reason",
  }),
  test.differs("[OPEN-3] too long, or with control characters, is refused", async ({ join }) => {
    for (const [name, entry] of Object.entries(TOO_MUCH)) await join(name, entry);
  })({
    signalbox: {
      "long id": refused(4002, "The id has 257 characters: at most 256 are allowed"),
      "long token": refused(4002, "The token has 4097 characters: at most 4096 are allowed"),
      "bell in the id": refused(4002, "The id has control characters in it"),
      "delete in the token": refused(4002, "The token has control characters in it"),
    },
    incumbent: Object.fromEntries(Object.keys(TOO_MUCH).map((name) => [name, open()])),
  }),
  test.differs(
    "[OPEN-4] an id that is held is taken, and its holder notices nothing",
    async ({ ask, join }) => {
      await join("holder", { id: "taken" });
      const other = await join("other", { id: "taken", token: "another" });
      await other.ended();
      await ask("peerjs/peers");
    },
  )({
    signalbox: {
      holder: open(),
      other: [ID_TAKEN, { code: 4001, reason: "ID is taken" }],
      http: [json(PEERS, ["taken"])],
    },
    incumbent: { holder: open(), other: [ID_TAKEN, NO_CODE], http: [json(PEERS, ["taken"])] },
  }),
  test.differs("[FAULT-9] of a parameter given twice the first counts", async ({ ask, join }) => {
    const witness = await join("witness");
    const twice = await join("twice", { query: "key=peerjs&id=first&id=last&token=t" });
    await twice.tell(witness);
    await ask("peerjs/peers");
  })({
    signalbox: {
      witness: open(offer("first", "witness", "from twice")),
      twice: open(),
      http: [json(PEERS, ["witness", "first"])],
    },
    incumbent: {
      witness: open(offer("last", "witness", "from twice")),
      twice: open(),
      http: [json(PEERS, ["witness", "last"])],
    },
  }),
];

/** With room for one client. */
export const FULL: readonly Conversation[] = [
  test.differs("[OPEN-7] a full server refuses, until a place is free", async ({ join, unlisted }) => {
    const first = await join("first");
    await (await join("second")).ended();
    await first.close();
    await unlisted("first");
    await join("third");
  })({
    signalbox: { first: dropped(), second: refused(4004, FULL_UP), third: open() },
    incumbent: { first: dropped(), second: turnedAway(FULL_UP), third: open() },
  }),
];

/** About an id that passes from one socket to another; with prefix `/myapp`, and peers that may be listed. */
export const TAKEOVER: readonly Conversation[] = [
  test.differs(
    "[OPEN-5] a takeover gets OPEN, the old socket is closed and mute, and the new one is spoken to",
    async ({ ask, connect, join }) => {
      const witness = await join("witness");
      const old = await join("old", { id: "moves" });
      const last = await join("last");
      const newer = await connect("newer", { id: "moves" });
      await newer.fence();
      await old.tell(witness);
      last.send({ type: "OFFER", dst: "moves", payload: "for the new socket" });
      await last.fence();
      await ask("peerjs/peers");
    },
  )({
    signalbox: {
      witness: open(),
      old: closed(4000, REPLACED),
      last: open(),
      newer: open(offer("last", "moves", "for the new socket")),
      http: [json(PEERS, ["witness", "last", "moves"])],
    },
    incumbent: {
      witness: open(offer("moves", "witness", "from old")),
      old: open(),
      last: open(),
      newer: [offer("last", "moves", "for the new socket"), "open"],
      http: [json(PEERS, ["witness", "moves", "last"])],
    },
    row:
      "the same id and token connect again | no `OPEN`, the old socket can still speak, the new one dies on the old one's clock | `OPEN`, the old socket is closed and mute, the clock starts anew",
  }),
  test.differs(
    "[OPEN-9] [MSG-4] the late close of an old socket evicts nobody",
    async ({ ask, join, unlisted }) => {
      const witness = await join("witness");
      const left = await join("left", { id: "handed-on" });
      left.send({ type: "LEAVE" });
      await unlisted("handed-on");
      const owner = await join("owner", { id: "handed-on", token: "another" });
      await left.close();
      // Often enough for a close that is under way to be through.
      await unlisted("handed-on", 50);
      await ask("peerjs/peers");
      await owner.tell(witness);
    },
  )({
    signalbox: {
      witness: open(offer("handed-on", "witness", "from owner")),
      left: closed(4009, "Left"),
      owner: open(),
      http: [json(PEERS, ["witness", "handed-on"])],
    },
    incumbent: {
      witness: open(offer("handed-on", "witness", "from owner")),
      left: dropped(),
      owner: open(),
      http: [json(PEERS, ["witness"])],
    },
  }),
];
