/**
 * The bare relay: what any relay of JSON over WebSockets costs on this platform. It checks nothing and keeps nothing.
 */
const sockets = new Map<string, WebSocket>();

const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
  const id = new URL(request.url).searchParams.get("id") ?? "";
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => {
    sockets.set(id, socket);
    socket.send('{"type":"OPEN"}');
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    const receiver = sockets.get(message.dst);
    if (receiver === undefined) return;
    message.src = id;
    receiver.send(JSON.stringify(message));
  };
  socket.onclose = () => sockets.delete(id);
  return response;
});

console.log(JSON.stringify({ event: "listening", port: server.addr.port }));
