// The table of directions: scores of a system and the baseline, their difference, and whether it is significant.

const TABLE = { scores: null, sort: "place", down: false, rows: [] };
const ALL = "all";
const COLUMNS = [
  ["place", "Direction"], ["n", "Sentences"], ["base", ""], ["score", ""], ["difference", "Difference"],
  ["low", "95 % interval"], ["p", "p (Holm)"], ["verdict", "Verdict"],
];
const VERDICTS = { win: "better", loss: "worse", tie: "no significant difference" };

async function prepareScores() {
  TABLE.scores = await jsonOf("scores");
  const others = about.systems.filter((one) => one !== about.baseline);
  fill($("system"), names(others.length ? others : about.systems));
  $("system").value = firstSystem();
  fill($("seed"), [[ALL, "mean of all"], ...names(about.seeds)].slice(about.seeds.length > 1 ? 0 : 1));
  fill($("testset"), names(about.testsets));
  fill($("profile"), names(about.profiles));
  fill($("metric"), about.metrics.map((one) => [one.name, metricName(one.name)]));
  const verdicts = about.tested ? ["win", "loss", "tie"].map((one) => [one, VERDICTS[one]]) : [];
  fill($("outcome"), [["", "all directions"], ["up", "higher"], ["down", "lower"], ...verdicts]);
  for (const id of ["system", "seed", "testset", "profile", "metric", "outcome"]) $(id).addEventListener("change", drawTable);
  $("find").addEventListener("input", drawTable);
  $("table").addEventListener("click", (event) => {
    const sort = event.target.closest("[data-sort]")?.dataset.sort;
    if (sort) sortBy(sort);
    const direction = event.target.closest("[data-direction]")?.dataset.direction;
    if (direction) showDirection(direction);
  });
}

// The system to begin with: one that has the masks above, or else the first that is not the baseline.
function firstSystem() {
  const others = about.systems.filter((one) => one !== about.baseline);
  return about.masks.flatMap((one) => one.systems).find((one) => others.includes(one)) ?? others[0] ?? about.baseline;
}

const metricName = (name) => ({ bleu: "BLEU", chrf: "chrF2++", chrf2: "chrF2", ter: "TER" })[name] ?? name;

function sortBy(column) {
  TABLE.down = TABLE.sort === column ? !TABLE.down : false;
  TABLE.sort = column;
  drawTable();
  $("table").querySelector(`[data-sort="${column}"]`).focus();
}

// Columns of the chosen test set, references and metric, of a system: one a seed.
function columnsOf(list, system) {
  const wanted = { system, testset: $("testset").value, profile: $("profile").value, metric: $("metric").value };
  const seed = $("seed").value;
  return list.filter(
    (one) => Object.entries(wanted).every(([key, value]) => one[key] === value) && (seed === ALL || String(one.seed) === seed),
  );
}

function spreadOf(numbers) {
  const there = numbers.filter((one) => one !== null);
  const mean = there.length ? there.reduce((sum, one) => sum + one, 0) / there.length : null;
  const squares = there.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { mean, n: there.length, sd: there.length > 1 ? Math.sqrt(squares / (there.length - 1)) : null };
}

// One row a direction that has a score. Means are over seeds; differences are of equal seeds.
function tableRows() {
  const system = $("system").value;
  const [own, base] = [columnsOf(TABLE.scores.columns, system), columnsOf(TABLE.scores.columns, about.baseline)];
  const tested = columnsOf(TABLE.scores.tests, system);
  return about.directions.flatMap((direction, place) => {
    const pairs = own.map((one) => [one.values[place], base.find((other) => other.seed === one.seed)?.values[place] ?? null]);
    const score = spreadOf(own.map((one) => one.values[place]));
    const baseline = spreadOf(base.map((one) => one.values[place]));
    const both = pairs.filter((pair) => !pair.includes(null));
    const difference = spreadOf(both.map(([one, other]) => one - other));
    if (score.mean === null && baseline.mean === null) return [];
    const tests = tested.filter((one) => one.outcome[place] !== null);
    const first = tests.length === 1 ? tests[0] : null;
    const outcomes = tests.map((one) => one.outcome[place]);
    const outcome = outcomes.length && outcomes.every((one) => one === outcomes[0]) ? outcomes[0] : outcomes.length ? "tie" : null;
    const n = [...own, ...base].map((one) => one.n[place]).find((one) => one !== null) ?? null;
    const isBaseline = system === about.baseline;
    return [{
      place, direction, n, base: baseline.mean, score: score.mean, baseline, own: score,
      difference: isBaseline ? null : difference.mean, spread: difference, outcome,
      low: first ? first.low[place] : null, high: first ? first.high[place] : null, p: first ? first.p[place] : null,
      verdict: verdictOf(outcome, outcomes),
    }];
  });
}

