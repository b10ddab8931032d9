// The matrix page: fetches the bits, keeps what the reader chose in the address, shows why in a panel.
import { Matrix, arrange } from "./data.js";
import { Grid, PAPER_COLUMNS } from "./grid.js";

const BELOW = matchMedia("(max-width: 64rem)"), STILL = matchMedia("(prefers-reduced-motion: reduce)");
const SWITCHES = ["only", "sleep", "merge"];
const root = document.getElementById("matrix");
if (root) start(root);

async function start(root) {
  const [tools, panel] = [root.querySelector(".matrix-tools"), root.querySelector(".matrix-panel")];
  const scroller = root.querySelector(".matrix-scroll"), empty = root.querySelector(".matrix-nothing");
  const fields = tools.elements;
  const params = new URLSearchParams(location.search);
  fields.rows.value = params.get("rows") ?? "";
  fields.cols.value = params.get("cols") ?? params.get("group") ?? "";
  fields.sort.value = ["similar", "name"].includes(params.get("sort")) ? params.get("sort") : "";
  for (const name of SWITCHES) fields[name].checked = params.has(name);
  let matrix = null, cell = null, waiting = 0;
  const grid = new Grid(scroller, (context, kfunc) => matrix.letter(context, kfunc), { onCell: openCell, pageOf });

  function pageOf(item) {
    const fill = (page, parts) => Object.entries(parts).reduce((text, [name, part]) => text.replace(name, encodeURIComponent(part)), page);
    if ("set" in item) return fill(root.dataset.kfuncPage, { KFUNC: item.name });
    if (item.isMember) return fill(root.dataset.memberPage, { OPS: item.group, MEMBER: item.short });
    return fill(root.dataset.contextPage, { CONTEXT: item.name });
  }

  function draw() {
    cancelAnimationFrame(waiting);
    if (!matrix) return; // it is on its way, and is drawn as the fields then say
    const [typed, order] = [{ rows: fields.rows.value, cols: fields.cols.value }, fields.sort.value];
    const [only, asleep, merged] = SWITCHES.map((name) => fields[name].checked);
    const { rows, columns } = arrange(matrix, { ...typed, sort: order, merged, only, asleep });
    const kfuncs = rows.filter((row) => row.kfunc).length;
    const nothing = !kfuncs || !columns.length;
    grid.headName = root.dataset.head;
    grid.grouped = !order;
    grid.short = grid.grouped || columns.every((column) => column.group === columns[0].group);
    [scroller.hidden, empty.hidden] = [nothing, !nothing];
    if (nothing) {
      panel.hidden = true;
      empty.querySelector("span").textContent = only
        ? `${root.dataset.nobody} of that name may be called from contexts of that name.`
        : `${columns.length ? root.dataset.none : "No context"} has that in its name.`;
    } else grid.show(rows, columns);
    tools.querySelector("output").textContent = nothing ? "0 shown" : `${kfuncs} × ${columns.length} shown`;
    root.querySelector("[data-matrix-cut]").hidden = columns.length <= PAPER_COLUMNS;
  }

  function remember() {
    const state = new URLSearchParams();
    for (const name of ["rows", "cols", "sort"]) if (fields[name].value) state.set(name, fields[name].value);
    for (const name of SWITCHES) if (fields[name].checked) state.set(name, "1");
    if (fields.kind.value !== "kfunc") state.set("kind", fields.kind.value);
    if (cell) state.set("cell", `${cell.context} ${cell.kfunc}`);
    history.replaceState(null, "", state.size ? `?${state}` : location.pathname);
  }

  async function openCell(context, kfunc) {
    cell = { context: context.name, kfunc: kfunc.name };
    remember();
    const query = new URLSearchParams({ kernel: matrix.kernel, context: matrix.nameOf(context), kfunc: kfunc.name });
    const answer = await get(`${root.dataset.question}?${query}`, { headers: { "HX-Request": "true" } });
    const text = answer.ok ? await answer.text() : "";
    if (cell?.context !== context.name || cell.kfunc !== kfunc.name) return; // another was opened since
    panel.innerHTML = text;
    if (!answer.ok) panel.append(problem("answer", answer, "Open the cell again."));
    const close = make("button", { type: "button", className: "quiet panel-close", ariaLabel: "Close", textContent: "✕" });
    close.addEventListener("click", closePanel);
    panel.prepend(close);
    addMerged(panel, "Columns merged here", context.members);
    addMerged(panel, "Rows merged here", kfunc.members);
    panel.dispatchEvent(new Event("htmx:load", { bubbles: true })); // site.js prepares what came
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
    panel.hidden = true;
    cell = null;
    remember();
    if (BELOW.matches) root.scrollIntoView({ block: "start" });
    grid.focus();
  }

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
    cell = null;
    remember();
    location.reload();
  });
  // Enter leads from the query into the grid; a form of two fields without a button is never sent.
  tools.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.type !== "search") return;
    event.preventDefault();
    draw();
    grid.focus();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) closePanel();
  });
  document.querySelector("[data-matrix-kernel]").addEventListener("change", ({ target }) => {
    location.assign(target.value + location.search);
  });
  root.hidden = false; // what is typed from now on is heard

  const answer = await get(root.dataset.url);
  if (!answer.ok) return root.replaceChildren(problem("matrix", answer, "Load the page again."));
  matrix = new Matrix(await answer.json());
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

function make(tag, set) {
  return Object.assign(document.createElement(tag), set);
}

// Gives an answer that is not ok where there is no network.
function get(address, options) {
  return fetch(address, options).catch(() => ({ ok: false }));
}

function problem(what, { status }, advice) {
  const textContent = `The ${what} could not be fetched${status ? ` (${status})` : ""}. ${advice}`;
  return make("p", { className: "problem", role: "alert", textContent });
}

function addMerged(panel, title, members) {
  if (!members || members.length < 2) return;
  const names = members.map((member) => member.name).join(", ");
  panel.append(make("h3", { textContent: title }), make("p", { className: "source", textContent: names }));
}
