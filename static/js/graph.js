// A drawn graph (kfmap/graphs/svg.py): zoom, pan, search, what a node reaches and what reaches it,
// the shortest way between two, PNG. Everything is read from the drawing itself; the pages of what a
// node stands for are those of the list below it.
import { pack, unpack } from "./graph_packing.js";

const ZOOM = 1.25, LEAST = 0.15, MOST = 4, READABLE = 0.7;  // 12 px become 8.4

class Graph {
  constructor(root) {
    this.root = root;
    this.view = root.querySelector(".graph-view");
    this.svg = this.view.querySelector("svg");
    this.tools = root.querySelector(".graph-tools");
    this.says = root.querySelector(".graph-says");
    this.whole = { width: this.svg.viewBox.baseVal.width, height: this.svg.viewBox.baseVal.height };
    this.size = this.whole;
    this.pages = root.querySelector(".graph-pages");
    this.nodes = new Map([...this.svg.querySelectorAll("[data-node]")].map((g) => [g.dataset.node, g]));
    this.edges = [...this.svg.querySelectorAll("path[data-from]")];
    this.next = this.join("from", "to");
    this.before = this.join("to", "from");
    this.chosen = null;
    this.zoom = 1;
    this.prepareNodes();
    this.prepareTools();
    this.preparePan();
    this.fit();
    this.tools.hidden = false;
    this.recall();
  }

  // Takes up what the address says: the node, the direction, the end of a way.
  recall() {
    const params = new URLSearchParams(location.search);
    const direction = this.tools.querySelector(`[name=direction][value="${CSS.escape(params.get("show") ?? "")}"]`);
    if (direction) direction.checked = true;
    if (this.nodes.has(params.get("to"))) this.to.value = params.get("to");
    this.problems.checked = params.has("problems") && !this.problems.closest("label").hidden;
    if (this.nodes.has(params.get("node"))) this.choose(params.get("node"));
    else if (this.problems.checked) this.isolate();
  }

  get direction() {
    return this.tools.querySelector("[name=direction]:checked").value;
  }

  remember() {
    const params = new URLSearchParams(location.search);
    const { direction } = this;
    const state = {
      node: this.chosen,
      to: this.chosen && this.to.value,
      show: this.chosen && direction !== "both" && direction,
      problems: this.problems.checked && "1",
    };
    for (const [name, value] of Object.entries(state)) {
      if (value) params.set(name, value);
      else params.delete(name);
    }
    history.replaceState(null, "", params.size ? `?${params}` : location.pathname);
  }

  join(from, to) {
    const map = new Map([...this.nodes.keys()].map((name) => [name, []]));
    for (const edge of this.edges) map.get(edge.dataset[from])?.push(edge.dataset[to]);
    return map;
  }

  // What a node is called, and what it stands for.
  names(name) {
    return this.nodes.get(name).dataset.names.toLowerCase().split("|");
  }

  label(name) {
    return this.nodes.get(name).querySelector("text")?.textContent ?? name;
  }

