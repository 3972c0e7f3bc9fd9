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

// A heading and ids. They are one text: an element for each of thousands would take longer than the map.
function listed(id, title, units) {
  const box = make("div", { id, class: "ids", tabindex: "0", role: "group", "aria-label": title }, units.join(" ") || "none");
  return [make("h4", {}, title), box];
}

// The id in a list on which a click was, or NaN. (By keyboard: the field "Unit of this layer".)
function clickedId(event) {
  const chosen = window.getSelection();
  if (!event.target.closest(".ids") || !chosen.rangeCount) return NaN;
  chosen.modify("move", "forward", "character");
  chosen.modify("move", "backward", "word");
  chosen.modify("extend", "forward", "word");
  const id = Number.parseInt(chosen.toString(), 10);
  chosen.collapseToStart();
  return id;
}

function layerName(layer) {
  const kinds = { ffn: "FFN neurons", resid: "residual dimensions", weight: "weights" };
  const attention = layer.key.endsWith(".cross") ? "cross-attention heads" : "self-attention heads";
  return `${layer.stack} layer ${layer.layer}, ${kinds[layer.kind] ?? attention}`;
}
