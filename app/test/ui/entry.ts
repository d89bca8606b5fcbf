// The screens with the fake core: `/?world=rich#/`. Tests reach it as `fake`.

import { showApp } from "../../src/ui/show-app.ts";
import { FakeClock, FakeCore } from "./fake.ts";
import * as samples from "./samples.ts";
import { WORLDS } from "./worlds.ts";

const query = new URLSearchParams(location.search);
const snapshot = WORLDS[query.get("world") ?? "rich"];
if (snapshot === undefined) throw new Error("no such world");

const fake = { core: new FakeCore(snapshot), clock: new FakeClock(), samples };
Object.assign(window, { fake });
showApp(fake.core, fake.clock, { ios: query.has("ios"), installed: false });

export type Fake = typeof fake;
