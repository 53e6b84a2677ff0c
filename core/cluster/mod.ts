/**
 * The directory of a cluster. Apart from `core/mod.ts`, so that a single process loads nothing of it.
 *
 * @module
 */
export {
  ENGINE_BOUNDS,
  type EngineAnswer,
  type EngineBounds,
  type EngineCommand,
  type EngineTime,
  type Held,
  LAYOUT,
  type Lost,
  type NodeName,
  nodeName,
  type Notice,
  type Notices,
  type Published,
} from "./command.ts";
export { type Engine, type EngineClaim, retireEngine } from "./directory.ts";
export { emptyEngine, type EngineStep, runCommand } from "./engine.ts";
export { engineViolations } from "./violations.ts";
export { type Cluster, type LinkFrame, type Returned } from "./member.ts";
export { decodeLinkFrame, encodeLinkFrame } from "../wire/link_frame.ts";
