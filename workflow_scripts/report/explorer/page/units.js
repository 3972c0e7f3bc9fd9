// Masks as bits: which units directions keep, and what two of them share.

const POPULATION = new Uint8Array(256);
for (let byte = 1; byte < 256; byte++) POPULATION[byte] = POPULATION[byte >> 1] + (byte & 1);

const isKept = (bits, unit) => (bits[unit >> 3] >> (7 - (unit & 7))) & 1;

// The bits of one layer, a Uint8Array a row: the layer's first unit is the first bit.
async function layerBits(masks, layer) {
  const all = await bytesOf(masks.part);
  return masks.rows.map((_, row) => {
    const whole = all.subarray(row * masks.bytes, (row + 1) * masks.bytes);
    const bits = new Uint8Array(Math.ceil(layer.size / 8));
    const shift = layer.start & 7;
    for (let byte = 0, from = layer.start >> 3; byte < bits.length; byte++, from++) {
      bits[byte] = (whole[from] << shift) | (shift ? (whole[from + 1] ?? 0) >> (8 - shift) : 0);
    }
    // What follows the layer in the last byte is another layer's.
    if (layer.size & 7) bits[bits.length - 1] &= 0xff << (8 - (layer.size & 7));
    return bits;
  });
}

function sharedUnits(one, other) {
  let shared = 0;
  let all = 0;
  for (let byte = 0; byte < one.length; byte++) {
    shared += POPULATION[one[byte] & other[byte]];
    all += POPULATION[one[byte] | other[byte]];
  }
  // As everywhere in this project: two empty sets are equal.
  return { shared, all, iou: all ? shared / all : 1 };
}

// Ids of units of two rows: kept by both, by the first alone, by the second alone.
function unitsOfPair(one, other, size) {
  const found = { both: [], first: [], second: [] };
  for (let unit = 0; unit < size; unit++) {
    const [a, b] = [isKept(one, unit), isKept(other, unit)];
    if (a && b) found.both.push(unit);
    else if (a) found.first.push(unit);
    else if (b) found.second.push(unit);
  }
  return found;
}
