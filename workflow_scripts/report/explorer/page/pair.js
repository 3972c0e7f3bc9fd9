// Two directions: the units that both keep, and those that one keeps and the other does not.

function showPair() {
  const [first, second] = [Number($("first").value), Number($("second").value)];
  const { masks, layer } = state;
  const { both, first: one, second: other } = unitsOfPair(state.bits[first], state.bits[second], layer.size);
  const [a, b] = [masks.rows[first], masks.rows[second]];
  const union = both.length + one.length + other.length;
  const iou = union ? both.length / union : 1;
  const said = `${a} and ${b} in ${layerName(layer)}: IoU ${iou.toFixed(3)}. Units are numbered from 0 in each layer.`;
  $("pair").replaceChildren(
    make("p", { id: "pair-said" }, said),
    ...listed("both", `Kept by both: ${both.length}`, both),
    ...listed("only-first", `Only by ${a}: ${one.length}`, one),
    ...listed("only-second", `Only by ${b}: ${other.length}`, other),
  );
}

// A heading and ids; a click on an id shows that unit. (By keyboard: the field "Unit of this layer".)
function listed(id, title, units) {
  const ids = units.flatMap((unit, place) => [place ? " " : "", make("span", { "data-unit": String(unit) }, String(unit))]);
  const box = make("div", { id, class: "ids", tabindex: "0", role: "group", "aria-label": title }, ...(units.length ? ids : ["none"]));
  return [make("h4", {}, title), box];
}

function layerName(layer) {
  const kinds = { ffn: "FFN neurons", resid: "residual dimensions", weight: "weights" };
  const attention = layer.key.endsWith(".cross") ? "cross-attention heads" : "self-attention heads";
  return `${layer.stack} layer ${layer.layer}, ${kinds[layer.kind] ?? attention}`;
}
