/** Runs layouts off the page's thread. */

import { type LayoutRequest, layout } from "./layout";

self.addEventListener("message", (event: MessageEvent<LayoutRequest>) => {
  const answer = layout(event.data);
  self.postMessage(answer, { transfer: [answer.positions.buffer] });
});
