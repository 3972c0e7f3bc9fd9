// Small helpers for the page. Text goes in as text alone, never as HTML: it comes from corpora.
const $ = (id) => document.getElementById(id);

// A new element: make("td", {class: "x"}, "text", child, …).
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Fill a select with [value, text] and keep what was chosen where it is still there.
function fill(select, options) {
  const before = select.value;
  select.replaceChildren(...options.map(([value, text]) => make("option", { value: String(value) }, text)));
  if (options.some(([value]) => String(value) === before)) select.value = before;
  select.closest("label").hidden = options.length < 2;
}

const names = (values) => values.map((value) => [value, value]);
const isShort = (number, digits) => (number === null || number === undefined ? "–" : number.toFixed(digits));
const signed = (number, digits) => (number === null ? "–" : (number > 0 ? "+" : "") + number.toFixed(digits));
const counted = (number, thing) => `${number} ${thing}${number === 1 ? "" : "s"}`;
