// Sentences of a direction: two hypotheses, with the words marked that they do not share.

const SENTENCES = { found: null, places: [], from: 0 };
const A_PAGE = 10;

function prepareLines() {
  fill($("direction"), names(Object.keys(about.lines.parts)));
  const others = about.systems.filter((one) => one !== about.baseline);
  fill($("compared"), names(others.length ? others : about.systems));
  $("compared").value = firstSystem();
  const kinds = [["largest", "largest score differences"], ["random", "at random"]];
  fill($("kind"), others.length ? kinds : kinds.slice(1));
  for (const id of ["direction", "compared", "kind"]) $(id).addEventListener("change", drawLines);
  $("earlier").addEventListener("click", () => turn(-A_PAGE));
  $("later").addEventListener("click", () => turn(A_PAGE));
}

function showDirection(direction) {
  if (!(direction in about.lines.parts)) return;
  $("direction").value = direction;
  if ($("system").value !== about.baseline) $("compared").value = $("system").value;
  drawLines();
  $("hypotheses").scrollIntoView();
  $("direction").focus({ preventScroll: true });
}

async function drawLines() {
  SENTENCES.found = await jsonOf(about.lines.parts[$("direction").value]);
  const { found } = SENTENCES;
  const system = $("compared").value;
  SENTENCES.places = $("kind").value === "largest" ? found.largest[system] ?? [] : found.random;
  SENTENCES.from = 0;
  $("lines-note").textContent = noteOnLines();
  turn(0);
}

function noteOnLines() {
  const { found, places } = SENTENCES;
  const { lines } = about;
  const system = $("compared").value;
  const cut = $("kind").value === "largest"
    ? `the ${places.length} with the largest difference of ${metricName(lines.metric)} between ${system} and ${about.baseline} (at most ${lines.largest})`
    : `${places.length} at random (at most ${lines.random})`;
  const missing = [about.baseline, system].filter((one) => !found.systems.includes(one));
  const said = missing.length ? ` There are no hypotheses of ${missing.join(" and ")}.` : "";
  return `Of ${counted(found.count, "sentence")} of ${lines.testset}, seed ${lines.seed}: ${cut}. Marked: words that the other hypothesis does not have there.${said}`;
}

function turn(by) {
  const { places } = SENTENCES;
  SENTENCES.from = Math.max(0, Math.min(SENTENCES.from + by, Math.max(places.length - 1, 0)));
  const from = SENTENCES.from;
  const shown = places.slice(from, from + A_PAGE);
  $("lines").replaceChildren(...shown.map(sentence));
  $("page").textContent = places.length ? `${from + 1} to ${from + shown.length} of ${places.length}` : "none";
  $("earlier").disabled = from === 0;
  $("later").disabled = from + A_PAGE >= places.length;
}

function sentence(place) {
  const { found } = SENTENCES;
  const system = $("compared").value;
  const [source, reference, ...hypotheses] = found.texts[place];
  const [one, other] = [about.baseline, system].map((name) => hypotheses[found.systems.indexOf(name)] ?? null);
  const [left, right] = one === null || other === null || system === about.baseline
    ? [one, other].map((text) => [{ text: text ?? "not there", same: true }])
    : compareWords(one, other);
  const entries = [];
  if (source !== null) entries.push(["source", [source]]);
  entries.push(["reference", [reference]]);
  entries.push([titled(about.baseline, place), marks(left, "one")]);
  if (system !== about.baseline) entries.push([titled(system, place), marks(right, "other")]);
  const [from, to] = $("direction").value.split("-");
  const list = entries.flatMap(([title, content], at) => {
    const lang = at === 0 && source !== null ? from : to;
    return [make("dt", {}, title), make("dd", { lang: lang.replaceAll("_", "-"), dir: "auto" }, ...content)];
  });
  return make("li", {}, make("strong", {}, `Line ${found.numbers[place] + 1}`), make("dl", {}, ...list));
}

function titled(system, place) {
  const score = SENTENCES.found.scores[system]?.[place];
  return score === undefined || score === null ? system : `${system} (${metricName(about.lines.metric)} ${score.toFixed(1)})`;
}

// Words, those of the other text too as they are, others within <mark>; neighbours are joined.
function marks(words, kind) {
  const runs = [];
  for (const { text, same } of words) {
    const last = runs.at(-1);
    if (last && (last.same === same || !text.trim())) last.text += text;
    else runs.push({ text, same });
  }
  return runs.flatMap(({ text, same }) => {
    if (same) return [text];
    const inner = text.trimEnd();
    return [make("mark", { class: kind }, inner), text.slice(inner.length)];
  });
}
