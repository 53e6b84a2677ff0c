/** What workers record, and what becomes of it when another takes the place of one. */
import { nodeName } from "../../core/cluster/mod.ts";
import { settingsFrom } from "../../core/mod.ts";
import { StartError } from "../../adapters/errors.ts";
import { checkRecordFiles, recordOf } from "../../adapters/record/disk.ts";
import { Member } from "../../adapters/workers/member.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { makeFolder } from "../support/folder.ts";

Deno.test("[REC-10] a worker that takes the place of another keeps its recording as FILE-n.1", async () => {
  await using folder = await makeFolder();
  const record = recordOf(`${folder.path}/run`, 2);
  const settings = settingsFrom({ port: 0, host: "127.0.0.1", record });
  const begin = async (launch: number): Promise<Member> => {
    const orders = { place: 2, launch, name: nodeName(`n${launch}`), settings, sharers: 1 };
    const member = new Member({
      orders: { ...orders, isTerminal: false, hasEngine: false, isWatched: false },
      onNews: () => {},
      onEnd: (why) => {
        throw new Error(why);
      },
      print: () => {},
    });
    await member.listening;
    return member;
  };
  const first = await begin(1);
  await first.call("stop", null, 5_000);
  first.terminate();
  const before = await Deno.readTextFile(record);
  const second = await begin(2);
  await second.call("stop", null, 5_000);
  second.terminate();
  assertEquals(await Deno.readTextFile(`${record}.1`), before);
});

Deno.test("[REC-10] [REC-8] the file of each worker is checked at the start, and a device is no place for several", async () => {
  await using folder = await makeFolder();
  const record = `${folder.path}/run`;
  await Deno.mkdir(`${record}-2`);
  await checkRecordFiles({ record }, 1);
  const refused = (record: string, why: string): Promise<unknown> =>
    assertRejects(() => checkRecordFiles({ record }, 3), StartError, why);
  await refused(
    record,
    `Option record: cannot record to "${record}-2": it is a folder: name a file.`,
  );
  const why = "it is a device, and each worker needs a file of its own: name a file";
  await refused("/dev/null", `Option record: cannot record to "/dev/null": ${why}.`);
});
