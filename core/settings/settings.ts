/**
 * The values of all options.
 *
 * @module
 */

/** A valid value for every option; `path`, `host` and `cors` are in their normal form (see `checkValue`). */
export interface Settings {
  // settings: made by deno task docs
  /**
   * Port to listen on; 0 picks a free port. Default: 9000.
   */
  readonly port: number;
  /**
   * Address to listen on; empty means all addresses. Default: all addresses.
   */
  readonly host: string;
  /**
   * Path that every URL of the server begins with. Default: /.
   */
  readonly path: string;
  /**
   * Key that every client must send; it is not a secret. Default: peerjs.
   */
  readonly key: string;
  /**
   * How long a message waits for a peer that is not connected. Default: 5000 ms.
   */
  readonly expire_timeout: number;
  /**
   * Disconnect a client that is silent for this long; browsers slow hidden tabs to one heartbeat a minute.
   * Default: 90000 ms.
   */
  readonly alive_timeout: number;
  /**
   * Maximum number of connected clients. Default: 5000 clients.
   */
  readonly concurrent_limit: number;
  /**
   * Let clients list the ids of all connected peers. Default: false.
   */
  readonly allow_discovery: boolean;
  /**
   * Origin whose pages may use the server, such as https://*.example.com; repeatable; empty allows any. Default:
   * any origin.
   */
  readonly cors: readonly string[];
  /**
   * Trust the X-Forwarded-For header of any sender; use trusted_proxies instead. Default: false.
   */
  readonly proxied: boolean;
  /**
   * Trusted proxy (address, range or unix); repeatable; the client is the last other address in X-Forwarded-For.
   * Default: none.
   */
  readonly trusted_proxies: readonly string[];
  /**
   * PEM file with the private key for TLS; needs sslcert. Default: none.
   */
  readonly sslkey: string;
  /**
   * PEM file with the certificate chain for TLS; needs sslkey. Default: none.
   */
  readonly sslcert: string;
  /**
   * Listener: deno (Deno.serve) is faster, node (node:http with ws) enforces more limits. Default: deno.
   */
  readonly listener: "deno" | "node";
  /**
   * Threads that share the port, each with clients of its own; auto (0) makes one for each core. Default: 1
   * threads.
   */
  readonly workers: number;
  /**
   * With jwt, a client needs a JWT that has its id in sub or peers; needs auth_secret or auth_jwks. Default: none.
   */
  readonly auth: "none" | "jwt";
  /**
   * Secret that signs HS256 tokens; set its variable, because a process list shows flags. Default: none.
   */
  readonly auth_secret: string;
  /**
   * File or URL of a JWKS with the public keys for RS, PS, ES or EdDSA tokens. Default: none.
   */
  readonly auth_jwks: string;
  /**
   * Required aud claim; set it if the same keys sign tokens for other applications. Default: none.
   */
  readonly auth_audience: string;
  /**
   * Required iss claim. Default: none.
   */
  readonly auth_issuer: string;
  /**
   * Require a JWT on /id and /peers too (Authorization: Bearer, or ?token=); needs auth. Default: false.
   */
  readonly auth_http: boolean;
  /**
   * Keep or close the connection of a client when its JWT expires (exp); needs auth. Default: keep.
   */
  readonly auth_expiry: "keep" | "close";
  /**
   * TURN or STUN server that <path><key>/ice lists; repeatable; empty switches /ice off. Default: none.
   */
  readonly turn_urls: readonly string[];
  /**
   * Secret shared with the TURN server (static-auth-secret of coturn); set it as a variable. Default: none.
   */
  readonly turn_secret: string;
  /**
   * How long TURN credentials are valid; an allocation ends with them. Default: 43200000 ms.
   */
  readonly turn_lifetime: number;
  /**
   * Redis that makes several processes one server; see adapters/cluster. Default: none.
   */
  readonly cluster: string;
  /**
   * Name of the cluster; clusters of different names may share a Redis. Default: signalbox.
   */
  readonly cluster_namespace: string;
  /**
   * Key of the digests of tokens in Redis, the same on every node; set it as a variable. Default: none.
   */
  readonly cluster_secret: string;
  /**
   * Count a node as dead after so long without a beat; it beats five times as often. Default: 15000 ms.
   */
  readonly cluster_lease: number;
  /**
   * Clients of all nodes together; 0 sets no limit. Default: 0 clients.
   */
  readonly cluster_limit: number;
  /**
   * Largest message that a client may send; a session description takes 2,000 to 8,000, plus metadata. Default:
   * 262144 bytes.
   */
  readonly max_message_bytes: number;
  /**
   * Longest id that a client may claim; the server keeps and logs ids. Default: 256 characters.
   */
  readonly max_id_length: number;
  /**
   * Longest token that a client may send. Default: 4096 characters.
   */
  readonly max_token_length: number;
  /**
   * Longest query in the URL of a socket; it contains the id, key and token. Default: 8192 characters.
   */
  readonly max_query_length: number;
  /**
   * Maximum number of messages that wait for one absent peer; one source may fill a quarter. Default: 256
   * messages.
   */
  readonly queue_limit: number;
  /**
   * Maximum number of waiting messages from one peer, so that no client fills the store alone. Default: 256
   * messages.
   */
  readonly source_queue_limit: number;
  /**
   * Maximum size of all waiting messages from one peer. Default: 1048576 bytes.
   */
  readonly source_queue_bytes: number;
  /**
   * Maximum size of all waiting messages; one address may fill a quarter. Default: 67108864 bytes.
   */
  readonly max_queue_bytes: number;
  /**
   * Disconnect a client after this many bad frames in a row. Default: 16 frames.
   */
  readonly max_bad_frames: number;
  /**
   * Frames per second that a client may send on average; 0 disables the limit. Default: 256 frames/s.
   */
  readonly frame_rate: number;
  /**
   * Frames that a client may send in one burst; a mesh of 100 peers needs 2,000. Default: 4096 frames.
   */
  readonly frame_burst: number;
  /**
   * Bytes per second that a client may send on average; 0 disables the limit. Default: 262144 bytes/s.
   */
  readonly byte_rate: number;
  /**
   * Bytes that a client may send in one burst; less than max_message_bytes counts as max_message_bytes. Default:
   * 4194304 bytes.
   */
  readonly byte_burst: number;
  /**
   * Maximum number of clients per address (IPv6: per /64); 0 disables the limit. Default: 0 sockets.
   */
  readonly max_sockets_per_address: number;
  /**
   * Wrong tokens that an address may try in one burst; enough for a classroom behind one address. Default: 100
   * tries.
   */
  readonly wrong_token_burst: number;
  /**
   * Wrong tokens per second that an address may try on average; 0 disables the limit. Default: 1 tries/s.
   */
  readonly wrong_token_rate: number;
  /**
   * Addresses whose wrong tokens the server remembers; with one more it forgets all others. Default: 10000
   * addresses.
   */
  readonly wrong_token_addresses: number;
  /**
   * Disconnect a client that leaves a ping unanswered for this long; no effect above alive_timeout. Default: 30000
   * ms.
   */
  readonly ping_timeout: number;
  /**
   * Sockets that may leave their close unanswered before the server refuses new ones with 503. Default: 5000
   * sockets.
   */
  readonly max_closing_sockets: number;
  /**
   * Maximum unsent data of one client; must be at least 4 times max_message_bytes. Default: 1048576 bytes.
   */
  readonly max_unsent_bytes: number;
  /**
   * Maximum unsent data of all slow clients together. Default: 268435456 bytes.
   */
  readonly max_total_unsent_bytes: number;
  /**
   * Disconnect a client that reads nothing of its unsent data for this long. Default: 10000 ms.
   */
  readonly unsent_timeout: number;
  /**
   * Close a connection whose request takes longer to arrive; listener node only. Default: 10000 ms.
   */
  readonly head_timeout: number;
  /**
   * Largest head of a request (URL and headers); listener node only. Default: 16384 bytes.
   */
  readonly max_head_bytes: number;
  /**
   * Maximum size of all peer lists in transit; one address may fill a quarter; above it the answer is 503.
   * Default: 67108864 bytes.
   */
  readonly max_answer_bytes: number;
  /**
   * Cut off a peer list that the client takes longer to read. Default: 30000 ms.
   */
  readonly answer_timeout: number;
  /**
   * Maximum number of streams of /peers (presence); one address may have a quarter; above it the answer is 503.
   * Default: 1000 streams.
   */
  readonly max_watchers: number;
  /**
   * On SIGTERM close the clients in waves over this time, so that they come back elsewhere; what supervises the
   * server must wait longer. Default: 0 s.
   */
  readonly drain: number;
  /**
   * Largest recording file, of each worker; twice its snapshot if that is more; the previous file is kept.
   * Default: 268435456 bytes.
   */
  readonly max_record_bytes: number;
  /**
   * Log format: text or JSON lines; auto prints text on a terminal, JSON lines elsewhere. Default: auto.
   */
  readonly log_format: "auto" | "text" | "json";
  /**
   * Lowest level that the log prints. Default: info.
   */
  readonly log_level: "debug" | "info" | "warning" | "error";
  /**
   * Port of the admin page, /metrics and /api; 0 switches it off. Default: 0.
   */
  readonly admin_port: number;
  /**
   * Address of the admin port; one that others can reach needs admin_token. Default: 127.0.0.1.
   */
  readonly admin_host: string;
  /**
   * Token that the admin port asks for (Authorization: Bearer); set it as a variable. Default: none.
   */
  readonly admin_token: string;
  /**
   * File to record every event to, for worker n FILE-n; deno task replay runs it again. Default: none.
   */
  readonly record: string;
  // end of settings
}

/** Options as a caller gives them, not validated yet. */
export type PartialSettings = { readonly [Name in keyof Settings]?: Settings[Name] | undefined };
