/**
 * What the commands of the two say of themselves.
 *
 * @module
 */
import type { Conversation } from "../support/side_by_side.ts";

/** About what the commands say of themselves. */
export const COMMANDS: readonly Conversation[] = [
  {
    name: "[SET-3] the defaults of the commands are the same",
    talk: async ({ askDefault }) => {
      for (const option of ["expire_timeout", "concurrent_limit", "key", "path"]) {
        await askDefault(option);
      }
    },
  },
  {
    name: "[LIFE-1] a client may be silent for longer than a hidden tab is",
    talk: ({ askDefault }) => askDefault("alive_timeout"),
    differs: {
      rules: ["LIFE-1"],
      signalbox: { help: [{ alive_timeout: "90000" }] },
      incumbent: { help: [{ alive_timeout: "60000" }] },
      row: {
        about: "`alive_timeout` of the command",
        incumbent: "60 s, which a hidden tab can miss",
        signalbox: "90 s",
      },
    },
  },
];
