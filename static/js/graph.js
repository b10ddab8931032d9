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
    const { width, height } = this.svg.viewBox.baseVal;
    this.whole = this.size = { width, height };
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
    const node = params.get("node");
    const direction = this.tools.querySelector(`[name=direction][value="${CSS.escape(params.get("show") ?? "")}"]`);
    if (direction) direction.checked = true;
    if (this.nodes.has(params.get("to"))) this.to.value = params.get("to");
    this.problems.checked = params.has("problems") && !this.problems.closest("label").hidden;
    if (this.nodes.has(node)) this.choose(node);
    else if (this.problems.checked) this.isolate();
  }

  remember() {
    const params = new URLSearchParams(location.search);
    const put = (name, value) => (value ? params.set(name, value) : params.delete(name));
    put("node", this.chosen);
    put("to", this.chosen && this.to.value);
    put("show", this.chosen && this.direction !== "both" && this.direction);
    put("problems", this.problems.checked && "1");
    history.replaceState(null, "", params.size ? `?${params}` : location.pathname);
  }

  get direction() {
    return this.tools.querySelector("[name=direction]:checked").value;
  }

  join(from, to) {
    const map = new Map([...this.nodes.keys()].map((name) => [name, []]));
    for (const edge of this.edges) map.get(edge.dataset[from])?.push(edge.dataset[to]);
    return map;
  }

  label(name) {
    return this.nodes.get(name).querySelector("text")?.textContent ?? name;
  }

  prepareNodes() {
    for (const node of this.nodes.values()) {
      node.setAttribute("tabindex", "0");
      Object.assign(node, { role: "button", ariaPressed: "false" });
    }
    const toggle = (event) => {
      const name = event.target.closest("[data-node]")?.dataset.node;
      if (!name || (event.key && event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      this.choose(name === this.chosen ? null : name);
    };
    for (const told of ["click", "keydown"]) this.svg.addEventListener(told, toggle);
    this.svg.role = "group";
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
      const [found] = search();
      if (found) this.choose(found);
    });
    this.tools.addEventListener("change", (event) => {
      if (event.target === find) return;
      this.isolate();
      this.remember();
    });
    this.tools.addEventListener("click", ({ target }) => {
      const step = Number(target.closest("[data-graph-zoom]")?.dataset.graphZoom);
      if (step) this.scale(this.zoom * ZOOM ** step);
      else if (step === 0) this.fit(true);
    });
    this.problems = this.tools.querySelector("[data-graph-problems]");
    const bad = this.edges.filter((edge) => !edge.classList.contains("kf-allowed"));
    this.bad = new Set(bad.map(this.key));
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
    this.view.addEventListener("lostpointercapture", () => {
      from = null;
      this.view.classList.remove("dragging");
    });
    this.view.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.scale(this.zoom * 1.1 ** -Math.sign(event.deltaY));
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
      const names = node.dataset.names.toLowerCase().split("|").filter((own) => typed && own.includes(typed));
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
    for (const [at, on] of [[this.chosen, false], [name, true]]) {
      const node = this.nodes.get(at);
      node?.classList.toggle("kf-chosen", on);
      if (node) node.ariaPressed = String(on);
    }
    this.chosen = name;
    if (name === null) this.to.value = "";
    this.showPages(name);
    this.isolate();
    this.remember();
    if (name !== null) this.center(this.nodes.get(name));
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
    const list = document.querySelector(`.graph-list tr[data-node="${CSS.escape(name ?? "")}"] ul`);
    this.pages.hidden = !list?.querySelector("a");
    this.pages.replaceChildren(list?.cloneNode(true) ?? "");
  }

  walk(start, neighbours) {
    const seen = new Set([start]);
    for (const name of seen) for (const other of neighbours?.get(name) ?? []) seen.add(other);
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
    const { chosen, direction, bad } = this;
    const [end, only] = [this.to.value, this.problems.checked];
    this.all.disabled = chosen === null && !only;
    if (chosen === null && !only) return this.light(null, null, "");
    if (chosen === null) {
      const nodes = this.ends(bad);
      const words = `${bad.size} of ${this.edges.length} edges lead to what is not allowed, over ${nodes.size} nodes`;
      return this.light(nodes, bad, words);
    }
    if (end && end !== chosen) {
      const there = this.way(chosen, end);
      const way = there.length ? there : this.way(end, chosen);
      const steps = new Set(way.slice(1).map((name, n) => `${way[n]}\n${name}`));
      const words = way.map((name) => this.label(name)).join(" → ");
      return this.light(new Set([...way, chosen, end]), steps, words || "There is no path between these two.");
    }
    const after = this.walk(chosen, direction === "reached" ? null : this.next);
    const before = this.walk(chosen, direction === "reaches" ? null : this.before);
    const words = [];
    if (direction !== "reached") words.push(`reaches ${after.size - 1}`);
    if (direction !== "reaches") words.push(`is reached by ${before.size - 1}`);
    const within = ({ dataset: { from, to } }) => [after, before].some((part) => part.has(from) && part.has(to));
    const edges = this.edges.filter(within).map(this.key);
    const text = `${this.label(chosen)} ${words.join(" and ")}`;
    if (!only) return this.light(new Set([...after, ...before]), new Set(edges), text);
    const left = new Set(edges.filter((edge) => bad.has(edge)));
    return this.light(this.ends(left).add(chosen), left, `${text}; what is allowed is left out`);
  }

  // The nodes at both ends of edges, by the keys of these.
  ends(edges) {
    return new Set([...edges].flatMap((edge) => edge.split("\n")));
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
      const save = { href: URL.createObjectURL(blob), download: "kfmap-graph.png" };
      Object.assign(document.createElement("a"), save).click();
      setTimeout(() => URL.revokeObjectURL(save.href), 1000);
    });
  });
}

for (const root of document.querySelectorAll("[data-graph]")) new Graph(root);
for (const link of document.querySelectorAll("[data-graph-png]")) offerPng(link);
