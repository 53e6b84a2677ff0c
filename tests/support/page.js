/**
 * The script of the test page. It drives the stock client, `Peer`, by name and notes what the
 * client reports. It decides nothing: a test commands it with `lab.<command>(...)` and waits for
 * notes with `lab.wait(...)`, each of which is handed out once, in order.
 *
 * A peer is known by the name that the test gives it, a connection or call by
 * `<peer's name>/<label>` on both sides: the label travels as its metadata. What the client itself
 * prints is noted as `client` `log`.
 */
/* global Peer */

/** Turns a wait that nothing answers into a failure. */
const WAIT_MAX_MS = 20_000;

const things = new Map();
const notes = [];
const watchers = new Set();

function note(who, event, detail = null) {
  notes.push({ who, event, detail, at: performance.now(), taken: false });
  for (const look of [...watchers]) look();
}

function thing(name) {
  const found = things.get(name);
  if (found === undefined) throw new Error(`No peer, connection or call has the name ${name}`);
  return found;
}

function logFunction(_level, ...parts) {
  note("client", "log", parts.map(String).join(" "));
}

function describeError(error) {
  return { type: error.type, message: error.message };
}

function patternByte(index) {
  return (index * 31 + (index >> 8)) & 255;
}

/** Binary is described rather than noted: its length, and whether every byte is the one sent. */
function describeData(data) {
  if (!(data instanceof ArrayBuffer) && !ArrayBuffer.isView(data)) return data;
  const bytes = new Uint8Array(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
  return { bytes: bytes.length, intact: bytes.every((byte, i) => byte === patternByte(i)) };
}

function keepConnection(name, connection) {
  things.set(name, connection);
  connection.on("open", () => note(name, "open"));
  connection.on("data", (data) => note(name, "data", describeData(data)));
  connection.on("close", () => note(name, "close"));
  connection.on("error", (error) => note(name, "error", describeError(error)));
  connection.peerConnection.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate?.candidate) note(name, "candidate");
  });
}

function keepCall(name, call) {
  things.set(name, call);
  call.on("close", () => note(name, "close"));
  call.on("error", (error) => note(name, "error", describeError(error)));
  call.on("stream", (stream) => {
    note(name, "stream", stream.getTracks().map((track) => track.kind).sort());
    show(name, stream);
  });
}

/** Plays a stream and notes once that pictures of it move. */
function show(name, stream) {
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  video.srcObject = stream;
  video.addEventListener("timeupdate", function moved() {
    if (video.currentTime === 0 || video.videoWidth === 0) return;
    video.removeEventListener("timeupdate", moved);
    note(name, "plays");
  });
  document.body.append(video);
}

function camera() {
  return navigator.mediaDevices.getUserMedia({ video: true, audio: true });
}

function wait(who, event) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const timer = setTimeout(() => {
    watchers.delete(look);
    const story = notes.map((n) =>
      `${Math.round(n.at)} ${n.who} ${n.event} ${JSON.stringify(n.detail)}`
    );
    reject(new Error(`No "${event}" of ${who}; what happened:\n${story.join("\n")}`));
  }, WAIT_MAX_MS);
  function look() {
    const found = notes.find((n) => !n.taken && n.who === who && n.event === event);
    if (found === undefined) return;
    found.taken = true;
    watchers.delete(look);
    clearTimeout(timer);
    resolve({ detail: found.detail, at: found.at });
  }
  watchers.add(look);
  look();
  return promise;
}

globalThis.lab = {
  /** A new Peer; with `id: null` the server assigns one. */
  peer(name, id, options) {
    const all = { debug: 1, logFunction, ...options };
    const peer = id === null ? new Peer(all) : new Peer(id, all);
    things.set(name, peer);
    peer.on("open", (given) => note(name, "open", given));
    peer.on("disconnected", () => note(name, "disconnected"));
    peer.on("close", () => note(name, "close"));
    peer.on("error", (error) => note(name, "error", describeError(error)));
    peer.on("connection", (connection) => {
      keepConnection(`${name}/${connection.metadata}`, connection);
      note(name, "connection", connection.peer);
    });
    peer.on("call", async (call) => {
      keepCall(`${name}/${call.metadata}`, call);
      note(name, "call", call.peer);
      call.answer(await camera());
    });
  },
  /** Connects and returns the moment, on the clock of the notes. */
  connect(name, id, label) {
    const at = performance.now();
    const connection = thing(name).connect(id, { metadata: label, reliable: true });
    keepConnection(`${name}/${label}`, connection);
    return at;
  },
  async call(name, id, label) {
    const stream = await camera();
    keepCall(`${name}/${label}`, thing(name).call(id, stream, { metadata: label }));
  },
  send(name, value) {
    thing(name).send(value);
  },
  sendBytes(name, length) {
    thing(name).send(Uint8Array.from({ length }, (_, index) => patternByte(index)));
  },
  disconnect(name) {
    thing(name).disconnect();
  },
  /** With another token, where one is given, as an application would whose user logged in again. */
  reconnect(name, token) {
    if (token !== undefined) thing(name).options.token = token;
    thing(name).reconnect();
  },
  /** Lets a peer come back by itself whenever it is disconnected, as README shows. */
  comeBack(name, ms) {
    const peer = thing(name);
    peer.on("disconnected", () => setTimeout(() => peer.destroyed || peer.reconnect(), ms));
  },
  listAllPeers(name) {
    thing(name).listAllPeers((ids) => note(name, "peers", ids));
  },
  /** Runs the script of a page, which notes what it calls `show` with. */
  script(text) {
    globalThis.show = (value) => note("page", "show", value);
    const element = document.createElement("script");
    element.textContent = text;
    document.body.append(element);
  },
  async json(url) {
    return await (await fetch(url)).json();
  },
  /** The types of the candidates that a browser finds with this configuration. */
  async gather(config) {
    const connection = new RTCPeerConnection(config);
    const { promise, resolve } = Promise.withResolvers();
    const types = [];
    connection.onicecandidate = ({ candidate }) => {
      if (candidate === null) resolve();
      else if (candidate.candidate !== "") types.push(candidate.type);
    };
    connection.createDataChannel("");
    await connection.setLocalDescription();
    await promise;
    connection.close();
    return [...new Set(types)];
  },
  state(name) {
    const { open, destroyed, disconnected } = thing(name);
    return { open, destroyed, disconnected };
  },
  /** What a request of this page comes to: its status as far as the page may know it, or its error. */
  async request(url, options) {
    try {
      const { type, status } = await fetch(url, options);
      return `${type} ${status}`;
    } catch (error) {
      return error.name;
    }
  },
  /** Details of every note so far of this kind, handed out or not. */
  notes(who, event) {
    return notes.filter((n) => n.who === who && n.event === event).map((n) => n.detail);
  },
  wait,
};
