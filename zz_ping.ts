import { WebSocket } from "ws";
const s = new WebSocket(`ws://127.0.0.1:${Deno.args[0]}/peerjs?key=peerjs&id=pinger&token=x`);
const t0 = performance.now();
s.on("ping", () => console.log("ping", Math.round(performance.now() - t0)));
setTimeout(() => Deno.exit(0), 50_000);
