// Which words two texts do not have in common.

// Scripts that do not part words with blanks: each character is a word of its own.
const WITHOUT_BLANKS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORDS = /\s+|[^\s]+/gu;
// Longer texts (in pairs of words) are not compared word by word.
const MOST_PAIRS = 4_000_000;

// Words and the blanks between them, so that joined they are the text.
function wordsOf(text) {
  return (text.match(WORDS) ?? []).flatMap((word) => (WITHOUT_BLANKS.test(word) ? [...word] : [word]));
}

// Two lists of {text, same}: a longest common subsequence of the words is the same in both.
function compareWords(one, other) {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  const common = commonWords(a, b);
  return [marked(a, common.map((pair) => pair[0])), marked(b, common.map((pair) => pair[1]))];
}

function marked(words, same) {
  const kept = new Set(same);
  return words.map((text, place) => ({ text, same: kept.has(place) || !text.trim() }));
}

// Places [in a, in b] of a longest common subsequence; blanks are not compared.
function commonWords(a, b) {
  const left = a.map((_, place) => place).filter((place) => a[place].trim());
  const right = b.map((_, place) => place).filter((place) => b[place].trim());
  const [n, m] = [left.length, right.length];
  if (n * m > MOST_PAIRS) return [];
  const width = m + 1;
  const longest = new Uint16Array((n + 1) * width);
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      const equal = a[left[i]] === b[right[j]];
      const at = i * width + j;
      longest[at] = equal ? longest[at + width + 1] + 1 : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < n && j < m; ) {
    if (a[left[i]] === b[right[j]]) pairs.push([left[i++], right[j++]]);
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
    else j++;
  }
  return pairs;
}
