// Puts the screens into the page.

import { mount } from "svelte";

import type { Core } from "../core/types.ts";
import App from "./App.svelte";
import type { Clock } from "./clock.ts";
import "./css/all.css";
import type { Platform } from "./platform.ts";
import { Ui } from "./ui.svelte.ts";

/** Shows the app until the returned function is called. */
export function showApp(core: Core, clock: Clock, platform: Platform): () => void {
  const ui = new Ui(core, clock, platform);
  const stop = ui.follow();
  mount(App, { target: document.body, props: { ui } });
  return stop;
}
