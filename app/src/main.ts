// The app on a phone.

import { startInBrowser } from "./core/browser.ts";
import { browserClock } from "./ui/clock.ts";
import { thisPlatform } from "./ui/platform.ts";
import { showApp } from "./ui/show-app.ts";

showApp(startInBrowser(), browserClock, thisPlatform());
