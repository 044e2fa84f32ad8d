/**
 * Parts that the server renders stand on tables which follow the journal by a moment. Each says up to where they had been read
 * (`data-read`, a journal sequence); after the stream told of something the parts are asked for again until they have read as far.
 */

const PAUSES_MS = [700, 700, 1000, 2000, 4000];

let wanted = 0;
let tries = 0;
let timer = 0;

const behind = () => [...document.querySelectorAll("[data-read]")].some((part) => Number(part.dataset.read) < wanted);

/** Somebody reads the small print of a part: it stays as it is until that is closed. */
const opened = () => document.querySelector("[data-read] details[open]") !== null;

function ask() {
  timer = 0;
  if (behind() && !opened()) document.body.dispatchEvent(new CustomEvent("pocket:changed"));
  due();
}

function due() {
  if (timer || !behind()) return;
  timer = setTimeout(ask, PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]);
  tries += 1;
}

/** Hears a message of the channel `orders`. htmx's `pocket:changed` is told to the parts, after a pause that takes several at once. */
export function toldOf(message) {
  if (!(message.as_of > wanted)) return;
  wanted = message.as_of;
  tries = 0;
  due();
}

document.body.addEventListener("htmx:afterSettle", due);
