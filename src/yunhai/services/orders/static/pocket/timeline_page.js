/** A timeline stays true: what happens to the account while one looks is asked for anew. */

import { listen } from "/static/shell/js/stream.js";

const QUIET_MS = 700;
const { account } = JSON.parse(document.getElementById("page").textContent);
let timer = 0;

if (account) {
  listen({ channel: "orders", account }, (message) => {
    if (message.op !== "update" || timer) return;
    timer = setTimeout(() => {
      timer = 0;
      if (!document.querySelector("#events details[open]")) document.body.dispatchEvent(new CustomEvent("pocket:changed"));
    }, QUIET_MS);
  });
}
