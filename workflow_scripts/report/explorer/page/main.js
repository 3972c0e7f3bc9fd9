// What is chosen, and what is drawn anew when it changes.

const state = { masks: null, layer: null, bits: [] };

function showFacts() {
  $("title").textContent = about.experiment;
  const { lines } = about;
  const facts = [
    `${counted(about.directions.length, "direction")}; ${counted(about.systems.length, "system")}: ${about.systems.join(", ") || "none"}; seeds ${about.seeds.join(", ")}.`,
    about.masks.length ? "Masks: every bit, so every overlap is exact." : "No masks.",
    about.rates.length ? "Activity: shares of positions in 255ths, so up to 0.2 points off." : "No counts of activity.",
    Object.keys(lines.parts).length
      ? `Sentences: of each direction and system the ${lines.largest} with the largest difference to ${about.baseline}, and ${lines.random} at random; of ${lines.testset}, seed ${lines.seed}.`
      : "No sentences.",
    ...about.left_out.map((line) => `Left out: ${line}.`),
  ];
  $("fact-list").replaceChildren(...facts.map((line) => make("li", {}, line)));
  if (about.left_out.length) $("facts").open = true;
  if (!about.missing.length) return;
  const some = about.missing.slice(0, 10);
  const more = about.missing.length - some.length;
  $("partial").hidden = false;
  $("partial").append(
    make("strong", {}, "PARTIAL"), ` ${counted(about.missing.length, "file")} or scores are missing; nothing stands in for them:`,
    make("ul", {}, ...some.map((line) => make("li", {}, line)), ...(more ? [make("li", {}, `and ${more} more`)] : [])),
  );
}

// The rows of the map: of the chosen ends, in the chosen order; and their groups.
function mapRows() {
  const { masks, layer } = state;
  const chosen = $("ends").value;
  const wanted = (row) => {
    const place = about.directions.indexOf(masks.rows[row]);
    return !chosen || about.sides[place] === chosen;
  };
  const by = $("order").value;
  let rows = masks.rows.map((_, row) => row);
  let groups = rows.map(() => "");
  if (by === "similar") rows = masks.similar[layer.key];
  const named = about.orders.find((one) => `group:${one.name}` === by);
  if (named) {
    const known = named.order.map((number) => masks.rows.indexOf(about.directions[number]));
    const pairs = known.map((row, at) => [row, named.groups[at]]).filter(([row]) => row >= 0);
    for (const row of rows) if (!known.includes(row)) pairs.push([row, ""]);
    [rows, groups] = [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
  }
  const kept = rows.map((row, at) => [row, groups[at]]).filter(([row]) => wanted(row));
  return [kept.map((pair) => pair[0]), kept.map((pair) => pair[1])];
}

async function drawUnits() {
  if (state.masks) {
    const { masks, layer } = state;
    const bits = await layerBits(masks, layer);
    // Something else was chosen meanwhile.
    if (state.masks !== masks || state.layer !== layer) return;
    state.bits = bits;
    const [rows, groups] = mapRows();
    const places = names(rows).map(([row]) => [row, state.masks.rows[row]]);
    fill($("first"), places);
    fill($("second"), places);
    if ($("first").value === $("second").value && places.length > 1) $("second").value = String(places[1][0]);
    if (rows.length) {
      await drawMap(state.masks, state.bits, rows, groups);
      showPair();
    }
    const users = state.masks.systems.length ? `used by ${state.masks.systems.join(", ")}` : "used by no system";
    const bounds = groups.some((one) => one) ? " White lines part groups." : "";
    $("overlap-note").textContent = `${state.masks.name}, ${users}: ${layerName(state.layer)}, ${counted(state.layer.size, "unit")}; ${counted(rows.length, "direction")}.${bounds}`;
  }
  if (about.rates.length) await drawActivity();
}

// Each choice narrows the next one: masks, seed, side, layer.
function chooseMasks() {
  const seeds = about.masks.filter((one) => one.name === $("masks").value).map((one) => one.seed);
  fill($("mask-seed"), names(seeds));
  state.masks = about.masks.find((one) => one.name === $("masks").value && String(one.seed) === $("mask-seed").value);
  fill($("stack"), names([...new Set(state.masks.layers.map((one) => one.stack))]));
  return chooseLayer();
}

function chooseLayer() {
  const layers = state.masks.layers.filter((one) => one.stack === $("stack").value);
  fill($("layer"), layers.map((one) => [one.key, layerName(one).replace(`${one.stack} layer `, "")]));
  state.layer = layers.find((one) => one.key === $("layer").value);
  return drawUnits();
}

async function prepareUnits() {
  fill($("masks"), names([...new Set(about.masks.map((one) => one.name))]));
  const groups = about.orders.map((one) => [`group:${one.name}`, `by ${one.name}`]);
  fill($("order"), [...groups, ["similar", "by similarity"], ["given", "as in the config"]]);
  const sides = [...new Set(about.sides)].filter((one) => one);
  fill($("ends"), [["", "all"], ...sides.map((one) => [one, one.replace("pivot", about.pivot || "pivot")])]);
  $("masks").addEventListener("change", chooseMasks);
  $("mask-seed").addEventListener("change", chooseMasks);
  $("stack").addEventListener("change", chooseLayer);
  $("layer").addEventListener("change", chooseLayer);
  for (const id of ["order", "ends"]) $(id).addEventListener("change", drawUnits);
  for (const id of ["first", "second"]) $(id).addEventListener("change", showPair);
  $("unit").addEventListener("input", drawActivity);
  $("unit-order").addEventListener("change", drawActivity);
  $("pair").addEventListener("click", (event) => {
    const unit = clickedId(event);
    if (Number.isNaN(unit) || !about.rates.length) return;
    $("unit").value = String(unit);
    drawActivity().then(() => $("activity").scrollIntoView());
  });
  addCursor($("map"), () => [MAP.rows.length, MAP.rows.length], showCell, choosePair);
  addCursor($("bars"), () => [1, BARS.shown.length], ([, row]) => showBar(row));
  await (about.masks.length ? chooseMasks() : drawUnits());
}

// Light or dark: as the system has it, until the switch says otherwise.
function prepareTheme() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    $("theme").textContent = theme === "dark" ? "Light colours" : "Dark colours";
    for (const view of [MAP.view, BARS.view]) if (view) retheme(view);
  };
  set(dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => set(dark.matches ? "dark" : "light"));
  $("theme").addEventListener("click", () => set(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
}

function hideUnless(there, section) {
  $(`${section}-none`).hidden = there;
  $(`${section}-body`).hidden = !there;
  return there;
}

async function start() {
  prepareTheme();
  showFacts();
  hideUnless(about.masks.length > 0, "overlap");
  hideUnless(about.rates.length > 0, "activity");
  if (hideUnless(about.systems.length > 0 && about.metrics.length > 0, "scores")) {
    await prepareScores();
    drawTable();
  }
  if (hideUnless(Object.keys(about.lines.parts).length > 0, "hypotheses")) {
    prepareLines();
    await drawLines();
  }
  await prepareUnits();
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) drawUnits();
    width = window.innerWidth;
  });
  document.documentElement.dataset.ready = "yes";
}

start();
