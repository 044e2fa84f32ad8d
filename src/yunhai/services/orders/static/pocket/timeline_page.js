/**
 * A timeline stays true: what happens to the account while one looks is asked for anew. What was sent a moment ago may not be in the
 * tables yet: then it is looked for some times more, and the page shows it once it is there.
 */

import { listen } from "/static/shell/js/stream.js";
import { toldOf } from "./reading.js";

const AGAIN_MS = [500, 700, 1000, 1500, 2500, 4000, 6000, 8000, 10_000, 12_000, 15_000];
const page = JSON.parse(document.getElementById("page").textContent);

async function lookAgain() {
  for (const pause of AGAIN_MS) {
    await new Promise((done) => setTimeout(done, pause));
    const answer = await fetch(location.href, { method: "HEAD" }).catch(() => null);
    if (answer?.ok) {
      location.reload();
      return;
    }
  }
}

if (page.account) listen({ channel: "orders", account: page.account }, toldOf);
else if (page.missing) lookAgain();