function verdictOf(outcome, outcomes) {
  if (outcome === null) return "not tested";
  if (outcomes.length < 2) return VERDICTS[outcome];
  const same = outcomes.filter((one) => one === "win").length;
  const worse = outcomes.filter((one) => one === "loss").length;
  return `better in ${same}, worse in ${worse} of ${outcomes.length} seeds`;
}

function isShown(row) {
  const show = $("outcome").value;
  if (!row.direction.toLowerCase().includes($("find").value.trim().toLowerCase())) return false;
  if (show === "up") return row.difference > 0;
  if (show === "down") return row.difference !== null && row.difference < 0;
  return !show || row.outcome === show;
}

function drawTable() {
  const { digits } = about.metrics.find((one) => one.name === $("metric").value);
  const all = tableRows();
  const shown = all.filter(isShown).sort((one, other) => order(one[TABLE.sort], other[TABLE.sort]) * (TABLE.down ? -1 : 1));
  TABLE.rows = shown;
  const seeds = $("seed").value === ALL;
  const heads = COLUMNS.map(([key, title]) => {
    const text = { base: about.baseline, score: $("system").value, low: seeds ? "sd over seeds" : title }[key] ?? title;
    const sorted = TABLE.sort === key ? (TABLE.down ? "descending" : "ascending") : "none";
    const sign = { ascending: " ▲", descending: " ▼", none: "" }[sorted];
    return make("th", { scope: "col", "aria-sort": sorted }, make("button", { type: "button", "data-sort": key }, text + sign));
  });
  const body = shown.map((row) => make("tr", {}, ...cellsOf(row, digits, seeds)));
  $("table").replaceChildren(make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...body));
  $("scores-note").textContent = noteOnScores(shown.length, all.length, seeds);
}

function cellsOf(row, digits, seeds) {
  const name = make("button", { type: "button", class: "name", "data-direction": row.direction }, row.direction);
  const { sd, n } = row.spread;
  const interval = seeds
    ? sd === null ? "–" : `${sd.toFixed(digits)} (n = ${n})`
    : row.low === null ? "–" : `${signed(row.low, digits)} to ${signed(row.high, digits)}`;
  const texts = [
    row.n === null ? "–" : String(row.n), isShort(row.base, digits), isShort(row.score, digits), signed(row.difference, digits),
    interval, row.p === null ? "–" : row.p < 0.001 ? "< 0.001" : row.p.toFixed(3), row.verdict,
  ];
  return [make("th", { scope: "row" }, name), ...texts.map((text) => make("td", {}, text))];
}

// Undefined values come last.
function order(one, other) {
  if (one === null || other === null) return (one === null) - (other === null);
  return typeof one === "string" ? one.localeCompare(other, "en") : one - other;
}

function noteOnScores(shown, all, seeds) {
  const lower = about.lower_is_better.includes($("metric").value) ? " Lower is better." : "";
  const tested = about.tested
    ? ` Verdicts: paired randomisation, Holm's correction over directions, level ${about.level}${seeds ? ", in each seed" : ""}.`
    : " Nothing was tested for significance.";
  const compared = about.systems.length > 1 ? ` Difference: ${$("system").value} − ${about.baseline}.` : " There is one system, so nothing to compare it with.";
  return `${shown} of ${counted(all, "direction")}.${compared}${seeds ? " Means over seeds." : ""}${lower}${tested} A direction's name shows its hypotheses.`;
}
