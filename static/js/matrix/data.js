// The matrix as the server gives it (kfmap/web/matrix/matrix_data.py), and its rows and columns as they are
// to be shown: narrowed, put in order, equal ones merged.
// The letters of cells: refused, allowed, unknown, fails at run time, only if it may sleep, will not load,
// not on this kernel.
const CODES = ["D", "A", "?", "R", "S", "N", "-"];
const ALLOWED = 1, ASLEEP = 4, ABSENT = 6;
const PARTS = { allowed: ALLOWED, unknown: 2, fails: 3, asleep: ASLEEP, blocked: 5 };

// Bit n counts from the right of the text.
function readBits(text, count) {
  const bits = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    const digit = text.length - 1 - (n >> 2);
    if (digit < 0) break;
    bits[n] = (parseInt(text[digit], 16) >> (n & 3)) & 1;
  }
  return bits;
}

export class Matrix {
  constructor(body) {
    const count = body.kfuncs.length;
    this.kernel = body.kernel;
    this.kfuncs = body.kfuncs.map(([name, set], index) => ({ name, set: body.sets[set][1], index }));
    this.contexts = body.contexts.map(({ name, short = name, sleepable, group, unsupported }, index) => {
      const [groupName, isMember] = body.groups[group];
      return { name, short, sleepable, group: groupName, isMember, unsupported: Boolean(unsupported), index };
    });
    this.asleep = false; // as programs see it that may sleep
    // One code a cell, a column after another.
    this.cells = new Uint8Array(count * this.contexts.length);
    body.contexts.forEach((context, column) => {
      if (context.absent) this.cells.fill(ABSENT, column * count, (column + 1) * count);
      for (const [name, code] of Object.entries(PARTS)) {
        if (!context[name]) continue;
        readBits(context[name], count).forEach((bit, row) => {
          if (bit) this.cells[column * count + row] = code;
        });
      }
    });
  }

  code(context, kfunc) {
    const code = this.cells[context * this.kfuncs.length + kfunc];
    return code === ASLEEP && this.asleep && this.contexts[context].sleepable ? ALLOWED : code;
  }

  // The name to ask with: that of the sleepable form where the switch is on and there is one.
  nameOf(context) {
    // Of merged columns the one that is asked about is looked for by its name.
    const own = this.contexts.find((item) => item.name === context.name);
    return (this.asleep && own?.sleepable) || context.name;
  }

  letter(context, kfunc) {
    return CODES[this.code(context, kfunc)];
  }
}

function keepNamed(items, typed, textOf) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => words.every((word) => textOf(item).toLowerCase().includes(word)));
}

// Items whose cells are all the same become one; `key` gives the cells of an item as text.
function merge(items, key) {
  const found = new Map();
  for (const item of items) {
    const own = key(item);
    if (found.has(own)) found.get(own).members.push(item);
    else found.set(own, { ...item, members: [item] });
  }
  return [...found.values()];
}

function distance(a, b) {
  let count = 0;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) count++;
  return count;
}

// A walk from each item to the most similar one left: likes end up beside each other.
function orderBySimilarity(items, vectorOf) {
  const left = items.map((item) => ({ item, vector: vectorOf(item) }));
  const ordered = left.splice(0, 1);
  while (left.length) {
    const last = ordered.at(-1).vector;
    let best = 0, least = Infinity;
    for (let n = 0; n < left.length && least > 0; n++) {
      const far = distance(last, left[n].vector);
      if (far < least) [best, least] = [n, far];
    }
    ordered.push(...left.splice(best, 1));
  }
  return ordered.map((entry) => entry.item);
}

// What is shown: `rows` (with a head row before each set), `columns` (with their groups).
export function arrange(matrix, { rows: typedRows, cols: typedColumns, sort, merged, only, asleep }) {
  matrix.asleep = asleep;
  let kfuncs = keepNamed(matrix.kfuncs, typedRows, (item) => `${item.name} ${item.set}`);
  let contexts = keepNamed(matrix.contexts, typedColumns, (item) => `${item.name} ${item.group}`);
  if (only) {
    const allows = (context, kfunc) => matrix.code(context.index, kfunc.index) === ALLOWED;
    kfuncs = kfuncs.filter((kfunc) => contexts.some((context) => allows(context, kfunc)));
    contexts = contexts.filter((context) => kfuncs.some((kfunc) => allows(context, kfunc)));
  }
  const column = (context) => kfuncs.map((kfunc) => matrix.code(context.index, kfunc.index));
  const row = (kfunc) => contexts.map((context) => matrix.code(context.index, kfunc.index));
  if (merged) {
    contexts = merge(contexts, (context) => (sort ? "" : context.group) + column(context).join(""));
    kfuncs = merge(kfuncs, (kfunc) => (sort ? "" : kfunc.set) + row(kfunc).join(""));
  }
  const byName = (a, b) => (a.name < b.name ? -1 : 1);
  if (sort === "name") {
    kfuncs = [...kfuncs].sort(byName);
    contexts = [...contexts].sort(byName);
  } else if (sort === "similar") {
    kfuncs = orderBySimilarity(kfuncs, row);
    contexts = orderBySimilarity(contexts, column);
  }
  return { rows: sort ? kfuncs.map((kfunc) => ({ kfunc })) : withHeads(kfuncs), columns: contexts };
}

function withHeads(kfuncs) {
  const sets = new Map();
  for (const kfunc of kfuncs) {
    const rows = sets.get(kfunc.set);
    if (rows) rows.push({ kfunc });
    else sets.set(kfunc.set, [{ kfunc }]);
  }
  const heads = [...sets.keys()].sort();
  return heads.flatMap((head) => [{ head, count: sets.get(head).length }, ...sets.get(head)]);
}
