/** Elements: found by id, made with text and attributes, drawn. */

const SVG = "http://www.w3.org/2000/svg";

export const at = (id) => document.getElementById(id);

function attributed(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** A new element with text and attributes. */
export function made(tag, text = "", attributes = {}) {
  const element = document.createElement(tag);
  if (text !== "") element.textContent = text;
  return attributed(element, attributes);
}

/** A new shape of a drawing (SVG). */
export const shape = (tag, attributes) => attributed(document.createElementNS(SVG, tag), attributes);
