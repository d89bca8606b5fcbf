// How a request is shown in a notification.

import type { Render } from "./notices.ts";

/** Until `show` is here: nothing is shown of it, and so nothing can be approved. */
export const render: Render = () => {
  return { title: "A command waits", body: "Open the app to see it.", whole: false };
};
