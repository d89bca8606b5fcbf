// The app on a phone.

import { startCore } from "./start.ts";
import { browserClock } from "./ui/clock.ts";
import { thisPlatform } from "./ui/platform.ts";
import { showApp } from "./ui/show-app.ts";

showApp(startCore(), browserClock, thisPlatform());
