/** The bare relay on `node:http` and `npm:ws`, beside which the listener `node` is measured; see `bare_relay.ts`. */
import { createServer } from "node:http";
import { type WebSocket, WebSocketServer } from "../../adapters/ws.ts";

const sockets = new Map<string, WebSocket>();
const server = createServer();

new WebSocketServer({ server }).on("connection", (socket, request) => {
  const id = new URL(request.url ?? "", "http://localhost").searchParams.get("id") ?? "";
  sockets.set(id, socket);
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    const receiver = sockets.get(message.dst);
    if (receiver === undefined) return;
    message.src = id;
    receiver.send(JSON.stringify(message));
  });
  socket.on("close", () => sockets.delete(id));
  socket.send('{"type":"OPEN"}');
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  console.log(JSON.stringify({ event: "listening", port }));
});
