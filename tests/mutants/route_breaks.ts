/**
 * Breaks of what becomes of a frame: passed on, counted, answered.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what becomes of a frame. */
export const ROUTE_BREAKS: readonly Break[] = breaksOf("core/rules/relay.ts", [
  {
    name: "LEAVE for a number is told",
    rules: ["MSG-13"],
    find: "(!isUsable || holderOf(state, dst) === undefined)",
    put: "holderOf(state, dst) === undefined",
  },
  {
    name: "text may have any number of bytes",
    rules: ["LIMIT-11"],
    find: 'if (bytesPaidUntil === null) return cutOff(state, conn, known, "bytes");',
    put: "",
  },
  {
    name: "binary may have any number of bytes",
    rules: ["LIMIT-11"],
    find: 'if (bytesPaidUntil === null) return cutOff(state, conn, connection, "bytes");',
    put: "",
  },
  {
    name: "bytes are looked at before the size",
    rules: ["LIMIT-11", "MSG-9"],
    find:
      '  if (isLongerThan(text, state.settings.max_message_bytes)) return tooBig(state, conn, known);\n  const bytesPaidUntil = payForBytes(state.settings, known, text.length, now);\n  if (bytesPaidUntil === null) return cutOff(state, conn, known, "bytes");',
    put:
      '  const bytesPaidUntil = payForBytes(state.settings, known, text.length, now);\n  if (bytesPaidUntil === null) return cutOff(state, conn, known, "bytes");\n  if (isLongerThan(text, state.settings.max_message_bytes)) return tooBig(state, conn, known);',
  },
  {
    name: "a destination that no peer can have is stored",
    rules: ["MSG-13"],
    find: "if (!isUsable) return refuseMessage(heard, src, dst);",
    put: "",
  },
  {
    name: "a number is a peer's id",
    rules: ["MSG-13"],
    find: "frame.isText && isUsableId",
    put: "isUsableId",
  },
  {
    name: "a destination is kept at any length",
    rules: ["MSG-13"],
    find: "isUsable ? frame.dst : cutDestination(frame.dst, max_id_length)",
    put: "frame.dst",
  },
  {
    name: "a destination is cut one character early",
    rules: ["MSG-13"],
    find: "dst.slice(0, maxLength)",
    put: "dst.slice(0, maxLength - 1)",
  },
  {
    name: "a destination that is cut can be a peer's id",
    rules: ["MSG-13", "QUEUE-4"],
    find: "`${dst.slice(0, maxLength)}…`",
    put: "dst.slice(0, maxLength)",
  },
  {
    name: "what no peer can get begins no attempt",
    rules: ["MSG-13", "QUEUE-4"],
    find: "beginAttempt(connection, type, dst)",
    put: "beginAttempt(connection, type, isUsable ? dst : peerId(`${dst}?`))",
  },
  {
    name: "src is taken from the frame",
    rules: ["MSG-1"],
    find: "return transmit(state, conn, markAlive(known, paid, now), { frame, now });",
    put:
      "return transmit(state, conn, { ...markAlive(known, paid, now), id: JSON.parse(text).src }, { frame, now });",
  },
  {
    name: "LEAVE is stored for a peer that is absent",
    rules: ["MSG-3"],
    find: 'if (type === "LEAVE" && (!isUsable || holderOf(state, dst) === undefined)) return',
    put: "if (false) return",
  },
  {
    name: "LEAVE is never passed on",
    rules: ["MSG-2"],
    find: 'if (type === "LEAVE" && (!isUsable || holderOf(state, dst) === undefined)) return',
    put: 'if (type === "LEAVE") return',
  },
  {
    name: "EXPIRE is dropped for a peer that is absent",
    rules: ["MSG-3"],
    find: 'if (type === "LEAVE" && (!isUsable',
    put: 'if ((type === "LEAVE" || type === "EXPIRE") && (!isUsable',
  },
  {
    name: "a heartbeat does not refresh",
    rules: ["MSG-5"],
    find: "return [keep(state, conn, markAlive(known, paid, now)), []];",
    put: "return [keep(state, conn, { ...known, ...paid }), []];",
  },
  {
    name: "a transmission does not refresh",
    rules: ["MSG-5"],
    find: "return transmit(state, conn, markAlive(known, paid, now), { frame, now });",
    put: "return transmit(state, conn, { ...known, ...paid, badFrames: 0 }, { frame, now });",
  },
  {
    name: "a LEAVE for an absent peer does not refresh",
    rules: ["MSG-5"],
    find: "return [heard, []];",
    put: "return [state, []];",
  },
  {
    name: "a frame of an unknown type refreshes",
    rules: ["MSG-8", "MSG-5"],
    find: "...keep(state, conn, { ...known, ...paid }),",
    put: "...keep(state, conn, markAlive(known, paid, now)),",
  },
  {
    name: "a frame of an unknown type is not counted",
    rules: ["MSG-8"],
    find: "unknownTypes: state.unknownTypes + 1",
    put: "unknownTypes: state.unknownTypes",
  },
  {
    name: "a frame of an unknown type costs nothing of the rate",
    rules: ["LIMIT-1", "LIMIT-11"],
    find: "...keep(state, conn, { ...known, ...paid }),",
    put: "...state,",
  },
  {
    name: "text that is no frame costs nothing of the rate",
    rules: ["LIMIT-1", "LIMIT-11"],
    find: "answerFault(state, conn, { ...known, ...paid }, decoded.fault)",
    put: "answerFault(state, conn, known, decoded.fault)",
  },
  {
    name: "a binary message costs nothing of the rate",
    rules: ["LIMIT-1", "LIMIT-11"],
    find: "{ ...connection, paidUntil, bytesPaidUntil }, fault)",
    put: "connection, fault)",
  },
  {
    name: "a frame too many is dropped, and its sender stays",
    rules: ["LIMIT-1"],
    find: ", close(conn, CLOSE.tooMany, reason)]",
    put: "]",
  },
  {
    name: "a text that is too big is judged by what it says",
    rules: ["MSG-9"],
    find: "if (isLongerThan(text, state.settings.max_message_bytes)) return",
    put: "if (false) return",
  },
  {
    name: "max_message_bytes off by one, text",
    rules: ["MSG-9"],
    find: "isLongerThan(text, state.settings.max_message_bytes)",
    put: "isLongerThan(text, state.settings.max_message_bytes + 1)",
  },
  {
    name: "max_message_bytes off by one, binary",
    rules: ["MSG-9"],
    find: "if (bytes > state.settings.max_message_bytes)",
    put: "if (bytes >= state.settings.max_message_bytes)",
  },
  {
    name: "whoever sent a message that is too big stays",
    rules: ["MSG-9"],
    find: ", close(conn, CLOSE.tooBig, reason)]",
    put: "]",
  },
  {
    name: "max_bad_frames off by one: one frame more",
    rules: ["MSG-7"],
    find: "badFrames >= max_bad_frames",
    put: "badFrames > max_bad_frames",
  },
  {
    name: "max_bad_frames off by one: one frame less",
    rules: ["MSG-7"],
    find: "badFrames >= max_bad_frames",
    put: "badFrames + 1 >= max_bad_frames",
  },
  {
    name: "bad frames are not counted",
    rules: ["MSG-7"],
    find: "{ ...connection, badFrames }), [answer]",
    put: "connection), [answer]",
  },
  {
    name: "a bad frame refreshes",
    rules: ["MSG-5", "MSG-6"],
    find: "{ ...connection, badFrames }), [answer]",
    put: "{ ...connection, badFrames, heardAt: connection.paidUntil }), [answer]",
  },
  {
    name: "whoever leaves keeps its record",
    rules: ["MSG-4"],
    find: "return [release(state, conn, known), [close(conn, CLOSE.left",
    put: "return [state, [close(conn, CLOSE.left",
  },
  {
    name: "whoever leaves keeps its socket",
    rules: ["MSG-4"],
    find: '[close(conn, CLOSE.left, "Left")]',
    put: "[]",
  },
  {
    name: "a message to oneself is stored",
    rules: ["MSG-11"],
    find: "return holder === undefined ?",
    put: "return holder === undefined || parcel.dst === parcel.src ?",
  },
  {
    name: "a message is delivered and stored",
    rules: ["QUEUE-5"],
    find: ": [state, [send(holder, parcel.text)]];",
    put: ": [store(state, parcel, now)[0], [send(holder, parcel.text)]];",
  },
  {
    name: "a socket that could not be sent to keeps its record",
    rules: ["MSG-12"],
    find: "let [next] = closed(state, conn);",
    put: "let next = state;",
  },
  {
    name: "what could not be sent is stored in another order",
    rules: ["MSG-12", "QUEUE-1"],
    find: "texts.map(decodeParcel)",
    put: "texts.toReversed().map(decodeParcel)",
  },
  {
    name: "what could not be sent is lost after the first that is dropped",
    rules: ["MSG-12"],
    find: ".filter((parcel) => parcel !== null)) {",
    put:
      ".filter((parcel) => parcel !== null).slice(0, texts.findIndex((text) => decodeParcel(text) === null) >>> 0)) {",
  },
  {
    name: "an offer begins no attempt",
    rules: ["QUEUE-4", "LIMIT-6"],
    find: 'type !== "OFFER" && ',
    put: "",
  },
  {
    name: "an answer begins no attempt",
    rules: ["QUEUE-4"],
    find: ' && type !== "ANSWER"',
    put: "",
  },
  {
    name: "a candidate begins an attempt",
    rules: ["QUEUE-4"],
    find: '(type !== "OFFER" && type !== "ANSWER")',
    put: "false",
  },
  {
    name: "an attempt at one peer begins one at all of them",
    rules: ["QUEUE-4"],
    find: "refusalsTold.filter((peer) => peer !== dst)",
    put: "[]",
  },
]);
