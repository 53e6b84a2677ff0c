/** What this process logs, taken down by a test. */
import { configureSync, type LogRecord } from "@logtape/logtape";
import { reportOmitted } from "../../adapters/observe/log.ts";

/** What is made of each record that is logged from now on. */
export function captured<T>(make: (record: LogRecord) => T): T[] {
  reportOmitted(); // Else the lines of earlier tests count.
  const all: T[] = [];
  configureSync({
    reset: true,
    sinks: { all: (record) => void all.push(make(record)) },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["all"] },
      { category: ["signalbox"], lowestLevel: "debug", sinks: ["all"] },
    ],
  });
  return all;
}
