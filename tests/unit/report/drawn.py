"""What a figure shows, read from its artists, and files of analyses as their jobs write them."""

import csv
import json
import math

#: Half of the 95 % t interval of the mean of two values, by their distance: 12.706 · (1/√2) · (1/√2).
OF_TWO = 12.706204736174694 / 2


def bars_of(axis):
    """Label → (x, y, half of the bar) of each point of the lines with bars; None without a bar."""
    found = {}
    for container in axis.containers:
        line, _, (bars,) = container.lines
        upright = container.has_yerr
        halves = []
        for ends in bars.get_segments():
            (low, high) = sorted(end[1 if upright else 0] for end in ends) if len(ends) else (math.nan,) * 2
            halves.append(None if math.isnan(high - low) else round((high - low) / 2, 9))
        points = zip(*(list(map(float, values)) for values in line.get_data()), halves, strict=True)
        found[container.get_label()] = list(points)
    return found


def lines_of(axis):
    """Label → (x, y) of each point of the lines that have a label."""
    return {
        line.get_label(): list(zip(*map(list, line.get_data()), strict=True))
        for line in axis.get_lines()
        if not line.get_label().startswith("_")
    }


def legend_of(axis):
    """The entries of a panel's legend."""
    return [text.get_text() for text in axis.get_legend().get_texts()]


def write_job(folder, name, result, rows):
    """Write the JSON of a job and its table beside it; return the JSON's path."""
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result))
    with path.with_suffix(".csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_csv(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))
