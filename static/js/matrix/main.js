// The matrix page: fetches the bits, keeps what the reader chose in the address, shows why in a panel.
import { Matrix, arrange } from "./data.js";
import { Grid, PAPER_COLUMNS } from "./grid.js";

const BELOW = matchMedia("(max-width: 64rem)"), STILL = matchMedia("(prefers-reduced-motion: reduce)");
const SWITCHES = ["only", "sleep", "merge"];
const root = document.getElementById("matrix");
if (root) start(root);

async function start(root) {
  const [tools, panel] = [root.querySelector(".matrix-tools"), root.querySelector(".matrix-panel")];
  const scroller = root.querySelector(".matrix-scroll");
  const fields = tools.elements;
  const params = new URLSearchParams(location.search);
  fields.rows.value = params.get("rows") ?? "";
  fields.cols.value = params.get("cols") ?? params.get("group") ?? "";
  fields.sort.value = ["similar", "name"].includes(params.get("sort")) ? params.get("sort") : "";
  for (const name of SWITCHES) fields[name].checked = params.has(name);
  root.hidden = false;

  const answer = await fetch(root.dataset.url);
  if (!answer.ok) return say(root, `The matrix could not be fetched (${answer.status}). Load the page again.`);
  const matrix = new Matrix(await answer.json());
  let cell = null;

  const grid = new Grid(scroller, (context, kfunc) => matrix.letter(context, kfunc), { onCell: openCell, pageOf });
  const view = () => ({
    rows: fields.rows.value,
    cols: fields.cols.value,
    sort: fields.sort.value,
    merged: fields.merge.checked,
    only: fields.only.checked,
    asleep: fields.sleep.checked,
  });

  function pageOf(item) {
    const fill = (page, parts) => Object.entries(parts).reduce((text, [name, part]) => text.replace(name, encodeURIComponent(part)), page);
    if ("set" in item) return fill(root.dataset.kfuncPage, { KFUNC: item.name });
    if (item.isMember) return fill(root.dataset.memberPage, { OPS: item.group, MEMBER: item.short });
    return fill(root.dataset.contextPage, { CONTEXT: item.name });
  }

  function draw() {
    const { rows, columns } = arrange(matrix, view());
    const kfuncs = rows.filter((row) => row.kfunc).length;
    const nothing = !kfuncs || !columns.length;
    grid.headName = root.dataset.head;
    grid.grouped = !fields.sort.value;
    grid.short = grid.grouped || columns.every((column) => column.group === columns[0].group);
    const empty = root.querySelector(".matrix-nothing");
    [scroller.hidden, empty.hidden] = [nothing, !nothing];
    if (nothing) {
      panel.hidden = true;
      empty.querySelector("span").textContent = fields.only.checked
        ? `${root.dataset.nobody} of that name may be called from contexts of that name.`
        : `${columns.length ? root.dataset.none : "No context"} has that in its name.`;
    } else grid.show(rows, columns);
    tools.querySelector("output").textContent = nothing ? "0 shown" : `${kfuncs} × ${columns.length} shown`;
    root.querySelector("[data-matrix-cut]").hidden = columns.length <= PAPER_COLUMNS;
  }

  function remember() {
    const state = new URLSearchParams();
    if (fields.rows.value) state.set("rows", fields.rows.value);
    if (fields.cols.value) state.set("cols", fields.cols.value);
    if (fields.sort.value) state.set("sort", fields.sort.value);
    for (const name of SWITCHES) if (fields[name].checked) state.set(name, "1");
    if (fields.kind.value !== "kfunc") state.set("kind", fields.kind.value);
    if (cell) state.set("cell", `${cell.context} ${cell.kfunc}`);
    const query = state.toString();
    history.replaceState(null, "", query ? `?${query}` : location.pathname);
    for (const option of document.querySelector("[data-matrix-kernel]").options) {
      option.dataset.query = query;
    }
  }

  async function openCell(context, kfunc) {
    cell = { context: context.name, kfunc: kfunc.name };
    remember();
    const query = new URLSearchParams({ kernel: matrix.kernel, context: matrix.nameOf(context), kfunc: kfunc.name });
    const answer = await fetch(`${root.dataset.question}?${query}`, { headers: { "HX-Request": "true" } });
    if (cell.context !== context.name || cell.kfunc !== kfunc.name) return;
    panel.innerHTML = answer.ok ? await answer.text() : "";
    if (!answer.ok) panel.textContent = `The answer could not be fetched (${answer.status}).`;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet panel-close";
    close.setAttribute("aria-label", "Close");
    close.textContent = "✕";
    close.addEventListener("click", closePanel);
    panel.prepend(close);
    addMerged(panel, "Columns merged here", context.members);
    addMerged(panel, "Rows merged here", kfunc.members);
    panel.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = !navigator.clipboard; });
    panel.hidden = false;
    // Where the panel stands below the grid, a tap would seem to do nothing.
    if (BELOW.matches) panel.scrollIntoView({ block: "start", behavior: STILL.matches ? "auto" : "smooth" });
  }

  // Asks again for the open cell, if it is still shown.
  function reopen() {
    const place = grid.find(cell.context, cell.kfunc);
    if (place) openCell({ ...grid.columns[place.column], name: cell.context }, { ...grid.rows[place.row].kfunc, name: cell.kfunc });
  }

  function closePanel() {
    closeQuietly();
    remember();
    if (BELOW.matches) root.scrollIntoView({ block: "start" });
    grid.focus();
  }

  function closeQuietly() {
    panel.hidden = true;
    cell = null;
  }

  let waiting = 0;
  tools.addEventListener("input", (event) => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      draw();
      if (event.target.name === "sleep" && cell) reopen();
    });
    remember();
  });
  root.querySelector("[data-matrix-reset]").addEventListener("click", () => {
    for (const field of [fields.rows, fields.cols]) field.value = "";
    for (const name of SWITCHES) fields[name].checked = false;
    draw();
    remember();
    fields.rows.focus();
  });
  // Other rows come from the server.
  fields.kind.addEventListener("change", () => {
    closeQuietly();
    remember();
    location.reload();
  });
  // Enter leads from the query into the grid; a form of two fields without a button is never sent.
  tools.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.type !== "search") return;
    event.preventDefault();
    cancelAnimationFrame(waiting);
    draw();
    grid.focus();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) closePanel();
  });
  document.querySelector("[data-matrix-kernel]").addEventListener("change", (event) => {
    const { value, selectedOptions } = event.target;
    const query = selectedOptions[0].dataset.query;
    location.assign(query ? `${value}?${query}` : value);
  });

  draw();
  const wanted = (params.get("cell") ?? "").split(" ");
  const place = wanted.length === 2 ? grid.find(...wanted) : null;
  if (place) {
    grid.moveTo(place.row, place.column);
    // Merged rows and columns stand for several: the cell asked for is shown, not the first of them.
    cell = { context: wanted[0], kfunc: wanted[1] };
    reopen();
  }
  remember();
  root.dataset.ready = "1";
}

function addMerged(panel, title, members) {
  if (!members || members.length < 2) return;
  const head = document.createElement("h3");
  head.textContent = title;
  const list = document.createElement("p");
  list.className = "source";
  list.textContent = members.map((member) => member.name).join(", ");
  panel.append(head, list);
}

function say(root, text) {
  const problem = document.createElement("p");
  problem.className = "problem";
  problem.role = "alert";
  problem.textContent = text;
  root.replaceChildren(problem);
}
