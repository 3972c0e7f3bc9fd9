// The map of overlaps: IoU of every two directions in one layer.

const MAP = { view: null, rows: [], bits: [], names: [] };
// Labels of more directions would lie on one another.
const LEAST_STEP = 9;

// rows: numbers of the masks' rows, in order; groups: of each the group ("" of none).
async function drawMap(masks, bits, rows, groups) {
  Object.assign(MAP, { bits, rows, names: rows.map((row) => masks.rows[row]) });
  const size = mapSize(rows.length);
  const { values, low, high } = overlaps(bits, rows);
  const bounds = rows.map((_, at) => at).filter((at) => at && groups[at] !== groups[at - 1]);
  if (!MAP.view) {
    MAP.view = await plot($("map"), mapSpecification());
    MAP.view.addSignalListener("over", (_, cell) => cell && showCell(cell));
    MAP.view.addEventListener("click", () => MAP.view.signal("over") && choosePair(MAP.view.signal("over")));
  }
  const grid = [{ grid: { width: rows.length, height: rows.length, values } }];
  MAP.view.signal("size", size).signal("names", MAP.names).signal("low", low).signal("high", high);
  MAP.view.signal("at", null).data("grid", grid).data("bounds", bounds.map((at) => ({ at })));
  await MAP.view.runAsync();
}

// The map is as wide as the page allows, without the labels of its rows.
function mapSize(count) {
  const longest = Math.max(...MAP.names.map((name) => name.length), 1);
  const room = $("map").clientWidth - Math.min(longest, 14) * 7 - 30;
  return Math.max(120, Math.min(room, 680, Math.max(count * 40, 240)));
}

// Row by row; the diagonal, which is 1 by definition, is -1 here and grey. low, high: of all pairs.
function overlaps(bits, rows) {
  const n = rows.length;
  const values = new Array(n * n).fill(-1);
  let [low, high] = [1, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const { iou } = sharedUnits(bits[rows[i]], bits[rows[j]]);
      values[i * n + j] = values[j * n + i] = iou;
      low = Math.min(low, iou);
      high = Math.max(high, iou);
    }
  }
  if (n < 2) [low, high] = [0, 1];
  return { values, low, high: high > low ? high : low + 1e-6 };
}

// What the map says of a cell [column, row].
function showCell([column, row]) {
  const [one, other] = [MAP.rows[row], MAP.rows[column]];
  if (one === undefined || other === undefined) return;
  const { shared, all, iou } = sharedUnits(MAP.bits[one], MAP.bits[other]);
  const both = `${MAP.names[row]} and ${MAP.names[column]}`;
  $("cell").textContent = `${both}: IoU ${iou.toFixed(3)}, ${shared} of ${counted(all, "unit")} shared.`;
  MAP.view.signal("at", [column, row]).runAsync();
}

function choosePair([column, row]) {
  if (MAP.rows[row] === undefined || MAP.rows[column] === undefined) return;
  $("first").value = String(MAP.rows[row]);
  $("second").value = String(MAP.rows[column]);
  showPair();
}

const cellBox = (at, extra) => ({
  x: { signal: `${at} ? ${at}[0] * step : 0` }, y: { signal: `${at} ? ${at}[1] * step : 0` },
  width: { signal: "step" }, height: { signal: "step" }, opacity: { signal: `${at} ? 1 : 0` },
  fill: { value: "transparent" }, ...extra,
});

function mapSpecification() {
  const over = "[floor(x() / step), floor(y() / step)]";
  return {
    width: { signal: "size" }, height: { signal: "size" }, padding: 2, autosize: "pad", background: null,
    signals: [
      ...themeSignals(),
      { name: "size", value: 240 }, { name: "names", value: [] },
      { name: "low", value: 0 }, { name: "high", value: 1 },
      { name: "step", update: "size / max(length(names), 1)" }, { name: "at", value: null },
      { name: "over", value: null, on: [{ events: "@cells:pointermove", update: over }, { events: "@cells:click", update: over }] },
    ],
    // A grid without cells cannot be drawn.
    data: [{ name: "grid", values: [{ grid: { width: 1, height: 1, values: [0] } }] }, { name: "bounds", values: [] }],
    scales: [
      { name: "x", type: "band", domain: { signal: "names" }, range: "width" },
      { name: "y", type: "band", domain: { signal: "names" }, range: "height" },
      { name: "iou", type: "linear", domain: [{ signal: "low" }, { signal: "high" }], range: { scheme: "viridis" }, clamp: true },
    ],
    axes: [
      { orient: "bottom", scale: "x", labelAngle: -90, labelAlign: "right", labelBaseline: "middle" },
      { orient: "left", scale: "y" },
    ].map((axis) => ({ ...axis, ...axisColours, ticks: false, domain: false, labelOverlap: "parity", labelSeparation: 0,
      labelLimit: 100, labelFontSize: { signal: `min(12, max(${LEAST_STEP}, step - 1))` } })),
    legends: [{
      fill: "iou", title: "IoU (diagonal grey: 1)", orient: "top", direction: "horizontal", gradientLength: { signal: "min(size, 240)" },
      labelColor: { signal: "ink" }, titleColor: { signal: "ink" }, labelFont: FONT, titleFont: FONT, format: ".2f", tickCount: 4,
      titleLimit: 300,
    }],
    marks: [
      {
        type: "image", name: "cells", from: { data: "grid" },
        encode: { update: { x: { value: 0 }, y: { value: 0 }, width: { signal: "size" }, height: { signal: "size" },
          aspect: { value: false }, smooth: { value: false } } },
        transform: [{ type: "heatmap", field: "datum.grid", opacity: 1,
          color: { expr: "datum.$value < 0 ? '#8a8a8a' : scale('iou', datum.$value)" } }],
      },
      { type: "rule", from: { data: "bounds" }, interactive: false, encode: { update: { x: { signal: "datum.at * step" },
        x2: { signal: "datum.at * step" }, y: { value: 0 }, y2: { signal: "size" }, stroke: { value: "white" }, strokeWidth: { value: 1.5 } } } },
      { type: "rule", from: { data: "bounds" }, interactive: false, encode: { update: { y: { signal: "datum.at * step" },
        y2: { signal: "datum.at * step" }, x: { value: 0 }, x2: { signal: "size" }, stroke: { value: "white" }, strokeWidth: { value: 1.5 } } } },
      { type: "rect", interactive: false, encode: { update: cellBox("at", { stroke: { signal: "focus" }, strokeWidth: { value: 3 } }) } },
    ],
  };
}
