/** Conversations about an id that passes from one socket to another. */
import { type Conversation, test } from "../support/side_by_side.ts";
import { closed, dropped, json, offer, open } from "./said.ts";

const PEERS = { GET: "peerjs/peers" };
const REPLACED = "Replaced by a newer connection with the same id and token";

/** With prefix `/myapp`, and peers that may be listed. */
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
