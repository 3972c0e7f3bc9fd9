// Plots by Vega. A plot is made once; later changes are new data or signals, which are quick.
const FONT = "system-ui, sans-serif";

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// Colours that change with the theme: signals of every plot.
const themeSignals = () => ["ink", "line", "focus", "bar", "kept", "soft"].map((name) => ({ name, value: colour(name) }));

const axisColours = {
  labelFont: FONT, titleFont: FONT, labelColor: { signal: "ink" }, titleColor: { signal: "ink" },
  tickColor: { signal: "line" }, domainColor: { signal: "line" }, gridColor: { signal: "line" },
};

// Returns the view of a specification in an element.
async function plot(element, specification) {
  const options = { mode: "vega", renderer: "canvas", actions: false, tooltip: false };
  // In an element of its own: what Vega draws in is as wide as its drawing, and the plot's room is asked for again.
  const inner = element.appendChild(make("div"));
  const { view } = await window.vegaEmbed(inner, specification, options);
  // What it shows is said by the element around it, and by its status line.
  inner.setAttribute("aria-hidden", "true");
  return view;
}

function retheme(view) {
  for (const { name, value } of themeSignals()) view.signal(name, value);
  return view.runAsync();
}
