import { expect, test } from "vitest";

import { routeOf, toHost, toRequest } from "../src/ui/routes.ts";

test("an address names a screen, and what a link to it wrote", () => {
  expect(routeOf("")).toEqual({ screen: "inbox" });
  expect(routeOf("#/")).toEqual({ screen: "inbox" });
  expect(routeOf("#/history")).toEqual({ screen: "history" });
  expect(routeOf("#/hosts")).toEqual({ screen: "hosts" });
  expect(routeOf("#/about")).toEqual({ screen: "about" });
  expect(routeOf("#/pair")).toEqual({ screen: "pair", link: undefined });
  expect(routeOf("#pair=AAA")).toEqual({ screen: "pair", link: "#pair=AAA" });
  expect(routeOf(toHost("a/b c"))).toEqual({ screen: "host", host: "a/b c" });
  expect(routeOf(toRequest("h", "i%2F"))).toEqual({ screen: "request", host: "h", id: "i%2F" });
});

test("what no link writes is the inbox", () => {
  const requests = ["#/r/h", "#/r/h/i/j", "#/r//i"];
  const others = ["#/h", "#/h/", "#/h/a/b", "#/hosts/x", "#/none", "#/h/%", "#x"];
  for (const hash of [...requests, ...others]) {
    expect(routeOf(hash), hash).toEqual({ screen: "inbox" });
  }
});
