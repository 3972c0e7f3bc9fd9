// What the page was given. `about` is there at once; parts are unpacked when they are looked at, and kept.
const about = JSON.parse(document.getElementById("about").textContent);
const unpacked = new Map();

// Bytes of a part, Uint8Array: base64, and within it zlib's format.
function bytesOf(name) {
  if (!unpacked.has(name)) unpacked.set(name, unpack(document.getElementById(`part-${name}`).textContent));
  return unpacked.get(name);
}

async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function jsonOf(name) {
  return JSON.parse(new TextDecoder().decode(await bytesOf(name)));
}
