import { assertEquals } from "../support/assert.ts";
import { read } from "./coverage.ts";

Deno.test("a line that was not run, and a branch that was not taken, are gaps of the core", () => {
  const lcov = `SF:/box/core/a.ts
BRDA:2,0,0,1
BRDA:3,1,1,-
BRDA:4,1,1,0
DA:1,5
DA:9,0
end_of_record
SF:/box/tests/core/a_test.ts
DA:1,0
end_of_record
SF:/box/core/rules/b.ts
DA:7,0`;
  const file = "/box/core/a.ts";
  assertEquals(read(lcov), {
    gaps: [
      { file, line: 3, what: "branch" },
      { file, line: 4, what: "branch" },
      { file, line: 9, what: "line" },
      { file: "/box/core/rules/b.ts", line: 7, what: "line" },
    ],
    lines: 3,
    branches: 3,
  });
});
