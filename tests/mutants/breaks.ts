/**
 * All breaks: a line in here for each file of them.
 *
 * @module
 */
import { ADDRESS_BREAKS } from "./address_breaks.ts";
import type { Break } from "./break.ts";
import { COMMAND_BREAKS } from "./command_breaks.ts";
import { FRAME_BREAKS } from "./frame_breaks.ts";
import { GUARD_BREAKS } from "./guard_breaks.ts";
import { HTTP_BREAKS } from "./http_breaks.ts";
import { IDS_BREAKS } from "./ids_breaks.ts";
import { JSON_TEXT_BREAKS } from "./json_text_breaks.ts";
import { LIVENESS_BREAKS } from "./liveness_breaks.ts";
import { MAILBOX_BREAKS } from "./mailbox_breaks.ts";
import { MAP_BREAKS } from "./map_breaks.ts";
import { ORIGIN_BREAKS } from "./origin_breaks.ts";
import { REFUSAL_BREAKS } from "./refusal_breaks.ts";
import { ROUTE_BREAKS } from "./route_breaks.ts";
import { SESSION_BREAKS } from "./session_breaks.ts";
import { SETTINGS_BREAKS } from "./settings_breaks.ts";
import { SHARE_BREAKS } from "./share_breaks.ts";
import { SNAPSHOT_BREAKS } from "./snapshot_breaks.ts";
import { STATE_BREAKS } from "./state_breaks.ts";

/** Every way in which the server is broken on purpose. */
export const BREAKS: readonly Break[] = [
  ...REFUSAL_BREAKS,
  ...SESSION_BREAKS,
  ...ROUTE_BREAKS,
  ...MAILBOX_BREAKS,
  ...SHARE_BREAKS,
  ...GUARD_BREAKS,
  ...LIVENESS_BREAKS,
  ...STATE_BREAKS,
  ...SNAPSHOT_BREAKS,
  ...MAP_BREAKS,
  ...HTTP_BREAKS,
  ...IDS_BREAKS,
  ...ORIGIN_BREAKS,
  ...ADDRESS_BREAKS,
  ...FRAME_BREAKS,
  ...JSON_TEXT_BREAKS,
  ...SETTINGS_BREAKS,
  ...COMMAND_BREAKS,
];
