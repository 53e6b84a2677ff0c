/**
 * Breaks of the wire, and of the codes that sockets are closed with.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

const FRAME = breaksOf("core/wire/frame.ts", [
  {
    name: "an array is an object",
    rules: ["MSG-6"],
    find: 'if (!value.startsWith("{")) {',
    put: "if (!/^[{[]/.test(value)) {",
  },
  {
    name: "a candidate that could not be sent is lost",
    rules: ["MSG-12", "LIMIT-6"],
    find: ' && name !== "CANDIDATE"',
    put: "",
  },
  {
    name: "an answer that could not be sent is lost",
    rules: ["MSG-12"],
    find: ' && name !== "ANSWER"',
    put: "",
  },
  {
    name: "an EXPIRE that could not be sent is stored",
    rules: ["MSG-12"],
    find: 'if (name !== "OFFER" && name !== "ANSWER"',
    put: 'if (name !== "EXPIRE" && name !== "OFFER" && name !== "ANSWER"',
  },
  {
    name: "a destination that is no usual id is taken as it is written",
    rules: ["MSG-13", "MSG-2"],
    find: "if (!USUAL_ID_TEXT.test(dst) || ",
    put: "if (",
  },
  {
    name: "an object without a type is a bad frame",
    rules: ["MSG-8"],
    find: "  const { dst, payload = null } = members;",
    put: '  const { dst, payload = null } = members;\n  if (type === undefined) return fault("x");',
  },
  {
    name: "a destination that is missing has a name",
    rules: ["MSG-13", "MSG-4"],
    find: 'if (json === undefined || json === "null") return NOWHERE;',
    put: "if (json === undefined) return NOWHERE;",
  },
  {
    name: "an object as destination is converted by what is in it",
    rules: ["MSG-13"],
    find: 'if (json.startsWith("{")) return',
    put: 'if (json === "{}") return',
  },
  {
    name: "LEAVE with an empty dst is for nobody",
    rules: ["MSG-4"],
    find: 'return to.text === ""',
    put: "return dst === undefined",
  },
  {
    name: "a destination that is no text is text",
    rules: ["MSG-13"],
    find: "text: String(parseJson(json)), isText: false }",
    put: "text: String(parseJson(json)), isText: true }",
  },
  {
    name: "src is left out",
    rules: ["MSG-1"],
    find: '"type":"${type}","src":${quote(src)},',
    put: '"type":"${type}",',
  },
  {
    name: "a field that the protocol does not know is sent",
    rules: ["MSG-2"],
    find: '"payload":${payload}}`;',
    put: '"payload":${payload},"ttl":5000}`;',
  },
  {
    name: "a peer is written as it is called, quotes and all",
    rules: ["OPEN-8"],
    find: '"src":${quote(src)},',
    put: '"src":"${src}",',
  },
  {
    name: "a destination is written as it is called, quotes and all",
    rules: ["OPEN-8"],
    find: '"dst":${quote(dst)}`;',
    put: '"dst":"${dst}"`;',
  },
  {
    name: "an id is taken for one without escapes too easily",
    rules: ["OPEN-8"],
    find: "const USUAL_ID = /^[\\w -]*$/;",
    put: "const USUAL_ID = /^[^\\n]*$/;",
  },
  {
    name: "a missing payload is sent as null",
    rules: ["MSG-2"],
    find: "return payload === null ? `${head}}` :",
    put: "return",
  },
  {
    name: "a payload is encoded twice",
    rules: ["MSG-2", "MSG-10"],
    find: '"payload":${payload}}`;',
    put: '"payload":${JSON.stringify(payload)}}`;',
  },
  {
    name: "a payload that is written as usual is written anew",
    rules: ["MSG-2"],
    find: "const payload = text.slice(payloadAt, dstAt).trim();",
    put: "const payload = JSON.stringify(parseJson(text.slice(payloadAt, dstAt)));",
  },
  {
    name: "a payload that is written as usual keeps the white space around it",
    rules: ["MSG-2"],
    find: "text.slice(payloadAt, dstAt).trim();",
    put: "text.slice(payloadAt, dstAt);",
  },
  {
    name: "a payload that is written as usual need not be JSON",
    rules: ["MSG-6"],
    find: " || !isJson(text, payloadAt, dstAt)",
    put: "",
  },
  {
    name: "a frame that is written as usual may lack its end",
    rules: ["MSG-6"],
    find: ' || !text.endsWith("}")',
    put: "",
  },
  {
    name: "an answer that is written as usual is passed on as an offer",
    rules: ["MSG-2"],
    find: "return transmission(type, { text: dst.slice(1, -1), isText: true }, payload);",
    put: 'return transmission("OFFER", { text: dst.slice(1, -1), isText: true }, payload);',
  },
  {
    name: "EXPIRE is a type that nobody knows",
    rules: ["MSG-2"],
    find: '    case "EXPIRE":\n',
    put: "",
  },
  {
    name: "what only the server may say is dropped like an unknown type",
    rules: ["MSG-6"],
    find: '    case "ID-TAKEN":\n',
    put: "",
  },
  {
    name: "types are known in small letters too",
    rules: ["MSG-8"],
    find: "switch (type) {",
    put: "switch (type.toUpperCase()) {",
  },
  {
    name: "an unknown type is a bad frame",
    rules: ["MSG-8"],
    find: "return UNKNOWN_TYPE;",
    put: 'return fault("Unknown type");',
  },
  {
    name: "EXPIRE has its two peers in each other's place",
    rules: ["QUEUE-3"],
    find: 'JSON.stringify({ type: "EXPIRE", src, dst })',
    put: 'JSON.stringify({ type: "EXPIRE", src: dst, dst: src })',
  },
  {
    name: "ERROR has no msg",
    rules: ["MSG-6"],
    find: "payload: { msg } }",
    put: "payload: msg }",
  },
  {
    name: "a pair of surrogates counts six bytes",
    rules: ["MSG-9", "QUEUE-2"],
    find: "if (isPairAt(text, i)) i++;",
    put: "",
  },
  {
    name: "a lone surrogate counts as half a pair",
    rules: ["MSG-9", "QUEUE-2"],
    find: "if (isPairAt(text, i)) i++;",
    put: "if (unit >= 0xd800 && unit < 0xdc00) i++;",
  },
  {
    name: "the first character that takes two bytes counts one",
    rules: ["MSG-9", "QUEUE-2"],
    find: "if (unit < 0x80) continue;",
    put: "if (unit <= 0x80) continue;",
  },
  {
    name: "the first character that takes three bytes counts two",
    rules: ["MSG-9", "QUEUE-2"],
    find: "unit < 0x800 ? 1 : 2",
    put: "unit <= 0x800 ? 1 : 2",
  },
  {
    name: "a text is long enough to be counted only from half of the bound on",
    rules: ["MSG-9"],
    find: "text.length * 3 <= maxBytes",
    put: "text.length * 2 <= maxBytes",
  },
  {
    name: "a text of just the bound is too long",
    rules: ["MSG-9"],
    find: "return utf8Length(text) > maxBytes;",
    put: "return utf8Length(text) >= maxBytes;",
  },
  {
    name: "an answer quotes what came as it is",
    rules: ["MSG-6", "FAULT-8"],
    find: "escape(JSON.stringify(text.slice(0, EXCERPT_MAX)))",
    put: "JSON.stringify(text.slice(0, EXCERPT_MAX))",
  },
  {
    name: "an answer quotes all of what came",
    rules: ["MSG-6"],
    find: "text.slice(0, EXCERPT_MAX)",
    put: "text",
  },
  {
    name: "line separators are not written out",
    rules: ["FAULT-8"],
    find: "\\p{Zl}\\p{Zp}",
    put: "",
  },
  {
    name: "only the first unprintable character is written out",
    rules: ["FAULT-8"],
    find: "\\p{Zp}]/gu",
    put: "\\p{Zp}]/u",
  },
]);

const EFFECT = breaksOf("core/effect.ts", [
  { name: "shutdown closes as normal", rules: ["LIFE-3"], find: "1001", put: "1000" },
  { name: "too big closes as a policy", rules: ["MSG-9"], find: "1009", put: "1008" },
  { name: "full has the code of a wrong key", rules: ["OPEN-7"], find: "4004", put: "4003" },
  { name: "a wrong origin has another code", rules: ["OPEN-10"], find: "4005", put: "4003" },
  { name: "not authorized has another code", rules: ["AUTH-2"], find: "4006", put: "4001" },
  { name: "timed out has another code", rules: ["LIFE-1"], find: "4008", put: "4009" },
  { name: "bad frames have another code", rules: ["MSG-7"], find: "4010", put: "4002" },
  { name: "too many has another code", rules: ["LIMIT-1"], find: "4029", put: "4004" },
]);

/** Every break of the wire, and of its codes. */
export const FRAME_BREAKS: readonly Break[] = [...FRAME, ...EFFECT];
