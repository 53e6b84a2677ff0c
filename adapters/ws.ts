/**
 * The WebSockets of `npm:ws` with their types. The package of types is named here and not in `deno.json`, because a
 * start downloads what `deno.json` names.
 *
 * @module
 */
// @ts-types="npm:@types/ws@8.18.2"
export { type Server, WebSocket, WebSocketServer } from "ws";
