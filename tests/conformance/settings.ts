/** Conversations about settings: keys and paths that need an escape in a URL, and the defaults of the commands. */
import { type Conversation, test } from "../support/side_by_side.ts";
import { ABOUT, BROKEN, cannot, json, open, refused, turnedAway } from "./said.ts";

const WRONG_KEY = "Invalid key provided";

/** The settings of {@linkcode WRITTEN}. */
export const WRITTEN_OPTIONS = { key: "a+b", path: "/my app" };

/** With a path that has a space, and a key that has a plus. */
export const WRITTEN: readonly Conversation[] = [
  test.differs("[SET-8] a path with a space is found with its escape", async ({ ask, connect }) => {
    await ask("");
    await connect("page", { query: "key=a%2Bb&id=page&token=t" });
  })({
    signalbox: { http: [json({ GET: "" }, ABOUT)], page: open() },
    incumbent: { http: [cannot({ GET: "" }, "/my%20app/")], page: [BROKEN] },
  }),
];

/** The settings of {@linkcode WRITTEN_KEYS}. */
export const KEY_WITH_PLUS = { key: "a+b" };

/** With a key that has a plus. */
export const WRITTEN_KEYS: readonly Conversation[] = [
  test.differs(
    "[SET-8] [OPEN-2] a key with a plus is right as the stock client writes it",
    async ({ join }) => {
      await join("escaped", { query: "key=a%2Bb&id=escaped&token=t" });
      await join("as it is", { query: "key=a+b&id=plain&token=t", id: "plain" });
      await (await join("wrong", { query: "key=a-b&id=wrong&token=t" })).ended();
    },
  )({
    signalbox: { escaped: open(), "as it is": open(), wrong: refused(4003, WRONG_KEY) },
    incumbent: { escaped: open(), "as it is": turnedAway(WRONG_KEY), wrong: turnedAway(WRONG_KEY) },
    row:
      "a key with a plus, a path with a space or letters that are not ASCII | no client gets in, or none is found | works, with and without escapes",
  }),
];

/** What the commands say of themselves. */
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
