/**
 * The room's menu scrolls sideways where it is longer than its place: at an end behind which there is more stands an arrow.
 *
 * The arrows are for the mouse and the finger; with the keyboard every entry is reached as before and comes to the middle.
 */

const SHARE = 0.7; // of what is seen, so that something of it stays in sight

export function startMenu() {
  const menu = document.querySelector(".menu");
  const arrows = [...document.querySelectorAll("[data-menu-way]")];
  if (!menu || arrows.length === 0) return;
  const look = () => {
    const most = menu.scrollWidth - menu.clientWidth;
    for (const arrow of arrows) arrow.hidden = arrow.dataset.menuWay === "-1" ? menu.scrollLeft < 1 : menu.scrollLeft > most - 1;
  };
  for (const arrow of arrows) {
    arrow.addEventListener("click", () => menu.scrollBy({ left: Number(arrow.dataset.menuWay) * SHARE * menu.clientWidth, behavior: "smooth" }));
  }
  menu.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(menu);
  const centre = (link) => {
    const [one, seen] = [link.getBoundingClientRect(), menu.getBoundingClientRect()];
    menu.scrollLeft += (one.left + one.right - seen.left - seen.right) / 2;
  };
  menu.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && centre(event.target)); // else it may lie under an arrow
  const current = menu.querySelector("[aria-current]");
  if (current) centre(current);
  look();
}
