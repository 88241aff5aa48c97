// Makes elements without HTML: a text from a user is always a text node, never markup.

const SVG = "http://www.w3.org/2000/svg";

// Attributes that are properties of an element, because the attribute is only the first value.
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "hidden", "open", "indeterminate", "multiple", "files"]);

/** An HTML element. Children are nodes, texts, numbers, arrays of these; null and false are left out. */
export function h(tag, props, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** An SVG element. */
export function svg(tag, props, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

/** Give an element other children. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(isShown));
  return node;
}

/** Set a text, only if it differs: so a screen reader is told of changes alone. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set attributes, properties (`value`, `checked`, ...), and listeners (`onclick`). */
export function set(node, props) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else if (name === "href") node.setAttribute(name, safe(String(value)));
    else node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

/**
 * Show items as children of a node, one element for each, and keep the elements of items that stay:
 * so the focus and the scrolling stay too. `make(item)` returns an element; its method `update`, if
 * it has one, is called with the item each time.
 */
export function keyed(node, items, keyOf, make) {
  const before = (node.keyedRows ??= new Map());
  const after = new Map(items.map((item) => [keyOf(item), item]));
  // First of all, because the rows after it would be moved, and a row that is moved loses the focus.
  for (const [key, row] of before) if (!after.has(key)) row.remove();
  let place = node.firstElementChild;
  for (const [key, item] of after) {
    const row = before.get(key) ?? make(item);
    row.update?.(item);
    if (row === place) place = place.nextElementSibling;
    else node.insertBefore(row, place);
    after.set(key, row);
  }
  node.keyedRows = after;
}

function filled(node, props, children) {
  set(node, props);
  node.append(...children.flat(Infinity).filter(isShown));
  return node;
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false && child !== true;
}

// An address never runs a script, whatever it was made of.
function safe(address) {
  return /^(#|blob:|https?:|\w[^:]*$)/.test(address) ? address : "#/";
}
