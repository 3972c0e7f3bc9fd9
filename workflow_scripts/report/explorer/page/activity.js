// One unit: how often it is active in each direction, and where the masks keep it.

const BARS = { view: null, shown: [] };

async function drawActivity() {
  const rates = about.rates.find((one) => one.seed === state.masks?.seed) ?? about.rates[0];
  const layer = rates?.layers.find((one) => one.key === (state.layer?.key ?? rates.layers[0].key));
  $("activity-note").textContent = "";
  if (!layer) {
    BARS.shown = [];
    $("bars").hidden = true;
    $("activity-note").textContent = rates ? "Nobody counted how often units of this layer are active." : "";
    return;
  }
  $("bars").hidden = false;
  const field = $("unit");
  field.max = String(layer.size - 1);
  const unit = Math.min(Math.max(Math.trunc(Number(field.value)) || 0, 0), layer.size - 1);
  const all = await bytesOf(rates.part);
  const width = rates.layers.reduce((sum, one) => sum + one.size, 0);
  const rateOf = (row) => all[row * width + layer.start + unit] / 255;
  BARS.shown = activityRows(rates).map((row) => {
    const direction = rates.rows[row];
    const masked = state.masks?.rows.indexOf(direction) ?? -1;
    const kept = masked < 0 ? null : Boolean(isKept(state.bits[masked], unit));
    return { direction, rate: rateOf(row), kept, fill: kept === null ? "no mask" : kept ? "kept" : "not kept" };
  });
  if ($("unit-order").value === "rate") BARS.shown.sort((one, other) => other.rate - one.rate);
  const kept = BARS.shown.filter((one) => one.kept).length;
  const masked = BARS.shown.filter((one) => one.kept !== null).length;
  const keptBy = state.masks ? ` The masks ${state.masks.name} keep it in ${kept} of ${counted(masked, "direction")}.` : "";
  $("activity-note").textContent = `Unit ${unit} of ${layerName(layer)}, seed ${rates.seed}: share of positions at which it is active.${keptBy}`;
  if (!BARS.view) {
    BARS.view = await plot($("bars"), barSpecification());
    BARS.view.addSignalListener("over", (_, at) => at !== null && showBar(at));
  }
  BARS.view.signal("wide", Math.max(120, $("bars").clientWidth - 130)).signal("names", BARS.shown.map((one) => one.direction));
  BARS.view.signal("top", Math.max(...BARS.shown.map((one) => one.rate), 0.01));
  await BARS.view.signal("at", null).data("bars", BARS.shown).runAsync();
}

// Rows of the counts in the order of the map; those without masks follow.
function activityRows(rates) {
  const mapped = MAP.names.map((name) => rates.rows.indexOf(name)).filter((row) => row >= 0);
  const others = rates.rows.map((_, row) => row).filter((row) => !mapped.includes(row) && !state.masks?.rows.includes(rates.rows[row]));
  return [...mapped, ...others];
}

function showBar(at) {
  const one = BARS.shown[at];
  if (!one) return;
  const kept = one.kept === null ? "" : one.kept ? ", kept by the masks" : ", not kept by the masks";
  $("bar").textContent = `${one.direction}: active at ${(one.rate * 100).toFixed(1)} % of positions${kept}.`;
  BARS.view.signal("at", at).runAsync();
}

function barSpecification() {
  return {
    width: { signal: "wide" }, height: { signal: "tall" }, padding: 2, autosize: "pad", background: null,
    signals: [
      ...themeSignals(), { name: "wide", value: 240 }, { name: "names", value: [] }, { name: "at", value: null }, { name: "top", value: 1 },
      { name: "tall", update: "min(max(length(names), 1) * 16, 2400)" }, { name: "step", update: "tall / max(length(names), 1)" },
      { name: "over", value: null, on: [{ events: "pointermove", update: "floor(y() / step)" }] },
    ],
    data: [{ name: "bars", values: [] }],
    scales: [
      { name: "x", type: "linear", domain: [0, { signal: "top" }], nice: true, range: "width" },
      { name: "y", type: "band", domain: { signal: "names" }, range: "height", padding: 0.15 },
      { name: "fill", type: "ordinal", domain: ["kept", "not kept", "no mask"], range: [{ signal: "kept" }, { signal: "bar" }, { signal: "soft" }] },
    ],
    axes: [
      { orient: "top", scale: "x", format: ".0%", grid: true, tickCount: 5, ...axisColours },
      { orient: "left", scale: "y", labelOverlap: "parity", labelLimit: 110, ticks: false, ...axisColours },
    ],
    legends: [{ fill: "fill", title: "The masks chosen above", orient: "bottom", direction: "horizontal", titleLimit: 300, labelColor: { signal: "ink" },
      titleColor: { signal: "ink" }, labelFont: FONT, titleFont: FONT }],
    marks: [
      { type: "rect", from: { data: "bars" }, encode: { update: { x: { value: 0 }, x2: { scale: "x", field: "rate" },
        y: { scale: "y", field: "direction" }, height: { scale: "y", band: 1 }, fill: { scale: "fill", field: "fill" } } } },
      { type: "rect", interactive: false, encode: { update: { x: { value: -1 }, width: { signal: "wide + 2" }, height: { signal: "step" },
        y: { signal: "at === null ? 0 : at * step" }, opacity: { signal: "at === null ? 0 : 1" }, fill: { value: "transparent" },
        stroke: { signal: "focus" }, strokeWidth: { value: 2 } } } },
    ],
  };
}
