import { expect, test } from "vitest";

import { beginning } from "../src/ui/inbox/beginning.ts";

test("a list shows whole words as long as there is room", () => {
  expect(beginning(["ls", "-l"], 4)).toEqual(["ls", "-l"]);
  expect(beginning(["ls", "-l", "x"], 4)).toEqual(["ls", "-l"]);
  expect(beginning(["abc", "defgh"], 5)).toEqual(["abc", "de"]);
  expect(beginning([], 5)).toEqual([]);
});
