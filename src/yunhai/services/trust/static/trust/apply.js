/** The application's form: an investor by account, staff by name; a further document only when it is wanted. */

const kind = document.getElementById("kind");
const more = document.getElementById("more");
const rows = [...document.querySelectorAll("[data-document]")];

function shape() {
  for (const field of document.querySelectorAll("[data-for]")) field.hidden = (field.dataset.for === "investor") !== (kind.value === "investor");
}

more.addEventListener("click", () => {
  const next = rows.find((row) => row.hidden);
  if (next) {
    next.hidden = false;
    next.querySelector("select").focus();
  }
  more.hidden = !rows.some((row) => row.hidden);
});
kind.addEventListener("change", shape);
more.hidden = !rows.some((row) => row.hidden);
shape();
