/**
 * Breaks of what an id may be.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what an id may be. */
export const IDS_BREAKS: readonly Break[] = breaksOf("core/ids.ts", [
  {
    name: "an empty id is usable",
    rules: ["HTTP-2", "MSG-13"],
    find: 'id === "" || ',
    put: "",
  },
  {
    name: "an id may have any length",
    rules: ["HTTP-2", "MSG-13"],
    find: " || id.length > maxLength",
    put: "",
  },
  {
    name: "an id of just max_id_length is not usable",
    rules: ["HTTP-2", "MSG-13"],
    find: "id.length > maxLength",
    put: "id.length >= maxLength",
  },
  {
    name: "an id with control characters is usable",
    rules: ["HTTP-2", "OPEN-3", "MSG-13"],
    find: "PLAIN_ID.test(id) || !hasControl(id)",
    put: "true",
  },
  {
    name: "only ids of letters and digits are usable",
    rules: ["OPEN-8", "MSG-13"],
    find: "PLAIN_ID.test(id) || !hasControl(id)",
    put: "PLAIN_ID.test(id)",
  },
  {
    name: "only the control characters below the space are refused",
    rules: ["OPEN-3", "MSG-13"],
    find: "/\\p{Cc}/u",
    put: "/[\\0-\\x1f]/u",
  },
]);
