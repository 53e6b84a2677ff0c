/**
 * What clients say: offers and answers as the stock client makes them, with 2 KB of session description.
 *
 * @module
 */

/** A session description is padded with candidates, as gathering does it, until it has so many characters. */
const SDP_LENGTH = 2_000;

const SDP_HEAD = [
  "v=0",
  "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "a=extmap-allow-mixed",
  "a=msid-semantic: WMS",
  "m=application 51472 UDP/DTLS/SCTP webrtc-datachannel",
  "c=IN IP4 192.0.2.17",
  "a=ice-ufrag:h7Yp",
  "a=ice-pwd:Wl0yCk3QmVbA8n5sRt9uXzEd",
  "a=ice-options:trickle",
  "a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08",
  "a=setup:actpass",
  "a=mid:0",
  "a=sctp-port:5000",
  "a=max-message-size:262144",
];

/** An offer of a data connection. */
export function offerTo(dst: string): string {
  const payload = {
    sdp: { type: "offer", sdp: sessionDescription() },
    type: "data",
    connectionId: "dc_8q2x0v7m1ab",
    label: "dc_8q2x0v7m1ab",
    reliable: false,
    serialization: "binary",
  };
  return JSON.stringify({ type: "OFFER", payload, dst });
}

/** The answer to it. */
export function answerTo(dst: string): string {
  const payload = {
    sdp: { type: "answer", sdp: sessionDescription() },
    type: "data",
    connectionId: "dc_8q2x0v7m1ab",
  };
  return JSON.stringify({ type: "ANSWER", payload, dst });
}

/** What a client says every 5 s. */
export const HEARTBEAT = '{"type":"HEARTBEAT"}';

function sessionDescription(): string {
  let text = SDP_HEAD.join("\r\n") + "\r\n";
  for (let i = 1; text.length < SDP_LENGTH; i++) {
    text += `a=candidate:${1_000_003 * i} 1 udp ${2_122_260_223 - i} 192.0.2.${i} ${50_000 + i} ` +
      "typ host generation 0 network-id 1\r\n";
  }
  return text;
}