  prepareNodes() {
    for (const [name, node] of this.nodes) {
      Object.assign(node, { tabIndex: 0, role: "button", ariaPressed: "false" });
      const toggle = () => this.choose(name === this.chosen ? null : name);
      node.addEventListener("click", toggle);
      node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        toggle();
      });
    }
    this.svg.setAttribute("role", "group");
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.chosen) this.choose(null);
    });
  }

  prepareTools() {
    const find = this.tools.querySelector("[data-graph-find]");
    const names = this.tools.querySelector("datalist");
    this.to = this.tools.querySelector("[data-graph-to]");
    for (const name of this.nodes.keys()) {
      names.append(new Option(this.label(name)));
      this.to.append(new Option(this.label(name).slice(0, 60), name));
    }
    const search = () => this.search(find.value.trim().toLowerCase());
    find.addEventListener("input", search);
    this.tools.addEventListener("submit", (event) => {
      event.preventDefault();
      const [first] = search();
      if (first) this.choose(first);
    });
    this.tools.addEventListener("change", (event) => {
      if (event.target === find) return;
      this.isolate();
      this.remember();
    });
    for (const button of this.tools.querySelectorAll("[data-graph-zoom]")) {
      button.addEventListener("click", () => {
        const way = Number(button.dataset.graphZoom);
        if (way) this.scale(this.zoom * (way > 0 ? ZOOM : 1 / ZOOM));
        else this.fit(true);
      });
    }
    this.problems = this.tools.querySelector("[data-graph-problems]");
    const bad = this.edges.filter((edge) => !edge.classList.contains("kf-allowed"));
    this.bad = new Set(bad.map((edge) => this.key(edge)));
    this.problems.closest("label").hidden = bad.length === 0 || bad.length === this.edges.length;
    this.all = this.tools.querySelector("[data-graph-all]");
    this.all.addEventListener("click", () => {
      this.problems.checked = false;
      this.choose(null);
    });
  }

  preparePan() {
    let from = null;
    this.view.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch" || event.button || event.target.closest("[data-node]")) return;
      from = { x: event.clientX + this.view.scrollLeft, y: event.clientY + this.view.scrollTop };
      this.view.setPointerCapture(event.pointerId);
      this.view.classList.add("dragging");
    });
    this.view.addEventListener("pointermove", (event) => {
      if (from) this.view.scrollTo({ left: from.x - event.clientX, top: from.y - event.clientY, behavior: "instant" });
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.view.addEventListener(end, () => {
        from = null;
        this.view.classList.remove("dragging");
      });
    }
    this.view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.scale(this.zoom * (event.deltaY < 0 ? 1.1 : 1 / 1.1));
    }, { passive: false });
  }

  // The whole graph: always if it was asked for, else if it can still be read then; else as much of
  // its width as can be read.
  fit(asked = false) {
    const wide = (this.view.clientWidth - 2) / this.size.width;
    const high = (parseFloat(getComputedStyle(this.view).maxHeight) - 2) / this.size.height;
    const whole = Math.min(1, wide, high);
    this.scale(asked || whole >= READABLE ? whole : Math.min(1, Math.max(wide, READABLE)));
  }

  scale(zoom) {
    this.zoom = Math.min(MOST, Math.max(LEAST, zoom));
    this.svg.setAttribute("width", this.size.width * this.zoom);
    this.svg.setAttribute("height", this.size.height * this.zoom);
  }

  // Gives the nodes with a name that has what was typed in it: the very name first, then those that
  // begin so, then those that end so (qmap_dispatch), then the others.
  search(typed) {
    const ranked = [];
    for (const [name, node] of this.nodes) {
      const names = typed === "" ? [] : this.names(name).filter((own) => own.includes(typed));
      node.classList.toggle("kf-found", names.length > 0);
      if (names.length) ranked.push([Math.min(...names.map((own) => this.rank(own, typed))), name]);
    }
    const found = ranked.sort((a, b) => a[0] - b[0]).map(([, name]) => name);
    this.says.textContent = typed ? `${found.length} of ${this.nodes.size} nodes have “${typed}”` : "";
    if (found.length) this.nodes.get(found[0]).scrollIntoView({ block: "nearest", inline: "nearest" });
    return found;
  }

  rank(name, typed) {
    return [name === typed, name.startsWith(typed), name.endsWith(`_${typed}`), true].indexOf(true);
  }

  choose(name) {
    this.mark(false);
    this.chosen = name;
    this.mark(true);
    if (name === null) this.to.value = "";
    this.showPages(name);
    this.isolate();
    this.remember();
    if (name !== null) this.center(this.nodes.get(name));
  }

  mark(chosen) {
    const node = this.nodes.get(this.chosen);
    node?.classList.toggle("kf-chosen", chosen);
    node?.setAttribute("aria-pressed", chosen);
  }

  // The chosen node moves when what is left moves together: it stays in sight.
  center(node) {
    const [box, view] = [node.getBoundingClientRect(), this.view.getBoundingClientRect()];
    this.view.scrollBy({
      left: box.left - view.left - (view.width - box.width) / 2,
      top: box.top - view.top - (view.height - box.height) / 2,
      behavior: "instant",
    });
  }

  // The links of a node's row in the list below the drawing.
  showPages(name) {
    const row = [...document.querySelectorAll(".graph-list tr[data-node]")].find((item) => item.dataset.node === name);
    const list = row?.querySelector("ul")?.cloneNode(true);
    this.pages.hidden = !list?.querySelector("a");
    this.pages.replaceChildren(...(list ? [list] : []));
  }

  walk(start, neighbours) {
    const seen = new Set([start]);
    for (const name of seen) for (const other of neighbours.get(name) ?? []) seen.add(other);
    return seen;
  }

  way(start, end) {
    const from = new Map([[start, null]]);
    for (const name of from.keys()) {
      for (const other of this.next.get(name) ?? []) if (!from.has(other)) from.set(other, name);
    }
    const way = [];
    for (let at = from.has(end) ? end : null; at !== null; at = from.get(at)) way.unshift(at);
    return way;
  }

  key({ dataset: { from, to } }) {
    return `${from}\n${to}`;
  }

  // Shows the calls that are not allowed, the reach of the chosen node, or the way to another, and
  // lets the rest fade.
  isolate() {
    this.all.disabled = this.chosen === null && !this.problems.checked;
    if (this.chosen === null && this.problems.checked) return this.light(this.ends(this.bad), this.bad, this.count());
    if (this.chosen === null) return this.light(null, null, "");
    const { direction } = this;
    if (this.to.value && this.to.value !== this.chosen) {
      let way = this.way(this.chosen, this.to.value);
      if (!way.length) way = this.way(this.to.value, this.chosen);
      const steps = new Set(way.slice(1).map((name, n) => `${way[n]}\n${name}`));
      const words = way.length ? way.map((name) => this.label(name)).join(" → ") : "There is no path between these two.";
      return this.light(new Set(way.length ? way : [this.chosen, this.to.value]), steps, words);
    }
    const after = direction === "reached" ? new Set([this.chosen]) : this.walk(this.chosen, this.next);
    const before = direction === "reaches" ? new Set([this.chosen]) : this.walk(this.chosen, this.before);
    const words = [];
    if (direction !== "reached") words.push(`reaches ${after.size - 1}`);
    if (direction !== "reaches") words.push(`is reached by ${before.size - 1}`);
    const edges = new Set(this.edges.filter(({ dataset: { from, to } }) =>
      (after.has(from) && after.has(to)) || (before.has(from) && before.has(to))).map(this.key));
    const text = `${this.label(this.chosen)} ${words.join(" and ")}`;
    if (!this.problems.checked) return this.light(new Set([...after, ...before]), edges, text);
    const left = new Set([...edges].filter((edge) => this.bad.has(edge)));
    return this.light(this.ends(left).add(this.chosen), left, `${text}; what is allowed is left out`);
  }

  // The nodes at both ends of edges, by the keys of these.
  ends(edges) {
    return new Set([...edges].flatMap((edge) => edge.split("\n")));
  }

  count() {
    const nodes = this.ends(this.bad).size;
    return `${this.bad.size} of ${this.edges.length} edges lead to what is not allowed, over ${nodes} nodes`;
  }

  light(nodes, edges, words) {
    for (const [name, node] of this.nodes) node.classList.toggle("kf-far", nodes !== null && !nodes.has(name));
    for (const edge of this.edges) {
      const near = edges?.has(this.key(edge));
      edge.classList.toggle("kf-far", nodes !== null && !near);
      edge.classList.toggle("kf-near", Boolean(near));
    }
    this.says.textContent = words;
    this.repack(nodes);
  }

  // What is left moves together; all of it stands where it was drawn.
  repack(nodes) {
    const packed = nodes === null ? null : pack(this.svg, this.nodes, this.edges, nodes);
    if (packed === null) unpack(this.svg, this.nodes, this.edges);
    this.size = packed ?? this.whole;
    this.svg.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`);
    this.fit();
  }
}

// The exported SVG brings its own style, so it can be painted on a canvas.
function offerPng(link) {
  link.parentElement.hidden = false;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const svg = await (await fetch(link.href)).blob();
    const url = URL.createObjectURL(svg);
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width * 2, image.height * 2];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(url);
    canvas.toBlob((blob) => {
      const save = document.createElement("a");
      save.href = URL.createObjectURL(blob);
      save.download = "kfmap-graph.png";
      save.click();
      setTimeout(() => URL.revokeObjectURL(save.href), 1000);
    });
  });
}

for (const root of document.querySelectorAll("[data-graph]")) new Graph(root);
for (const link of document.querySelectorAll("[data-graph-png]")) offerPng(link);
