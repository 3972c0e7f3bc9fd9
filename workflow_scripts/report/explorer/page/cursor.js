// Moving through a plot by arrow keys, Home, End, Page Up and Page Down.

// size(): [columns, rows] of the plot; moved([column, row]); chosen([column, row]) by Enter or a blank.
function addCursor(element, size, moved, chosen = () => {}) {
  let at = [0, 0];
  const steps = {
    ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    PageUp: [0, -10], PageDown: [0, 10], Home: [-Infinity, -Infinity], End: [Infinity, Infinity],
  };
  const put = (place) => {
    at = place.map((value, side) => Math.min(Math.max(value, 0), Math.max(size()[side] - 1, 0)));
    moved(at);
  };
  element.addEventListener("focus", () => put(at));
  element.addEventListener("keydown", (event) => {
    if (event.key in steps && !event.ctrlKey && !event.metaKey && !event.altKey) {
      put(at.map((value, side) => value + steps[event.key][side]));
    } else if (event.key === "Enter" || event.key === " ") {
      chosen(at);
    } else return;
    event.preventDefault();
  });
}
