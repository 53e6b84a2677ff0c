/**
 * The options that bound what hostile or broken clients can do. The `doc` of a row says why the bound exists; a
 * comment at the row says where its default comes from.
 *
 * @module
 */
import type { Option } from "./option.ts";

const MIB = 1_048_576;
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

export const LIMITS = {
  // 256 KiB holds a picture as a data URL in the metadata of a connection, which real applications send.
  max_message_bytes: {
    type: "integer",
    default: 262_144,
    min: 1,
    max: 64 * MIB,
    unit: "bytes",
    group: "Messages",
    doc:
      "Largest message that a client may send; a session description takes 2,000 to 8,000, plus metadata",
  },
  max_id_length: {
    type: "integer",
    default: 256,
    min: 1,
    max: 4_096,
    unit: "characters",
    group: "Clients",
    doc: "Longest id that a client may claim; the server keeps and logs ids",
  },
  // A JWT signed by RS256 with a 4096-bit key and the claims of a usual provider has 1,434 characters.
  max_token_length: {
    type: "integer",
    default: 4_096,
    min: 1,
    max: 65_536,
    unit: "characters",
    group: "Clients",
    doc: "Longest token that a client may send",
  },
  max_query_length: {
    type: "integer",
    default: 8_192,
    min: 1,
    max: MIB,
    unit: "characters",
    group: "Clients",
    doc: "Longest query in the URL of a socket; it contains the id, key and token",
  },
  queue_limit: {
    type: "integer",
    default: 256,
    min: 0,
    max: 10_000,
    unit: "messages",
    group: "Waiting messages",
    doc: "Maximum number of messages that wait for one absent peer; one source may fill a quarter",
  },
  source_queue_limit: {
    type: "integer",
    default: 256,
    min: 0,
    max: 1_000_000,
    unit: "messages",
    group: "Waiting messages",
    doc:
      "Maximum number of waiting messages from one peer, so that no client fills the store alone",
  },
  // A 64th of max_queue_bytes, which holds the largest message and the candidates that follow it.
  source_queue_bytes: {
    type: "integer",
    default: MIB,
    min: 0,
    max: 65_536 * MIB,
    unit: "bytes",
    group: "Waiting messages",
    doc: "Maximum size of all waiting messages from one peer",
  },
  max_queue_bytes: {
    type: "integer",
    default: 64 * MIB,
    min: 0,
    max: 65_536 * MIB,
    unit: "bytes",
    group: "Waiting messages",
    doc: "Maximum size of all waiting messages; one address may fill a quarter",
  },
  max_bad_frames: {
    type: "integer",
    default: 16,
    min: 1,
    max: 1_000_000,
    unit: "frames",
    group: "Messages",
    doc: "Disconnect a client after this many bad frames in a row",
  },
  // A mesh of 100 peers sends 2,000 candidates in a second; the burst allows twice that.
  frame_rate: {
    type: "integer",
    default: 256,
    min: 0,
    max: 1_000_000,
    unit: "frames/s",
    group: "Messages",
    doc: "Frames per second that a client may send on average; 0 disables the limit",
  },
  frame_burst: {
    type: "integer",
    default: 4_096,
    min: 1,
    max: 1_000_000,
    unit: "frames",
    group: "Messages",
    doc: "Frames that a client may send in one burst; a mesh of 100 peers needs 2,000",
  },
  // The mesh of frame_rate sends 100 offers and answers of 8,000 bytes, and candidates of 300 bytes: 2.2 MB.
  byte_rate: {
    type: "integer",
    default: 262_144,
    min: 0,
    max: 1_024 * MIB,
    unit: "bytes/s",
    group: "Messages",
    doc: "Bytes per second that a client may send on average; 0 disables the limit",
  },
  byte_burst: {
    type: "integer",
    default: 4 * MIB,
    min: 1,
    max: 65_536 * MIB,
    unit: "bytes",
    group: "Messages",
    doc:
      "Bytes that a client may send in one burst; less than max_message_bytes counts as max_message_bytes",
  },
  max_sockets_per_address: {
    type: "integer",
    default: 0,
    min: 0,
    max: 10_000_000,
    unit: "sockets",
    group: "Clients",
    doc: "Maximum number of clients per address (IPv6: per /64); 0 disables the limit",
  },
  wrong_token_burst: {
    type: "integer",
    default: 100,
    min: 1,
    max: 1_000_000,
    unit: "tries",
    group: "Clients",
    doc:
      "Wrong tokens that an address may try in one burst; enough for a classroom behind one address",
  },
  wrong_token_rate: {
    type: "integer",
    default: 1,
    min: 0,
    max: 1_000_000,
    unit: "tries/s",
    group: "Clients",
    doc: "Wrong tokens per second that an address may try on average; 0 disables the limit",
  },
  wrong_token_addresses: {
    type: "integer",
    default: 10_000,
    min: 1,
    max: 1_000_000,
    unit: "addresses",
    group: "Clients",
    doc: "Addresses whose wrong tokens the server remembers; with one more it forgets all others",
  },
  // The default of Deno.serve: 30 s (idleTimeout), with a ping after 15 s.
  ping_timeout: {
    type: "integer",
    default: 30_000,
    min: 1_000,
    max: DAY,
    unit: "ms",
    group: "Clients",
    doc:
      "Disconnect a client that leaves a ping unanswered for this long; no effect above alive_timeout",
  },
  max_closing_sockets: {
    type: "integer",
    default: 5_000,
    min: 1,
    max: 1_000_000,
    unit: "sockets",
    group: "Slow clients",
    doc:
      "Sockets that may leave their close unanswered before the server refuses new ones with 503",
  },
  // The defaults of other servers: 1 MiB is Centrifugo's, the 10 s of unsent_timeout are soketi's.
  max_unsent_bytes: {
    type: "integer",
    default: MIB,
    min: 1_024,
    max: 1_024 * MIB,
    unit: "bytes",
    group: "Slow clients",
    doc: "Maximum unsent data of one client; must be at least 4 times max_message_bytes",
  },
  max_total_unsent_bytes: {
    type: "integer",
    default: 256 * MIB,
    min: 1_024,
    max: 65_536 * MIB,
    unit: "bytes",
    group: "Slow clients",
    doc: "Maximum unsent data of all slow clients together",
  },
  unsent_timeout: {
    type: "integer",
    default: 10_000,
    min: 100,
    max: DAY,
    unit: "ms",
    group: "Slow clients",
    doc: "Disconnect a client that reads nothing of its unsent data for this long",
  },
  head_timeout: {
    type: "integer",
    default: 10_000,
    min: 100,
    max: DAY,
    unit: "ms",
    group: "Slow clients",
    doc: "Close a connection whose request takes longer to arrive; listener node only",
  },
  max_head_bytes: {
    type: "integer",
    default: 16_384,
    min: 1_024,
    max: MIB,
    unit: "bytes",
    group: "Slow clients",
    doc: "Largest head of a request (URL and headers); listener node only",
  },
  // Two hundred stalled readers of a list at 0.3 MB each, which is what the platform buffers.
  max_answer_bytes: {
    type: "integer",
    default: 64 * MIB,
    min: 1_024,
    max: 65_536 * MIB,
    unit: "bytes",
    group: "Slow clients",
    doc:
      "Maximum size of all peer lists in transit; one address may fill a quarter; above it the answer is 503",
  },
  answer_timeout: {
    type: "integer",
    default: 30_000,
    min: 100,
    max: DAY,
    unit: "ms",
    group: "Slow clients",
    doc: "Cut off a peer list that the client takes longer to read",
  },
  max_watchers: {
    type: "integer",
    default: 1_000,
    min: 0,
    max: 1_000_000,
    unit: "streams",
    group: "Clients",
    doc:
      "Maximum number of streams of /peers (presence); one address may have a quarter; above it the answer is 503",
  },
  // Zero, so that a process that nobody replaces ends at once.
  drain: {
    type: "integer",
    default: 0,
    min: 0,
    max: DAY / 1_000,
    unit: "s",
    group: "Clients",
    doc:
      "On SIGTERM close the clients in waves over this time, so that they come back elsewhere; " +
      "what supervises the server must wait longer",
  },
  max_record_bytes: {
    type: "integer",
    default: 256 * MIB,
    min: MIB / 16,
    max: 65_536 * MIB,
    unit: "bytes",
    group: "Recording",
    doc:
      "Largest recording file, of each worker; twice its snapshot if that is more; the previous file is kept",
  },
} as const satisfies Record<string, Option>;
