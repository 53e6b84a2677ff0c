/** What the commands of the two say of themselves. */
import { type Conversation, test } from "../support/side_by_side.ts";

/** About what the commands say of themselves. */
export const COMMANDS: readonly Conversation[] = [
  test.same("[SET-3] the defaults of the commands are the same", async ({ askDefault }) => {
    for (const option of ["expire_timeout", "concurrent_limit", "key", "path"]) {
      await askDefault(option);
    }
  }),
  test.differs(
    "[LIFE-1] a client may be silent for longer than a hidden tab is",
    ({ askDefault }) => askDefault("alive_timeout"),
  )({
    signalbox: { help: [{ alive_timeout: "90000" }] },
    incumbent: { help: [{ alive_timeout: "60000" }] },
    row: "`alive_timeout` of the command | 60 s, which a hidden tab can miss | 90 s",
  }),
];
