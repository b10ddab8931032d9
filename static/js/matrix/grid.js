// A table that shows a window of a large grid. It sticks to the corner of what scrolls, and its
// cells, made once for the size of the window, take on what belongs where the reader scrolled to.
const ROW = 24, COLUMN = 26;
// On paper nothing scrolls: every row is there, and as many columns as a page has room for.
export const PAPER_COLUMNS = 40;
const SIGNS = { A: "✓", S: "s", N: "–", R: "!", "?": "?", D: "✕", "-": "" };
const WORDS = {
  A: "allowed",
  S: "only if the program may sleep",
  N: "will not load",
  R: "fails at run time",
  "?": "unknown",
  D: "refused",
  "-": "not on this kernel",
};
const CLASSES = { "?": "u", "-": "absent" };

function make(tag, parent, set) {
  const element = Object.assign(document.createElement(tag), set);
  parent?.append(element);
  return element;
}

function label(item, short) {
  const more = (item.members?.length ?? 1) - 1;
  return more > 0 ? `${short} +${more}` : short;
}

function allNames(item) {
  return (item.members ?? [item]).map((member) => member.name).join(", ");
}

// Brings a list of what can be made and removed to a length.
function fit(list, count, makeOne) {
  for (const one of list.splice(count)) one.remove();
  while (list.length < count) list.push(makeOne());
}

const sizeOf = ({ clientWidth, clientHeight }) => `${clientWidth} ${clientHeight}`;

