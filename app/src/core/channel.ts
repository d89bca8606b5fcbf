// How pages and the service worker tell each other what has changed.

import type { Channel, News } from "./world.ts";

const NAME = "aisudo";

/** A channel within this browser; what comes from it was written by this app. */
export function openChannel(): Channel {
  const channel = new BroadcastChannel(NAME);
  return {
    post: (news) => channel.postMessage(news),
    onNews: (hear) => {
      channel.onmessage = ({ data }: MessageEvent<News>) => hear(data);
    },
  };
}