export class Grid {
  // `read` gives the letter of (context index, kfunc index); `onCell` is told which cell was opened;
  // `pageOf` gives the addresses of the pages of a column or a kfunc.
  constructor(scroller, read, { onCell, pageOf }) {
    Object.assign(this, { scroller, read, onCell, pageOf });
    Object.assign(this, { rows: [], columns: [], at: { row: 0, column: 0 }, hover: null, paper: false, frame: 0 });
    Object.assign(this, { lines: [], names: [], lit: [] }); // elements: of each line, of the heads, of what is marked
    this.space = scroller.firstElementChild;
    this.table = make("table", this.space, { className: "grid", role: "grid", ariaLabel: "Matrix" });
    const head = make("thead", this.table);
    this.groupRow = make("tr", head, { ariaRowIndex: 1 });
    this.nameRow = make("tr", head, { ariaRowIndex: 2 });
    this.corner = make("th", this.nameRow, { className: "corner", scope: "col", ariaColIndex: 1 });
    this.body = make("tbody", this.table);
    scroller.addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.size !== sizeOf(scroller) && this.resize()).observe(scroller);
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
    matchMedia("print").addEventListener("change", ({ matches }) => this.print(matches));
    this.table.addEventListener("click", (event) => this.onClick(event));
    this.table.addEventListener("keydown", (event) => this.onKey(event));
    this.table.addEventListener("pointerover", ({ target }) => this.highlight(target.closest("td.cell")));
    this.table.addEventListener("pointerleave", () => this.highlight(null));
  }

  show(rows, columns) {
    this.rows = rows;
    this.columns = columns;
    this.at = { row: this.rows.findIndex((row) => row.kfunc), column: 0 };
    this.resize();
  }

  // Makes as many cells as the window holds, and gives the space the size of everything. A current
  // cell that was in sight stays so.
  resize() {
    if (!this.rows.length || !this.columns.length) return; // nothing is shown yet
    const inSight = this.cellAt(this.at);
    const style = getComputedStyle(this.scroller);
    const [nameWidth, headHeight] = ["--name-width", "--head-height"].map((name) => parseFloat(style.getPropertyValue(name)));
    const { clientWidth, clientHeight } = this.scroller;
    this.size = sizeOf(this.scroller);
    this.wide = Math.max(1, Math.min(this.columns.length, Math.floor((clientWidth - nameWidth) / COLUMN)));
    this.high = Math.max(1, Math.min(this.rows.length, Math.floor((clientHeight - headHeight) / ROW)));
    if (this.paper) [this.wide, this.high] = [Math.min(this.columns.length, PAPER_COLUMNS), this.rows.length];
    // Scrolled to the end, the last window begins at a whole cell.
    this.space.style.width = `${clientWidth + (this.columns.length - this.wide) * COLUMN}px`;
    this.space.style.height = `${clientHeight + (this.rows.length - this.high) * ROW}px`;
    // The cells share what is left over, so that the window is filled to its edges.
    this.table.style.width = this.wide < this.columns.length ? `${clientWidth}px` : `${nameWidth + this.wide * COLUMN}px`;
    this.table.style.height = this.high < this.rows.length ? `${clientHeight}px` : "auto";
    this.table.ariaRowCount = this.rows.length + 2;
    this.table.ariaColCount = this.columns.length + 1;
    if (inSight) this.reveal();
    this.draw();
  }

  print(paper) {
    this.paper = paper;
    this.resize();
  }

  holdsFocus() {
    return document.activeElement.tagName === "TD" && this.table.contains(document.activeElement);
  }

  focus() {
    (this.cellAt(this.at) ?? this.lines[0]?.cells[0])?.focus({ preventScroll: true });
  }

  // Makes the cells that the window lacks, and takes away those that it has no room for.
  makeCells() {
    fit(this.names, this.wide, () => make("th", this.nameRow, { scope: "col", className: "turned" }));
    fit(this.lines, this.high, () => {
      const line = make("tr", this.body, { ariaSelected: "false" });
      const name = make("th", line, { scope: "row", ariaColIndex: 1 });
      return { line, name, cells: [], remove: () => line.remove() };
    });
    for (const { line, cells } of this.lines) fit(cells, this.wide, () => make("td", line, { tabIndex: -1 }));
  }

  schedule() {
    if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  get first() {
    const row = Math.round(this.scroller.scrollTop / ROW);
    const column = Math.round(this.scroller.scrollLeft / COLUMN);
    return {
      row: Math.max(0, Math.min(row, this.rows.length - this.high)),
      column: Math.max(0, Math.min(column, this.columns.length - this.wide)),
    };
  }

  draw() {
    const first = this.first, focused = this.holdsFocus(); // before cells go
    this.makeCells();
    this.drawHead(first.column);
    this.lines.forEach((entry, n) => this.drawLine(entry, first.row + n, first.column));
    this.mark(first);
    if (focused) this.focus();
  }

  drawHead(first) {
    this.groupRow.replaceChildren(make("td", null, { className: "corner" }));
    this.corner.textContent = this.headName;
    let group = null;
    this.names.forEach((cell, n) => {
      const column = this.columns[first + n];
      const name = this.grouped ? column.group : "";
      if (group?.dataset.name === name) group.colSpan += 1;
      else {
        group = make("th", this.groupRow, { scope: "colgroup", className: "group" });
        group.dataset.name = name;
        make("span", group, { textContent: name, title: name });
      }
      const link = make("a", null, { href: this.pageOf(column), tabIndex: -1 });
      make("span", link, { textContent: label(column, this.short ? column.short : column.name.replace("struct_ops:", "")) });
      cell.replaceChildren(link);
      cell.title = allNames(column) + (column.unsupported ? " (no program may implement it)" : "");
      cell.classList.toggle("unsupported", column.unsupported);
      cell.ariaColIndex = first + n + 2;
    });
  }

  drawLine({ line, name, cells }, at, firstColumn) {
    const row = this.rows[at];
    line.ariaRowIndex = at + 3;
    line.className = row?.head !== undefined ? "set-row" : "";
    name.textContent = !row || row.kfunc ? "" : `${row.head} (${row.count})`;
    if (row?.kfunc) {
      const textContent = label(row.kfunc, row.kfunc.name);
      make("a", name, { href: this.pageOf(row.kfunc), tabIndex: -1, textContent });
    }
    name.title = row?.kfunc ? allNames(row.kfunc) : "";
    // What a cell shows already stays: most of it does at a keystroke.
    cells.forEach((cell, n) => {
      const column = firstColumn + n;
      if (cell.column !== column) cell.ariaColIndex = column + 2;
      Object.assign(cell, { row: at, column });
      const letter = row?.kfunc ? this.read(this.columns[column].index, row.kfunc.index) : "";
      if (cell.letter === letter) return;
      cell.letter = letter;
      cell.textContent = SIGNS[letter] ?? "";
      cell.className = letter ? `cell cell-${CLASSES[letter] ?? letter}` : "";
      cell.ariaLabel = WORDS[letter] ?? null;
    });
  }

  // Marks the row and the column of the hovered or current cell, and the current cell itself.
  mark(first = this.first) {
    const { row, column } = this.hover ?? this.at;
    const line = this.lines[row - first.row], name = this.names[column - first.column];
    for (const old of this.lit) old.classList.remove("lit");
    this.lit = name ? [name, ...this.lines.map(({ cells }) => cells[column - first.column])] : [];
    if (line) this.lit.push(line.line);
    for (const cell of this.lit) cell.classList.add("lit");
    const current = this.cellAt(this.at, first);
    this.current?.classList.remove("current");
    if (this.stop) this.stop.tabIndex = -1;
    current?.classList.add("current");
    // Out of sight, the current cell leaves its place in the tab order to the first cell.
    [this.current, this.stop] = [current, current ?? this.lines[0]?.cells[0]];
    if (this.stop) this.stop.tabIndex = 0;
  }

  cellAt({ row, column }, first = this.first) {
    return this.lines[row - first.row]?.cells[column - first.column];
  }

  highlight(cell) {
    this.hover = cell && { row: cell.row, column: cell.column };
    this.mark();
  }

  onClick(event) {
    const cell = event.target.closest("td.cell");
    if (!cell) return;
    this.moveTo(cell.row, cell.column);
    this.open();
  }

  open() {
    const row = this.rows[this.at.row], column = this.columns[this.at.column];
    if (row?.kfunc && column) this.onCell(column, row.kfunc);
  }

  onKey(event) {
    if (event.altKey || event.metaKey) return;
    const { row, column } = this.at;
    const far = event.ctrlKey;
    const move = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column, -1],
      ArrowDown: [row + 1, column],
      PageUp: [row - this.high, column, -1],
      PageDown: [row + this.high, column],
      Home: [far ? 0 : row, 0],
      End: [far ? Infinity : row, Infinity],
    }[event.key];
    if (move) {
      event.preventDefault();
      this.moveTo(...move);
      this.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open();
    }
  }

  // Scrolls as little as brings the current cell into sight.
  reveal() {
    const first = this.first;
    const scroll = (at, from, count) => (at < from ? at : at >= from + count ? at - count + 1 : from);
    const top = scroll(this.at.row, first.row, this.high), left = scroll(this.at.column, first.column, this.wide);
    if (top !== first.row) this.scroller.scrollTop = top * ROW;
    if (left !== first.column) this.scroller.scrollLeft = left * COLUMN;
  }

  // Moves to a cell; the head rows of sets are stepped over in the direction of `step`.
  moveTo(row, column, step = 1) {
    const inside = (n, count) => Math.max(0, Math.min(n, count - 1));
    row = inside(row, this.rows.length);
    while (this.rows[row] && !this.rows[row].kfunc) {
      if (row + step < 0 || row + step >= this.rows.length) step = -step;
      row += step;
    }
    this.at = { row, column: inside(column, this.columns.length) };
    this.reveal();
    this.draw();
  }

  // Finds where a context and a kfunc are shown, perhaps as members of merged ones.
  find(context, kfunc) {
    const has = (item, name) => (item?.members ?? [item]).some((member) => member?.name === name);
    const row = this.rows.findIndex((entry) => entry.kfunc && has(entry.kfunc, kfunc));
    const column = this.columns.findIndex((entry) => has(entry, context));
    return row < 0 || column < 0 ? null : { row, column };
  }
}
